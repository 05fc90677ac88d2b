"""What the machine does by itself: which posts are one event, and what it says of them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from monitor.model import (
    Change,
    Enrichment,
    Event,
    Gone,
    Origin,
    Place,
    Point,
    Post,
    Row,
    Severity,
    Signal,
    Stated,
    Tick,
    Voice,
)
from nlp import group
from nlp.events import Tally
from nlp.group import Group
from nlp.overrides import Overrides

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
HACKNEY = Place(
    name="Hackney", start=0, end=7, role="happened", kind="district",
    lat=51.545, lon=-0.055, radius_m=2500, ref="geonames:2647694", confidence=0.8,
)  # fmt: skip
CROYDON = replace(HACKNEY, name="Croydon", lat=51.376, lon=-0.098, ref="geonames:2651817")
LONDON = replace(
    HACKNEY, name="London", kind="city", lat=51.507, lon=-0.128, radius_m=25000, ref="geonames:1"
)


def toward(degrees: float, axis: int = 1) -> bytes:
    """A unit vector that many degrees from the first axis, in the plane of another one."""
    vector = np.zeros(4, dtype="<f4")
    vector[0], vector[axis] = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return vector.tobytes()


class Story:
    """A grouper with a ledger beside it: each call is a row, and the next number."""

    def __init__(self, options: group.Options | None = None) -> None:
        self.grouper: Group = group.open(options or group.Options())
        self.seq = 0
        self.signals: dict[str, Signal] = {}
        self.events: dict[str, Event] = {}
        self.change = Change(last=0)

    def post(
        self,
        text: str,
        *,
        vector: bytes = b"",
        at: datetime = NOON,
        name: str = "",
        source: str = "chat",
        places: tuple[Place, ...] = (),
        labels: tuple[str, ...] = (),
        lang: str = "en",
        voice: Voice = "citizen",
        title: str = "",
        author: str = "",
        severity: Severity = "Unknown",
        stated: Stated | None = None,
        point: Point | None = None,
        repost_of: str = "",
        published: datetime | None = None,
        kept: bool = True,
        origin: Origin = "live",
    ) -> str:
        name = name or f"t:{self.seq + 1}"
        post = Post(
            id=name, text=text, title=title, source=source, published=published or at,
            collected=at, author=author or name, voice=voice, stated=stated, point=point,
            repost_of=repost_of, digest=f"{title} {text}",
        )  # fmt: skip
        enrichment = Enrichment(
            lang=lang, labels=labels, places=places, vector=vector, severity=severity
        )
        self.row(post, at, enrichment if kept else None, origin)
        return self.signals[name].event if name in self.signals else ""

    def row(
        self,
        what: Post | Gone | Tick,
        at: datetime,
        known: Enrichment | None = None,
        origin: Origin = "live",
    ) -> None:
        self.seq += 1
        self.change = self.grouper([Row(seq=self.seq, at=at, what=what, origin=origin)], [known])
        self.signals |= {signal.post.id: signal for signal in self.change.signals}
        self.events |= {event.id: event for event in self.change.events}
        for post in self.change.gone:
            del self.signals[post]


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def test_an_event_has_the_number_of_the_row_that_founded_it_and_like_posts_join_it() -> None:
    story = Story()
    assert story.post("Smoke over the harbour", vector=toward(0)) == "1"
    assert story.post("The harbour is full of smoke", vector=toward(30)) == "1"
    assert story.post("Trains are late again", vector=toward(90)) == "3"
    assert story.events["1"].size == 2


def test_a_copy_joins_its_original_whatever_the_vectors_say() -> None:
    story = Story()
    text = "Police ask for witnesses of the crash at Mile End"
    story.post(text, vector=toward(0))
    assert story.post(f"RT @…: {text} https://x.example/1", vector=toward(90)) == "1"
    assert story.events["1"].texts == (text,)


def test_a_repost_goes_where_its_original_is() -> None:
    story = Story()
    story.post("Smoke", vector=toward(0), name="t:a")
    assert story.post("look at this", vector=toward(90), repost_of="t:a") == "1"


def test_posts_far_apart_in_time_are_two_events() -> None:
    story = Story()
    story.post("Fire in a warehouse", vector=toward(0))
    assert story.post("Fire in one warehouse", vector=toward(5), at=NOON + hours(49)) == "2"


def test_two_fires_in_one_district_a_day_apart_stay_two() -> None:
    story = Story()
    fire = {"places": (HACKNEY,), "labels": ("Fire", "Fire/building")}
    story.post("Warehouse on fire in Hackney", vector=toward(0), **fire)
    again = story.post("Flat on fire in Hackney", vector=toward(50), at=NOON + hours(26), **fire)
    assert again == "2"


def test_an_event_takes_no_posts_once_its_newest_arrival_is_a_week_old() -> None:
    story = Story()
    story.post("Fire", vector=toward(0))
    late = NOON + timedelta(days=8)
    assert story.post("Fire!", vector=toward(0), at=late, published=NOON) == "2"


def test_two_like_collisions_at_one_time_in_two_districts_stay_two_events() -> None:
    story = Story()
    crash = ("Transport", "Transport/collision")
    story.post("Two cars crashed", vector=toward(0), places=(HACKNEY, LONDON), labels=crash)
    other = story.post("Cars crashed", vector=toward(5), places=(CROYDON, LONDON), labels=crash)
    assert other == "2"
    assert story.post("Crash in London", vector=toward(0), places=(LONDON,), labels=crash) == "1"


def test_one_fire_told_in_a_language_that_the_encoder_does_not_know_is_one_event() -> None:
    story = Story()
    fire = {"places": (HACKNEY,), "labels": ("Fire",)}
    story.post("Huge fire in Hackney", vector=toward(0), **fire)
    assert story.post("Incendio en Hackney", vector=toward(80), lang="es", **fire) == "1"
    assert story.post("Feuer in Croydon", vector=toward(80, 2), lang="de", labels=("Fire",),
                      places=(CROYDON,)) == "3"  # fmt: skip


def test_other_topics_need_more_likeness() -> None:
    story = Story()
    story.post("Smoke", vector=toward(0), labels=("Fire",))
    assert story.post("Bags stolen", vector=toward(60), labels=("Security",)) == "2"
    assert story.post("Smoke here", vector=toward(60, 2), labels=("Fire",)) == "1"


def test_long_texts_need_more_likeness() -> None:
    story = Story()
    story.post("The council met on Monday. " * 60, vector=toward(0))
    assert story.post("The court met on Friday. " * 60, vector=toward(55)) == "2"


def test_a_general_post_is_not_drawn_into_a_big_event() -> None:
    story = Story()
    for number in range(9):
        story.post(f"Fire {number}", vector=toward(25, 1 + number % 3))
    assert len(story.events) == 1
    assert story.post("What a week", vector=(-np.frombuffer(toward(0), "<f4")).tobytes()) == "10"


def test_the_same_post_from_another_source_only_adds_the_source() -> None:
    story = Story()
    story.post("Smoke", vector=toward(0), name="t:a", source="wire")
    story.post("Smoke", vector=toward(90), name="t:a", source="chat")
    assert story.signals["t:a"].sources == ("wire", "chat")
    assert story.signals["t:a"].seq == 2
    assert story.events["1"].sources == {"chat": 1, "wire": 1}
    assert story.events["1"].size == 1


def test_what_changes_nothing_has_no_number() -> None:
    story = Story()
    story.post("Smoke", vector=toward(0), name="t:a")
    story.post("Smoke", vector=toward(0), name="t:a")
    assert story.change == Change(last=2)


def test_an_edit_that_still_fits_stays_and_keeps_its_arrival() -> None:
    story = Story()
    story.post("Smoke at the harbour", vector=toward(0))
    story.post("Smoke too", vector=toward(10), name="t:a", at=NOON + hours(1))
    story.post("Smoke, fire", vector=toward(20), name="t:a", at=NOON + hours(2))
    signal = story.signals["t:a"]
    assert (signal.event, signal.arrived, signal.seq) == ("1", 2, 3)
    assert signal.post.collected == NOON + hours(1)
    assert signal.post.edited == NOON + hours(2)
    assert story.events["1"].texts == ("Smoke at the harbour", "Smoke, fire")


def test_an_edit_into_something_else_leaves_its_event() -> None:
    story = Story()
    story.post("Smoke at the harbour", vector=toward(0))
    story.post("Smoke too", vector=toward(10), name="t:a")
    assert story.post("Cat found", vector=toward(90), name="t:a") == "3"
    assert (story.events["1"].size, story.events["3"].size) == (1, 1)


def test_an_edit_that_is_no_longer_relevant_is_gone() -> None:
    story = Story()
    story.post("Fire!", vector=toward(0), name="t:a")
    story.post("This mixtape is fire", name="t:a", kept=False)
    assert story.change.gone == ("t:a",)
    assert story.events["1"] == Event(id="1", seq=2)


def test_a_post_that_is_not_kept_is_nothing() -> None:
    story = Story()
    assert story.post("Lovely weather", kept=False) == ""
    assert story.change == Change(last=1)


def test_deletions_and_deleted_accounts_leave_their_events_as_if_never_said() -> None:
    story = Story()
    story.post("Smoke at the harbour", vector=toward(0), author="p1")
    alone = story.events["1"]
    story.post("Smoke, my name is Ann", vector=toward(9), author="p2", name="t:a")
    story.row(Gone(ids=("t:a",)), NOON)
    assert story.change.gone == ("t:a",)
    assert story.events["1"] == replace(alone, seq=3)
    story.row(Gone(authors=("p1",), reason="account"), NOON)
    assert story.events["1"] == Event(id="1", seq=4)


def test_an_event_is_live_while_it_has_a_post_that_came_live() -> None:
    story = Story()
    story.post("Smoke at the harbour", vector=toward(0), origin="import")
    assert not story.events["1"].live
    story.post("Smoke, and flames", vector=toward(9), name="t:a")
    assert story.events["1"].live
    story.post("Smoke, and sparks", vector=toward(9), name="t:a", origin="import")
    assert story.signals["t:a"].origin == "live"
    story.row(Gone(ids=("t:a",)), NOON)
    assert not story.events["1"].live


def test_what_expires_goes_with_the_tick_that_says_so_though_its_event_is_long_over() -> None:
    story = Story()
    story.post("Smoke", vector=toward(0), name="t:a")
    year = NOON + timedelta(days=365)
    rows = [Row(seq=2, at=year, what=Tick(at=year))]
    rows.append(Row(seq=2, at=year, what=Gone(ids=("t:a",), reason="expired")))
    change = story.grouper(rows, [None, None])
    assert change == Change(last=2, events=(Event(id="1", seq=2),), gone=("t:a",))


def test_phases_follow_the_clock_and_a_tick_touches_only_what_changes() -> None:
    story = Story()
    story.post("Fire", vector=toward(0))
    assert story.events["1"].phase == "new"
    story.post("Fire one", vector=toward(0), at=NOON + hours(0.5))
    story.post("Fire two", vector=toward(0), at=NOON + hours(0.6))
    assert story.events["1"].phase == "growing"
    for after, phase in ((1.2, "growing"), (3, "quiet"), (40, "quiet"), (49, "closed")):
        before = story.events["1"]
        story.row(Tick(at=NOON), NOON + hours(after))
        if phase == before.phase and after != 1.2:
            assert story.change.events == ()
        if after > 2:
            assert story.events["1"].phase == phase


def test_a_small_event_is_new_for_six_hours_and_closed_after_two_days() -> None:
    story = Story()
    story.post("Fire", vector=toward(0))
    for after, phase in ((5.9, "new"), (6, "quiet"), (47.9, "quiet"), (48, "closed")):
        story.row(Tick(at=NOON), NOON + hours(after))
        assert story.events["1"].phase == phase


def test_the_title_is_the_earliest_of_the_press_then_the_first_sentence_without_soup() -> None:
    story = Story()
    story.post("@… #Fire in Hackney! Stay away https://x.example #london #news", vector=toward(0))
    assert story.events["1"].title == "Fire in Hackney!"
    story.post("Long.", vector=toward(0), title="Warehouse burns in Hackney", voice="media")
    story.post("Long!", vector=toward(0), title="Second day of fire", voice="official")
    assert story.events["1"].title == "Warehouse burns in Hackney"


def test_texts_are_the_first_and_the_newest_distinct_ones() -> None:
    story = Story()
    for number in range(60):
        story.post(f"smoke number {number}", vector=toward(0))
        story.post(f"smoke number {number}", vector=toward(0))
    texts = story.events["1"].texts
    assert len(texts) == 50
    assert (texts[0], texts[1], texts[-1]) == (
        "smoke number 0", "smoke number 11", "smoke number 59",
    )  # fmt: skip


def test_one_outlier_among_many_does_not_make_an_event_extreme() -> None:
    story = Story()
    for number in range(8):
        story.post(f"Small fire {number}", vector=toward(0), severity="Minor")
    story.post("We all die", vector=toward(0), severity="Extreme")
    assert story.events["1"].severity == "Minor"
    story.post("Warning", vector=toward(0), voice="official", stated=Stated(severity="Severe"))
    assert story.events["1"].severity == "Severe"


def test_certainty_counts_independent_voices_and_official_words_win() -> None:
    story = Story()
    story.post("Shots near the station, people are running", vector=toward(0), author="p1")
    story.post("Shots near the station, people are running", vector=toward(0), author="p2")
    story.post("Shots!", vector=toward(0), author="p1")
    assert story.events["1"].certainty == "Possible"
    story.post("I heard shots", vector=toward(0), author="p3")
    story.post("Shots heard", vector=toward(0), author="p4")
    assert story.events["1"].certainty == "Likely"
    story.post("There is no evidence of a shooting", vector=toward(0), voice="official")
    assert story.events["1"].certainty == "Unlikely"
    story.post("Officers found casings", vector=toward(0), voice="official")
    assert story.events["1"].certainty == "Observed"


def test_an_events_place_is_the_finest_that_enough_say() -> None:
    story = Story()
    for number in range(4):
        story.post(f"Fire in London {number}", vector=toward(0), places=(LONDON,))
    assert story.events["1"].place == replace(LONDON, start=0, end=0)
    story.post("Fire in Hackney", vector=toward(0), places=(HACKNEY, LONDON))
    assert story.events["1"].place == replace(HACKNEY, start=0, end=0)


def test_a_position_that_a_post_carries_is_a_place() -> None:
    story = Story()
    story.post("Quake", vector=toward(0), point=Point(lat=-23.6, lon=-70.4, radius_m=500))
    place = story.events["1"].place
    assert place is not None
    assert (place.name, place.lat, place.lon, place.radius_m) == ("", -23.6, -70.4, 500)


def test_told_one_by_one_or_all_at_once_an_event_is_the_same() -> None:
    story = Story()
    noise = np.random.default_rng(4)
    for number in range(150):
        vector = np.array([1, 0, 0, 0]) + 0.3 * noise.normal(size=4)
        story.post(
            f"Smoke {number}. Again",
            vector=(vector / np.linalg.norm(vector)).astype("<f4").tobytes(),
            places=((HACKNEY,), (LONDON,), ())[number % 3],
            source=f"s{number % 4}",
            at=NOON + hours(number / 20),
            severity=("Minor", "Severe")[number % 7 == 0],
        )
    for event in story.events.values():
        members = [s for s in story.signals.values() if s.event == event.id]
        tally = Tally(sorted(members, key=lambda signal: signal.arrived))
        assert tally.event(event.id, event.seq, event.phase, Overrides(), "") == event
    assert max(event.size for event in story.events.values()) > 100


def test_one_odd_label_of_many_is_not_the_event_s_topic() -> None:
    story = Story()
    for number in range(10):
        labels = ("Env", "Fire") if number == 3 else ("Env",)
        story.post(f"haze again, day {number}", vector=toward(number % 3), labels=labels)
    assert story.events["1"].size == 10
    assert story.events["1"].topics == {"Env": 10}

"""`rebuild --anew`: the ledger as today's models would have it, and no decision is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest

from monitor.anew import Renewal
from monitor.ledger import open_ledger
from monitor.ledger.anew import Anew, rebuilds
from monitor.ledger.draft import Settled
from monitor.model import Decision, Enrichment, Event, Gone, Page, Post, Signal
from monitor.ports import Enricher
from tests.crash import Dying, Fuse, in_a_child
from tests.ordeal import Deployed
from tests.stored import stored
from tests.worlds import TRUTH, Clock, Recorded, consumed, contents, fill, pipeline

BATCH = 300
Deploy = Callable[[Enricher], Deployed]
BOUNDARIES = ("reserve", "keep", "decided", "renewed", "switch")


class Newer(Recorded):
    """Models of tomorrow: to them the missing child was poisoned, half of the trains stand in the
    storm, a post of the scaffold and one of the confirmed fire are dull, and a dull one is not."""

    DULL = TRUTH["events"]["islington-scaffold"][0]
    JUDGED = TRUTH["events"]["hackney-fire"][0]
    LIVELY = TRUTH["irrelevant"][1]

    def __init__(self) -> None:
        super().__init__()
        for post in TRUTH["events"]["greenwich-child"]:
            self._event[post] = "peckham-food"
        for post in TRUTH["events"]["woolwich-trains"][5:]:
            self._event[post] = "storm-warning"
        self._event[self.LIVELY] = "peckham-food"

    def _one(self, post: Post) -> Enrichment:
        said = super()._one(post)
        dull = post.id in (self.DULL, self.JUDGED)
        return replace(said, relevant=said.relevant and not dull, models={"newer": "2"})


class Faulty(Newer):
    """The same with a bug: it cannot read one post that is kept, and one that is dropped."""

    def _one(self, post: Post) -> Enrichment:
        if post.id in (self.DULL, self.LIVELY):
            raise ZeroDivisionError
        return super()._one(post)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample day, decided upon and consumed."""
    path = tmp_path_factory.mktemp("anew") / "ledger.db"
    clock = Clock()
    ledger = open_ledger(path, clock)
    fill(ledger, clock)
    consumed(pipeline(ledger))
    ledger.close()
    return path


@pytest.fixture
def deploy(day: Path, tmp_path: Path) -> Iterator[Deploy]:
    """A deployment of that day with those models."""
    opened: list[Deployed] = []

    def one(step: Enricher) -> Deployed:
        folder = laid_out(day, tmp_path / str(len(opened)))
        opened.append(Deployed(folder, BATCH, [step]))
        return opened[-1]

    yield one
    for app in opened:
        app.close()


def laid_out(day: Path, folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    (folder / "monitor.toml").write_text(
        '[area]\nname = "London"\nbox = [51.28, -0.52, 51.70, 0.34]\n', encoding="utf-8"
    )
    (folder / "data" / "ledger.db").write_bytes(day.read_bytes())
    return folder


def renewed(app: Deployed, anew: Any = None, *, switch: bool = True) -> Settled:
    with app.consuming():
        renewal = Renewal(app, anew or Anew(app.ledger.store))
        renewal.prepare()
        for _ in renewal.enrich():
            pass
        for _ in renewal.group():
            pass
        settled = renewal.settle()
        if switch:
            renewal.switch()
        renewal.close()
    return settled


def everything(app: Deployed) -> tuple[dict[str, Signal], dict[str, Event]]:
    whole = app.ledger.feed.changes(0, 1 << 30)
    assert whole
    return {s.post.id: s for s in whole.signals}, {e.id: e for e in whole.events}


def homes(app: Deployed) -> dict[str, str]:
    return {post: signal.event for post, signal in everything(app)[0].items()}


def rebuilt(app: Deployed) -> tuple[range, ...]:
    with app.ledger.store.reading() as db:
        return rebuilds(db)


def test_the_same_models_change_nothing(deploy: Deploy) -> None:
    app = deploy(Recorded())
    before = everything(app)
    settled = renewed(app)
    assert (settled.events, settled.signals, settled.dropped, settled.kept) == ((), 0, 0, 0)
    assert everything(app) == before


def test_of_a_post_that_a_step_fails_on_is_said_what_was_said_before(deploy: Deploy) -> None:
    app, sound = deploy(Faulty()), deploy(Newer())
    before, _ = everything(app)
    renewed(app)
    renewed(sound)
    signals, others = everything(app)[0], everything(sound)[0]
    assert signals.keys() - others.keys() == {Newer.DULL}
    assert others.keys() - signals.keys() == {Newer.LIVELY}
    assert signals[Newer.DULL].enrichment == before[Newer.DULL].enrichment
    both = signals.keys() & others.keys()
    assert all(signals[post].enrichment == others[post].enrichment for post in both)


def test_other_models_make_other_events_which_keep_the_ids_of_those_that_they_continue(
    deploy: Deploy,
) -> None:
    app = deploy(Newer())
    before = homes(app)
    missing, poisoned, storm, trains = (
        before[TRUTH["events"][name][1]]
        for name in ("greenwich-child", "peckham-food", "storm-warning", "woolwich-trains")
    )
    settled = renewed(app)
    said = {each.event: (each.what, each.into) for each in settled.events if each.what != "retold"}
    assert said == {
        missing: ("ended", poisoned),
        poisoned: ("regrouped", ""),
        storm: ("regrouped", ""),
        trains: ("regrouped", ""),
        before[Newer.DULL]: ("regrouped", ""),
    }
    signals, events = everything(app)
    assert events[missing] == Event(id=missing, seq=events[missing].seq, merged_into=poisoned)
    assert {signal.enrichment.models["newer"] for signal in signals.values()} == {"2"}
    for event in events.values():
        members = [signal for signal in signals.values() if signal.event == event.id]
        assert event.size == len(members)


def test_what_today_is_dull_is_dropped_and_what_was_dull_comes_back(deploy: Deploy) -> None:
    app = deploy(Newer())
    settled = renewed(app)
    assert (settled.dropped, settled.kept) == (1, 1)
    dropped = app.ledger.truth.dropped(Newer.DULL)
    assert dropped is not None
    assert (dropped.reason, app.ledger.truth.signal(Newer.DULL)) == ("relevance", None)
    back = app.ledger.truth.signal(Newer.LIVELY)
    assert back is not None
    assert app.ledger.truth.dropped(Newer.LIVELY) is None
    whole = app.ledger.feed.changes(0, 1 << 30)
    assert whole
    assert Newer.DULL in whole.gone


def test_what_a_person_decided_upon_stays_as_the_person_left_it(deploy: Deploy) -> None:
    app = deploy(Newer())
    signals, events = everything(app)
    judged = Anew(app.ledger.store).decided() & events.keys()
    assert {events[name].verdict for name in judged} == {"none", "confirmed", "dismissed"}
    decisions = {name: app.ledger.truth.decisions(name) for name in judged}
    renewed(app)
    after, told = everything(app)
    for name in judged:
        assert told[name].verdict == events[name].verdict
        assert told[name].hold == events[name].hold
        assert app.ledger.truth.decisions(name) == decisions[name]
    for post, signal in signals.items():
        if signal.event in judged:
            assert (after[post].event, after[post].hold) == (signal.event, signal.hold)


def test_a_decision_can_still_be_undone(deploy: Deploy) -> None:
    app = deploy(Newer())
    split = next(
        one
        for name in Anew(app.ledger.store).decided()
        for one in app.ledger.truth.decisions(name)
        if one.decision.verdict == "split"
    )
    renewed(app)
    undo = Decision(target=split.event, verdict="undo", value=(str(split.seq),), by="analyst")
    app.tell(undo)
    app.consume()
    now = homes(app)
    assert {now[post] for post in split.moved} == {split.event}


def test_followers_hear_of_it_as_of_any_change(deploy: Deploy, tmp_path: Path) -> None:
    app = deploy(Newer())
    app.catch_up()
    renewed(app)
    app.catch_up()
    app.ledger.store.backup(tmp_path / "copy.db", lambda left, total: None)
    other = Deployed(laid_out(tmp_path / "copy.db", tmp_path / "other"), BATCH, [Newer()])
    other.catch_up()
    options = app.options("embedded"), other.options("embedded")
    other.close()
    assert stored(options[0]) == stored(options[1])
    (numbers,) = rebuilt(app)
    change = app.ledger.feed.changes(numbers[0] - 1, 1 << 30)
    assert change
    assert {event.seq in numbers for event in change.events} == {True}


def test_it_is_news_to_nobody_and_what_was_told_goes_where_the_posts_went(deploy: Deploy) -> None:
    app = deploy(Newer())
    missing, poisoned = (
        homes(app)[TRUTH["events"][name][1]] for name in ("greenwich-child", "peckham-food")
    )
    position = app.ledger.feed.consumed()
    renewed(app)
    joined, moved = app.ledger.notices.joined(position, app.ledger.feed.consumed())
    change = app.ledger.feed.changes(position)
    assert change
    assert {event.seq for event in change.events} <= joined
    assert [(one.event, one.to) for one in moved] == [(missing, poisoned)]


def test_collecting_goes_on_meanwhile(deploy: Deploy) -> None:
    app = deploy(Newer())
    late = Post(id="rss:late", text="A warehouse is on fire", source="late", voice="official")

    class Meanwhile(Anew):
        def keep(self, *args: Any) -> None:
            app.ledger.inbox.accept("late", Page(posts=(late,)))
            super().keep(*args)

    renewed(app, Meanwhile(app.ledger.store))
    assert app.ledger.inbox.waiting() == 1
    app.consume()
    signal = app.ledger.truth.signal(late.id) or app.ledger.truth.dropped(late.id)
    assert signal is not None
    assert app.ledger.inbox.waiting() == 0


def test_what_is_deleted_leaves_an_interrupted_rebuild_too(deploy: Deploy) -> None:
    app = deploy(Newer())
    renewed(app, switch=False)
    assert said_of(app, Newer.JUDGED, Newer.LIVELY) == 2
    app.tell(Gone(ids=(Newer.JUDGED, Newer.LIVELY)))
    app.consume()
    assert said_of(app, Newer.JUDGED, Newer.LIVELY) == 0
    renewed(app)
    assert app.ledger.truth.signal(Newer.JUDGED) is None


def said_of(app: Deployed, *posts: str) -> int:
    with app.ledger.store.reading() as db:
        marks = ", ".join("?" * len(posts))
        (number,) = db.execute(f"SELECT count(*) FROM anew WHERE id IN ({marks})", posts).fetchone()
    return int(number)


def test_what_the_models_said_is_not_asked_again_unless_they_are_others(deploy: Deploy) -> None:
    app = deploy(Newer())
    renewed(app, switch=False)
    assert enriched(app) == 0
    app._given = [Recorded()]
    assert enriched(app) > 300


def enriched(app: Deployed) -> int:
    with app.consuming():
        renewal = Renewal(app, Anew(app.ledger.store))
        renewal.prepare()
        return sum(renewal.enrich())


def live(folder: Path, fuse: Fuse) -> None:
    """One life of a rebuild; one that switched before it was ended only catches up."""
    app = Deployed(folder, BATCH, [Newer()])
    anew = Anew(app.ledger.store)
    if not rebuilt(app):
        renewed(app, Dying(anew, BOUNDARIES, fuse))
    with app.consuming():
        app.consume()
    app.close()


def test_ended_at_any_boundary_it_ends_as_an_undisturbed_one(day: Path, tmp_path: Path) -> None:
    fuse = Fuse(None)
    live(laid_out(day, tmp_path / "calm"), fuse)
    expected = contents(tmp_path / "calm" / "data" / "ledger.db")
    assert fuse.moments > 10
    for moment in range(fuse.moments):
        folder = laid_out(day, tmp_path / str(moment))
        burnt = Fuse(moment)
        assert in_a_child(lambda folder=folder, burnt=burnt: live(folder, burnt)) == SIGKILL
        live(folder, Fuse(None))
        assert contents(folder / "data" / "ledger.db") == expected
        assert list((folder / "data").glob("anew*")) == []

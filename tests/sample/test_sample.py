"""The sample day is what its truth says: every post is accounted for, nothing real slipped in."""

import json
import re
import unicodedata
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

DAY = Path("monitor/sample/day.jsonl")
TRUTH = Path(__file__).with_name("truth.json")
FIELDS = {
    *("id", "source", "voice", "lang", "title", "text", "published", "edited", "author", "url"),
    *("point", "repost_of", "reply_to", "stated", "media"),
}
SIZES = {
    "hackney-fire": (35, 50),
    "croydon-crash": (10, 18),
    "walthamstow-crash": (10, 18),
    "lewisham-water": (10, 15),
    "camden-stabbing": (10, 14),
    "ealing-power": (10, 14),
    "stratford-gas": (8, 12),
    "storm-warning": (6, 10),
    "islington-scaffold": (8, 10),
    "woolwich-trains": (8, 10),
    "greenwich-child": (5, 5),
    "brixton-thefts": (6, 8),
    "peckham-food": (6, 6),
    "tottenham-flat-fire": (5, 9),
    "richmond-bin-fire": (5, 9),
    "hammersmith-rumour": (12, 14),
}


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    path = Path(__file__).parents[2] / DAY
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def posts(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if "id" in line]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TRUTH.read_text(encoding="utf-8"))
    return found


def of(posts: list[dict[str, Any]], post_id: str) -> list[dict[str, Any]]:
    return [post for post in posts if post["id"] == post_id]


def words(post: dict[str, Any]) -> str:
    return f"{post.get('title', '')}\n{post['text']}"


def moment(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def test_the_day_begins_with_the_moment_of_the_replay(lines: list[dict[str, Any]]) -> None:
    assert lines[0] == {"replay": "2026-03-14T23:00:00Z"}
    assert 350 <= len(lines) <= 420


def test_every_line_is_a_post_or_a_removal(lines: list[dict[str, Any]]) -> None:
    for line in lines[1:]:
        if "id" in line:
            assert set(line) <= FIELDS
            assert {"id", "source", "voice", "text"} <= set(line)
            assert line["voice"] in {"citizen", "media", "official"}
        else:
            assert set(line) in ({"gone", "reason"}, {"gone_authors", "reason"})


def test_posts_stand_in_the_order_in_which_they_came(posts: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    came = []
    for post in posts:
        known = post["id"] in seen
        seen.add(post["id"])
        at = post.get("edited") if known else post.get("published")
        if at and not at.startswith("2099"):
            came.append(moment(at))
    assert came == sorted(came)
    assert came[0] >= moment("2026-03-14T00:00:00Z")
    assert came[-1] <= moment("2026-03-14T23:00:00Z")


def test_every_id_is_in_one_group_of_the_truth(
    posts: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    groups = [*truth["events"].values(), truth["irrelevant"], truth["outside"], truth["special"]]
    told = Counter(post_id for group in groups for post_id in group)
    assert set(told.values()) == {1}
    assert set(told) == {post["id"] for post in posts}


def test_events_have_the_sizes_that_they_should(truth: dict[str, Any]) -> None:
    assert set(truth["events"]) == set(SIZES)
    for name, (least, most) in SIZES.items():
        assert least <= len(truth["events"][name]) <= most, name
    assert len(truth["irrelevant"]) >= 145
    assert len(truth["outside"]) >= 8


def test_only_edits_copies_and_second_sources_repeat_an_id(
    posts: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    notes = truth["notes"]
    counts = Counter(post["id"] for post in posts)
    repeated = {post_id for post_id, count in counts.items() if count > 1}
    assert repeated == {*notes["edited"], *notes["unchanged_again"], *notes["two_sources"]}
    for post_id in notes["edited"]:
        first, second = of(posts, post_id)
        assert first["source"] == second["source"]
        assert first["text"] != second["text"]
        assert moment(second["edited"]) > moment(second["published"])
    for post_id in notes["unchanged_again"]:
        first, second = of(posts, post_id)
        assert first == second
    for post_id in notes["two_sources"]:
        first, second = of(posts, post_id)
        assert first["source"] != second["source"]
        assert {**first, "source": second["source"]} == second


def test_what_is_taken_back_was_there_before(
    lines: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    before: list[dict[str, Any]] = []
    reasons = []
    for line in lines[1:]:
        if "id" in line:
            before.append(line)
            continue
        reasons.append(line["reason"])
        for post_id in line.get("gone", ()):
            assert of(before, post_id)
        for author in line.get("gone_authors", ()):
            mine = [post["id"] for post in before if post.get("author") == author]
            assert mine == truth["notes"]["deleted_account"]
            assert len(mine) == 3
    assert sorted(reasons) == ["account", "deleted", "expired"]


def test_reposts_and_replies_point_at_earlier_posts(posts: list[dict[str, Any]]) -> None:
    texts: dict[str, str] = {}
    for post in posts:
        if "repost_of" in post:
            assert post["text"] == texts[post["repost_of"]]
        if "reply_to" in post:
            assert post["reply_to"] in texts
        texts.setdefault(post["id"], post["text"])
    assert sum("repost_of" in post for post in posts) >= 10


def test_the_hackney_fire_is_told_by_six_sources(
    posts: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    told = {p["source"] for p in posts if p["id"] in truth["events"]["hackney-fire"]}
    assert {
        *("social", "citizen-reports", "east-end-gazette", "thames-live", "capital-wire"),
        "fire-service",
    } <= told


def test_two_crashes_run_side_by_side(posts: list[dict[str, Any]], truth: dict[str, Any]) -> None:
    spans = []
    for name, district in (("croydon-crash", "croydon"), ("walthamstow-crash", "walthamstow")):
        mine = [post for post in posts if post["id"] in truth["events"][name]]
        times = [moment(post["published"]) for post in mine]
        spans.append((min(times), max(times)))
        other = {"croydon": "walthamstow", "walthamstow": "croydon"}[district]
        assert not any(other in words(post).lower() for post in mine)
    (first, end), (second, last) = spans
    assert first < last
    assert second < end


def test_ten_languages_besides_english_tell_of_events(truth: dict[str, Any]) -> None:
    told = {post_id for ids in truth["events"].values() for post_id in ids}
    langs = Counter(lang for post_id, lang in truth["langs"].items() if post_id in told)
    assert set(langs) == {"es", "de", "fr", "it", "pt", "pl", "tr", "ar", "bn", "ro"}
    assert sum(langs.values()) >= 40


def test_a_language_that_a_source_states_is_the_true_one(
    posts: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    stated = [post for post in posts if "lang" in post]
    assert {post["lang"] for post in stated} >= {"en", "tr", "es", "pl"}
    for post in stated:
        assert post["lang"] == truth["langs"].get(post["id"], "en")


def test_handles_are_all_named_and_no_handle_is_a_word(
    posts: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    authors = {post["author"] for post in posts if "author" in post}
    assert all(re.fullmatch(r"@\w+@[a-z0-9]+\.example", author) for author in authors)
    assert sorted(author.split("@")[1] for author in authors) == truth["handles"]
    for handle in truth["handles"]:
        assert re.search(r"[_\d]", handle), handle
        assert not any(re.search(rf"(?<!@){handle}", words(post)) for post in posts), handle


def test_texts_mention_only_invented_handles(
    posts: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    mentioned = [name for post in posts for name in re.findall(r"@(\w+)", words(post))]
    assert set(mentioned) <= set(truth["handles"])
    assert len(mentioned) >= 20


def test_links_lead_nowhere(posts: list[dict[str, Any]]) -> None:
    for post in posts:
        links = [
            post.get("url", ""),
            *post.get("media", ()),
            *re.findall(r"https?\S+", words(post)),
        ]
        for link in filter(None, links):
            assert re.match(r"https://[a-z0-9]+\.example/", link), link


def test_points_lie_in_london(posts: list[dict[str, Any]]) -> None:
    points = [post["point"] for post in posts if "point" in post]
    assert len(points) >= 15
    for point in points:
        assert 51.28 < point["lat"] < 51.70
        assert -0.52 < point["lon"] < 0.34
        assert point["radius_m"] > 0


def test_what_sources_do_at_their_worst_is_there(
    posts: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    notes = {name: of(posts, ids[0])[0] for name, ids in truth["notes"].items() if len(ids) == 1}
    assert notes["dated_2099"]["published"].startswith("2099")
    assert "published" not in notes["undated"]
    hostile = notes["hostile_markup"]["text"]
    assert "<script>" in hostile
    assert "\u202e" in hostile
    assert sum(unicodedata.combining(c) > 0 for c in hostile) > 20
    assert not any(c.isalnum() for c in notes["emoji_only"]["text"])
    assert re.search(r"\d{3} \d{4} \d{4}", notes["phone_like"]["text"])

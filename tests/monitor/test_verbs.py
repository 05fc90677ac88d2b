"""Every verb on the sample day, with the real models: what is taken back is nowhere any more, and
no handle can be found."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from monitor.app import App
from monitor.config import read_config
from monitor.ledger import utc_now
from monitor.model import Gone, Tick
from tests.verbs import Verb, found
from tests.worlds import TRUTH

NOTES = TRUTH["notes"]


def everything(verb: Verb, config: Path) -> str:
    """All that any verb says of the ledger and the index."""
    verbs = (
        ("search", "", "--json", "-n", 10_000, "--sort", "time"),
        ("search", "", "-n", 1_000),
        ("search", "--dropped", "", "--json", "-n", 10_000),
        ("events", "", "--json", "-n", 10_000),
        ("events", "", "-n", 1_000),
        ("export", "signals"),
        ("export", "events"),
        ("status", "--json"),
        ("status",),
    )
    said = [verb(*words, "-c", config) for words in verbs]
    assert [ran.code for ran in said] == [0] * len(said)
    return "\n".join(ran.out + ran.err for ran in said)


def raw(config: Path) -> str:
    """Every byte of the index's tables, as a raw query would show them, and of what dashboards are
    told."""
    index = next(iter(config.parent.glob("data/index.db")))
    told = sqlite3.connect(config.parent / "data" / "ledger.db").execute("SELECT * FROM activity")
    return "\n".join([*sqlite3.connect(index).iterdump(), repr(told.fetchall())]).casefold()


def test_no_handle_of_the_day_is_found_by_any_verb_or_raw_query(verb: Verb, config: Path) -> None:
    said = everything(verb, config).casefold()
    stored = raw(config)
    assert len(TRUTH["handles"]) > 100
    assert [h for h in TRUTH["handles"] if h.casefold() in said] == []
    assert [h for h in TRUTH["handles"] if h.casefold() in stored] == []
    for handle in TRUTH["handles"][:10]:
        assert found(verb, config, f'"{handle}"') == set()


def test_what_was_taken_back_during_the_day_is_nowhere(verb: Verb, config: Path) -> None:
    gone = [*NOTES["deleted"], *NOTES["deleted_account"], *NOTES["superseded"]]
    said, stored = everything(verb, config), raw(config)
    assert [post for post in gone if f'"id": "{post}"' in said] == []
    assert [post for post in gone if f'"id":"{post.casefold()}"' in stored] == []


def test_an_edit_shows_its_newest_words_only(verb: Verb, config: Path) -> None:
    for post in NOTES["edited"]:
        answer = verb("search", "-c", config, f'id:"{post}"', "--json").json
        if answer["total"]:
            (signal,) = answer["signals"]
            assert signal["edited"] is not None


def test_a_post_dated_2099_came_when_it_was_collected(verb: Verb, config: Path) -> None:
    for post in (*NOTES["dated_2099"], *NOTES["undated"]):
        kept = verb("search", "-c", config, f'id:"{post}"', "--json").json["signals"]
        dropped = verb("search", "--dropped", "-c", config, f'id:"{post}"', "--json").json
        for shown in (*kept, *dropped["dropped"]):
            assert shown["dated"] is False
            assert shown["published"] == shown["collected"]
    assert verb("events", "-c", config, "last:>=2090", "--json").json["total"] == 0


def test_a_deletion_upstream_leaves_every_verb_and_stays_out(verb: Verb, config: Path) -> None:
    post = next(iter(sorted(found(verb, config, "topic:Fire"))))
    deployment = App(read_config(config))
    with deployment.consuming():
        deployment.tell(Gone(ids=(post,)))
        deployment.catch_up()
    deployment.close()
    assert f'"{post}"' not in everything(verb, config)
    verb("once", "-c", config)
    assert post not in found(verb, config)
    assert verb("rebuild", "-c", config).code == 0
    assert f'"{post}"' not in everything(verb, config)


def test_forget_takes_for_ever_but_spares_what_is_held(verb: Verb, config: Path) -> None:
    fires = found(verb, config, "topic:Fire")
    held = verb("search", "-c", config, "topic:Fire", "--json", "--sort", "id").json["signals"][0]
    assert verb("decide", "-c", config, held["id"], "hold").code == 0
    answer = verb("forget", "-c", config, "topic:Fire", "--yes", "--json").json
    assert answer["held"] >= 1
    assert answer["pending"] is False
    left = found(verb, config, "topic:Fire")
    assert held["id"] in left
    assert len(left) == answer["held"]
    assert answer["forgotten"] >= len(fires) - len(left)
    verb("once", "-c", config)
    assert found(verb, config, "topic:Fire") == left


def test_a_hold_beats_expiry_and_never_a_deletion_upstream(verb: Verb, config: Path) -> None:
    signals = found(verb, config)
    post = next(iter(sorted(signals)))
    verb("decide", "-c", config, post, "hold")
    text = config.read_text(encoding="utf-8")
    config.write_text("keep_days = 1\n" + text, encoding="utf-8")
    deployment = App(read_config(config))
    with deployment.consuming():
        later = utc_now().replace(year=utc_now().year + 1)
        deployment.tell(Tick(at=later))
        deployment.catch_up()
        assert found(verb, config) == {post}
        deployment.tell(Gone(ids=(post,)))
        deployment.catch_up()
    deployment.close()
    assert found(verb, config) == set()


def test_a_decision_is_seen_in_events_and_undone(verb: Verb, config: Path) -> None:
    fire = verb("events", "-c", config, "topic:Fire", "--json", "--sort", "-size").json["events"][0]
    said = verb("decide", "-c", config, fire["id"], "confirm", "--json").json
    assert said["outcome"] == "applied"
    verdicts = verb("events", "-c", config, "verdict:confirmed", "--json").json["events"]
    assert [event["id"] for event in verdicts] == [fire["id"]]
    verb("rebuild", "-c", config)
    assert verb("events", "-c", config, "verdict:confirmed", "--json").json["total"] == 1
    verb("decide", "-c", config, fire["id"], "undo", said["number"])
    assert verb("events", "-c", config, "verdict:confirmed", "--json").json["total"] == 0


def test_two_events_merge_and_part_again(verb: Verb, config: Path) -> None:
    first, second = verb("events", "-c", config, "size:>=3", "--json").json["events"][:2]
    merged = verb("decide", "-c", config, first["id"], "merge", second["id"], "--json").json
    one = verb("events", "-c", config, f"id:{first['id']}", "--json").json["events"][0]
    assert one["size"] == first["size"] + second["size"]
    verb("decide", "-c", config, first["id"], "undo", merged["number"])
    for event in (first, second):
        again = verb("events", "-c", config, f"id:{event['id']}", "--json").json["events"][0]
        assert (again["size"], again["title"]) == (event["size"], event["title"])


def test_a_dropped_post_is_promoted(verb: Verb, config: Path) -> None:
    dropped = verb("search", "--dropped", "-c", config, "", "--json").json["dropped"][0]
    assert verb("decide", "-c", config, dropped["id"], "promote").code == 0
    assert dropped["id"] in found(verb, config)
    gone = verb("search", "--dropped", "-c", config, f'id:"{dropped["id"]}"', "--json").json
    assert gone["dropped"] == []


def test_asking_again_changes_nothing(verb: Verb, config: Path) -> None:
    before = everything(verb, config)
    assert verb("once", "-c", config).code == 0
    signals = [line for line in before.splitlines() if line.startswith('{"id"')]
    after = everything(verb, config)
    assert [line for line in after.splitlines() if line.startswith('{"id"')] == signals


def test_enrich_answers_each_line_and_stores_nothing(verb: Verb, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    lines = [
        {"id": "a", "text": "Huge fire at a warehouse in Hackney, two people injured"},
        {"id": "b", "text": "this mixtape is fire", "lang": "en"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    fire, tape = verb("enrich", file).lines
    assert (fire["id"], tape["id"]) == ("a", "b")
    assert fire["relevance"] > 0.5 > tape["relevance"]
    assert fire["topics"]["Fire"] > tape["topics"]["Fire"]
    (place,) = [place for place in fire["places"] if place["name"] == "Hackney"]
    assert lines[0]["text"][place["start"] : place["end"]] == "Hackney"
    keys = ["name", "start", "end", "role", "kind", "lat", "lon", "radius_m", "ref", "confidence"]
    assert sorted(place) == sorted(keys)
    assert list(tmp_path.iterdir()) == [file]


def test_a_line_that_is_no_post_is_named(verb: Verb, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"id": "a", "text": "fine"}\nnot json\n', encoding="utf-8")
    ran = verb("enrich", file)
    assert ran.code == 2
    assert json.loads(ran.out)["id"] == "a"
    assert "line 2" in ran.err


def test_try_prints_a_page_and_stores_nothing(verb: Verb, config: Path) -> None:
    before = sorted(config.parent.rglob("*"))
    posts = verb("try", "jsonl", f"path={config.parent}/nothing.jsonl")
    assert posts.code == 1
    day = verb("try", "jsonl", f"path={Path('monitor/sample/day.jsonl').absolute()}")
    assert len(day.lines) > 50
    assert not [h for h in TRUTH["handles"] if h.casefold() in day.out.casefold()]
    assert sorted(config.parent.rglob("*")) == before


def test_check_names_every_fault_and_status_shows_the_source(verb: Verb, config: Path) -> None:
    assert verb("check", "-c", config, "--json").json["models"] == "ok"
    status = verb("status", "-c", config, "--json").json
    assert status["ledger"]["waiting rows"] == 0
    assert "sample-day" in status["sources"]
    (config.parent / "monitor.key").chmod(0o644)
    broken = verb("check", "-c", config)
    assert broken.code == 2
    assert "chmod 600" in broken.out


def test_a_question_that_cannot_be_asked_says_where(verb: Verb, config: Path) -> None:
    ran = verb("events", "-c", config, "voice:official")
    assert ran.code == 2
    assert "signals" in ran.err


def test_a_backup_is_a_ledger(verb: Verb, config: Path, tmp_path: Path) -> None:
    assert verb("backup", tmp_path / "copy.db", "-c", config).code == 0
    copy = sqlite3.connect(tmp_path / "copy.db")
    (signals,) = copy.execute("SELECT count(*) FROM signals").fetchone()
    assert signals == len(found(verb, config))


@pytest.mark.parametrize("by", ["topic", "source", "severity", "lang", "place"])
def test_counts_add_up(verb: Verb, config: Path, by: str) -> None:
    counts = verb("search", "-c", config, "--by", by, "--json").json
    assert counts
    assert max(counts.values()) <= len(found(verb, config))

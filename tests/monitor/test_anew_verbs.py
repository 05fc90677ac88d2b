"""The verbs that renew, as an operator calls them: `rebuild --anew`, `train --from decisions`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.app import _step, refitted
from monitor.config import read_config
from monitor.errors import ModelError
from monitor.ledger import utc_now
from monitor.model import Change, Decided, Decision, Enrichment, Event, Post, Signal, Tick
from nlp import linear
from tests.ordeal import Deployed
from tests.verbs import Verb, found
from tests.worlds import Recorded

FIRES = (
    "Huge fire at the warehouse in Hackney, smoke everywhere",
    "Firefighters at the burning warehouse in Hackney, road closed",
    "Lovely weather in the park today, coffee with friends",
)


class AllFire(Recorded):
    """A model to which all is relevant."""

    def _one(self, post: Post) -> Enrichment:
        return replace(super()._one(post), relevant=True)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A deployment that takes in a few posts."""
    lines = [
        {"id": f"jsonl:{number}", "text": text, "published": "2026-03-14T08:00:00Z", "lang": "en"}
        for number, text in enumerate(FIRES)
    ]
    posts = tmp_path / "posts.jsonl"
    posts.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    path = tmp_path / "monitor.toml"
    path.write_text(
        '[nlp.encode]\ndtype = "float32"\n[nlp.relevance]\nthreshold = 0.5\n'
        '[[source]]\nname = "few"\nkind = "jsonl"\npath = "posts.jsonl"\n',
        encoding="utf-8",
    )
    return path


def test_what_would_change_is_shown_and_only_then_done(verb: Verb, config: Path) -> None:
    app = Deployed(config.parent, steps=[AllFire()])
    assert len(list(app.pipeline.collect(app.config.sources[0]))) == 1
    app.catch_up()
    app.close()
    assert found(verb, config) == {"jsonl:0", "jsonl:1", "jsonl:2"}

    shown = verb("rebuild", "-c", config, "--anew", "--dry-run", "--json").json
    assert (shown["switched"], shown["signals dropped"]) == (False, 1)
    assert "ended" in {change["what"] for change in shown["changes"]}
    assert found(verb, config) == {"jsonl:0", "jsonl:1", "jsonl:2"}

    done = verb("rebuild", "-c", config, "--anew", "--yes", "--json").json
    assert (done["switched"], done["changes"]) == (True, shown["changes"])
    assert found(verb, config) == {"jsonl:0", "jsonl:1"}
    assert verb("rebuild", "-c", config, "--anew", "--to", "elastic").code == 2


def test_refitted_heads_are_used_and_taken_back(verb: Verb, config: Path) -> None:
    data = config.parent / "data"
    assert verb("train", "-c", config, "--from", "decisions", "--json").json == {
        "heads": [],
        "folder": None,
    }
    assert verb("train", "-c", config, "--undo").code == 2
    for name in ("1", "2", "10", "11.new"):
        shutil.copytree(linear.FOLDER, data / "heads" / name)
    assert [path.name for path in refitted(data)] == ["1", "2", "10"]
    (data / "heads" / "10" / linear.WEIGHTS).write_bytes(b"damaged")
    with pytest.raises(ModelError, match="heads/10"):
        _step(read_config(config), "relevance", None)
    assert verb("train", "-c", config, "--undo", "--json").json["heads"].endswith("heads/2")
    _step(read_config(config), "relevance", None)


def decided(config: Path, numbers: range) -> None:
    """Events of which people confirmed every other one; a number tells the kinds apart."""
    encoder = linear.load(linear.FOLDER).meaning.encoder
    said = Enrichment(models={"encode": f"MiniLM@{encoder[:8]} float32"})
    signals, events, told = [], [], []
    for number in numbers:
        verdict = "confirmed" if number % 2 else "dismissed"
        decision = Decision(target=str(number), verdict="confirm" if number % 2 else "dismiss")
        told.append(Decided(seq=number, decision=decision, event=str(number)))
        events.append(Event(id=str(number), seq=number, size=3, verdict=verdict))  # type: ignore[arg-type]
        for post in range(1000 + 3 * number, 1003 + 3 * number):
            vector = np.random.default_rng(post).normal(size=384) / 20
            vector[7] += 0.6 if number % 2 else -0.6
            signals.append(
                Signal(
                    post=Post(id=f"jsonl:{post}", text="at the harbour", collected=utc_now()),
                    enrichment=replace(said, vector=vector.astype("<f4").tobytes()),
                    event=str(number),
                    sources=("few",),
                    arrived=post,
                    seq=post,
                )
            )
    app = Deployed(config.parent)
    app.tell(Tick(at=utc_now()))
    rows = app.ledger.inbox.rows(1)
    change = Change(
        last=rows[-1].seq, signals=tuple(signals), events=tuple(events), decided=tuple(told)
    )
    app.ledger.truth.commit(rows, change)
    app.close()


def test_decisions_refit_the_heads_and_new_ones_do_again(verb: Verb, config: Path) -> None:
    train = ("train", "-c", config, "--from", "decisions")
    decided(config, range(1, 17))
    first = verb(*train, "--json").json
    assert [(line["head"], line["events"]) for line in first["heads"]] == [("relevance", 16)]
    assert first["folder"].endswith("heads/1")
    assert "too few" in verb(*train).out
    decided(config, range(17, 57))
    shown = verb(*train).out
    assert "neither was fitted to" in shown
    assert "heads/2" in shown
    assert verb("train", "-c", config, "--undo", "--json").json["heads"].endswith("heads/1")
    again = verb(*train, "--json").json
    assert [(line["events"], line["better"]) for line in again["heads"]] == [(40, True)]


def test_what_cannot_be_trained_is_said(verb: Verb, config: Path, tmp_path: Path) -> None:
    assert "--from decisions" in verb("train", "-c", config, "--from", "wishes").err
    assert "city_incident_tweets" in verb("train", "--data", tmp_path).err
    assert verb("train", "--model", "another").code == 2
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("threshold = 0.5", 'heads = "mine"'), encoding="utf-8")
    assert "leave it empty" in verb("train", "-c", config, "--from", "decisions").err

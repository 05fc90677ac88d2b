"""The promise of a collector, for every kind that the folder holds."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import parts
from monitor.fetch import Fetcher
from monitor.model import UNDATED, Cursor, Page, Post, clean
from monitor.ports import Policy
from tests.servers import Reply, Site, serving

KINDS = parts.kinds("collectors")
HEAVY = {"torch", "trafilatura", "spacy", "elasticsearch", "sentence_transformers", "sklearn"}
TAG = re.compile(r"</?[a-z]+[^<>]*>", re.IGNORECASE)
TWO = (("2026-03-14T09:00:00Z", "Smoke over the harbour"), ("2026-03-14T10:00:00Z", "Fire"))


def rss_sample(site: Site, url: str, folder: Path) -> dict[str, object]:
    entries = "".join(
        f"<entry><id>urn:x:{at}</id><updated>{at}</updated><title type='html'>&lt;b&gt;{title}"
        "&lt;/b&gt;</title><summary>Cafe\u0301</summary></entry>"
        for at, title in reversed(TWO)
    )
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'
    site.pages["/feed"] = Reply(body=body.encode())
    return {"url": f"{url}/feed"}


def cap_sample(site: Site, url: str, folder: Path) -> dict[str, object]:
    alerts = "".join(
        f"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>{at}</identifier>"
        f"<sender>s@x.example</sender><sent>{at}</sent><status>Actual</status><msgType>Alert"
        f"</msgType><scope>Public</scope><info><event>{title}</event><description>&lt;p&gt;"
        "Cafe\u0301</description></info></alert>"
        for at, title in reversed(TWO)
    )
    site.pages["/cap"] = Reply(body=f"<alerts>{alerts}</alerts>".encode())
    return {"url": f"{url}/cap"}


def jsonl_sample(site: Site, url: str, folder: Path) -> dict[str, object]:
    path = folder / "posts.jsonl"
    lines = [{"id": at, "published": at, "title": title, "text": "Cafe\u0301"} for at, title in TWO]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {"path": str(path)}


def usgs_sample(site: Site, url: str, folder: Path) -> dict[str, object]:
    events = [
        {
            "id": f"us{number}",
            "properties": {
                "time": int(datetime.fromisoformat(at).timestamp() * 1000),
                "title": f"<b>{title}</b>",
                "type": "cafe\u0301",
            },
            "geometry": None,
        }
        for number, (at, title) in reversed(list(enumerate(TWO)))
    ]
    body = json.dumps({"type": "FeatureCollection", "features": events})
    site.pages["/feed"] = Reply(body=body.encode())
    return {"url": f"{url}/feed"}


def nws_sample(site: Site, url: str, folder: Path) -> dict[str, object]:
    alerts = [
        {"properties": {"id": at, "sent": at, "event": title, "description": "<p>Cafe\u0301</p>"}}
        for at, title in reversed(TWO)
    ]
    body = json.dumps({"type": "FeatureCollection", "features": alerts})
    site.pages["/active"] = Reply(body=body.encode())
    return {"url": f"{url}/active"}


SAMPLES = {
    "rss": rss_sample,
    "cap": cap_sample,
    "jsonl": jsonl_sample,
    "usgs": usgs_sample,
    "nws": nws_sample,
}
"""One small source a kind, of two posts: a new collector adds its own here."""
FORGETFUL = {"rss", "cap", "usgs", "nws"}
"""Kinds that yield again what still stands in the source; the ledger knows what was seen."""


@pytest.fixture
def served() -> Iterator[tuple[Site, str]]:
    site = Site()
    with serving(site) as url:
        yield site, url


def poll(kind: str, table: dict[str, object], cursor: Cursor) -> list[Page]:
    part = parts.load("collectors", kind)
    options = parts.options(part, table, kind)
    fetch = Fetcher(allow=("127.0.0.1",), per_host_s=0, timeout_s=5)
    return list(part.collect(options, fetch, cursor))


def posts_of(pages: list[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


def test_every_kind_has_a_sample() -> None:
    assert set(KINDS) == set(SAMPLES)


@pytest.mark.parametrize("kind", KINDS)
def test_its_docstring_names_its_source_and_its_cursor(kind: str) -> None:
    said = inspect.getdoc(parts.load("collectors", kind)) or ""
    assert re.search(r"^Source: https?://", said, re.MULTILINE)
    assert re.search(r"^Cursor: \S", said, re.MULTILINE)


@pytest.mark.parametrize("kind", KINDS)
def test_it_carries_its_policy(kind: str) -> None:
    policy = parts.load("collectors", kind).POLICY
    assert isinstance(policy, Policy)
    assert policy.terms
    assert policy.deletions


@pytest.mark.parametrize("kind", KINDS)
def test_its_options_are_frozen_and_each_key_is_documented(kind: str) -> None:
    options = parts.load("collectors", kind).Options
    assert options.__dataclass_params__.frozen
    documented = inspect.getdoc(options) or ""
    for field in dataclasses.fields(options):
        assert f"`{field.name}`: " in documented


@pytest.mark.parametrize("kind", KINDS)
def test_importing_it_is_cheap(kind: str) -> None:
    program = f"import sys, collectors.{kind}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert HEAVY.isdisjoint(done.stdout.split())


@pytest.mark.parametrize("kind", KINDS)
def test_its_posts_are_sound_and_come_oldest_first(
    kind: str, served: tuple[Site, str], tmp_path: Path
) -> None:
    posts = posts_of(poll(kind, SAMPLES[kind](*served, tmp_path), Cursor()))
    assert [post.title for post in posts] == [title for _, title in TWO]
    assert [post.published for post in posts] == [datetime.fromisoformat(at) for at, _ in TWO]
    for post in posts:
        assert post.id.startswith(f"{kind}:")
        assert (post.source, post.digest, post.collected) == ("", "", UNDATED)
        assert post.published.tzinfo is UTC
        for said in (post.title, post.text):
            assert said == clean(said) == unicodedata.normalize("NFC", said)
            assert not TAG.search(said)


@pytest.mark.parametrize("kind", KINDS)
def test_its_cursor_is_of_strings_and_a_second_poll_tells_nothing_new(
    kind: str, served: tuple[Site, str], tmp_path: Path
) -> None:
    table = SAMPLES[kind](*served, tmp_path)
    first = poll(kind, table, Cursor())
    marks = first[-1].cursor.marks
    assert all(isinstance(word, str) for pair in marks.items() for word in pair)
    second = posts_of(poll(kind, table, Cursor(marks=json.loads(json.dumps(dict(marks))))))
    assert second == (posts_of(first) if kind in FORGETFUL else [])

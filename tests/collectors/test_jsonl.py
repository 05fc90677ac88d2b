import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import jsonl
from monitor.errors import SourceChanged, SourceRefused
from monitor.lines import parse_line
from monitor.model import UNDATED, Cursor, Gone, Page, Point, Post, Stated
from tests.servers import Given

POST = {"id": "1", "text": "Fire"}


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def poll(path: Path, cursor: Cursor | None = None, **options: object) -> list[Page]:
    given = jsonl.Options(path=str(path), **options)  # type: ignore[arg-type]
    return list(jsonl.collect(given, Given(b""), cursor or Cursor()))


def texts(pages: list[Page]) -> list[str]:
    return [post.text for page in pages for post in page.posts]


def test_a_line_says_all_fields_of_a_post() -> None:
    record = {
        "id": 7,
        "text": "Fire  in\tthe harbour",
        "title": "Cafe\u0301",
        "url": "https://x.example/7",
        "source": "desk",
        "published": "2026-03-14T23:00:00+01:00",
        "edited": 1773529200,
        "author": "@me",
        "lang": "en",
        "point": {"lat": 48.2, "lon": 16.37, "radius_m": 50},
        "repost_of": "6",
        "reply_to": "bluesky:5",
        "media": ["https://x.example/7.jpg"],
        "voice": "citizen",
        "stated": {"topics": ["Fire"], "severity": "Severe"},
        "unknown": {"key": 1},
    }
    assert parse_line(json.dumps(record).encode(), 1) == Post(
        id="jsonl:7",
        text="Fire in the harbour",
        title="Café",
        url="https://x.example/7",
        source="desk",
        published=datetime(2026, 3, 14, 22, tzinfo=UTC),
        edited=datetime(2026, 3, 14, 23, tzinfo=UTC),
        author="@me",
        lang="en",
        point=Point(lat=48.2, lon=16.37, radius_m=50),
        repost_of="jsonl:6",
        reply_to="bluesky:5",
        media=("https://x.example/7.jpg",),
        voice="citizen",
        stated=Stated(topics=("Fire",), severity="Severe"),
    )


@pytest.mark.parametrize(
    ("native", "named"),
    [
        ("1", "jsonl:1"),
        ("x:1", "x:1"),
        ("rss:http://a/b:1", "rss:http://a/b:1"),
        ("https://a/b", "jsonl:https://a/b"),
    ],
)
def test_an_id_that_names_a_kind_is_kept(native: str, named: str) -> None:
    assert parse_line(json.dumps({"id": native, "text": "t"}).encode(), 1).id == named


def test_a_signal_of_an_export_is_its_post() -> None:
    line = json.dumps({"post": {"id": "x:1", "text": "t", "source": "s"}, "event": "5"})
    assert parse_line(line.encode(), 1) == Post(id="x:1", text="t", source="s")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"text": "t"}',
        b'{"id": "1"}',
        b'{"id": " ", "text": "t"}',
        b'{"id": true, "text": "t"}',
        b'{"id": "1", "text": 5}',
        b'{"id": "1", "text": "t", "published": "soon"}',
        b'{"id": "1", "text": "t", "published": 1e300}',
        b'{"id": "1", "text": "t", "point": [1]}',
        b'{"id": "1", "text": "t", "point": [NaN, 1]}',
        b'{"id": "1", "text": "t", "point": {"lat": 95, "lon": 0}}',
        b'{"id": "1", "text": "t", "voice": "god"}',
        b'{"id": "1", "text": "t", "media": "x"}',
        b'{"id": "1", "text": "t", "stated": {"severity": "Bad"}}',
        b'{"gone": "1"}',
        b'{"gone": ["1"], "reason": "boredom"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_post_is_named_by_its_number(line: bytes) -> None:
    with pytest.raises(SourceChanged, match=r"^line 12: "):
        parse_line(line, 12)


@given(st.one_of(st.binary(), st.recursive(st.none() | st.floats() | st.text(), st.lists)))
def test_whatever_a_line_holds_only_source_changed_is_raised(said: object) -> None:
    line = said if isinstance(said, bytes) else json.dumps({"id": "1", "text": said}).encode()
    try:
        found = parse_line(line, 1)
    except SourceChanged:
        return
    assert isinstance(found, Post | Gone)


def test_a_file_is_read_in_pages_of_five_hundred(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *({"id": n, "text": f"t{n}"} for n in range(1_100)))
    pages = poll(path)
    assert [len(page.posts) for page in pages] == [500, 500, 100]
    assert texts(pages) == [f"t{n}" for n in range(1_100)]
    assert texts(poll(path, pages[0].cursor)) == [f"t{n}" for n in range(500, 1_100)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_what_is_appended_is_read_and_nothing_twice(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    opened = gzip.open if name.endswith(".gz") else open
    with opened(path, "ab") as file:
        file.write(b'{"id": 1, "text": "one"}\n')
    [page] = poll(path)
    assert poll(path, page.cursor) == []
    with opened(path, "ab") as file:
        file.write(b'{"id": 2, "text": "two"}\nbroken\n')
    [more] = poll(path, page.cursor)
    assert [post.text for post in more.posts] == ["two"]
    assert [dead.id for dead in more.dead] == ["line 3"]


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", POST)
    [page] = poll(path)
    write(path, {"id": "2", "text": "Other"}, POST)
    assert texts(poll(path, page.cursor)) == ["Other", "Fire"]
    write(path, {"id": "3", "text": ""})
    path.write_text("")
    assert poll(path, page.cursor) == []


def test_a_line_that_is_being_written_waits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", POST)
    with path.open("a") as file:
        file.write('{"id": "2", "te')
    [page] = poll(path)
    assert len(page.posts) == 1
    assert page.dead == ()
    with path.open("a") as file:
        file.write('xt": "Smoke"}')
    assert texts(poll(path, page.cursor)) == ["Smoke"]


def test_a_bad_line_is_dead_and_the_rest_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    long = json.dumps({"id": "9", "text": "x" * 3_000_000})
    path.write_text(f'\ufeff{json.dumps(POST)}\n\nno\n{long}\n{{"id": 2, "text": "b"}}\n')
    [page] = poll(path)
    assert texts([page]) == ["Fire", "b"]
    assert [dead.id for dead in page.dead] == ["line 3", "line 4"]


def test_deletions_keep_their_place_among_posts(tmp_path: Path) -> None:
    gone, authors = {"gone": ["1"]}, {"gone_authors": ["@me"], "reason": "account"}
    path = write(tmp_path / "a.jsonl", POST, gone, authors, POST)
    first, second = poll(path)
    assert first.gone == (
        Gone(ids=("jsonl:1",), reason="deleted"),
        Gone(authors=("@me",), reason="account"),
    )
    assert (len(first.posts), len(second.posts), second.gone) == (1, 1, ())


def test_other_keys_may_hold_the_fields(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"tweet_id": 5, "body": "Flood", "at": 0})
    [page] = poll(path, id_field="tweet_id", text_field="body", published_field="at")
    [post] = page.posts
    assert (post.id, post.text, post.published.year) == ("jsonl:5", "Flood", 1970)


def test_a_replay_moves_its_moment_to_now_and_stays_there(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        {"replay": "2026-03-14T23:00:00Z"},
        {"id": "1", "text": "a", "published": "2026-03-14T22:00:00Z"},
        {"id": "2", "text": "b"},
    )
    [page] = poll(path, replay=True)
    hour, undated = page.posts
    age = datetime.now(UTC) - hour.published
    assert timedelta(hours=1) <= age < timedelta(hours=1, minutes=5)
    assert undated.published == UNDATED
    with path.open("a") as file:
        file.write('{"id": "3", "text": "c", "published": "2026-03-14T22:00:00Z"}\n')
    [more] = poll(path, page.cursor, replay=True)
    assert more.posts[0].published == hour.published


def test_without_replay_the_moments_stay(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"replay": "2026-03-14T23:00:00Z"}, POST | {"published": 0})
    [page] = poll(path)
    assert (page.posts[0].published.year, page.dead) == (1970, ())
    with pytest.raises(SourceChanged, match="replay"):
        poll(write(tmp_path / "b.jsonl", POST), replay=True)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match=r"none\.jsonl"):
        poll(tmp_path / "none.jsonl")
    with pytest.raises(SourceRefused):
        poll(tmp_path)


def test_a_cut_gzip_file_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 1, "text": "one"}\n' * 9)[:-12])
    with pytest.raises(SourceChanged, match="gzip"):
        poll(path)


def test_a_snowflake_id_holds_its_moment(tmp_path):
    path = tmp_path / "tweets.jsonl"
    path.write_text('{"id": "211040709124440064", "text": "smoke over the ridge"}\n')
    [page] = poll(path, published_field="id")
    assert page.posts[0].id == "jsonl:211040709124440064"
    assert page.posts[0].published == datetime(2012, 6, 8, 10, 23, 20, 659000, tzinfo=UTC)

"""The pages of the sample day, read without a script."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.model import Change, Gone
from monitor.ports import Asked
from monitor.query import parse
from monitor.web import situation
from monitor.web.texts import read_texts
from monitor.web.view import View
from tests.web.build import NOON, event
from tests.web.site import Site, collected_day, posted, sample_day, served
from tests.worlds import TRUTH

PAGES = (
    "/", "/search", "/events/36", "/alerts", "/sources", "/dropped", "/help", "/api", "/login"
)  # fmt: skip


def attribute(page: str, name: str) -> list[str]:
    return [html.unescape(value) for value in re.findall(f' {name}="([^"]*)"', page)]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_and_has_nothing_inline(day: Site, path: str) -> None:
    page = day.get(path)
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert page.text.count("<main") == 1
    assert not re.search(r"<style| style=|javascript:| on\w+=", page.text)
    assert not re.search(
        r"<script(?![^>]* src=\"/static/|[^>]* type=\"application/json\")", page.text
    )
    foreign = [a for a in attribute(page.text, "(?:src|href|action)") if "//" in a]
    assert foreign == []
    assert len(set(ids := attribute(page.text, "id"))) == len(ids)


@pytest.mark.parametrize("path", PAGES)
def test_htmx_gets_the_main_part_alone(day: Site, path: str) -> None:
    part = day.get(path, HX_Request="true").text
    whole = day.get(path).text
    assert "<html" not in part
    assert "<title>" in part
    heading = re.search(r"<h1.*?</h1>", whole)
    assert heading is not None
    assert heading[0] in part
    again = day.get(path, HX_Request="true", HX_History_Restore_Request="true").text
    assert "<html" in again


def test_the_situation_tells_what_events_tells(day: Site) -> None:
    for address, question in (
        ("/", "size:>=1"),
        ("/?topic=Fire", "topic:Fire size:>=1"),
        (
            "/?q=fire+OR+smoke&since=2026-03-14T10:00Z",
            "(fire OR smoke) time:>=2026-03-14T10:00Z size:>=1",
        ),
        ("/?phase=closed&severity=Moderate", "severity:Moderate phase:closed size:>=1"),
    ):
        page = day.get(address).text
        (total,) = attribute(page, "data-total")[:1]
        (asked,) = attribute(page, "data-question")
        found = day.app.index.events(day.app.question(question), Asked(limit=1_000))
        assert int(total) == found.total
        assert day.app.question(asked) == day.app.question(question)
        ids = [hit.value.id for hit in found.hits]  # type: ignore[union-attr]
        assert sorted(re.findall(r'<li class="event" id="event-(\d+)"', page)) == sorted(ids)


def test_the_most_urgent_is_first(day: Site) -> None:
    points = [float(p) for p in attribute(day.get("/").text, "data-urgency")]
    assert len(points) == 30
    assert points == sorted(points, reverse=True)


def orders(page: str) -> dict[str, bool]:
    """The orders that a page offers, and whether each is chosen."""
    nav = page.split('class="orders"')[1].split("</nav>")[0]
    told = re.findall(r'data-sort="[^"]*"( aria-current="true")?>([^<]*)<', nav)
    return {name: bool(chosen) for chosen, name in told}


def test_likeness_is_an_order_only_of_what_is_asked_by_likeness(day: Site) -> None:
    assert orders(day.get("/").text) == {
        "most urgent": True, "newest": False, "begun last": False, "most posts": False,
        "most severe": False,
    }  # fmt: skip
    assert orders(day.get("/search?sort=time").text) == {
        "newest": False, "oldest": True, "most severe": False,
    }  # fmt: skip
    assert orders(day.get("/search?q=fire").text)["best match"]
    asked = parse("fire OR like:smoke")
    (first, *others) = situation.orders(View(q="fire OR like:smoke"), asked)
    assert (first.name, first.sort, first.chosen) == ("likeness", "", True)
    assert {"urgency", "-last"} < {order.sort for order in others}


def test_a_topic_stands_for_those_above_it(tmp_path: Path) -> None:
    app = posted(tmp_path / "day")
    topics = {"Security": 2, "Security/theft": 2, "Fire": 1}
    app.following.write(Change(last=1, events=(event("1", topics=topics),)))
    with served(app) as site:
        row = site.get("/").text.split('class="topics"')[1].split("</p>")[0]
        assert re.findall(r'class="topic">([^<]*)<', row) == ["Security/theft", "Fire"]
    app.close()


def test_facets_count_what_choosing_them_finds(day: Site) -> None:
    page = day.get("/?topic=Fire").text
    links = re.findall(
        r'<li><a href="([^"]*)" data-value="[^"]*"[^>]*>.*?class="count">(\d+)<', page
    )
    assert len(links) > 10
    for address, count in links[:25]:
        chosen = day.get(html.unescape(address)).text
        if "topic=Fire" in address and address.count("topic=") == 1:
            assert attribute(chosen, "data-total")[0] == count


def test_bars_of_the_timeline_count_all_finds(day: Site) -> None:
    page = day.get("/search?topic=Fire").text
    counts = [int(n) for n in attribute(page, "data-count")]
    assert sum(counts) == int(attribute(page, "data-total")[0])


def test_a_page_leads_to_the_next_until_all_were_seen(day: Site) -> None:
    seen: list[str] = []
    path = "/search?sort=time"
    while path:
        page = day.get(path).text
        seen += attribute(page, "data-signal")
        onward = re.search(r'<a href="([^"]*)" rel="next"', page)
        path = html.unescape(onward[1]) if onward else ""
    found = day.app.index.signals(day.app.question(""), Asked(sort="time", limit=1_000))
    assert seen == [hit.value.post.id for hit in found.hits]  # type: ignore[union-attr]


def test_a_fault_is_shown_where_it_is(day: Site) -> None:
    page = day.get("/?q=fire+AND+%28smoke&topic=Fire")
    assert page.status_code == 400
    assert 'id="fault" role="alert" data-position="15"' in page.text
    assert 'value="fire AND (smoke"' in page.text
    other = day.get("/?near=nowhere")
    assert other.status_code == 400
    assert "data-position" not in other.text


def test_words_that_were_found_are_marked(day: Site) -> None:
    marked = re.findall(r"<mark>([^<]*)</mark>", day.get("/search?q=crash").text)
    assert {word.casefold() for word in marked} >= {"crash"}
    assert all(word.casefold().startswith("crash") for word in marked)


def test_an_event_is_told_with_all_that_is_known(day: Site) -> None:
    page = day.get("/events/36").text
    found = day.app.ledger.truth.event("36")
    assert found is not None
    assert int(attribute(page, "data-size")[0]) == found.size
    posts = [post for post in attribute(page, "data-signal")]
    members = [signal.post.id for signal in day.app.ledger.truth.members("36")]
    assert sorted(posts) == sorted(members)
    assert sorted(attribute(page.split('id="anchors"')[1].split("</fieldset>")[0], "value")) == (
        sorted(members)
    )
    assert attribute(page, "data-figure")
    assert attribute(page, "data-source")
    assert 'data-topic="Fire" data-above="true"' in page
    assert sorted(attribute(page, "data-outcome")) == ["applied", "applied"]
    assert "analyst" in page
    assert attribute(page.split('id="alike"')[1], "data-event")


def test_an_event_that_is_not_there_is_not_found(day: Site) -> None:
    for path in ("/events/999999", "/events/x", "/nowhere"):
        assert day.get(path).status_code == 404


def test_an_original_is_reached_without_its_address_being_told(day: Site) -> None:
    with_address = [s for s in day.app.ledger.truth.members("36") if s.post.url]
    (written, *_) = [s for s in with_address if s.post.author] or with_address
    page = day.get("/events/36").text
    assert written.post.url not in page
    answer = day.get(f"/go/{written.post.id}")
    assert (answer.status_code, answer.headers["location"]) == (303, written.post.url)
    assert day.get("/go/nobody:1").status_code == 404


def test_no_handle_of_the_day_is_on_any_page_or_in_any_answer(tmp_path: Path) -> None:
    app = collected_day(tmp_path / "day")
    with served(app) as site:
        _no_handle(site)
    app.close()


def _no_handle(day: Site) -> None:
    events = re.findall(r'id="event-(\d+)"', day.get("/").text)
    paths = [
        *PAGES,
        *(f"/events/{name}" for name in events),
        *(f"/api/v1/events/{name}" for name in events),
        *(f"/api/v1/export/signals.{kind}" for kind in ("csv", "geojson", "jsonl")),
        "/api/v1/export/events.jsonl",
        "/search?sort=time",
        "/api/v1/events?limit=1000",
        "/api/v1/signals?limit=1000",
        "/api/v1/dropped?limit=1000",
        "/api/v1/sources",
    ]
    said = "\n".join(day.get(path).text for path in paths).casefold()
    assert len(TRUTH["handles"]) > 100
    assert [handle for handle in TRUTH["handles"] if handle.casefold() in said] == []
    signals = day.json("/signals", limit=1000)["signals"]
    people = [s for s in signals if s["voice"] == "citizen" and s["id"].startswith("mastodon:")]
    assert people
    assert not any(s["url"] for s in people)


def test_dropped_posts_say_why(day: Site) -> None:
    page = day.get("/dropped?q=Antofagasta").text
    assert set(attribute(page, "data-reason")) <= {"relevance", "area"}
    assert attribute(page, "data-dropped")
    more = re.search(r'<a href="([^"]*)" rel="next"', day.get("/dropped").text)
    assert more is not None
    first = set(attribute(day.get("/dropped").text, "data-dropped"))
    second = set(attribute(day.get(html.unescape(more[1])).text, "data-dropped"))
    assert second
    assert not first & second


def test_every_example_of_the_help_can_be_asked(day: Site) -> None:
    links = re.findall(r'<dt><a href="([^"]*)"><code>', day.get("/help").text)
    assert len(links) >= 8
    for link in links:
        if "like" not in link:
            assert day.get(html.unescape(link)).status_code == 200


def test_what_is_new_is_marked_until_it_is_seen(tmp_path: Path) -> None:
    app = sample_day(tmp_path / "day")
    with served(app) as site:
        assert read_texts()("news.first") in site.get("/").text
        last = app.ledger.feed.consumed()
        before, long_ago = last - 100, int((NOON - timedelta(days=30)).timestamp())
        (name,) = [name for name in site.browser.cookies if name.startswith("visit-")]
        visited = f"0.{before}.{long_ago}.{long_ago}"
        site.browser.cookies.set(name, visited, domain="127.0.0.1", path="/")
        page = site.get("/").text
        news = attribute(page, "data-news")
        assert {"new", "changed"} >= set(news) > set()
        assert int(attribute(page, "data-new")[0]) == news.count("new")
        assert attribute(site.get("/").text, "data-news") == news
        assert site.post("/seen", {}).status_code == 303
        assert attribute(site.get("/").text, "data-news") == []
    app.close()


def test_an_open_page_hears_how_many_finds_have_changed(day: Site) -> None:
    last = day.app.ledger.feed.consumed()
    all_of_them = day.get("/changes?row=0&of=events", HX_Request="true").text
    assert attribute(all_of_them, "data-number") == ["30"]
    fires = day.get("/changes?row=0&of=events&topic=Fire", HX_Request="true").text
    assert attribute(fires, "data-number") == ["10"]
    assert "data-number" not in day.get(f"/changes?row={last}", HX_Request="true").text


def test_when_the_index_is_away_pages_say_so(tmp_path: Path) -> None:
    app = sample_day(tmp_path / "day")
    app.close_index()
    for path in (tmp_path / "day" / "data").glob("index.db*"):
        path.unlink()
    with served(app) as site:
        page = site.get("/")
        assert page.status_code == 503
        assert 'role="alert"' in page.text
        api = site.get("/api/v1/events")
        assert (api.status_code, api.headers["content-type"]) == (503, "application/problem+json")
        assert site.get("/events/36").status_code == 200
        assert site.get("/sources").status_code == 200
    app.close()


def test_ten_thousand_events_make_a_small_page(tmp_path: Path) -> None:
    app = posted(tmp_path / "day")
    texts = tuple(f"text {number} " + "word " * 80 for number in range(3))
    events = tuple(
        event(
            str(number),
            seq=number,
            title=f"Event number {number} with a title of some length, as events have",
            texts=texts,
            severity="Moderate",
            topics={"Fire": 1, "Infra/power": 1},
            sources={f"source-{number % 200}": 1},
            last=NOON + timedelta(minutes=number),
        )
        for number in range(1, 10_001)
    )
    app.following.write(Change(last=10_000, events=events))
    with served(app) as site:
        page = site.get("/")
        assert attribute(page.text, "data-total")[0] == "10000"
        layer = site.get("/api/v1/events.geojson")
        assert len(page.content) + len(layer.content) < 1_000_000
    app.close()


def test_a_removed_post_is_on_no_page(tmp_path: Path) -> None:
    app = sample_day(tmp_path / "day")
    post = app.ledger.truth.members("36")[0]
    with app.consuming():
        app.tell(Gone(ids=(post.post.id,)))
        app.catch_up()
    with served(app) as site:
        for path in ("/events/36", "/search?sort=time", "/api/v1/signals?limit=1000"):
            assert post.post.text[:60] not in html.unescape(site.get(path).text)
    app.close()


def test_a_fault_of_a_part_is_told_where_it_can_be_read(day: Site) -> None:
    part = day.get("/?q=fire+AND+%28", HX_Request="true")
    assert part.status_code == 200
    assert 'id="fault"' in part.text
    refused = day.post("/events/36/decide", {"verdict": "praise"}, HX_Request="true")
    assert refused.status_code == 400
    assert refused.text.startswith('<p class="fault" role="alert"')

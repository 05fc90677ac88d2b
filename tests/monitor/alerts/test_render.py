"""What a reader gets to read: all of it, nobody's words, and nothing that a stranger could do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from monitor.alerts.paper import Letterhead, Link, News, Tally
from monitor.alerts.render import SHOWN, confirmation, render
from monitor.alerts.story import web_address
from monitor.alerts.words import LANGUAGES
from monitor.messages import Message
from monitor.model import SEVERITIES, Place
from tests.letters import (
    FIRE,
    LETTERHEAD,
    NEWS,
    NOW,
    SUBSCRIPTION,
    TOLD,
    UPDATE,
    place,
    several,
)

HOSTILE = {
    "template": "{{ 7*7 }}{% for x in range(9) %}{{ x }}{% endfor %}${7*7}",
    "header": "Fire\r\nBcc: all@example.org\r\n\r\n<h1>x",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href=javascript:x>",
    "bidi": "\u202eevil\u2066\u2069\u200f\u061c",
    "marks": "e" + "\u0301" * 10_000,
    "long": "word " * 200_000,
    "unseen": "\x00\x07\ud800\u2028\u2029\u200b",
    "address": "Call https://evil.example/pay now www.evil.example",
}


class Reader(HTMLParser):
    """What a browser would make of it: elements with attributes, and the words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.lasttag != "style":
            self.words += data

    def all(self, tag: str, name: str) -> list[str]:
        return [found[name] for one, found in self.elements if one == tag and name in found]


def letter(news: News = NEWS, letterhead: Letterhead = LETTERHEAD, **changed: object) -> Message:
    return render(replace(SUBSCRIPTION, **changed), [news], letterhead, NOW)  # type: ignore[arg-type]


def digest(*news: News, every: str = "day", tally: Tally | None = None) -> Message:
    subscription = replace(SUBSCRIPTION, every=every)  # type: ignore[arg-type]
    return render(subscription, news, LETTERHEAD, NOW, tally)


def both(message: Message) -> list[str]:
    return [message.text, " ".join(Reader(message.html).words.split())]


def test_an_event_is_told_whole() -> None:
    for body in both(letter()):
        for said in (
            "Severe",
            NEWS.title,
            "Hackney Wick, within 1.5 km",
            "Sat 14 Mar 2026, 14:17 GMT",
            "15:01 GMT",
            "23 posts from 4 sources",
            "Observed",
            "Officially told by London Fire Brigade.",
            "In the media: City News and Local Radio.",
            "11 people tell of it",
            "City News",
            "It matches your subscription “Fires in the north”:",
            "Question: fire OR smoke",
            "Area: within 8 km of 51.55, -0.06",
            "Topics: Fire, Explosion",
            "Severity: Moderate or more",
            "Quiet hours: 22:00 to 07:00 (Europe/London)",
            "Unsubscribe",
            "Change this subscription",
            "Signal Monitor sends this message by itself",
            "desk@example.org",
        ):
            assert said in body


def test_key_numbers_are_those_that_have_a_name() -> None:
    said = letter(replace(NEWS, numbers={"injured": 1_500.0, "wind": 80.0, "magnitude": 6.1}))
    assert "Key numbers: Injured\u00a01,500, Magnitude\u00a06.1" in said.text
    assert "80" not in Reader(said.html).words


def test_the_subject_names_severity_title_and_place() -> None:
    assert letter().subject == f"Severe: {NEWS.title}"
    assert letter(replace(NEWS, title="Large fire")).subject == "Severe: Large fire (Hackney Wick)"


def test_the_words_of_persons_are_never_passed_on() -> None:
    for message in (letter(), letter(replace(NEWS, title="")), digest(*several(8))):
        assert "scared" not in message.subject + message.text + message.html


def test_where_no_words_may_be_passed_on_topic_and_place_are_named() -> None:
    said = letter(replace(NEWS, title="", official=(), media=(), links=()))
    assert said.subject == "Severe: Fire, Hackney Wick"
    assert "No official source has said anything yet." in said.text
    nowhere = replace(NEWS, title="", event=replace(FIRE, place=None, topics={}))
    assert letter(nowhere).subject == "Severe: Event"
    assert "Place not known" in letter(nowhere).text
    finer = replace(FIRE, topics={"Security": 9, "Security/theft": 8, "Fire": 2})
    assert letter(replace(NEWS, title="", event=finer)).subject == "Severe: Theft, Hackney Wick"


def test_an_update_says_what_has_changed_and_follows_its_thread() -> None:
    said = letter(UPDATE)
    assert said.thread == TOLD.message
    assert said.subject == f"Update \N{EN DASH} Severe: {NEWS.title}"
    for body in both(said):
        assert "What has changed" in body
        assert "Severity: Moderate → Severe" in body
        assert "An official source now tells of it: London Fire Brigade" in body
        assert "Casualties: 0 → 2" in body
    assert "What has changed" not in letter().text
    assert letter().thread == ""


def test_an_update_says_that_it_moved_or_is_over() -> None:
    moved = replace(UPDATE, why="moved")
    assert "The place is now 790 m away from the one told before" in letter(moved).text
    told = replace(TOLD, severity="Severe", official=True, casualties=2)
    over = replace(UPDATE, why="closed", told=told, event=replace(FIRE, phase="closed"))
    said = letter(over).text
    assert "- It is over: nothing new has been told for a while" in said
    assert "15:01 GMT (no longer active)" in said
    assert "→" not in said
    wrong = replace(over, event=replace(FIRE, verdict="dismissed"))
    assert "A person has looked at it: it has not happened like this" in letter(wrong).text


def test_a_denial_is_no_confirmation() -> None:
    said = letter(replace(UPDATE, denied=True)).text
    assert "An official source denies or corrects it." in said
    assert "An official source now tells of it" not in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_speaks_the_readers_language(lang: str) -> None:
    for message in (
        letter(UPDATE, lang=lang),
        render(replace(SUBSCRIPTION, lang=lang), several(60), LETTERHEAD, NOW),
        confirmation(replace(SUBSCRIPTION, lang=lang), LETTERHEAD, "https://m.example/c", NOW),
    ):
        assert message.lang == lang
        assert Reader(message.html).all("html", "lang") == [lang]
        assert "{" not in message.text
        assert not re.search(r"\b(None|Undefined)\b", message.text)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_words_do_nothing(kind: str) -> None:
    words = HOSTILE[kind]
    name = words[:100_000]
    where = Place(
        name=name, start=0, end=9, role="happened", kind="poi", lat=51.5, lon=-0.1, radius_m=50.0
    )
    news = News(
        event=replace(FIRE, place=where),
        title=words,
        links=(Link(source=name, url="https://ok.example/a"), Link(source="x", url=words)),
        official=(name,) * 100,
        media=(name,),
        numbers={words[:50]: 3.0},
    )
    subscription = replace(SUBSCRIPTION, name=name, query=words)
    for told in ([news], [news, NEWS], [replace(UPDATE, event=news.event, title=words)]):
        harmless(render(subscription, told, LETTERHEAD, NOW), words)


def harmless(message: Message, words: str) -> None:
    assert len(message.subject) <= 161
    assert message.subject.isprintable()
    unseen = set("\r\x00\x07\u202e\u2066\u2069\u200f\u061c\u200b\u2028\u2029\ud800")
    for body in (message.text, message.html, message.subject):
        assert not unseen & set(body)
        assert "\u0301" * 4 not in body
        assert len(body) < 60_000
        body.encode()
    seen = Reader(message.html)
    assert not {tag for tag, _ in seen.elements} & {"script", "iframe", "object", "form", "link"}
    assert not [name for _, found in seen.elements for name in found if name.startswith("on")]
    assert all(address.startswith("https://") for address in seen.all("a", "href"))
    assert not [line for line in message.text.splitlines() if line.startswith(("Bcc:", "<h1>"))]
    assert "evil.example" not in message.text
    if "7*7" in words:
        assert "7*7" in message.text
        assert "49" not in message.text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://news.example.org/a?b=1&c=2#d", "https://news.example.org/a?b=1&c=2#d"),
        ("http://news.example.org:8080/ü?q=\u202e", "http://news.example.org:8080/%C3%BC?q=%E2%80%AE"),
        ("https://münchen.example/x", "https://xn--mnchen-3ya.example/x"),
        ('https://a.example/"><script>', "https://a.example/%22%3E%3Cscript%3E"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//a.example/x", ""),
        ("https://bank.example@evil.example/", ""),
        ("https:///x", ""),
        ("https://a.example:x/", ""),
        ("https://a b.example/", ""),
        ("https://" + "a" * 3_000 + ".example/", ""),
        ("https://a.example/" + "a" * 3_000, ""),
        ("", ""),
    ],
)  # fmt: skip
def test_only_addresses_of_the_web_are_linked(url: str, shown: str) -> None:
    assert web_address(url) == shown


def test_persons_are_not_linked() -> None:
    links = (Link(source="@somebody", url="https://x.example/somebody/1", voice="citizen"),)
    assert "somebody" not in letter(replace(NEWS, links=links)).html


def test_the_event_page_is_linked_where_there_is_one() -> None:
    said = letter()
    assert "https://monitor.example.org/events/1207" in said.text
    assert said.unsubscribe == "https://monitor.example.org/alerts/unsubscribe/s1.c2ln"
    assert said.manage == "https://monitor.example.org/alerts/manage/s1.c2ln"
    assert {said.unsubscribe, said.manage} <= set(Reader(said.html).all("a", "href"))
    alone = letter(letterhead=replace(LETTERHEAD, page=""))
    assert alone.unsubscribe == alone.manage == ""
    assert "monitor.example.org" not in alone.text + alone.html


def test_the_map_is_within_and_has_words() -> None:
    said = letter()
    (picture,) = said.pictures
    seen = Reader(said.html)
    assert seen.all("img", "src") == [f"cid:{picture.cid}"]
    assert seen.all("img", "alt") == [picture.alt]
    assert "Hackney Wick" in picture.alt
    assert "1.5 km" in picture.alt
    nowhere = letter(replace(NEWS, event=replace(FIRE, place=None)))
    assert nowhere.pictures == ()
    assert Reader(nowhere.html).all("img", "src") == []
    assert "Natural Earth" not in nowhere.text


def test_nothing_is_fetched_from_anywhere() -> None:
    for message in (letter(), digest(*several(9))):
        seen = Reader(message.html)
        assert not [url for url in seen.all("img", "src") if not url.startswith("cid:")]
        assert "url(" not in message.html
        assert "@import" not in message.html
        assert not {"link", "script", "iframe"} & {tag for tag, _ in seen.elements}


def test_a_digest_orders_by_severity_then_the_newest() -> None:
    news = several(30)
    said = digest(*news)
    by_id = {one.event.id: one.event for one in news}
    told = [by_id[event] for event in said.events]
    assert told == sorted(told, key=lambda e: (SEVERITIES.index(e.severity), e.last), reverse=True)
    assert len(told) == 30
    assert said.thread == ""
    assert said.subject == "Fires in the north: 30 events, 6 extreme"
    assert said == digest(*reversed(news))


def test_a_digest_counts_against_the_usual() -> None:
    since = NOW - timedelta(days=1)
    said = digest(*several(6), tally=Tally(since=since, events=1_204, usual=4.24))
    assert "1,204 events since Fri 13 Mar 2026, 15:04 GMT." in said.text
    assert "Usual for as long a time: about 4.2." in said.text
    first = digest(*several(6), tally=Tally(since=since, events=6))
    assert "Usual" not in first.text


def test_a_storm_is_one_message_that_counts_the_rest() -> None:
    said = digest(*several(1_000))
    assert len(said.events) == 1_000
    assert len(re.findall(r"^\d+\. ", said.text, re.MULTILINE)) == SHOWN
    assert "And 950 more events: 150 extreme" in said.text
    assert len(said.html) < 100_000
    assert len(said.pictures[0].png) < 30_000


def test_what_waited_says_so() -> None:
    assert "They come in one message because" in digest(*several(3), every="now").text
    assert "They come in one message because" not in digest(*several(3)).text


def test_a_digest_of_updates_says_what_changed() -> None:
    said = digest(UPDATE, *several(3)[1:])
    assert "   - Severity: Moderate → Severe" in said.text
    assert said.text.count("Update") == 1


def test_the_same_values_give_the_same_bytes() -> None:
    assert letter() == letter()
    assert digest(*several(60)) == digest(*several(60))


def test_another_message_has_another_id() -> None:
    later = render(SUBSCRIPTION, [NEWS], LETTERHEAD, NOW + timedelta(seconds=1))
    grown = letter(replace(NEWS, event=replace(FIRE, seq=1_300)))
    ids = {letter().id, letter(id="s2").id, later.id, grown.id, digest(*several(2)).id}
    assert len(ids) == 5
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)


def test_a_confirmation_has_a_link_and_no_words_of_who_asked() -> None:
    spam = replace(SUBSCRIPTION, name="Buy pills at evil.example", query="cheap pills")
    said = confirmation(spam, LETTERHEAD, "https://monitor.example.org/alerts/confirm/t0k", NOW)
    assert "pills" not in said.subject + said.text + said.html + said.name
    assert "https://monitor.example.org/alerts/confirm/t0k" in said.text
    assert "https://monitor.example.org/alerts/confirm/t0k" in Reader(said.html).all("a", "href")
    for body in both(said):
        assert "within 8 km of 51.55, -0.06" in body
        assert "Tue 17 Mar 2026, 15:04 GMT" in body
        assert "without this click nothing is ever sent" in body
    assert said.unsubscribe == ""
    assert said.pictures == ()
    assert said.events == ()


def test_everything_asked_for_is_named() -> None:
    drawn = letter(
        query="", topics=(), severity="Extreme", certainty="Likely", quiet=None, every="week",
        area=((51.0, 0.0), (51.1, 0.0), (51.0, 0.1)), weekday=4, at=1_050, name="",
    ).text  # fmt: skip
    assert "It matches your subscription:" in drawn
    assert "Area: an area that was drawn on the map" in drawn
    assert "Severity: Extreme\n" in drawn
    assert "Certainty: Likely or more" in drawn
    assert "Sent: every Friday at 17:30 (Europe/London)" in drawn
    assert "Quiet hours" not in drawn
    everything = letter(query="", topics=(), severity="Unknown", area=()).text
    assert "Topics: everything" in everything


def test_a_place_without_a_name_is_told_by_degrees() -> None:
    said = letter(replace(NEWS, event=replace(FIRE, place=place("", 51.5465, -0.0253, 0.0))))
    assert "Where: 51.55, -0.03\n" in said.text


def test_headings_and_structure_are_said() -> None:
    for message in (letter(UPDATE), digest(*several(6))):
        seen = Reader(message.html)
        tags = [tag for tag, _ in seen.elements]
        assert tags.count("h1") == 1
        assert "h2" in tags
        assert {"banner", "main", "contentinfo"} <= set(seen.all("td", "role"))
        assert [t for t, found in seen.elements if t == "table" and "role" not in found and
                found.get("class") != "facts"] == []  # fmt: skip

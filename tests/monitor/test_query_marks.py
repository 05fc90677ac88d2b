"""Where the words of a question stand in a text, and why a document is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.marks import spans
from monitor.model import Enrichment, Event, Post, Signal, text_of
from monitor.nodes import leaves
from monitor.query import (
    Explained,
    Phrase,
    Prefix,
    Words,
    event_document,
    explain,
    marks,
    matches,
    parse,
    signal_document,
)
from monitor.words import words
from tests.questions import DAY, signal_questions, signals

_odd = st.sampled_from(
    (
        "e\u0301", "\u0301", "\u0323", "\u0315", "\u3099", "か\u3099", "ｶﾞ", "㍿", "ﬁ", "\ufdfa",
        "\u1112\u1161\u11ab", "한\u11ab", "ﾡ", "\u09c7\u09be", "\u1025\u102e", "\u00b4", "½",
        "ø", "İ", "ß", "ŉ", "fire's", "l\u2019s", "\u200b", "\u200d", "\u0344", "\u0f73", "火",
        "\u0f71\u0f72", "นํ้า", "क्षि", "עִבְ", "\U0001d15e", "²", "\u017f", "\u212a", "\u1e9b\u0323",
        "ǆ", "x" * 70, " ", "\n",
    )
)  # fmt: skip
odd_texts = st.lists(_odd | st.characters(codec="utf-8"), max_size=24).map("".join)


def marked(text: str, question: str, lang: str = "en") -> list[str]:
    return [text[start:end] for start, end in marks(parse(question, (lang,)), text, lang)]


@given(odd_texts)
def test_the_words_with_their_places_are_the_words(text: str):
    assert tuple(span.word for span in spans(text)) == words(text)


@given(odd_texts)
def test_the_places_of_words_are_in_order_and_within_the_text(text: str):
    found = spans(text)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
    assert [span.start for span in found] == sorted(span.start for span in found)
    assert [span.end for span in found] == sorted(span.end for span in found)


_whole = ("fire", "Häuser", "火災", "Café\u2019s", "(smoke)", "e\u0301te\u0301")


@given(st.lists(st.sampled_from(_whole), max_size=6))
def test_a_place_holds_its_word_and_no_more(parts: list[str]):
    text = " ".join(parts)
    for span in spans(text):
        assert words(text[span.start : span.end]) == (span.word,)


def test_every_form_of_a_word_is_marked():
    assert marked("Fires burn. A FIRE, fired!", "fire") == ["Fires", "FIRE", "fired"]
    assert marked("Häuser und haus", "Haus", "de") == ["Häuser", "haus"]


def test_marks_count_the_code_points_of_the_text_as_it_is():
    text = "🔥 (Cafe\u0301\u2019s fire)"
    assert marks(parse("café fire"), text, "fr") == ((3, 8), (11, 15))
    assert text[3:8] == "Cafe\u0301"


def test_a_phrase_is_marked_whole_and_only_where_its_words_follow_each_other():
    text = "Mare street; street of Mare, Mare\n Street"
    assert marked(text, '"mare street"') == ["Mare street", "Mare\n Street"]
    assert marked("大火災だ", "火災") == ["火災"]


def test_a_prefix_is_marked_to_the_end_of_the_word():
    assert marked("Burning, unburnt, burns", "burn*") == ["Burning", "burns"]


def test_marks_that_overlap_are_one():
    assert marked("mare street market", '"mare street" OR "street market"') == [
        "mare street market"
    ]


def test_what_is_denied_and_what_is_no_word_is_not_marked():
    assert marked("fire in the Fire topic", "NOT fire OR topic:Fire OR like:fire") == []
    assert marked("fire", "NOT NOT fire") == ["fire"]
    assert marked("fire", "*") == []


@given(signals("s:1"), signal_questions)
def test_a_text_has_a_mark_where_the_word_phrase_or_prefix_matches(signal: Signal, text: str):
    said, lang = text_of(signal.post), signal.enrichment.lang
    for leaf, _ in leaves(parse(text, ("en", "de"))):
        if isinstance(leaf, Words | Phrase | Prefix):
            assert bool(marks(leaf, said, lang)) == matches(leaf, signal_document(signal))


SIGNAL = Signal(
    post=Post(id="s:1", text="Houses are burning", published=DAY, voice="media"),
    enrichment=Enrichment(lang="en", labels=("Fire",)),
    event="7", sources=(), arrived=1, seq=1,
)  # fmt: skip


def test_an_explanation_says_of_every_part_whether_it_holds():
    said = explain(parse("burn* (topic:met OR topic:fire) -flood"), signal_document(SIGNAL))
    assert said == Explained(
        "AND", True, (
            Explained("burn*", True),
            Explained("OR", True, (
                Explained('topic:"met"', False), Explained('topic:"fire"', True),
            )),
            Explained("NOT", True, (Explained("flood", False),)),
        ),
    )  # fmt: skip


@given(signals("s:1"), signal_questions)
def test_an_explanation_comes_to_what_matches_says(signal: Signal, text: str):
    document = signal_document(signal)
    query = parse(text, ("en", "de"))
    assert explain(query, document).holds == matches(query, document)


def test_what_an_event_lacks_cannot_be_explained_and_has_its_place():
    document = event_document(Event(id="7", seq=1))
    with pytest.raises(QueryError) as said:
        explain(parse("fire OR voice:media"), document)
    assert said.value.position == 14

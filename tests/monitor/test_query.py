import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.query import (
    All,
    And,
    Equals,
    InPlace,
    Like,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Words,
    check,
    format_query,
    likes,
    parse,
    words_of,
)
from tests.questions import questions

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = 86_400_000_000


def micros(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


def fire() -> Words:
    return Words("fire", ("fire",))


def test_nothing_asks_for_everything():
    assert parse("") == parse("  ") == parse("*") == parse("*:*") == All()


def test_words_side_by_side_must_all_be_there():
    assert parse("fire smoke") == And((fire(), Words("smoke", ("smoke",))))


def test_a_word_is_stemmed_for_each_language():
    assert parse("Burning", ("en", "de")) == Words("burning", ("burn", "burning"))


def test_a_quoted_text_is_a_phrase():
    assert parse('"Mare Street"') == Phrase(("mare", "street"))


def test_a_word_that_is_several_is_a_phrase():
    assert parse("9/11") == Phrase(("9", "11"))
    assert parse("火災") == Phrase(("火", "災"))


def test_a_star_ends_a_prefix():
    assert parse("Burn*") == Prefix("burn")


@pytest.mark.parametrize(
    "text", ["fire OR smoke", "fire || smoke", "(fire) OR (smoke)", "fire OR +smoke"]
)
def test_either_word(text: str):
    assert parse(text) == Or((fire(), Words("smoke", ("smoke",))))


@pytest.mark.parametrize("text", ["NOT fire", "-fire", "!fire", "NOT NOT NOT fire", "!(fire)"])
def test_without_a_word(text: str):
    assert parse(text) == Not(fire())


def test_an_exclamation_mark_after_a_word_is_none():
    assert parse("fire!") == fire()


def test_apostrophes_and_curly_quotes_are_read_as_people_mean_them():
    assert parse("'fire'") == fire()
    assert parse("“Mare Street”") == Phrase(("mare", "street"))


def test_operators_within_quotes_are_text():
    assert parse('"fire && smoke ! AND"') == Phrase(("fire", "smoke", "and"))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a OR b c", "(a OR b) AND c"),
        ("fire OR explosion -drill", "(fire OR explosion) AND NOT drill"),
        ("a OR b +c", "(a OR b) AND c"),
        ("a b OR c", "a AND (b OR c)"),
        ("a AND b OR c", "(a AND b) OR c"),
        ("NOT a OR b", "(NOT a) OR b"),
        ("a&&b||c", "(a AND b) OR c"),
        ("topic:Fire OR b c", "(topic:Fire OR b) AND c"),
    ],
)
def test_and_binds_more_than_or_and_or_more_than_words_side_by_side(text: str, same: str):
    assert parse(text) == parse(same)


def test_a_keyword_has_no_case():
    assert parse("topic:FIRE") == Equals("topic", "fire")
    assert parse("topic:(Fire OR Met)") == Or((Equals("topic", "fire"), Equals("topic", "met")))


def test_an_id_keeps_its_case_and_colons():
    assert parse("id:rss:BBC:1") == parse('id:"rss:BBC:1"') == Equals("id", "rss:BBC:1")


def test_a_place_is_a_name_a_ref_or_unknown():
    assert parse('place:"New York"') == InPlace("new york")
    assert parse("place:geonames:12") == InPlace("geonames:12")
    assert parse("place:unknown") == InPlace("unknown")


def test_a_circle_has_a_middle_and_a_radius():
    assert parse('near:"51.5,-0.12,2km"') == Near(51.5, -0.12, 2000.0)
    assert parse("near:51.5,-0.12,250m") == Near(51.5, -0.12, 250.0)


def test_severities_have_an_order():
    assert parse("severity:severe") == Range("severity", 3, 3)
    assert parse("severity:>=Severe") == Range("severity", 3, None)
    assert parse("severity:{Minor TO Extreme}") == Range("severity", 1, 4, False, False)


def test_an_end_may_be_below_nothing():
    assert parse("size:>-2") == Range("size", -2, None, False)
    assert parse("size:[-3 TO -1}") == Range("size", -3, -1, True, False)


def test_a_day_is_all_of_it():
    start = micros(2026, 3, 14)
    assert parse("time:2026-03-14") == Range("time", start, start + DAY, True, False)
    assert parse("time:[* TO 2026-03-14]") == Range("time", None, start + DAY, True, False)
    assert parse("time:>2026-03-14") == Range("time", start + DAY, None)
    assert parse("time:<2026-03-14") == Range("time", None, start, True, False)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", micros(2026, 1, 1), micros(2027, 1, 1)),
        ("2026-12", micros(2026, 12, 1), micros(2027, 1, 1)),
        ("2026-03-14T10", micros(2026, 3, 14, 10), micros(2026, 3, 14, 11)),
        ("2026-03-14T10:30", micros(2026, 3, 14, 10, 30), micros(2026, 3, 14, 10, 31)),
        ("2026-03-14T10:30:05Z", micros(2026, 3, 14, 10, 30, 5), micros(2026, 3, 14, 10, 30, 6)),
        ('"2026-03-14T10:30+02:00"', micros(2026, 3, 14, 8, 30), micros(2026, 3, 14, 8, 31)),
        ("now-1d/d", micros(2026, 3, 13), micros(2026, 3, 14)),
        ("now-90m", micros(2026, 3, 14, 10, 30), micros(2026, 3, 14, 10, 30) + 1),
    ],
)
def test_a_moment_names_a_span(text: str, low: int, high: int):
    assert parse(f"time:{text}", now=NOW) == Range("time", low, high, True, False)


def test_the_last_day_counts_from_now():
    assert parse("time:>=now-24h", now=NOW) == Range("time", micros(2026, 3, 13, 12), None)


def test_like_holds_a_text():
    asked = parse('smoke OR like:"people trapped"')
    assert asked == Or((Words("smoke", ("smoke",)), Like("people trapped")))
    assert likes(asked) == ("people trapped",)


def test_the_words_of_a_question_are_those_it_wants():
    assert words_of(parse('burning "mare street" smok* -flood topic:Met')) == (
        "burn", "burning", "mare", "street", "smok",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("fire smoke~", 10),
        ("fire^2", 4),
        ("fire /smo.*/", 5),
        ("f?re", 0),
        ("fire *re", 5),
        ('fire "open', 5),
        ("fire (smoke", 11),
        ("fire) smoke", 4),
        ("fire OR OR x", 8),
        ("colour:red", 0),
        ("fire size:big", 10),
        ("severity:Bad", 9),
        ("phase:old", 6),
        ("time:2026-13", 5),
        ("time:yesterday", 5),
        ("near:1,2", 5),
        ('near:"95,0,2km"', 5),
        ('near:"nan,0,2km"', 5),
        ('near:"5,0,0km"', 5),
        ('near:"5,0,9m"', 5),
        ("fire 🔥", 5),
        ("[a TO b]", 0),
        ("topic:[a TO b]", 6),
        ("topic:fi*", 6),
        ("fire && size:big", 13),
        ("x" * 4_001, 4_000),
        ("a\ud800", 1),
        ("-like:x", 6),
        ("like:x like:y", 12),
        ("a^1.2.3", 1),
        ("a) b~", 1),
        ("[a TO", 5),
        ("[a b]", 3),
        ('id:a:"b"', 3),
        ("topic:a:", 8),
        ("(" * 41 + "a" + ")" * 41, 41),
        ("a\\", 1),
        ("fire " + "火災" * 250, 5),
        ("\ufdfa" * 200, 0),
    ],
)
def test_what_cannot_be_asked_is_said_with_its_place(text: str, position: int | None):
    with pytest.raises(QueryError) as said:
        parse(text)
    assert said.value.position == position


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2_000 + "a" + ")" * 1_999,
        "NOT " * 999 + "a",
        "-" * 3_999 + "a",
        "+" * 3_999 + "a",
        "a " * 1_999,
        "a OR " * 799 + "a",
        "size:" * 600 + "3",
        "topic:(" * 500 + "a" + ")" * 499,
        "((((" * 200 + ")" * 800,
        '"' * 3_999,
        "\\" * 3_999,
        "[" * 4_000,
    ],
)
def test_a_hostile_question_is_refused(text: str):
    with pytest.raises(QueryError):
        parse(text)


def test_a_field_is_asked_of_who_has_it():
    check(parse("size:3"), "events")
    check(parse("voice:media"), "signals")
    with pytest.raises(QueryError):
        check(parse("fire OR NOT size:3"), "signals")
    with pytest.raises(QueryError):
        check(parse("voice:media"), "events")


def test_many_threads_may_ask_at_once():
    asked = [f'word{n} OR (topic:t{n} -"a b{n}")' for n in range(40)]
    expected = [parse(text) for text in asked]
    wrong: list[str] = []

    def ask() -> None:
        wrong.extend(t for t, e in zip(asked * 5, expected * 5, strict=True) if parse(t) != e)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@given(questions)
def test_a_question_written_out_is_the_same_question(text: str):
    query = parse(text, ("en", "de"), now=NOW)
    assert parse(format_query(query), ("en", "de"), now=NOW) == query


@given(st.text(max_size=60) | st.text('ab"()[]{}:*?~^!&|+-/\\<>= TONRAD', max_size=60))
def test_any_text_is_a_question_or_refused(text: str):
    try:
        query = parse(text, now=NOW)
    except QueryError as said:
        position = said.position or 0
    else:
        position = 0
        assert parse(format_query(query), now=NOW) == query
    assert 0 <= position <= len(text)

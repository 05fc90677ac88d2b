"""One address, one view, one question."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.nodes import All, Equals
from monitor.query import format_query, parse
from monitor.web.view import ALIVE, FACETS, View, view_of

texts = st.text(max_size=20)
views = st.builds(
    view_of,
    st.sampled_from(["events", "signals"]),
    st.lists(
        st.tuples(
            st.sampled_from([*FACETS, "q", "since", "until", "near", "sort", "after", "other"]),
            texts,
        ),
        max_size=12,
    ),
)


@given(views)
def test_an_address_names_the_view_that_it_was_made_of(view: View) -> None:
    address = view.url("/")
    pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    assert view_of(view.of, pairs) == view
    assert view_of(view.of, pairs).url("/") == address


@given(views, st.sampled_from(FACETS), texts.filter(str.strip))
def test_what_is_chosen_twice_is_not_chosen(view: View, field: str, value: str) -> None:
    assert view.toggled(field, value).toggled(field, value).facets == view.facets


@given(views)
def test_any_address_asks_a_question_or_says_what_is_wrong(view: View) -> None:
    position = None
    try:
        query = view.query(parse)
    except QueryError as fault:
        position = fault.position
    else:
        assert format_query(query)
    assert position is None or position <= len(view.q)


def test_all_that_narrows_is_in_the_question() -> None:
    view = view_of(
        "events",
        [
            ("q", "fire OR smoke"),
            ("since", "2026-03-14"),
            ("until", "2026-03-15T10:30Z"),
            ("near", "51.5,-0.1,2km"),
            ("severity", "Severe"),
            ("topic", "Fire"),
            ("topic", "Infra/power"),
        ],
    )
    asked = (
        '(fire OR smoke) AND time:>=2026-03-14 AND time:<"2026-03-15T10:30Z" AND'
        ' near:"51.5,-0.1,2km" AND (topic:Fire OR topic:"Infra/power") AND severity:Severe'
        " AND size:>=1"
    )
    assert view.query(parse) == parse(asked)


@pytest.mark.parametrize("value", ['a "b" \\ c', "“curly”", "a) OR (b", "x:y", "-z", "*"])
def test_a_value_stays_a_value_whatever_it_holds(value: str) -> None:
    query = View(of="signals", facets=(("source", value),)).query(parse)
    assert query == Equals("source", value.casefold())


def test_nothing_said_asks_for_everything_that_is_not_empty() -> None:
    assert View(of="signals").query(parse) == All()
    assert View(of="events").query(parse) == ALIVE


def test_a_fault_is_placed_only_in_what_the_reader_wrote() -> None:
    with pytest.raises(QueryError) as own:
        View(q="fire AND (smoke").query(parse)
    with pytest.raises(QueryError) as other:
        View(q="fire", since="yesterday").query(parse)
    assert (own.value.position, other.value.position) == (15, None)

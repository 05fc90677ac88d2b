"""Links in messages: signed, for one purpose each, some of them for a while."""

from __future__ import annotations

import pytest
from itsdangerous import URLSafeTimedSerializer

from monitor.admit import Keys
from monitor.alerts.links import LIFE_S, Links, Purpose, secrets_of
from monitor.errors import QueryError

PAGE = "https://monitor.example"
KEYS = Keys(keys=(b"k" * 32,))
LINKS = Links(secrets_of(KEYS), PAGE)
PURPOSES: tuple[Purpose, ...] = ("confirm", "manage", "unsubscribe")


def token(address: str) -> str:
    return address.rsplit("/", 1)[1]


def aged(purpose: Purpose, days: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """A token that was signed so many days ago."""
    made = URLSafeTimedSerializer([secrets_of(KEYS)[0]], salt=f"alerts.{purpose}")
    signer = made.make_signer(made.salt)
    now = signer.get_timestamp()
    monkeypatch.setattr(type(signer), "get_timestamp", lambda _: now - days * 86_400)
    found = str(made.dumps("abc"))
    monkeypatch.undo()
    return found


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_link_leads_to_its_subscription(purpose: Purpose) -> None:
    address = getattr(LINKS, purpose)("abc")
    assert address.startswith(f"{PAGE}/alerts/{purpose}/")
    assert LINKS.read(purpose, token(address)) == "abc"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_link_is_good_for_one_purpose(purpose: Purpose) -> None:
    for other in PURPOSES:
        if other != purpose:
            with pytest.raises(QueryError, match="not whole"):
                LINKS.read(other, token(getattr(LINKS, purpose)("abc")))


def test_nobody_else_can_make_one() -> None:
    stranger = Links(secrets_of(Keys(keys=(b"x" * 32,))), PAGE)
    for text in (token(stranger.unsubscribe("abc")), "", "abc", "a.b.c", "x" * 10_000, "\udcff"):
        with pytest.raises(QueryError, match="not whole"):
            LINKS.read("unsubscribe", text)


def test_a_changed_link_is_refused() -> None:
    good = token(LINKS.unsubscribe("abc"))
    with pytest.raises(QueryError, match="not whole"):
        LINKS.read("unsubscribe", good[:-3] + ("aaa" if good[-3:] != "aaa" else "bbb"))


def test_links_of_an_older_key_are_still_good() -> None:
    newer = Links(secrets_of(Keys(keys=(b"n" * 32, *KEYS.keys))), PAGE)
    assert newer.read("unsubscribe", token(LINKS.unsubscribe("abc"))) == "abc"
    with pytest.raises(QueryError):
        LINKS.read("unsubscribe", token(newer.unsubscribe("abc")))


def test_what_confirms_or_manages_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    days = {"confirm": 3, "manage": 30}
    for purpose in PURPOSES:
        if purpose == "unsubscribe":
            assert LINKS.read(purpose, aged(purpose, 4_000, monkeypatch)) == "abc"
            continue
        assert LIFE_S[purpose] == days[purpose] * 86_400
        assert LINKS.read(purpose, aged(purpose, days[purpose] - 1, monkeypatch)) == "abc"
        with pytest.raises(QueryError, match="expired"):
            LINKS.read(purpose, aged(purpose, days[purpose] + 1, monkeypatch))

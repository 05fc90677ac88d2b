"""A subscription begins when its address says so, and ends when it says that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts.links import Links
from monitor.alerts.paper import Letterhead
from monitor.alerts.subscribe import PAUSED, UNSUBSCRIBED, Registrar, TooMany
from monitor.config import Config, build_config
from monitor.errors import ConfigError, QueryError
from monitor.ledger import Ledger
from monitor.messages import Message, Subscription
from monitor.tables import SubscriptionTable
from monitor.wanted import masked, plain, subscription_of
from tests.worlds import START, Clock

MAIL = {"host": "mail.example.org", "sender": "alerts@example.org"}
FIRES = SubscriptionTable(name="Fires", to="ada@example.org", query="fire OR smoke")
LINKS = Links([b"k" * 32], "https://monitor.example")


@dataclass
class Spoken:
    """A channel that writes a message as its text, and sends nothing."""

    def accepts(self, to: str) -> None:
        """Anybody."""

    def compose(self, message: Message) -> bytes:
        return message.text.encode()

    def send(self, to: str, payload: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


def configured(**tables: Any) -> Config:
    table = {
        "alerts": {"page": "https://monitor.example", "confirm_per_client": 5},
        "channel": {"email": MAIL},
        **tables,
    }
    return build_config(table, Path("monitor.toml"))


def registrar_of(ledger: Ledger, config: Config) -> Registrar:
    return Registrar(ledger, config, LINKS, Letterhead(title="Monitor"), lambda _: Spoken())


@pytest.fixture
def registrar(ledger: Ledger) -> Registrar:
    return registrar_of(ledger, configured())


def mails(ledger: Ledger) -> list[str]:
    return [one.payload.decode() for one in ledger.outbox.waiting("email", START + timedelta(9))]


def link(mail: str) -> str:
    """The token of the link in a confirmation mail."""
    found = [word for word in mail.split() if "/alerts/confirm/" in word]
    assert len(found) == 1, mail
    return found[0].rsplit("/", 1)[1]


def test_nothing_begins_before_the_link_in_a_mail_is_followed(
    ledger: Ledger, registrar: Registrar
) -> None:
    asked = registrar.ask(FIRES, by="ada", now=START)
    assert (asked.state, asked.by, asked.most) == ("pending", "ada", 6)
    (mail,) = mails(ledger)
    name = LINKS.read("confirm", link(mail))
    assert registrar.confirm(name).state == "active"
    version = ledger.subscribers.version()
    assert registrar.confirm(name).state == "active"
    assert ledger.subscribers.version() == version
    assert ledger.subscribers.all("active")[0].id == asked.id


def test_a_mail_to_a_stranger_has_no_words_of_who_asked(
    ledger: Ledger, registrar: Registrar
) -> None:
    said = replace(FIRES, name="Buy now", query="cheap AND pills")
    registrar.ask(said, by="Mallory", now=START)
    (mail,) = mails(ledger)
    assert [word for word in ("Buy", "cheap", "pills", "Mallory") if word in mail] == []


def test_an_address_gets_so_many_confirmation_mails_a_day_and_nobody_is_told(
    ledger: Ledger, registrar: Registrar, clock: Clock
) -> None:
    shown = [registrar.ask(FIRES, by=f"reader {n}", now=START) for n in range(5)]
    assert len(mails(ledger)) == 3
    assert {replace(one, id="", by="") for one in shown} == {replace(shown[0], id="", by="")}
    other = replace(FIRES, to="ADA@example.org")
    registrar.ask(other, by="eve", now=START)
    assert len(mails(ledger)) == 3
    clock.now = START + timedelta(days=1, seconds=1)
    registrar.ask(FIRES, by="ada", now=clock.now)
    assert len(mails(ledger)) == 4


def test_a_reader_asks_for_so_many_confirmation_mails_a_day(
    ledger: Ledger, registrar: Registrar
) -> None:
    for number in range(5):
        registrar.ask(replace(FIRES, to=f"a{number}@example.org"), by="eve", now=START)
    with pytest.raises(TooMany, match="tomorrow"):
        registrar.ask(replace(FIRES, to="b@example.org"), by="eve", now=START)
    registrar.ask(replace(FIRES, to="b@example.org"), by="ada", now=START)
    assert len(mails(ledger)) == 6


def test_what_nobody_confirms_is_forgotten(ledger: Ledger, registrar: Registrar) -> None:
    old = registrar.ask(FIRES, by="ada", now=START)
    registrar.ask(FIRES, by="ada", now=START + timedelta(days=4))
    assert ledger.subscribers.get(old.id) is None
    with pytest.raises(QueryError, match="there is none"):
        registrar.confirm(old.id)


def test_who_unsubscribes_stays_so_whatever_is_asked(ledger: Ledger, registrar: Registrar) -> None:
    one = registrar.vouch(FIRES, by="ada", now=START)
    registrar.unsubscribe(one.id)
    registrar.unsubscribe(one.id)
    registrar.unsubscribe("nobody")
    for again in (registrar.confirm, registrar.resume, registrar.pause):
        assert (again(one.id).state, again(one.id).reason) == ("ended", UNSUBSCRIBED)


def test_a_pause_ends_when_it_is_said(registrar: Registrar) -> None:
    one = registrar.vouch(FIRES, by="ada", now=START)
    assert (registrar.pause(one.id).state, registrar.pause(one.id).reason) == ("suspended", PAUSED)
    assert registrar.confirm(one.id).state == "suspended"
    assert (registrar.resume(one.id).state, registrar.resume(one.id).reason) == ("active", "")


def test_nobody_can_begin_without_confirming_by_a_pause(registrar: Registrar) -> None:
    one = registrar.ask(FIRES, by="ada", now=START)
    assert registrar.pause(one.id).state == "pending"
    assert registrar.resume(one.id).state == "pending"


def test_a_change_keeps_who_asked_and_where_it_goes(ledger: Ledger, registrar: Registrar) -> None:
    one = registrar.vouch(FIRES, by="ada", now=START)
    after = registrar.change(one.id, replace(FIRES, query="flood", every="day", at="07:30"))
    assert (after.query, after.every, after.at) == ("flood", "day", 450)
    assert (after.state, after.by, after.made) == ("active", "ada", START)
    with pytest.raises(QueryError, match="another address"):
        registrar.change(one.id, replace(FIRES, to="eve@example.org"))
    kept = ledger.subscribers.get(one.id)
    assert kept is not None
    assert kept.to == "ada@example.org"


def test_what_is_removed_is_forgotten(ledger: Ledger, registrar: Registrar) -> None:
    one = registrar.ask(FIRES, by="ada", now=START)
    registrar.remove(one.id)
    assert (ledger.subscribers.all(), mails(ledger)) == ((), [])
    with pytest.raises(QueryError, match="there is none"):
        registrar.remove(one.id)


def test_questions_that_cannot_be_followed_are_refused(registrar: Registrar) -> None:
    for query in ("like:fire", "voice:official", "fire AND (", "-drill"):
        with pytest.raises(QueryError):
            registrar.ask(replace(FIRES, query=query), by="ada", now=START)


def test_nobody_is_asked_where_links_lead_nowhere(ledger: Ledger) -> None:
    registrar = registrar_of(ledger, configured(alerts={}))
    with pytest.raises(ConfigError, match="page"):
        registrar.ask(FIRES, by="ada", now=START)
    with pytest.raises(QueryError, match=r"\[channel.webhook\]"):
        registrar.ask(replace(FIRES, channel="webhook"), by="ada", now=START)
    bare = registrar_of(ledger, configured(channel={}))
    with pytest.raises(QueryError, match=r"\[channel.email\]"):
        bare.vouch(FIRES, by="ada", now=START)


VOUCHED = {"name": "Duty", "to": "duty@example.org", "query": "fire"}


def settled(ledger: Ledger, *tables: dict[str, Any]) -> tuple[Subscription, ...]:
    registrar_of(ledger, configured(subscription=list(tables))).settle(START)
    return ledger.subscribers.all()


def test_the_configuration_is_what_holds(ledger: Ledger) -> None:
    (one,) = settled(ledger, VOUCHED)
    assert (one.state, one.to, one.query, one.most) == ("active", "duty@example.org", "fire", 6)
    version = ledger.subscribers.version()
    assert settled(ledger, VOUCHED) == (one,)
    assert ledger.subscribers.version() == version
    (other,) = settled(ledger, {**VOUCHED, "query": "flood"})
    assert (other.id, other.query) == (one.id, "flood")
    assert settled(ledger) == ()


def test_the_configuration_revives_nobody(ledger: Ledger) -> None:
    (one,) = settled(ledger, VOUCHED)
    registrar_of(ledger, configured()).unsubscribe(one.id)
    (after,) = settled(ledger, {**VOUCHED, "query": "flood"})
    assert (after.state, after.reason, after.query) == ("ended", UNSUBSCRIBED, "flood")
    (fresh,) = settled(ledger, {**VOUCHED, "to": "other@example.org"})
    assert fresh.state == "active"


def test_what_stands_in_the_configuration_is_changed_there(ledger: Ledger) -> None:
    (one,) = settled(ledger, VOUCHED)
    registrar = registrar_of(ledger, configured())
    with pytest.raises(QueryError, match="configuration"):
        registrar.remove(one.id)
    with pytest.raises(QueryError, match="configuration"):
        registrar.change(one.id, plain(one))


def test_a_question_of_the_configuration_that_cannot_be_followed_is_named(ledger: Ledger) -> None:
    with pytest.raises(ConfigError, match="Duty"):
        settled(ledger, {**VOUCHED, "query": "like:fire"})


def said(**facts: Any) -> Subscription:
    return subscription_of(replace(FIRES, **facts), "x", ("en",))


def test_plain_words_are_read_and_written_back() -> None:
    table = SubscriptionTable(
        name="Fires",
        to="ada@example.org",
        query="fire",
        near="51.54,-0.06,1.2345km",
        topics=("Fire", "Transport/collision"),
        severity="Moderate",
        certainty="Likely",
        every="week",
        at="07:05",
        weekday="sunday",
        quiet="22:00-06:30",
        zone="Europe/London",
        lang="de",
        most=3,
    )
    made = subscription_of(table, "x", ("en",))
    assert (made.area, made.radius_m) == (((51.54, -0.06),), 1_234.5)
    assert (made.at, made.weekday, made.quiet) == (425, 6, (1320, 390))
    assert plain(made) == table
    corners = ((51.5, -0.2), (51.6, -0.2), (51.55, -0.1))
    assert plain(said(polygon=corners)).polygon == corners


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"to": "nobody"}, "no mail address"),
        ({"to": "a@example.org\r\nBcc: b@example.org"}, "no mail address"),
        ({"to": "Ada <ada@example.org>"}, "no mail address"),
        ({"name": ""}, "name"),
        ({"name": "a\r\nb"}, "name"),
        ({"near": "51.54,-0.06"}, "no circle"),
        ({"near": "51.54,-0.06,0km"}, "no circle"),
        ({"near": "51.54,-0.06,2km", "polygon": ((1.0, 1.0),)}, "polygon too"),
        ({"polygon": ((51.5, 0.0), (51.6, 0.0))}, "3 to 100"),
        ({"polygon": ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0))}, "do not cross"),
        ({"polygon": ((80.0, 0.0), (80.0, 120.0), (85.0, -120.0))}, "do not cross"),
        ({"polygon": ((91.0, 0.0), (1.0, 1.0), (0.0, 1.0))}, "degrees"),
        ({"polygon": ((float("nan"), 0.0), (1.0, 1.0), (0.0, 1.0))}, "degrees"),
        ({"topics": ("Ufo",)}, "'Ufo' is none"),
        ({"at": "25:00"}, "at: '25:00'"),
        ({"quiet": "22:00"}, "quiet"),
        ({"quiet": "22:00-22:00"}, "quiet"),
        ({"zone": "Moon/Base"}, "Moon/Base"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"lang": "../x"}, "lang"),
        ({"most": -1}, "most"),
        ({"query": "x" * 5_000}, "4000"),
    ],
)
def test_what_makes_no_sense_is_refused(facts: dict[str, Any], fault: str) -> None:
    with pytest.raises(QueryError, match=fault) as caught:
        said(**facts)
    assert "nobody@" not in str(caught.value)


def test_every_fault_is_named_at_once_and_the_place_of_a_single_one() -> None:
    with pytest.raises(QueryError) as caught:
        said(to="nobody", at="soon", zone="Moon", query="(")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()][:1] == ["to"]
    assert len(str(caught.value).splitlines()) == 4
    with pytest.raises(QueryError) as caught:
        said(query="fire AND (smoke")
    assert caught.value.position is not None


def test_an_address_is_kept_as_it_is_sent_to() -> None:
    assert said(to=" ada@EXAMPLE.org ").to == "ada@example.org"
    assert said(to="ada@bücher.example").to == "ada@xn--bcher-kva.example"
    assert masked("ada@example.org") == "a…@example.org"
    assert masked("https-name") == "h…"
    assert masked("https://hooks.example.org:8443/T0/secret?key=1") == "https://hooks.example.org/…"
    assert masked("https://ada:secret@hooks.example.org") == "https://hooks.example.org/…"


def test_a_topic_is_known_however_it_is_written() -> None:
    assert said(topics=("fire", "TRANSPORT/collision", "Fire")).topics == (
        "Fire",
        "Transport/collision",
    )

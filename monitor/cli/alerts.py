"""Verbs for alerts: subscriptions, what waits to be sent, what came back, and one switch."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from monitor import parts
from monitor.alerts.bounce import LONGEST, bounced
from monitor.alerts.subscribe import PAUSED
from monitor.cli.shell import DEFAULT, AsJson, ConfigFile, app, opened
from monitor.errors import QueryError
from monitor.ledger import utc_now
from monitor.messages import Subscription
from monitor.objects import plan_json, subscription_json, when
from monitor.show import (
    err,
    facts_table,
    out,
    outbox_table,
    plans_table,
    say_json,
    subscriptions_table,
)
from monitor.status import alerts_of
from monitor.tables import SubscriptionTable
from monitor.verbs import tested
from monitor.web.access import user

alert = typer.Typer(help="Subscriptions and their messages.", no_args_is_help=True)
app.add_typer(alert, name="alert")

Id = Annotated[str, typer.Argument(help="The subscription, as `monitor alert list` names it.")]


class Every(StrEnum):
    """How often."""

    now = "now"
    hour = "hour"
    day = "day"
    week = "week"


@alert.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    to: Annotated[str, typer.Argument(help="The address that is told.")],
    query: Annotated[str, typer.Argument(help="A question about events.")] = "",
    near: Annotated[str, typer.Option(help='A circle, as in "51.54,-0.06,3km".')] = "",
    topic: Annotated[list[str] | None, typer.Option(help="Any of these topics.")] = None,
    severity: Annotated[str, typer.Option(help="At least this severe.")] = "Unknown",
    certainty: Annotated[str, typer.Option(help="At least this certain.")] = "Unknown",
    every: Annotated[Every, typer.Option(help="At once, or in a digest.")] = Every.now,
    at: Annotated[str, typer.Option(help="Local time of a digest.")] = "08:00",
    weekday: Annotated[str, typer.Option(help="Day of a weekly digest.")] = "monday",
    quiet: Annotated[str, typer.Option(help="Hours in which all waits: 22:00-06:00.")] = "",
    zone: Annotated[str, typer.Option(help="The time zone, as in Europe/London.")] = "UTC",
    lang: Annotated[str, typer.Option(help="The language of the messages.")] = "en",
    most: Annotated[int, typer.Option(help="Messages an hour that go by themselves.")] = 0,
    channel: Annotated[str, typer.Option(help="A kind that has a [channel.<kind>].")] = "email",
    vouch: Annotated[bool, typer.Option("--vouch", help="Ask for no confirmation.")] = False,
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Subscribe an address; it is asked to confirm, unless you --vouch for it."""
    said: dict[str, Any] = {
        "name": name, "to": to, "query": query, "near": near, "topics": topic or [],
        "severity": severity, "certainty": certainty, "every": every.value, "at": at,
        "weekday": weekday, "quiet": quiet, "zone": zone, "lang": lang, "most": most,
        "channel": channel,
    }  # fmt: skip
    table = parts.convert(SubscriptionTable, said, "alert add")
    with opened(config) as deployment:
        begin = deployment.registrar.vouch if vouch else deployment.registrar.ask
        _show(begin(table, by=user(), now=utc_now()), as_json)


@alert.command()
def place(
    text: Annotated[str, typer.Argument(help="A place or an address, as in Hackney.")],
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Look up where a place lies, for --near of `monitor alert add`."""
    with opened(config) as deployment:
        found = deployment.locate(text)
        if as_json:
            say_json({"places": list(map(asdict, found.candidates)), "fault": found.fault})
            return
        for one in found.candidates:
            out.print(f"{one.lat},{one.lon}  {one.label}", markup=False, soft_wrap=True)
        if found.fault:
            err.print(found.fault, markup=False)
        if not found.candidates:
            raise QueryError("place: none of that name is known; write it another way")


@alert.command(name="list")
def listed(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """List all subscriptions, those of the configuration too."""
    with opened(config) as deployment:
        deployment.settle()
        found = deployment.ledger.subscribers.all()
        if as_json:
            say_json({"subscriptions": [subscription_json(one) for one in found]})
        else:
            out.print(subscriptions_table(found))


@alert.command()
def show(name: Id, config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show one subscription."""
    with opened(config) as deployment:
        _show(deployment.registrar.get(name), as_json)


@alert.command()
def remove(name: Id, config: ConfigFile = DEFAULT) -> None:
    """Forget a subscription, with all that waits to be sent to it."""
    with opened(config) as deployment:
        deployment.registrar.remove(name)
        out.print(f"{name}: removed", markup=False)


@alert.command()
def suspend(
    name: Id,
    reason: Annotated[str, typer.Option(help="Why; its recipient may read it.")] = PAUSED,
    config: ConfigFile = DEFAULT,
) -> None:
    """Send nothing to a subscription until it is resumed."""
    with opened(config) as deployment:
        out.print(f"{name}: {deployment.registrar.pause(name, reason).state}", markup=False)


@alert.command()
def resume(name: Id, config: ConfigFile = DEFAULT) -> None:
    """Let a suspended subscription go on."""
    with opened(config) as deployment:
        out.print(f"{name}: {deployment.registrar.resume(name).state}", markup=False)


@alert.command(name="test")
def try_out(
    to: Annotated[str, typer.Argument(help="The address, as the channel writes it.")],
    channel: Annotated[str, typer.Option(help="A kind that has a [channel.<kind>].")] = "email",
    config: ConfigFile = DEFAULT,
) -> None:
    """Send one test message now, past the outbox."""
    with opened(config) as deployment:
        message = tested(deployment, channel, to)
        out.print(f"{channel}: the server has taken message {message}", markup=False)


@alert.command()
def bounce(config: ConfigFile = DEFAULT) -> None:
    """Take in a mail that came back, from standard input: give it to your mail server as a pipe."""
    raw = sys.stdin.buffer.read(LONGEST)
    with opened(config) as deployment:
        found = bounced(deployment.ledger, raw)
        said = f"{found.kind} {found.status}: {found.subscription}" if found else "no report on us"
        out.print(said, markup=False)


@alert.command()
def preview(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show what would go to whom, when and why, as things are; nothing is sent or changed."""
    from monitor.alerts.release import dry_run

    with opened(config) as deployment:
        plans = dry_run(deployment.ledger, deployment.config, utc_now())
        if as_json:
            say_json({"plans": [plan_json(one) for one in plans]})
        else:
            out.print(plans_table(plans))


@alert.command()
def outbox(
    retry: Annotated[bool, typer.Option("--retry", help="Try again what was given up.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Show what waits to be sent and what was given up, and why."""
    with opened(config) as deployment:
        box = deployment.ledger.outbox
        if retry:
            out.print(f"{box.retry(utc_now())} messages wait again", markup=False)
        elif as_json:
            lines = [
                {**asdict(one), "made": when(one.made), "again": when(one.again)}
                for one in box.unsent(limit)
            ]
            say_json({"outbox": lines, "counts": dict(box.counts())})
        else:
            out.print(outbox_table(box.unsent(limit), box.counts()))


@alert.command()
def stop(config: ConfigFile = DEFAULT) -> None:
    """Stop all alerts at once: nothing is sent, and what is due waits."""
    with opened(config) as deployment:
        deployment.ledger.subscribers.stop()
        out.print("alerts are stopped; `monitor alert start` lets them go on")


@alert.command()
def start(config: ConfigFile = DEFAULT) -> None:
    """Let alerts go on; what has become due meanwhile is folded into summaries."""
    with opened(config) as deployment:
        deployment.ledger.subscribers.start()
        out.print(f"alerts go on; {alerts_of(deployment).due} events are due", markup=False)


def _show(one: Subscription, as_json: bool) -> None:
    facts = subscription_json(one)
    if as_json:
        say_json(facts)
    else:
        shown = {name: value for name, value in facts.items() if value not in ("", None, [], ())}
        out.print(facts_table(shown, f"subscription {one.id}"))

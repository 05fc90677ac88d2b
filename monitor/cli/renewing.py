"""What `monitor rebuild --anew` does and says."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Final

import typer
from rich.table import Table
from rich.text import Text

from monitor.anew import Renewal
from monitor.cli.shell import lagging, opened, progress
from monitor.ledger.anew import Anew
from monitor.ledger.draft import Difference, Settled
from monitor.show import facts_table, out, say_json
from monitor.verbs import alone

SHOWN: Final = 20


def renew(config: Path, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Make the ledger anew with today's models, ask, switch, and bring the index to where it is."""
    from monitor.schedule import Schedule

    with opened(config) as deployment, alone(deployment):
        renewal = Renewal(deployment, Anew(deployment.ledger.store))
        schedule = Schedule(deployment)
        try:
            with schedule.collecting():
                settled = _drafted(renewal)
                if not as_json:
                    _show(settled)
                agreed = not dry_run and (yes or typer.confirm("Switch to it?", err=True))
            if agreed:
                schedule.notice()
                renewal.switch()
        finally:
            renewal.close()
        if as_json:
            changes = [dataclasses.asdict(each) for each in settled.events]
            say_json({"switched": agreed, **_counts(settled), "changes": changes})
        elif not agreed:
            out.print("nothing was changed; what the models said is kept for the next --anew")
        with lagging():
            deployment.catch_up()


def _drafted(renewal: Renewal) -> Settled:
    with progress() as bar:
        task = bar.add_task("the models are loading", total=None)
        renewal.prepare()
        done, total = renewal.size()
        bar.update(task, description="posts thought about", completed=done, total=total)
        for posts in renewal.enrich():
            bar.advance(task, posts)
        task = bar.add_task("posts grouped", total=total)
        for posts in renewal.group():
            bar.advance(task, posts)
    return renewal.settle()


def _counts(settled: Settled) -> dict[str, object]:
    counted = Counter(each.what for each in settled.events)
    return {
        "events changed": len(settled.events),
        **{f"events {what}": counted[what] for what in ("new", "regrouped", "retold", "ended")},
        "signals changed": settled.signals,
        "signals dropped": settled.dropped,
        "dropped posts kept": settled.kept,
    }


def _show(settled: Settled) -> None:
    out.print(facts_table(_counts(settled), "anew"))
    if not settled.events:
        return
    shown = sorted(settled.events, key=_weight)[:SHOWN]
    table = Table("event", "what", "signals", "title", title=f"the {len(shown)} largest changes")
    for each in shown:
        what = f"ended, now {each.into}" if each.into else each.what
        table.add_row(each.event, what, f"{each.before} → {each.after}", Text(each.title[:120]))
    out.print(table)
    if len(shown) < len(settled.events):
        out.print("all of them: --json")


def _weight(each: Difference) -> tuple[bool, int, str]:
    """Those that gain or lose signals first, the largest of them first."""
    return each.what == "retold", -max(each.before, each.after), each.event

"""20 kills while 1,000 mails go to a real mail server: every one arrives, none under two ids.

The killed process does what `run` does: it takes what waits in the outbox and hands it over. It is
killed within milliseconds of the moment at which the server has a message, so that some kills fall
before our record of it; those messages arrive twice, byte for byte the same.

`python -m tests.soak_mail [--mails 1000] [--kills 20] [--seed 1]`
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from channels import email
from monitor import log
from monitor.alerts.deliver import deliver
from monitor.ledger import Entry, open_ledger
from monitor.messages import Message, Picture
from monitor.ports import Channel

ROOT = Path(__file__).resolve().parent.parent
DELAYS_S = (0.0, 0.0005, 0.002, 0.01)
"""How long after the server has a message the kill falls; at once is before its 250."""


@dataclass(frozen=True)
class Outcome:
    """What came of it. `missing` mails did not arrive, `doubled` ones under two ids or with other
    bytes; `repeats` arrived once more as they were, `possible` is how many the ledger expected."""

    mails: int
    kills: int
    taken: int
    missing: int
    doubled: int
    repeats: int
    possible: int
    seconds: float


def opened(port: int) -> Channel:
    """The channel to a server on this machine."""
    options = email.Options(
        host="127.0.0.1",
        port=port,
        security="none",
        sender="alerts@example.org",
        bounces="bounces@example.org",
    )
    return email.open(options)


def fill(ledger_path: Path, mails: int) -> None:
    """An outbox with so many mails, each to somebody else."""
    channel = opened(25)
    ledger = open_ledger(ledger_path)
    now = datetime.now(UTC)
    for number in range(mails):
        message = Message(
            id=f"message-{number:06}",
            subscription=f"s{number}",
            to=f"reader{number}@example.org",
            subject=f"Fire {number}",
            text="A warehouse burns.\n",
            html="<p>A warehouse burns.</p>",
            at=now,
            pictures=(Picture(cid="map", alt="a map", png=bytes(20_000)),),
        )
        ledger.outbox.put(
            Entry(
                id=message.id,
                subscription=message.subscription,
                channel="email",
                to=message.to,
                payload=channel.compose(message),
                at=now,
            )
        )
    ledger.close()


def life(ledger_path: Path, port: int) -> None:
    """What the process does that is killed."""
    log.configure(level="error")
    channel = opened(port)
    ledger = open_ledger(ledger_path)
    deliver(ledger, "email", lambda _: channel, threading.Event())
    ledger.close()


def endure(
    folder: Path, mails: int, kills: int, seed: int, tell: Callable[[int], None] = lambda _: None
) -> Outcome:
    """Fill an outbox, let one process after another empty it, kill all but the last."""
    from tests.smtp import Taken, mail_server

    begun = time.monotonic()
    ledger_path = folder / "ledger.db"
    fill(ledger_path, mails)
    rng = random.Random(seed)
    running: list[subprocess.Popen[bytes]] = []
    arrived: dict[str, list[Taken]] = defaultdict(list)
    next_kill = 0

    def taken(mail: Taken) -> None:
        nonlocal next_kill
        arrived[mail.to].append(mail)
        tell(len(arrived))
        if len(arrived) == next_kill and len(arrived[mail.to]) == 1:
            delay_s = rng.choice(DELAYS_S)
            if not delay_s:
                running[-1].kill()
                return
            threading.Timer(delay_s, running[-1].kill).start()

    with mail_server(on_taken=taken) as server:
        command = [sys.executable, "-m", "tests.soak_mail", "--life", str(ledger_path)]
        while True:
            died = len(running)
            share = mails // (kills + 1)
            next_kill = len(arrived) + rng.randint(1, share) if died < kills else 0
            running.append(subprocess.Popen([*command, "--port", str(server.port)], cwd=ROOT))
            if running[-1].wait() == 0:
                break
    ledger = open_ledger(ledger_path)
    counts = ledger.outbox.counts()
    ledger.close()
    return Outcome(
        mails=mails,
        kills=died,
        taken=sum(map(len, arrived.values())),
        missing=mails - len(arrived) + mails - counts["sent"],
        doubled=sum(len({mail.data for mail in each}) > 1 for each in arrived.values()),
        repeats=sum(map(len, arrived.values())) - len(arrived),
        possible=counts["repeats"],
        seconds=time.monotonic() - begun,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--life", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.life:
        life(asked.life, asked.port)
        return
    console = Console()
    with tempfile.TemporaryDirectory() as place, Progress(console=console) as bar:
        task = bar.add_task(f"mail: {asked.kills} kills", total=asked.mails)
        came = endure(
            Path(place),
            asked.mails,
            asked.kills,
            asked.seed,
            lambda done: bar.update(task, completed=done),
        )
    columns = ("mails", "kills", "taken", "missing", "two ids", "repeats", "possible", "seconds")
    title = "killed while mail went out: what a mail server has"
    table = Table(*columns, title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    numbers = (came.mails, came.kills, came.taken, came.missing, came.doubled, came.repeats)
    cells = (*numbers, came.possible, round(came.seconds))
    table.add_row(*(f"{cell:,}" for cell in cells))
    console.print(table)
    sys.exit(bool(came.missing or came.doubled))


if __name__ == "__main__":
    main()

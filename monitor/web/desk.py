"""What readers decide: checked, told to the ledger, and followed until it is known what became of
it. Whoever decides does not wait."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from monitor import log
from monitor.app import App
from monitor.errors import IndexUnavailable, MonitorError, QueryError
from monitor.model import CATEGORIES, Decided, Decision, Said

KEPT: Final = 500
"""Decisions of this process whose outcome is remembered."""
LOOK_S: Final = 0.5
AGAIN_S: Final = 10.0
MOST_ANCHORS: Final = 1_000
LOST: Final = "it could not be done; the log says why"
_LONGEST: Final = 2_000

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A decision, the number of its row, and what became of it: None while it waits."""

    seq: int
    decision: Decision
    decided: Decided | None = None


class Desk:
    """Tells decisions; where nobody else consumes, a thread of its own sees to it that they are."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._told: dict[int, Decision] = {}
        self._guard = threading.Lock()
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)

    def open(self) -> None:
        """Begin to see to decisions."""
        self._thread.start()

    def close(self) -> None:
        """Stop when the one in hand is done."""
        self._stopped.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def tell(self, decision: Decision) -> int:
        """One more row of the inbox; its number."""
        seq = self._app.tell(decision)
        with self._guard:
            self._told[seq] = decision
            for old in sorted(self._told)[:-KEPT]:
                del self._told[old]
        self._woken.set()
        return seq

    def told(self, seq: int) -> Told | None:
        """The decision of that row, and what became of it; None where there is no such row."""
        with self._guard:
            decision = self._told.get(seq)
        done = self._app.ledger.feed.consumed() >= seq
        decided = self._app.ledger.truth.decided(seq)
        if decided is not None:
            return Told(seq=seq, decision=decided.decision, decided=decided)
        if decision is None:
            return None
        lost = Decided(seq=seq, decision=decision, outcome="refused", reason=LOST) if done else None
        return Told(seq=seq, decision=decision, decided=lost)

    def about(self, target: str) -> tuple[Told, ...]:
        """What readers of this process said of that event or post, oldest first."""
        with self._guard:
            mine = [seq for seq, said in self._told.items() if said.target == target]
        return tuple(told for seq in sorted(mine) if (told := self.told(seq)) is not None)

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._woken.wait()
            self._woken.clear()
            while not self._stopped.is_set() and self._waiting():
                self._stopped.wait(self._consume())

    def _waiting(self) -> bool:
        """Whether a decision of ours is not done yet."""
        with self._guard:
            last = max(self._told, default=0)
        feed = self._app.ledger.feed
        return min(feed.consumed(), feed.position(self._app.follower)) < last

    def _consume(self) -> float:
        """Consume and follow, if nobody else does; seconds until it is worth another look. With an
        application of its own, which knows nothing that another process has changed since."""
        try:
            with closing(App(self._app.config)) as app, app.consuming() as mine:
                if mine:
                    app.catch_up()
        except IndexUnavailable as fault:
            _log.warning("waiting", said=str(fault))
            return AGAIN_S
        except MonitorError as fault:
            _log.error("waiting", said=str(fault))
            return AGAIN_S
        return LOOK_S


def checked(
    verdict: str,
    target: str,
    *,
    value: Sequence[str] = (),
    anchors: Sequence[str] = (),
    by: str,
    at: datetime,
) -> Decision:
    """A decision that makes sense by itself. Raises QueryError that says what is missing."""
    if verdict not in get_args(Said):
        raise QueryError(f"{verdict}: no verdict; there are: {', '.join(get_args(Said))}")
    if len(anchors) > MOST_ANCHORS:
        raise QueryError(f"anchors: more than {MOST_ANCHORS}; name fewer of the posts")
    words = tuple(word.strip() for word in value if word.strip())
    if any(len(word) > _LONGEST for word in (*words, *anchors, target)):
        raise QueryError(f"{verdict}: longer than {_LONGEST} characters; say it in fewer")
    if any("\x00" in word for word in (*words, *anchors, target)):
        raise QueryError(f"{verdict}: holds what is no text; leave it out")
    if fault := _lacks(verdict, words):
        raise QueryError(f"{verdict}: {fault}")
    return Decision(
        target=target,
        verdict=verdict,  # type: ignore[arg-type]
        anchors=() if verdict == "undo" else tuple(anchors),
        value=words,
        by=by,
        at=at,
    )


def _lacks(verdict: str, value: Sequence[str]) -> str:
    """What a decision lacks, nothing where it is whole."""
    if verdict in ("confirm", "dismiss", "hold", "promote"):
        return "takes no value; leave it out" if value else ""
    if not value:
        return "needs a value; give one"
    if verdict == "topic" and value[0].partition("/")[0] not in CATEGORIES:
        return f"{value[0]!r} is no topic; they begin with {', '.join(CATEGORIES)}"
    if verdict in ("merge", "undo") and not value[0].isdecimal():
        return f"{value[0]!r} is no number; name the event's or the decision's"
    if verdict == "place" and not _is_point(value):
        return "needs a latitude and a longitude in degrees, and perhaps a name"
    return ""


def _is_point(value: Sequence[str]) -> bool:
    try:
        lat, lon = float(value[0]), float(value[1])
    except (LookupError, ValueError):
        return False
    return math.isfinite(lat + lon) and abs(lat) <= 90 and abs(lon) <= 180

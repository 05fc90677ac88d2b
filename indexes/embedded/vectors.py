"""The vectors of all signals in memory, in 8 bits a number, and the search among them.

The first look is coarse, over everything; the best of it are compared again by the exact vectors
on the disk. Row `n` of the matrix is the signal of that number; what is gone is zero.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from indexes.embedded.store import state
from monitor.errors import QueryError

MIN_POOL: Final = 400
"""How many of the first look are compared again, at least."""
_ROWS: Final = 1_024
_LINES: Final = 20_000
_SCALE: Final = 127.0

Floats = npt.NDArray[np.float32]


def code_of(vector: bytes) -> bytes:
    """A float32 vector in 8 bits a number, by its own greatest, which the last four bytes hold."""
    exact = np.frombuffer(vector, dtype="<f4")
    most = max(float(np.abs(exact).max(initial=0.0)), 1e-12)
    coarse = np.rint(exact * (_SCALE / most)).astype(np.int8)
    return coarse.tobytes() + np.float32(most / _SCALE).tobytes()


class Vectors:
    """A matrix that keeps up with what any process wrote."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = ""
        self._revision = -1
        self._codes: npt.NDArray[np.int8] = np.zeros((0, 0), np.int8)
        self._scales: Floats = np.zeros(0, np.float32)

    def nearest(
        self,
        database: sqlite3.Connection,
        vector: bytes,
        among: Sequence[int] | None,
        limit: int,
    ) -> list[tuple[int, float]]:
        """Numbers and cosines of the nearest signals, best first; `among` narrows them."""
        asked = np.frombuffer(vector, dtype="<f4")
        with self._lock:
            self._follow(database)
            codes, scales = self._codes, self._scales
        if not len(codes):
            return []
        if codes.shape[1] != len(asked):
            raise QueryError("like: the vector is of another model; ask with the ledger's own")
        rough = _products(codes, asked) * scales
        rough[scales == 0.0] = -np.inf
        if among is not None:
            inside = np.zeros(len(rough), bool)
            inside[[n for n in among if n < len(rough)]] = True
            rough[~inside] = -np.inf
        pool = min(max(2 * limit, MIN_POOL), len(rough))
        best = np.argpartition(-rough, pool - 1)[:pool]
        return _exactly(database, asked, best[np.isfinite(rough[best])], limit)

    def _follow(self, database: sqlite3.Connection) -> None:
        """Take in what was written since the last time."""
        file, revision = state(database)
        if file != self._file:
            self._file, self._revision = file, -1
            self._codes = np.zeros((0, 0), np.int8)
            self._scales = np.zeros(0, np.float32)
        if revision == self._revision:
            return
        after = (self._revision,)
        gone = database.execute("SELECT n FROM gone WHERE revision > ? AND n IS NOT NULL", after)
        dead = [n for (n,) in gone if n < len(self._scales)]
        scales = self._scales.copy()
        scales[dead] = 0.0
        self._scales = scales
        most, width = database.execute("SELECT max(n), length(code) - 4 FROM vectors").fetchone()
        if most is not None:
            self._make_room(most + 1, width)
        narrowed = "WHERE revision > ?" if self._revision >= 0 else "WHERE ? < 0"
        lines = database.execute(f"SELECT n, code FROM vectors {narrowed}", after)
        while fresh := lines.fetchmany(_LINES):
            self._take(fresh)
        self._revision = revision

    def _make_room(self, size: int, width: int) -> None:
        """Rows for numbers below `size`, and some more."""
        if size <= len(self._codes) and width == self._codes.shape[1]:
            return
        codes = np.zeros((size + size // 8, width), np.int8)
        scales = np.zeros(len(codes), np.float32)
        if width == self._codes.shape[1]:
            codes[: len(self._codes)], scales[: len(self._scales)] = self._codes, self._scales
        self._codes, self._scales = codes, scales

    def _take(self, fresh: list[tuple[int, bytes]]) -> None:
        numbers = np.array([n for n, _ in fresh])
        raw = np.frombuffer(b"".join(code for _, code in fresh), np.int8).reshape(len(fresh), -1)
        self._codes[numbers] = raw[:, :-4]
        self._scales[numbers] = np.ascontiguousarray(raw[:, -4:]).view(np.float32)[:, 0]


def _products(codes: npt.NDArray[np.int8], asked: Floats) -> Floats:
    """Scalar products with all rows, a block at a time so that it stays in the cache."""
    out = np.empty(len(codes), np.float32)
    block = np.empty((_ROWS, codes.shape[1]), np.float32)
    for start in range(0, len(codes), _ROWS):
        part = codes[start : start + _ROWS]
        np.copyto(block[: len(part)], part)
        np.dot(block[: len(part)], asked, out=out[start : start + len(part)])
    return out


def _exactly(
    database: sqlite3.Connection, asked: Floats, numbers: npt.NDArray[np.intp], limit: int
) -> list[tuple[int, float]]:
    marks = ",".join("?" * len(numbers))
    lines = database.execute(
        f"SELECT n, vector FROM exact WHERE n IN ({marks})", [int(n) for n in numbers]
    ).fetchall()
    if not lines:
        return []
    matrix = np.frombuffer(b"".join(vector for _, vector in lines), "<f4").reshape(len(lines), -1)
    cosines = matrix @ asked
    ranked = sorted(zip(lines, cosines.tolist(), strict=True), key=lambda one: (-one[1], one[0][0]))
    return [(n, cosine) for (n, _), cosine in ranked[:limit]]

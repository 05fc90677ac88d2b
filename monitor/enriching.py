"""Posts in, what the models say of them out; nothing is stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from monitor.app import steps_of
from monitor.config import build_config, read_config
from monitor.errors import ConfigError, SourceChanged
from monitor.judge import Judge
from monitor.lines import parse_line
from monitor.model import Post
from monitor.objects import enrichment_json

BATCH: Final = 64
LONGEST: Final = 1_000_000
"""Bytes that one line may have."""


def enriched(file: str, config: Path | None) -> Iterator[dict[str, Any]]:
    """For each line its `id` and the whole enrichment, in order. Raises ConfigError for a line that
    is no post, after all lines before it."""
    settings = read_config(config) if config else build_config({}, Path("monitor.toml"))
    judge = Judge({}, None, lambda: steps_of(settings))
    if file == "-":
        yield from _batches(judge, sys.stdin.buffer)
        return
    try:
        with Path(file).open("rb") as opened:
            yield from _batches(judge, opened)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); name a file or -") from error


def _batches(judge: Judge, file: IO[bytes]) -> Iterator[dict[str, Any]]:
    posts = _posts(iter(lambda: file.readline(LONGEST + 1), b""))
    while batch := list(islice(posts, BATCH)):
        read = [line for line in batch if not isinstance(line, SourceChanged)]
        enrichments = judge.enrich([post for _, post in read])
        for (name, _), enrichment in zip(read, enrichments, strict=True):
            yield {"id": name, **enrichment_json(enrichment)}
        for fault in batch:
            if isinstance(fault, SourceChanged):
                raise ConfigError(f"{fault}; mend that line") from fault


def _posts(lines: Iterable[bytes]) -> Iterator[tuple[object, Post] | SourceChanged]:
    """Posts with their ids as the lines have them, up to the first line that is no post."""
    for number, line in enumerate(lines, 1):
        if not line.strip() or (number == 1 and line.startswith(b'{"replay"')):
            continue
        try:
            if len(line) > LONGEST:
                raise SourceChanged(f"line {number}: longer than {LONGEST:,} bytes")
            said = parse_line(line, number)
        except SourceChanged as fault:
            yield fault
            return
        if isinstance(said, Post):
            yield _as_written(said, json.loads(line))


def _as_written(post: Post, record: dict[str, Any]) -> tuple[object, Post]:
    """The post with the words that the line has, so that spans count in those very words."""
    inner = record.get("post", record)
    title, text = inner.get("title") or "", inner.get("text") or ""
    return inner["id"], replace(post, title=title, text=text)

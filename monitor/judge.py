"""What the models say of posts, and which posts are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from monitor.area import Area, outside
from monitor.config import Source
from monitor.errors import ConfigError
from monitor.model import Enrichment, Post, Signal
from monitor.ports import Enricher


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What we think of one post, and why it is not kept: `relevance`, `area`, or empty."""

    enrichment: Enrichment
    reason: str = ""


class Judge:
    """The steps of enrichment in their order, opened when the first post asks for them.

    Places are looked for only in what is relevant. Raises ModelError; ConfigError where a step
    needs what no earlier one fills.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        area: Area | None,
        open_steps: Callable[[], Sequence[Enricher]],
    ) -> None:
        self._sources = sources
        self._area = area
        self._open_steps = open_steps
        self._opened: tuple[Sequence[Enricher], Sequence[Enricher]] | None = None

    def __call__(self, posts: Sequence[Post], existing: Mapping[str, Signal]) -> Sequence[Judged]:
        """One verdict a post, in order. `existing` are the signals that some of them are already:
        a post that comes again from another source keeps what was thought of it."""
        known = {post: (s.post.source, s.enrichment) for post, s in existing.items()}
        again = [post.id in known and known[post.id][0] != post.source for post in posts]
        fresh = iter(self._think([p for p, seen in zip(posts, again, strict=True) if not seen]))
        judged: list[Judged] = []
        for post, seen in zip(posts, again, strict=True):
            verdict = Judged(enrichment=known[post.id][1]) if seen else next(fresh)
            if not seen and post.id in known and known[post.id][0] != post.source:
                verdict = Judged(enrichment=known[post.id][1])
            if not verdict.reason:
                known.setdefault(post.id, (post.source, verdict.enrichment))
            judged.append(verdict)
        return judged

    def whole(self, post: Post) -> Enrichment:
        """Everything that the models say of one post, relevant or not."""
        return self.enrich([post])[0]

    def enrich(self, posts: Sequence[Post]) -> Sequence[Enrichment]:
        """Everything that the models say of posts, relevant or not."""
        early, late = self._steps()
        known: Sequence[Enrichment] = [Enrichment() for _ in posts]
        for step in (*early, *late):
            known = step(posts, known)
        return known

    def _think(self, posts: Sequence[Post]) -> Sequence[Judged]:
        if not posts:
            return []
        early, late = self._steps()
        known: Sequence[Enrichment] = [Enrichment() for _ in posts]
        for step in early:
            known = step(posts, known)
        kept = [i for i, post in enumerate(posts) if self._keeps(post, known[i])]
        placed = [known[i] for i in kept]
        for step in late if kept else ():
            placed = list(step([posts[i] for i in kept], placed))
        found = dict(zip(kept, placed, strict=True))
        return [
            Judged(enrichment=known[i], reason="relevance")
            if i not in found
            else Judged(enrichment=found[i], reason=self._far(post, found[i]))
            for i, post in enumerate(posts)
        ]

    def _keeps(self, post: Post, enrichment: Enrichment) -> bool:
        source = self._sources.get(post.source)
        keep = source.keep if source else ("all" if post.voice == "official" else "relevant")
        return keep == "all" or enrichment.relevant

    def _far(self, post: Post, enrichment: Enrichment) -> str:
        return "area" if self._area and outside(enrichment.places, (self._area,)) else ""

    def _steps(self) -> tuple[Sequence[Enricher], Sequence[Enricher]]:
        """The steps up to the one that fills `relevant`, and those after it."""
        if self._opened is None:
            steps = self._open_steps()
            filled: set[str] = set()
            early = 0
            for number, step in enumerate(steps, 1):
                if missing := step.needs - filled:
                    raise ConfigError(
                        f"step {number}: needs {', '.join(sorted(missing))}, which no earlier step "
                        "fills; put its step before"
                    )
                filled |= step.fills
                early = number if "relevant" in step.fills else early
            self._opened = steps[:early], steps[early:]
        return self._opened

"""What a person's decision does to the events in memory.

A decision applies to the event that holds most of the posts that the person saw. What it did is
kept with it, so that it can be undone, and so that the machine never parts what a person joined nor
joins what a person parted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from monitor.model import CATEGORIES, Decided, Decision, Outcome, Signal
from nlp.affinity import order
from nlp.memory import Memory
from nlp.overrides import is_post, placed

_WORDS: Final = {"topic": 1, "merge": 1, "split": 1, "undo": 1}
"""How many words a decision needs at least."""


def decide(memory: Memory, decision: Decision, row: int) -> None:
    """Apply a decision and write down what became of it."""
    target, outcome, reason = _target(memory, decision)
    done = Decided(seq=row, decision=decision, event=target, outcome=outcome, reason=reason)
    if outcome == "applied":
        done = _apply(memory, done)
    memory.judge(done)


def pinned(memory: Memory, signal: Signal) -> bool:
    """Whether a person put a signal where it is: by a merge or a split of its event that came after
    it and is not undone."""
    return any(
        done.decision.verdict in ("merge", "split")
        and done.outcome == "applied"
        and not done.undone
        and signal.arrived < done.seq
        and signal.event in (done.event, str(done.seq))
        for done in memory.decided.values()
    )


def _target(memory: Memory, decision: Decision) -> tuple[str, Outcome, str]:
    """The event that a decision is about, or why it cannot be applied."""
    named = memory.kept.home(decision.target)
    target = _followed(memory, named or decision.target)
    if decision.verdict == "undo" or (named and decision.verdict == "hold"):
        return target if target in memory.clusters else "", "applied", ""
    seen = dict.fromkeys(decision.anchors)
    if seen:
        held = Counter(home for p in seen if (home := memory.kept.home(p)))
        if not held:
            return target, "stale", "none of the posts that were seen is here any more"
        best = min(held, key=lambda name: (-held[name], name != target, order(name)))
        if held[best] * 2 < len(seen):
            return best, "stale", "most of the posts that were seen are in other events now"
        return best, "applied", ""
    if decision.verdict == "promote":
        return target if target in memory.clusters else "", "applied", ""
    if target not in memory.clusters:
        return "", "refused", f"{decision.target}: there is no such event"
    return target, "applied", ""


def _followed(memory: Memory, name: str) -> str:
    """An event, or the one that it was merged into."""
    seen = {name}
    while (cluster := memory.clusters.get(name)) and cluster.into and cluster.into not in seen:
        name = cluster.into
        seen.add(name)
    return name


def _apply(memory: Memory, done: Decided) -> Decided:
    said = done.decision
    if len(said.value) < _WORDS.get(said.verdict, 0):
        return _refused(done, f"{said.verdict}: it needs a value")
    match said.verdict:
        case "merge":
            return _merge(memory, done)
        case "split":
            return _split(memory, done)
        case "hold":
            return _hold(memory, done)
        case "undo":
            return _undo(memory, done)
        case "topic" if said.value[0].partition("/")[0] not in CATEGORIES:
            return _refused(done, f"{said.value[0]}: it is not a topic")
        case "place" if placed(said.value) is None:
            return _refused(done, "place: it needs a latitude and a longitude in degrees")
        case _:
            return done


def _merge(memory: Memory, done: Decided) -> Decided:
    other = _followed(memory, done.decision.value[0])
    if other == done.event:
        return _refused(done, f"{done.decision.value[0]}: it is the same event already")
    for name in (other, done.event):
        if not memory.kept.posts(name):
            return _refused(done, f"{name}: there is no such event, or it is empty")
    moved = dict.fromkeys(memory.kept.posts(other), other)
    memory.clusters[other].into = done.event
    _move(memory, moved, done.event, done.seq)
    return replace(done, moved=moved)


def _split(memory: Memory, done: Decided) -> Decided:
    members = memory.kept.posts(done.event)
    leaving = [post for post in dict.fromkeys(done.decision.value) if post in members]
    if not leaving:
        return _refused(done, "split: none of these posts is in the event")
    if len(leaving) == len(members):
        return _refused(done, "split: these are all posts of the event")
    _move(memory, leaving, str(done.seq), done.seq)
    return replace(done, moved=dict.fromkeys(leaving, done.event))


def _hold(memory: Memory, done: Decided) -> Decided:
    """A post, or an event with all that it has and gets. `moved` are the posts newly held."""
    target = done.decision.target
    if is_post(target):
        if target not in memory.kept:
            return _refused(done, f"{target}: there is no such post")
        posts = [target]
    else:
        posts = list(memory.kept.posts(done.event))
    held = {post: done.event for post in posts if memory.hold(post, True, done.seq)}
    return replace(done, moved=held)


def _undo(memory: Memory, done: Decided) -> Decided:
    number = done.decision.value[0]
    former = memory.decided.get(int(number)) if re.fullmatch(r"[0-9]{1,18}", number) else None
    if former is None or former.outcome != "applied" or former.decision.verdict == "undo":
        return _refused(done, f"{number}: there is no decision of that number that was applied")
    if former.undone:
        return _refused(done, f"{number}: it is undone already")
    done = replace(done, event=former.event)
    verdict = former.decision.verdict
    if verdict in ("merge", "split"):
        here = former.event if verdict == "merge" else str(former.seq)
        left = [post for post in former.moved if post in memory.kept]
        back = [post for post in left if memory.kept.home(post) == here]
        if left and not back:
            return _refused(done, f"{number}: its posts were moved again; undo that first")
        _restore(memory, former, back, done.seq)
    memory.judge(replace(former, undone=done.seq))
    if verdict == "hold":
        _release(memory, former, done.seq)
    return done


def _restore(memory: Memory, former: Decided, back: list[str], row: int) -> None:
    """Moved posts go where they were; the event that a merge emptied is itself again, the one that
    a split founded points to where its posts went."""
    if former.decision.verdict == "merge":
        for name in dict.fromkeys(former.moved.values()):
            if name in memory.clusters:
                memory.clusters[name].into = ""
                memory.touch(name)
    for post in back:
        _move(memory, [post], _followed(memory, former.moved[post]), row)
    founded = memory.clusters.get(str(former.seq))
    if former.decision.verdict == "split" and founded and not memory.kept.posts(str(former.seq)):
        founded.into = former.event
        memory.touch(str(former.seq))


def _release(memory: Memory, former: Decided, row: int) -> None:
    """Let go what a hold newly held and what came under it since, unless another one holds it."""
    posts = dict.fromkeys(former.moved)
    if not is_post(former.decision.target) and former.event in memory.clusters:
        members = memory.kept.signals(former.event)
        posts |= dict.fromkeys(s.post.id for s in members if s.arrived > former.seq)
    for post in posts:
        signal = memory.kept.get(post)
        if signal is None or memory.clusters[signal.event].people.hold:
            continue
        standing = (d for d in memory.decided.values() if d.outcome == "applied" and not d.undone)
        if not any(d.decision.verdict == "hold" and d.decision.target == post for d in standing):
            memory.hold(post, False, row)


def _move(memory: Memory, posts: Iterable[str], to: str, row: int) -> None:
    """Put signals into another event; one under a hold takes them under it."""
    held = to in memory.clusters and memory.clusters[to].people.hold
    for post in list(posts):
        signal = memory.kept[post]
        memory.change(replace(signal, event=to, hold=signal.hold or held), row)


def _refused(done: Decided, reason: str) -> Decided:
    return replace(done, outcome="refused", reason=reason)

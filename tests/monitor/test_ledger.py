"""The inbox takes what is new, once; the feed tells every change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import LedgerError
from monitor.ledger import Ledger, open_ledger
from monitor.model import (
    Activity,
    Change,
    Cursor,
    Dead,
    Decided,
    Decision,
    Enrichment,
    Event,
    Gone,
    Page,
    Post,
    Signal,
    Tick,
)
from tests.worlds import Clock

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
FIRE = Post(id="rss:a:1", source="a", text="A fire in Hackney", published=NOON)


@pytest.fixture
def clock() -> Clock:
    return Clock(now=NOON)


def taken(ledger: Ledger, *posts: Post, source: str = "a") -> int:
    return ledger.inbox.accept(source, Page(posts=posts)).rows


def kept(post: Post, seq: int, event: str = "1") -> Signal:
    vector = b"\0" * 8
    return Signal(
        post=replace(post, collected=NOON),
        enrichment=Enrichment(vector=vector),
        event=event,
        sources=(post.source,),
        arrived=seq,
        seq=seq,
    )


def test_the_same_post_makes_one_row(ledger: Ledger) -> None:
    assert taken(ledger, FIRE) == 1
    assert taken(ledger, FIRE) == 0
    assert ledger.inbox.waiting() == 1


def test_a_post_of_another_source_makes_a_row_once(ledger: Ledger) -> None:
    taken(ledger, FIRE)
    again = replace(FIRE, source="b")
    assert taken(ledger, again, source="b") == 1
    assert taken(ledger, again, source="b") == 0


def test_another_text_is_an_edit_only_from_the_source_that_brought_it_first(ledger: Ledger) -> None:
    taken(ledger, FIRE)
    taken(ledger, replace(FIRE, source="b"), source="b")
    assert taken(ledger, replace(FIRE, source="b", text="other words"), source="b") == 0
    assert taken(ledger, replace(FIRE, text="A large fire in Hackney")) == 1
    edit = ledger.inbox.rows(10)[-1].what
    assert isinstance(edit, Post)
    assert edit.edited == NOON


def test_a_moment_that_cannot_be_believed_is_the_moment_of_collection(ledger: Ledger) -> None:
    taken(ledger, replace(FIRE, id="rss:a:2", published=datetime(2099, 1, 1, tzinfo=UTC)))
    taken(ledger, Post(id="rss:a:3", source="a", text="when?"))
    taken(ledger, replace(FIRE, id="rss:a:4", published=NOON + timedelta(minutes=4)))
    future, absent, near = (row.what for row in ledger.inbox.rows(10))
    assert isinstance(future, Post)
    assert isinstance(absent, Post)
    assert isinstance(near, Post)
    assert (future.published, future.dated) == (NOON, False)
    assert (absent.published, absent.dated) == (NOON, False)
    assert (near.published, near.dated) == (NOON + timedelta(minutes=4), True)


def test_a_clock_that_jumps_back_does_not_make_rows_older(ledger: Ledger, clock: Clock) -> None:
    taken(ledger, FIRE)
    clock.now = NOON - timedelta(days=1)
    taken(ledger, replace(FIRE, id="rss:a:2"))
    first, second = ledger.inbox.rows(10)
    assert second.at >= first.at


def test_a_deleted_post_and_a_deleted_account_stay_out(ledger: Ledger) -> None:
    ledger.inbox.accept("a", Page(gone=(Gone(ids=("rss:a:1",)), Gone(authors=("p:1",)))))
    refused = ledger.inbox.accept("a", Page(posts=(FIRE, replace(FIRE, id="x:2", author="p:1"))))
    assert (refused.rows, refused.refused) == (0, 2)


def test_the_cursor_moves_with_its_page(ledger: Ledger) -> None:
    assert ledger.inbox.cursor("a") == Cursor()
    ledger.inbox.accept("a", Page(posts=(FIRE,), cursor=Cursor(marks={"etag": "1"})))
    assert ledger.inbox.cursor("a").marks == {"etag": "1"}


def test_row_numbers_are_never_used_again(ledger: Ledger) -> None:
    first = ledger.inbox.append(Tick(at=NOON))
    ledger.truth.commit(ledger.inbox.rows(1), Change(last=first))
    assert ledger.inbox.waiting() == 0
    assert ledger.inbox.append(Tick(at=NOON)) == first + 1


def test_a_follower_is_told_everything_in_steps_that_never_halve_a_row(ledger: Ledger) -> None:
    for number in range(1, 8):
        taken(ledger, replace(FIRE, id=f"rss:a:{number}"))
    rows = ledger.inbox.rows(10)
    signals = tuple(kept(row.what, row.seq) for row in rows if isinstance(row.what, Post))
    event = Event(id="1", seq=rows[-1].seq, size=7)
    ledger.truth.commit(rows, Change(last=rows[-1].seq, signals=signals, events=(event,)))
    told: list[Change] = []
    position = 0
    while (change := ledger.feed.changes(position, limit=3)) is not None:
        told.append(change)
        position = change.last
    assert [signal for change in told for signal in change.signals] == list(signals)
    assert [event for change in told for event in change.events] == [event]
    assert [len(change.signals) for change in told] == [3, 3, 1]
    assert position == ledger.feed.consumed() == rows[-1].seq


def test_the_address_of_what_a_person_wrote_stays_in_the_ledger(ledger: Ledger) -> None:
    person = replace(FIRE, author="p:1", url="https://example.org/@lena/1")
    taken(ledger, person)
    rows = ledger.inbox.rows(1)
    ledger.truth.commit(rows, Change(last=1, signals=(kept(person, 1),)))
    change = ledger.feed.changes(0)
    assert change is not None
    assert change.signals[0].post.url == ""
    stored = ledger.truth.signal("rss:a:1")
    assert stored is not None
    assert stored.post.url == "https://example.org/@lena/1"


def test_a_removal_is_told_until_the_post_is_kept_again(ledger: Ledger) -> None:
    taken(ledger, FIRE)
    ledger.truth.commit(ledger.inbox.rows(1), Change(last=1, signals=(kept(FIRE, 1),)))
    gone = ledger.inbox.append(Gone(ids=(FIRE.id,), reason="expired"))
    ledger.truth.commit(ledger.inbox.rows(1), Change(last=gone, gone=(FIRE.id,)))
    told = ledger.feed.changes(0)
    assert told is not None
    assert (told.gone, told.signals) == ((FIRE.id,), ())
    assert ledger.truth.signal(FIRE.id) is None


def test_a_repost_goes_with_its_original_and_stays_out(ledger: Ledger) -> None:
    repost = replace(FIRE, id="x:2", author="p:2", repost_of=FIRE.id)
    again = replace(repost, id="x:3", author="p:3", repost_of="x:2")
    taken(ledger, FIRE, repost, again)
    signals = tuple(kept(post, seq) for seq, post in enumerate((FIRE, repost, again), 1))
    ledger.truth.commit(ledger.inbox.rows(3), Change(last=3, signals=signals))
    gone = ledger.truth.with_reposts(Gone(ids=(FIRE.id,)))
    assert gone.ids == (FIRE.id, "x:2", "x:3")
    ledger.inbox.append(Gone(ids=(FIRE.id,)))
    rows = tuple(replace(row, what=gone) for row in ledger.inbox.rows(1))
    ledger.truth.commit(rows, Change(last=rows[-1].seq, gone=gone.ids))
    assert taken(ledger, replace(repost, text="the same fire")) == 0


def test_what_is_expired_spares_what_is_held(ledger: Ledger) -> None:
    held = replace(kept(replace(FIRE, id="rss:a:2"), 2), hold=True)
    taken(ledger, FIRE)
    rows = ledger.inbox.rows(1)
    ledger.truth.commit(rows, Change(last=1, signals=(kept(FIRE, 1), held)))
    year_later = NOON + timedelta(days=366)
    assert ledger.truth.expired(year_later, 365, {}) == (FIRE.id,)
    assert ledger.truth.expired(NOON + timedelta(days=40), 365, {"a": 30}) == (FIRE.id,)
    assert ledger.truth.expired(NOON + timedelta(days=40), 365, {}) == ()


def test_a_sample_is_spread_over_all_that_is_kept(ledger: Ledger) -> None:
    taken(ledger, FIRE)
    signals = tuple(kept(replace(FIRE, id=f"rss:a:{n}"), n) for n in range(1, 101))
    ledger.truth.commit(ledger.inbox.rows(1), Change(last=1, signals=signals))
    assert ledger.truth.sample(1000) == signals
    assert [one.arrived for one in ledger.truth.sample(10)] == list(range(10, 101, 10))


def test_malformed_posts_are_kept_as_dead_letters_with_their_reason(ledger: Ledger) -> None:
    ledger.inbox.accept("a", Page(dead=(Dead(id="line 7", reason="no text"),)))
    (letter,) = ledger.desk.dead_letters()
    assert (letter.id, letter.source, letter.reason) == ("line 7", "a", "no text")
    assert ledger.desk.counted(NOON)["a"].dead == 1


def test_every_page_and_every_decision_is_an_activity(ledger: Ledger) -> None:
    page = Page(posts=(FIRE, FIRE), dead=(Dead(id="line 7", reason="no text"),))
    ledger.inbox.accept("a", page, took_ms=40)
    ledger.inbox.accept("a", Page())
    said = Decision(target="1", verdict="confirm", by="lena", anchors=(FIRE.id,))
    seq = ledger.inbox.append(said)
    decided = Decided(seq=seq, decision=said, event="1")
    earlier = Decided(seq=seq - 9, decision=said, event="1", undone=seq)
    ledger.truth.commit(ledger.inbox.rows(9), Change(last=seq, decided=(decided, earlier)))
    assert ledger.feed.activity(0) == (
        Activity(number=1, at=NOON, what="page", source="a", posts=2, rows=1, dead=1, ms=40),
        Activity(number=2, at=NOON, what="page", source="a"),
        Activity(
            number=3, at=NOON, what="decision", event="1", verdict="confirm", outcome="applied"
        ),
    )
    assert [each.number for each in ledger.feed.activity(1, limit=1)] == [2]


def test_a_page_that_is_not_taken_is_no_activity(ledger: Ledger) -> None:
    with ledger.store.writing() as db:
        db.execute("DROP TABLE cursors")
    with pytest.raises(LedgerError):
        taken(ledger, FIRE)
    assert ledger.feed.activity(0) == ()


def test_old_activity_goes_when_all_have_heard_of_it(ledger: Ledger, clock: Clock) -> None:
    taken(ledger, FIRE)
    clock.now = NOON + timedelta(days=91)
    taken(ledger, FIRE)
    ledger.feed.advance("index:one", 1)
    ledger.feed.advance("activity:one", 2)
    ledger.feed.advance("activity:other", 0)
    ledger.truth.tidy(clock.now)
    assert len(ledger.feed.activity(0)) == 2
    ledger.feed.advance("activity:other", 1)
    ledger.truth.tidy(clock.now)
    assert [each.number for each in ledger.feed.activity(0)] == [2]


def test_who_follows_activity_does_not_let_removals_go(ledger: Ledger) -> None:
    ledger.inbox.append(Tick(at=NOON))
    ledger.truth.commit(ledger.inbox.rows(1), Change(last=1, gone=(FIRE.id,)))
    ledger.feed.advance("activity:one", 9)
    ledger.feed.advance("index:one", 0)
    ledger.truth.tidy(NOON)
    told = ledger.feed.changes(0)
    assert told is not None
    assert told.gone == (FIRE.id,)
    ledger.feed.advance("index:one", 1)
    ledger.truth.tidy(NOON)
    told = ledger.feed.changes(0)
    assert told is not None
    assert told.gone == ()


def test_what_a_follower_refused_is_a_dead_letter_of_the_follower(ledger: Ledger) -> None:
    refused = [Dead(id=FIRE.id, reason="no such field")]
    for _ in range(2):
        ledger.feed.advance("index:one", 7, refused)
    (letter,) = ledger.desk.dead_letters()
    assert (letter.id, letter.source, letter.reason) == (FIRE.id, "index:one", "no such field")
    assert ledger.feed.position("index:one") == 7


def test_a_follower_inherits_the_position_of_another(ledger: Ledger) -> None:
    ledger.feed.advance("index:one", 3)
    ledger.feed.advance("index:one:next", 9)
    ledger.feed.inherit({"index:one": "index:one:next", "activity:one": "activity:one:next"})
    assert ledger.desk.followers() == {"index:one": 9}
    ledger.feed.dismiss("index:one", "activity:one")
    assert ledger.desk.followers() == {}


def test_a_file_that_is_no_ledger_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(LedgerError, match=r"ledger\.db"):
        open_ledger(path)


def test_a_ledger_of_before_alerts_gets_what_it_lacks(ledger: Ledger, tmp_path: Path) -> None:
    taken(ledger, FIRE)
    ledger.truth.commit(ledger.inbox.rows(1), Change(last=1, signals=(kept(FIRE, 1),)))
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        db.execute("ALTER TABLE signals DROP COLUMN origin")
        for table in ("due", "told", "matched", "outbox", "quoted", "subscriptions", "asked"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 1")
    again = open_ledger(tmp_path / "ledger.db")
    assert again.truth.signal(FIRE.id) == kept(FIRE, 1)
    assert again.notices.waiting() == ()
    assert again.subscribers.all() == ()
    assert again.outbox.counts()["waiting"] == 0
    again.close()


def test_a_backup_holds_what_the_ledger_held(ledger: Ledger, tmp_path: Path) -> None:
    taken(ledger, FIRE)
    copy = tmp_path / "copy.db"
    ledger.store.backup(copy, lambda left, total: None)
    restored = open_ledger(copy)
    assert restored.inbox.rows(5) == ledger.inbox.rows(5)
    assert restored.feed.ledger_id() == ledger.feed.ledger_id()
    restored.close()
    with pytest.raises(LedgerError, match="exists"):
        ledger.store.backup(copy, lambda left, total: None)

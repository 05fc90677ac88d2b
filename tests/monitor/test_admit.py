"""Accounts become pseudonyms before anything is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.admit import Keys, admit, nameless, read_keys
from monitor.config import Source
from monitor.errors import ConfigError
from monitor.model import Gone, Page, Post
from monitor.ports import Policy

KEYS = Keys(keys=(b"n" * 32, b"o" * 32))
SOURCE = Source(
    name="social",
    kind="jsonl",
    every=timedelta(minutes=1),
    options=None,
    policy=Policy(terms="", deletions=""),
    voice="citizen",
)
POST = Post(id="mastodon:1", text="Fire in Hackney", author="@lena_walks@north.example")


def admitted(post: Post) -> Post:
    (found,) = admit(Page(posts=(post,)), SOURCE, KEYS).posts
    return found


def test_an_account_is_kept_as_a_keyed_pseudonym_only() -> None:
    post = admitted(POST)
    assert post.author == KEYS.pseudonym("@Lena_Walks@north.example")
    assert "lena" not in repr(post).casefold()


def test_mentions_addresses_and_the_author_s_own_handle_leave_the_text() -> None:
    words = "thanks @sam.b@south.example and @kim! write lena_walks, me@mail.example, a@b"
    post = admitted(replace(POST, text=words))
    assert post.text == "thanks @… and @…! write @…, …@…, a@b"


@pytest.mark.parametrize("text", ["5 @ 3 pounds", "half past 9@", "ends with @"])
def test_what_is_no_mention_stays(text: str) -> None:
    assert nameless(text) == text


def test_an_account_in_an_address_leaves_the_text_too() -> None:
    assert nameless("see https://x.example/@lena/1") == "see https://x.example/@…/1"


def test_a_source_s_name_and_voice_are_written_in_unless_the_post_names_its_own() -> None:
    assert (admitted(POST).source, admitted(POST).voice) == ("social", "citizen")
    own = admitted(replace(POST, source="fire-service", voice="official"))
    assert (own.source, own.voice) == ("fire-service", "official")


def test_a_deleted_account_is_found_under_every_key_that_was_ever_the_newest() -> None:
    page = admit(Page(gone=(Gone(authors=("@lena_walks@north.example",)),)), SOURCE, KEYS)
    older = Keys(keys=KEYS.keys[1:])
    assert older.pseudonym("lena_walks@north.example") in page.gone[0].authors
    assert len(page.gone[0].authors) == 2


def test_a_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "monitor.key"
    keys = read_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_keys(path) == keys
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_keys(path)


def test_a_damaged_key_file_is_refused_without_saying_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "monitor.key"
    path.write_text("no hex at all")
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        read_keys(path)
    assert "no hex" not in str(caught.value)

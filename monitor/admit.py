"""Before anything is stored: accounts become pseudonyms, a source's name and voice are written in.

Pseudonyms are keyed (HMAC-SHA-256); the key lies in a file of its own, mode 0600, one key a line,
newest first. Older keys stay until the pseudonyms that they made have expired, so that a deletion
still finds its posts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from monitor.config import Source
from monitor.errors import ConfigError
from monitor.model import Gone, Page, Post

_EMAIL: Final = re.compile(r"(?<![\w.+@-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_MENTION: Final = re.compile(r"(?<![\w@])[@\uff20][\w](?:[\w.\-]{0,62}\w)?(?:@[\w.\-]{1,253}\w)?")
_SHORTEST: Final = 4
"""A handle shorter than this is not looked for where no @ stands before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of the pseudonyms, newest first."""

    keys: tuple[bytes, ...]

    @property
    def fingerprint(self) -> str:
        """What the ledger remembers of the oldest key, to notice another file."""
        return hashlib.sha256(b"fingerprint" + self.keys[-1]).hexdigest()[:16]

    def pseudonym(self, account: str, key: int = 0) -> str:
        """What is kept of an account."""
        name = account.strip().lstrip("@").casefold().encode("utf-8", "surrogatepass")
        return "p:" + hmac.new(self.keys[key], name, hashlib.sha256).hexdigest()[:32]

    def pseudonyms(self, account: str) -> tuple[str, ...]:
        """All that may have been kept of an account, whichever key was the newest then."""
        return tuple(self.pseudonym(account, key) for key in range(len(self.keys)))


def read_keys(path: Path) -> Keys:
    """The keys in that file, made where there is none. Raises ConfigError."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path}: others may read it; chmod 600 it")
        lines = path.read_text(encoding="ascii").split()
        keys = tuple(bytes.fromhex(line) for line in lines)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: cannot be used ({type(error).__name__}); restore it, or start a new ledger"
        ) from error
    if not keys or any(len(key) < 32 for key in keys):
        raise ConfigError(f"{path}: holds no key of 32 bytes; restore it, or start a new ledger")
    return Keys(keys=keys)


def admit(page: Page, source: Source, keys: Keys) -> Page:
    """The page as it may be stored."""
    return replace(
        page,
        posts=tuple(_admit_post(post, source, keys) for post in page.posts),
        gone=tuple(
            Gone(
                ids=gone.ids,
                authors=tuple(p for author in gone.authors for p in keys.pseudonyms(author)),
                reason=gone.reason,
            )
            for gone in page.gone
        ),
    )


def _admit_post(post: Post, source: Source, keys: Keys) -> Post:
    return replace(
        post,
        source=post.source or source.name,
        voice=source.voice if post.voice == "unknown" else post.voice,
        title=nameless(post.title, post.author),
        text=nameless(post.text, post.author),
        author=keys.pseudonym(post.author) if post.author else "",
    )


def nameless(text: str, author: str = "") -> str:
    """The text without mail addresses, @mentions and its own author's handle."""
    text = _MENTION.sub("@…", _EMAIL.sub("…@…", unicodedata.normalize("NFC", text)))
    handle = author.strip().lstrip("@").split("@")[0]
    if len(handle) >= _SHORTEST:
        text = re.sub(rf"(?<!\w){re.escape(handle)}(?!\w)", "@…", text, flags=re.IGNORECASE)
    return text

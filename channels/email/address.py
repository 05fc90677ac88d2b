"""Addresses as they may stand in a header and in an envelope."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address, checked: in ASCII where it can be, else with `utf8` set."""

    local: str
    domain: str
    utf8: bool = False

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    def tagged(self, tag: str) -> str:
        """The same mailbox under an address of its own."""
        return f"{self.local}+{tag}@{self.domain}"


@lru_cache(maxsize=2_000)
def address(text: str) -> Address:
    """The one address that the text is; nobody is asked whether it exists. Raises ValueError,
    which does not repeat it."""
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as fault:
        raise ValueError("is no address as in name@example.org") from fault
    return Address(
        local=found.local_part,
        domain=found.ascii_domain or found.domain,
        utf8=not found.local_part.isascii(),
    )

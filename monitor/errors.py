"""Everything that can go wrong, sorted by who must act.

::

    MonitorError
    ├── ConfigError         the operator: the configuration, a key file, the ledger's place
    ├── QueryError          the reader: the question cannot be asked
    ├── SourceError
    │   ├── SourceUnavailable   nobody: it is tried again
    │   ├── SourceRefused       the operator: credentials, terms, an address that is not allowed
    │   └── SourceChanged       the developer: the payload is not what its documentation says
    ├── IndexUnavailable    nobody: its follower waits
    ├── IndexRefused        the operator: another ledger's index, a mapping from the future
    ├── LedgerError         the operator: the disk is full, the file is damaged
    ├── ModelError          the operator: a model cannot be loaded or is not the one that was named
    └── DeliveryError
        ├── DeliveryUnavailable nobody: it is tried again
        └── DeliveryRefused     the operator, or the subscriber: it will never be taken

A message reads *thing: what happened; what to do*. No message is ever compared.
"""

from __future__ import annotations


class MonitorError(Exception):
    """Any fault that we know by name."""


class ConfigError(MonitorError):
    """The operator must change the configuration or a file beside it."""


class QueryError(MonitorError):
    """The question cannot be asked. `position` is the code point where it goes wrong, or None."""

    def __init__(self, message: str, *, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class SourceError(MonitorError):
    """A source did not give what it should."""


class SourceUnavailable(SourceError):
    """The source is away or busy. `retry_after_s` is what it asked for, or None."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SourceRefused(SourceError):
    """The source does not let us in, or its own rules or ours forbid the address."""


class SourceChanged(SourceError):
    """The payload is not what its documentation says. `payload` is kept for the developer."""

    def __init__(self, message: str, *, payload: bytes = b"") -> None:
        super().__init__(message)
        self.payload = payload


class IndexUnavailable(MonitorError):
    """The index does not answer now."""


class IndexRefused(MonitorError):
    """The index is not ours to write: another ledger's, or of a newer mapping."""


class LedgerError(MonitorError):
    """The ledger cannot be read or written: everything stops."""


class ModelError(MonitorError):
    """A model cannot be loaded, or its weights are not the ones that were named."""


class DeliveryError(MonitorError):
    """A message could not be handed over."""


class DeliveryUnavailable(DeliveryError):
    """The server is away, busy or asks us to come back: the same message is tried again."""


class DeliveryRefused(DeliveryError):
    """The server will never take this message. `gone` where it says that there is no such
    recipient."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone

"""The one error tree of SkyClust.

Every error that leaves a provider, the store or the core is one of these. A task
retries on `Transient` and on nothing else.

    SkyClustError
    ├── Transient                  the same call may succeed later
    │   ├── Throttled              too many requests; retry after `retry_after` seconds
    │   ├── Unavailable            5xx, refused or broken connection, unknown host for now
    │   ├── Timeout                no answer, or not the awaited state, before the deadline
    │   ├── Conflict               the object is busy with another change
    │   └── UnexpectedAnswer       the answer is not as the cloud's API documents it
    └── Terminal                   the same call fails again until someone acts
        ├── AuthenticationFailed   the credential is wrong, expired or revoked
        ├── PermissionDenied       the credential lacks the permission
        ├── NotFound               the object does not exist (any more)
        ├── InvalidRequest         the cloud or SkyClust refuses the request as it is
        ├── QuotaExceeded          a limit of the account is reached
        ├── CapacityExhausted      the cloud has no capacity in the zone or region
        ├── Unsupported            the provider cannot do this at all
        ├── NeverReached           the object cannot reach the awaited state from its present state
        ├── ConfigurationError     a setting, key, file or installed extra is missing or wrong
        ├── Fenced                 another run took this operation over: stop, write nothing
        ├── BrakeEngaged           the change is larger than allowed without a confirmation
        ├── IncompleteList         some items of a list cannot be read; `items` names them
        ├── Cancelled              a person cancelled the operation
        └── InternalError          a fault of SkyClust or of a plugin, not of the request
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.redaction import redact

LONGEST_TEXT: Final = 2000
"""Characters of an error's message and of its hint; a cloud may send a whole document as its
reason."""

_LONGEST_REDACTED: Final = 20 * LONGEST_TEXT


def trimmed(text: str) -> str:
    """Return a text without known secrets, and no longer than an error's text may be."""
    # Redacted before it is cut: a part of a secret would not be recognized.
    clean = redact(text[:_LONGEST_REDACTED])
    return clean if len(clean) <= LONGEST_TEXT else f"{clean[: LONGEST_TEXT - 3]}..."


class SkyClustError(Exception):
    """Root of the tree.

    `message` says what happened and to which object, `hint` what to do about it (may be
    empty), `provider` and `code` name the cloud and its own error code where one exists.
    Secrets that this process has opened are masked, whatever the source of the text.
    """

    def __init__(self, message: str, *, hint: str = "", provider: str = "", code: str = "") -> None:
        self.message = trimmed(message)
        self.hint = trimmed(hint)
        super().__init__(self.message)
        self.provider = provider
        self.code = trimmed(code)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class Transient(SkyClustError):
    """The same call may succeed later; tasks retry on this and nothing else."""


class Terminal(SkyClustError):
    """The same call fails again until someone acts; never retried."""


class Throttled(Transient):
    """Too many requests; `retry_after` is in seconds, and empty when the cloud gives no time."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        hint: str = "",
        provider: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message, hint=hint, provider=provider, code=code)
        self.retry_after = retry_after


class Unavailable(Transient):
    """The service answered 5xx or could not be reached."""


class Timeout(Transient):
    """No answer, or not the awaited state, before the deadline."""


class Conflict(Transient):
    """The object is busy with another change."""


class AuthenticationFailed(Terminal):
    """The credential is wrong, expired or revoked."""


class PermissionDenied(Terminal):
    """The credential is valid, and lacks the permission for the call."""


class NotFound(Terminal):
    """The object does not exist (any more)."""


class InvalidRequest(Terminal):
    """The cloud, or SkyClust before the call, refuses the request as it is."""


class QuotaExceeded(Terminal):
    """A limit of the account is reached."""


class CapacityExhausted(Terminal):
    """The cloud has no capacity for the instance in the zone or region."""


class Unsupported(Terminal):
    """The provider cannot do this at all."""


class NeverReached(Terminal):
    """The object is in a state from which it does not reach the awaited state by itself."""


class ConfigurationError(Terminal):
    """A setting, key, file or installed extra is missing or wrong."""


class Fenced(Terminal):
    """Another run took this operation over; the caller must stop and write nothing."""


class BrakeEngaged(Terminal):
    """The change would remove more than the allowed share, and was not confirmed."""


class UnexpectedAnswer(Transient):
    """The cloud, or a proxy before it, gave an answer that its API does not document.

    Whether the request was carried out is not known, so nothing may be concluded from the answer.
    """


@dataclass(frozen=True)
class UnreadableItem:
    """One item of a list that could not be read: its region, its name and the reason."""

    region: str
    name: str
    reason: str


class IncompleteList(Terminal):
    """Some items of a list cannot be read; all others were yielded before this was raised."""

    def __init__(
        self,
        message: str,
        *,
        items: Sequence[UnreadableItem] = (),
        hint: str = "",
        provider: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message, hint=hint, provider=provider, code=code)
        self.items = tuple(items)


class Cancelled(Terminal):
    """A person cancelled the operation."""


class InternalError(Terminal):
    """An exception outside this tree: a fault of SkyClust or of a plugin."""


def internal_error(error: Exception) -> InternalError:
    """Return an exception from outside the tree as an error of the tree, with its class name."""
    return InternalError(
        f"{type(error).__name__}: {error}",
        hint="This is a fault of SkyClust or of a plugin; the log of the run has its traceback.",
    )


def _with_subclasses(kind: type[SkyClustError]) -> Iterator[type[SkyClustError]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from _with_subclasses(subclass)


_TREE: Final = {kind.__name__: kind for kind in _with_subclasses(SkyClustError)}
"""The classes of this module by name; those of plugins are defined later and not included."""


def tree_class(error: SkyClustError) -> type[SkyClustError]:
    """Return the nearest class of the tree that an error is an instance of.

    A plugin may raise subclasses of its own. The store keeps the name of a class that every
    process knows, because another process decides by it.
    """
    return next(kind for kind in type(error).__mro__ if _TREE.get(kind.__name__) is kind)


def class_named(name: str | None) -> type[SkyClustError] | None:
    """Return the class of the tree that was stored by its name, None for any other name."""
    return _TREE.get(name or "")


def with_own_class(error: SkyClustError) -> str:
    """Return an error's text, after the name of its class where that is not of this tree."""
    own = type(error)
    return str(error) if own is tree_class(error) else f"{own.__name__}: {error}"

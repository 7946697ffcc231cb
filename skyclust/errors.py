"""The one error tree of SkyClust.

Every error that leaves a provider, the store or the core is one of these. A task
retries on `Transient` and on nothing else.

    SkyClustError
    ├── Transient                  the same call may succeed later
    │   ├── Throttled              the cloud asks for a slower pace (`retry_after` seconds)
    │   ├── Unavailable            5xx, refused or broken connection, unknown host for now
    │   ├── Timeout                no answer, or not the awaited state, before the deadline
    │   └── Conflict               the object is busy with another change
    └── Terminal                   the same call fails again until someone acts
        ├── AuthenticationFailed   the credential is wrong, expired or revoked
        ├── PermissionDenied       the credential is known, and may not do this
        ├── NotFound               the object does not exist (any more)
        ├── InvalidRequest         the cloud or we refuse the request as it stands
        ├── QuotaExceeded          a limit of the account is reached
        ├── CapacityExhausted      the cloud has no room in this place
        ├── Unsupported            the provider cannot do this at all
        ├── NeverReached           the awaited state cannot come from the state the object is in
        ├── ConfigurationError     a setting, key, file or installed extra is missing or wrong
        ├── Fenced                 another run took this operation over: stop, write nothing
        └── BrakeEngaged           the change is larger than allowed without being asked
"""

from __future__ import annotations

from skyclust.redaction import redact


class SkyClustError(Exception):
    """Root of the tree.

    `message` says what happened and to which object, `hint` what to do about it (may be
    empty), `provider` and `code` name the cloud and its own error code where one exists.
    Secrets that this process has opened are masked, whoever wrote the sentence.
    """

    def __init__(self, message: str, *, hint: str = "", provider: str = "", code: str = "") -> None:
        self.message = redact(message)
        self.hint = redact(hint)
        super().__init__(self.message)
        self.provider = provider
        self.code = redact(code)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class Transient(SkyClustError):
    """The same call may succeed later; tasks retry on this and nothing else."""


class Terminal(SkyClustError):
    """The same call fails again until someone acts; never retried."""


class Throttled(Transient):
    """The cloud asks for a slower pace; `retry_after` is in seconds, None when not told."""

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
    """The credential is known, and may not do this."""


class NotFound(Terminal):
    """The object does not exist (any more)."""


class InvalidRequest(Terminal):
    """The cloud, or we at the edge, refuse the request as it stands."""


class QuotaExceeded(Terminal):
    """A limit of the account is reached."""


class CapacityExhausted(Terminal):
    """The cloud has no room for this machine in this place."""


class Unsupported(Terminal):
    """The provider cannot do this at all."""


class NeverReached(Terminal):
    """The object is in a state from which the awaited one cannot come by itself."""


class ConfigurationError(Terminal):
    """A setting, key, file or installed extra is missing or wrong."""


class Fenced(Terminal):
    """Another run took this operation over; the caller must stop and write nothing."""


class BrakeEngaged(Terminal):
    """The change would remove more than the allowed share and nobody confirmed it."""

"""What to do about an error that an account met, by its class.

An adapter knows what a cloud answered. What a person does about it is the same for all clouds, and
names commands of SkyClust; so it is in one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from skyclust import errors
from skyclust.errors import SkyClustError

_DEFAULT_WORKSPACE: Final = "default"
"""The workspace of a command without --workspace."""

_VERIFY: Final = "`skyclust credential verify {name}{where}`"
_SYNC: Final = "`skyclust inventory sync -c {name}{where}`"
_BRAKE: Final = "`skyclust inventory sync -c {name} --allow-mass-delete{where}`"
_REPLACE: Final = "`skyclust credential add {name} -p {provider} --replace --from-file FILE{where}`"
_SHOW: Final = "`skyclust provider show {provider}`"

ADVICE: Final[Mapping[type[SkyClustError], str]] = {
    errors.Transient: f"Read it again later: {_SYNC}.",
    errors.Throttled: f"The credential is good. Read it again later: {_SYNC}; if it is throttled"
    " again, another program uses up the account's requests.",
    errors.Unavailable: "Check that the cloud runs, and that its address is reachable from the"
    f" worker: {_VERIFY}.",
    errors.Timeout: "Check that the cloud runs, and that nothing drops packets between it and the"
    f" worker: {_VERIFY}.",
    errors.UnexpectedAnswer: "Check that the cloud itself answers at the credential's address:"
    f" {_VERIFY}. If it does, report the answer to the provider's maintainers.",
    errors.Terminal: f"Check the credential: {_VERIFY}.",
    errors.AuthenticationFailed: f"Give it values that the cloud accepts: {_REPLACE}.",
    errors.PermissionDenied: "Grant the permission at the cloud; what is missing is listed by"
    f" {_VERIFY}.",
    errors.NotFound: f"Check the account, project or region that the credential names: {_VERIFY}.",
    errors.InvalidRequest: f"Check the credential's fields against {_SHOW}, and correct them:"
    f" {_REPLACE}.",
    errors.QuotaExceeded: "Raise the limit at the cloud, or delete what is no longer needed.",
    errors.CapacityExhausted: "Choose another zone, region or type, or try again later.",
    errors.Unsupported: f"Leave it out; what is supported is listed by {_SHOW}.",
    errors.NeverReached: "Look at the object at the cloud: it does not change by itself.",
    errors.ConfigurationError: "Correct the setting, key or file where the worker runs, then check"
    f" it: {_VERIFY}.",
    errors.Fenced: "Do nothing: another run has taken it over.",
    errors.BrakeEngaged: f"If so much is really gone, allow it for one read: {_BRAKE}.",
    errors.IncompleteList: "Look at the named items at the cloud; all others were read.",
    errors.Cancelled: "Do nothing: a person cancelled it.",
    errors.InternalError: "Report it, with the traceback in the log of the run.",
}
"""The advice for each class; that of a class which is missing here is its parent's."""


def advice(
    kind: type[SkyClustError],
    *,
    credential: str,
    provider: str,
    workspace: str = _DEFAULT_WORKSPACE,
) -> str:
    """Return what to do about an error of a class that a credential met, with the commands.

    It is empty for the root of the tree. Without a provider its place is named.
    """
    text = next((ADVICE[parent] for parent in kind.__mro__ if parent in ADVICE), "")
    where = "" if workspace == _DEFAULT_WORKSPACE else f" -w {workspace}"
    return text.format(name=credential, provider=provider or "PROVIDER", where=where)

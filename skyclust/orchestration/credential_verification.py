"""Verifying credentials: what a cloud says they are, before they are saved and at any time after.

A credential that its cloud refuses is not saved: it would only fail each sync, and with `replace`
it would take the place of one that works. One whose cloud cannot be asked now (it is down, or only
the worker reaches it) is saved, and remains unverified.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from skyclust.error_advice import advice
from skyclust.errors import AuthenticationFailed, InvalidRequest, NotFound, SkyClustError
from skyclust.model.identity import Identity
from skyclust.model.redacted import without_secrets
from skyclust.model.workspace import CredentialRecord
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.credentials import (
    find_credential,
    open_provider,
    require_place,
    save_credential,
)
from skyclust.orchestration.sealing import record_action
from skyclust.providerkit.deadline import call_deadline
from skyclust.providerkit.permissions import AddressNotAllowed
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.registry import provider_class
from skyclust.security.validation import checked_values
from skyclust.store import audit, credentials
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

_VERIFY: Final = "credential.verify"

VERIFY_SECONDS: Final = 60.0
"""All calls of a verification together: somebody waits for it."""

_REFUSALS: Final = (AuthenticationFailed, InvalidRequest, NotFound, AddressNotAllowed)
"""With these the cloud, or the operator of this installation, has refused the values themselves."""


@dataclass(frozen=True)
class AddedCredential:
    """A saved credential, and what its cloud says it is.

    `problem` is the error that kept it from being verified, None for a verified one.
    """

    record: CredentialRecord
    problem: SkyClustError | None = None


def add_verified(
    store: Store,
    workspace_id: str,
    name: str,
    provider: str,
    values: Mapping[str, object],
    *,
    replace: bool = False,
) -> AddedCredential:
    """Verify the values of a credential, save them, and return the record.

    Raises what `save_credential` raises, and the error of a cloud that refuses the values: then
    nothing is saved, and the values that it had stay in their place.
    """
    plain = checked_values(provider_class(provider).credential_model, values, name)
    require_place(store, workspace_id, name, provider, plain, replace=replace)
    problem: SkyClustError | None = None
    identity: Identity | None = None
    try:
        identity = _verify_values(name, provider, plain)
    except _REFUSALS as error:
        detail: dict[str, JsonValue] = {"outcome": type(error).__name__, "code": error.code}
        _record_refusal(store, workspace_id, name, detail | {"provider": provider})
        kept = "The values that it had are kept." if replace else "Nothing was saved."
        error.hint = f"{error.hint} {kept}".strip()
        raise
    except SkyClustError as error:
        _add_advice(error, workspace_id, name, provider)
        problem = error
    record = save_credential(store, workspace_id, name, provider, values, replace=replace)
    if identity is not None:
        record = _remember(store, record, identity)
    return AddedCredential(record, problem)


def verify_credential(store: Store, workspace_id: str, name: str) -> Identity:
    """Ask the cloud who the credential is, remember the answer, and return it.

    Raises AuthenticationFailed when the cloud does not accept it, and any other error of
    the tree; a failed attempt is audited too.
    """
    record = find_credential(store, workspace_id, name)
    try:
        with _one_verification(record.provider, name):
            identity = without_secrets(open_provider(store, workspace_id, name).verify())
    except SkyClustError as error:
        outcome = {"outcome": type(error).__name__, "code": error.code}
        store.write(lambda connection: record_action(connection, record, _VERIFY, **outcome))
        _add_advice(error, workspace_id, name, record.provider)
        raise
    _remember(store, record, identity)
    return identity


def _verify_values(name: str, provider: str, values: Mapping[str, object]) -> Identity:
    """Return what the cloud says values are that are not saved."""
    cloud = provider_class(provider)
    with _one_verification(provider, name):
        return without_secrets(cloud(cloud.credential_model.model_validate(values)).verify())


@contextmanager
def _one_verification(provider: str, name: str) -> Iterator[None]:
    with call_deadline(VERIFY_SECONDS), provider_errors(provider, f"verify credential {name!r}"):
        yield


def _remember(store: Store, record: CredentialRecord, identity: Identity) -> CredentialRecord:
    """Write what the cloud says a credential is to its record, and return that."""
    found = {"account": identity.account, "principal": identity.principal}

    def write(connection: Connection) -> CredentialRecord:
        credentials.set_verified(connection, record.workspace_id, record.name, **found)
        record_action(connection, record, _VERIFY, outcome="accepted", **found)
        return credentials.get(connection, record.workspace_id, record.name)

    return store.write(write)


def _record_refusal(
    store: Store, workspace_id: str, name: str, detail: Mapping[str, JsonValue]
) -> None:
    store.write(
        lambda connection: audit.append(
            connection,
            workspace_id,
            actor=current_actor(),
            action=_VERIFY,
            object=f"credential/{name}",
            detail=dict(detail),
        )
    )


def _add_advice(error: SkyClustError, workspace_id: str, name: str, provider: str) -> None:
    """Give an error that says nothing about what to do the advice for its class."""
    error.hint = error.hint or advice(
        type(error), credential=name, provider=provider, workspace=workspace_id
    )

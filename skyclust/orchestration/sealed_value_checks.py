"""Whether the sealed values of a block are those that SkyClust wrote last, for where they are sent.

Whoever may call Prefect's API may put an older sealed value back, one copied from elsewhere, or
another address beside it. The store knows the digests of the right ones; everything else is
refused before it is opened, and audited.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from skyclust.errors import ConfigurationError, NotFound
from skyclust.model.sealed_state import SealedState
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.block_documents import Document
from skyclust.registry import provider_class
from skyclust.security.fields import sealed_state
from skyclust.store import audit, credentials, sealed_states
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNKNOWN: Final = "unknown"
NOT_THE_LAST: Final = "not the last"
MOVED: Final = "moved"

_audited: Final[set[tuple[str, str]]] = set()
_audited_lock: Final = Lock()


@dataclass(frozen=True)
class Standing:
    """What a block holds, and what the store knows of it.

    `known` is None for a credential of an earlier version, of which nothing was written down;
    `reason` says in a word why the block is refused, None for one that is not.
    """

    found: SealedState
    known: list[SealedState] | None
    reason: str | None = None
    fields: tuple[str, ...] = ()


def standing(store: Store, document: Document) -> Standing:
    """Return whether a block's sealed values may be opened, and why not."""
    model = provider_class(document.provider).credential_model
    found = sealed_state(model, document.values)
    with store.reading() as connection:
        if credentials.find(connection, document.workspace_id, document.name) is None:
            reason = UNKNOWN if found.values else None
            return Standing(found, [], reason, tuple(sorted(found.values)))
        known = sealed_states.find(connection, document.workspace_id, document.name)
    if known is None or not found.values:
        return Standing(found, known)
    covering = [one for one in known if one.covers(found)]
    if not covering:
        latest = known[-1].values if known else {}
        strange = (name for name, text in found.values.items() if latest.get(name) != text)
        return Standing(found, known, NOT_THE_LAST, tuple(sorted(strange)))
    moved = covering[-1].moved(found)
    if moved:
        return Standing(found, known, MOVED, tuple(moved))
    return Standing(found, known)


def refuse(store: Store, document: Document, refused: Standing) -> ConfigurationError:
    """Write into the audit trail that a block is refused, and return the error that says so.

    A process writes it once for each content of a block, not at each of a thousand uses.
    """
    key = (str(document.id), refused.found.model_dump_json(exclude={"since"}))
    with _audited_lock:
        new = key not in _audited
        _audited.add(key)
    if new:

        def note(connection: Connection) -> None:
            audit.append(
                connection,
                document.workspace_id,
                actor=current_actor(),
                action="credential.refuse",
                object=f"credential/{document.name}",
                detail={
                    "provider": document.provider,
                    "block": document.block_name,
                    "reason": refused.reason,
                    "fields": ", ".join(refused.fields),
                },
            )

        with suppress(NotFound):  # a block may name a workspace that there is not
            store.write(note)
    return _error(document, refused)


def _error(document: Document, refused: Standing) -> ConfigurationError:
    fields = ", ".join(map(repr, refused.fields))
    of_credential = f"of credential {document.name!r} in workspace {document.workspace_id!r}"
    again = (
        f"Give the secrets again: skyclust credential add {document.name} --replace, or type them"
        f" into the Prefect block {document.block_name!r}."
    )
    if refused.reason == MOVED:
        return ConfigurationError(
            f"Field {fields} {of_credential} was changed since its secrets were sealed. It says"
            " where they are sent, or how the other side is known, so they are not sent there.",
            hint=f"If you changed it: {_lower(again)} If not: put it back, and find out who did.",
        )
    if refused.reason == UNKNOWN:
        return ConfigurationError(
            f"Field {fields} {of_credential} holds a sealed value, and SkyClust has no such"
            " credential: the value was sealed for another workspace, credential or field, or for"
            " a credential that was removed.",
            hint=again,
        )
    return ConfigurationError(
        f"Field {fields} {of_credential} is not the sealed value that SkyClust wrote last: it was"
        " changed, is an older one, or was sealed for another workspace, credential or field.",
        hint=f"A sealed value cannot be copied or put back. {again}",
    )


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]

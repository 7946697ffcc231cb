"""Rotating the encryption key: a new one seals everything, then the old ones may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyclust import audit
from skyclust.errors import ConfigurationError
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.resealing import key_ids_in_use, reseal_credentials
from skyclust.security import keyfile
from skyclust.security.keyring import (
    Keyring,
    format_keyring,
    generate_key,
    load_keyring,
    parse_keyring,
)
from skyclust.settings import load_settings
from skyclust.store import workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class Rotation:
    """What a rotation did: `unneeded` are the ids of held keys that seal nothing any more."""

    newest: str
    resealed: int
    unneeded: tuple[str, ...]
    dropped: bool


def rotate_key(store: Store, *, drop_old: bool = False) -> Rotation:
    """Seal every credential with the newest key and return what was done.

    With the key in the home folder's file, a new key is made first and put before the old
    ones; `drop_old` takes out those that seal nothing any more. Where keys are set from
    outside, the first of them is the newest, and only whoever set them can drop any.

    Raises ConfigurationError when a credential cannot be resealed; old keys are kept then.
    """
    settings = load_settings()
    if settings.encryption_key is not None or settings.encryption_key_file is not None:
        if drop_old:
            raise ConfigurationError(
                "The keys are set from outside, so old ones cannot be dropped here.",
                hint="Run without --drop-old, then take the keys it names out of the setting.",
            )
        return _reseal(store, load_keyring(settings))
    path = keyfile.path_in(settings.home)
    with keyfile.locked(path):
        held = load_keyring(settings)
        key_ids_in_use()  # a server that cannot be reached is noticed before anything changes
        new = parse_keyring(generate_key(), str(path))
        keyfile.replace(path, format_keyring([*new.keys, *held.keys]) + "\n")
        rotation = _reseal(store, load_keyring(settings))
        if not drop_old:
            return rotation
        kept = [key for key in load_keyring(settings).keys if key.id not in rotation.unneeded]
        keyfile.replace(path, format_keyring(kept) + "\n")
        return Rotation(rotation.newest, rotation.resealed, rotation.unneeded, dropped=True)


def _reseal(store: Store, keyring: Keyring) -> Rotation:
    resealed = reseal_credentials(store)
    needed = key_ids_in_use() | {keyring.newest.id}
    unneeded = tuple(key.id for key in keyring.keys if key.id not in needed)

    def note(connection: Connection) -> None:
        # By id, as `list_all` has them: the heads of trails are locked in one order.
        for workspace in workspaces.list_all(connection):
            audit.append(
                connection,
                workspace.id,
                actor=current_actor(),
                action="key.rotate",
                object=f"key/{keyring.newest.id}",
                detail={"resealed": resealed},
            )

    store.write(note)
    return Rotation(keyring.newest.id, resealed, unneeded, dropped=False)

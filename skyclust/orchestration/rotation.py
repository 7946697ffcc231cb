"""Rotating the encryption key: a new one seals everything, then the old ones may go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skyclust.errors import ConfigurationError
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.resealing import key_ids_in_use, reseal_credentials
from skyclust.orchestration.user_data import seal_user_data_again, user_data_keys
from skyclust.security import keyfile
from skyclust.security.keyring import (
    Keyring,
    format_keyring,
    generate_key,
    load_keyring,
    parse_keyring,
)
from skyclust.settings import load_settings
from skyclust.store import audit, workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NAMED: Final = 5
"""So many of what needs a key are named."""


@dataclass(frozen=True)
class Rotation:
    """What a rotation did: `unneeded` are the ids of held keys that seal nothing any more.

    `resealed` counts credentials, `user_data` the operations that are still open. `needed` says of
    each older key that is kept what needs it.
    """

    newest: str
    resealed: int
    unneeded: tuple[str, ...]
    dropped: bool
    user_data: int = 0
    needed: tuple[str, ...] = ()


def rotate_key(store: Store, *, drop_old: bool = False) -> Rotation:
    """Seal every credential, and the user data of open operations, with the newest key.

    With the key in the home folder's file, a new key is made first and put before the old
    ones; `drop_old` takes out those that seal nothing any more. Where keys are set from
    outside, the first of them is the newest, and only whoever set them can drop any.

    Raises ConfigurationError when something cannot be resealed; old keys are kept then.
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
        full = load_keyring(settings)
        rotation = _reseal(store, full)
        return _dropped(store, full, rotation, path) if drop_old else rotation


def _dropped(store: Store, full: Keyring, rotation: Rotation, path: Path) -> Rotation:
    """Take the needless keys out of the file, and put back those that are needed after all.

    Who saved a credential meanwhile may have sealed it with one of them before, and written it
    only now: such a writer reads the keyring again and seals again, but it may have died.
    """
    kept = [key for key in full.keys if key.id not in rotation.unneeded]
    keyfile.replace(path, format_keyring(kept) + "\n")
    needed = _needed(store, full)
    back = [key for key in full.keys if key.id in rotation.unneeded and key.id in needed]
    if not back:
        return replace(rotation, dropped=True)
    keyfile.replace(path, format_keyring([*kept, *back]) + "\n")
    return replace(
        rotation,
        unneeded=tuple(one for one in rotation.unneeded if one not in needed),
        dropped=True,
        needed=_reasons(needed),
    )


def _reseal(store: Store, keyring: Keyring) -> Rotation:
    resealed = reseal_credentials(store)
    operations, problems = seal_user_data_again(store)
    if problems:
        raise ConfigurationError(
            f"The user data of {len(problems)} operation(s) could not be resealed:"
            f" {' '.join(problems)}",
            hint="Keep the old keys until these operations have ended.",
        )
    needed = _needed(store, keyring)
    in_use = {*needed, keyring.newest.id}
    unneeded = tuple(key.id for key in keyring.keys if key.id not in in_use)

    def note(connection: Connection) -> None:
        # By id, as `list_all` has them: the heads of trails are locked in one order.
        for workspace in workspaces.list_all(connection):
            audit.append(
                connection,
                workspace.id,
                actor=current_actor(),
                action="key.rotate",
                object=f"key/{keyring.newest.id}",
                detail={"resealed": resealed, "user_data": operations},
            )

    store.write(note)
    return Rotation(
        keyring.newest.id,
        resealed,
        unneeded,
        dropped=False,
        user_data=operations,
        needed=_reasons(needed),
    )


def _needed(store: Store, keyring: Keyring) -> dict[str, list[str]]:
    """Return what needs each of the keys but the newest."""
    needed = user_data_keys(store)
    for key_id in key_ids_in_use():
        needed.setdefault(key_id, []).append("a credential")
    return {key_id: reasons for key_id, reasons in needed.items() if key_id != keyring.newest.id}


def _reasons(needed: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(
        f"key {key_id}: {', '.join(reasons[:_NAMED])}"
        + (f" and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else "")
        for key_id, reasons in sorted(needed.items())
    )

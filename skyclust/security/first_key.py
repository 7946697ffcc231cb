"""The first key of an embedded installation."""

from __future__ import annotations

from skyclust.errors import ConfigurationError
from skyclust.security import keyfile
from skyclust.security.keyring import Keyring, initialise_key_file, load_keyring
from skyclust.settings import Settings, load_settings
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store


def initialise_home(store: Store, settings: Settings | None = None) -> Keyring:
    """Return the keyring of this installation; generate its first key if nothing is sealed yet.

    Raises ConfigurationError when credentials exist and their key does not: a new key could not
    open them, and would hide that they are lost.
    """
    settings = settings or load_settings()
    path = keyfile.path_in(settings.home)
    given = settings.encryption_key is not None or settings.encryption_key_file is not None
    if given or path.exists():
        return load_keyring(settings)
    with store.reading() as connection:
        sealed = [
            record
            for workspace in workspaces.list_all(connection)
            for record in credentials.list_all(connection, workspace.id)
        ]
    if sealed:
        raise ConfigurationError(
            f"The encryption key is missing: {path} does not exist, and {len(sealed)}"
            f" credential(s) are sealed, {sealed[0].name!r} among them.",
            hint="Put the key file back from your backup, or set SKYCLUST_ENCRYPTION_KEY."
            f" If it is lost for good: (umask 077; skyclust key generate > {path}), start again,"
            " and give every secret anew: skyclust credential add --replace.",
        )
    return initialise_key_file(settings.home)

"""Opening an instance's user data, at the last moment before the cloud is called."""

from __future__ import annotations

from skyclust.security.keyring import load_keyring
from skyclust.security.user_data import open_user_data


def plain_user_data(sealed: str | None, workspace_id: str) -> str | None:
    """Return user data as the instance will read it, None for none, and mask it in logs.

    Raises ConfigurationError when it does not open in this workspace.
    """
    return None if sealed is None else open_user_data(load_keyring(), sealed, workspace_id)

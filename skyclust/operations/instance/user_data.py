"""Opening an instance's user data, at the last moment before the cloud is called."""

from __future__ import annotations

from skyclust.errors import InvalidRequest
from skyclust.model.instance import BaseInstanceSpec, InstanceSpec
from skyclust.model.operation import Operation
from skyclust.model.user_data import is_digest
from skyclust.security.keyring import load_keyring
from skyclust.security.sealing import is_sealed
from skyclust.security.user_data import open_user_data, register_user_data


def plain_user_data(sealed: str | None, workspace_id: str) -> str | None:
    """Return user data as the instance will read it, None for none, and mask it in logs.

    Raises ConfigurationError when it does not open in this workspace.
    """
    return None if sealed is None else open_user_data(load_keyring(), sealed, workspace_id)


def opened_spec(operation: Operation) -> InstanceSpec:
    """Return the spec that the provider creates for an operation, with its user data open.

    User data that an earlier version has journalled unsealed is returned as it is. Raises
    ConfigurationError when it does not open, InvalidRequest when only its digest is left.
    """
    spec = BaseInstanceSpec.model_validate(operation.request.get("spec"))
    text = spec.user_data
    if text is None:
        plain = None
    elif is_sealed(text):
        plain = plain_user_data(text, operation.workspace_id)
    elif is_digest(text):
        raise InvalidRequest(f"Operation {operation.id} has ended: its user data is gone.")
    else:
        register_user_data(text)
        plain = text
    return spec.opened(plain)

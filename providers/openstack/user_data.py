"""The user data for cloud-init in a server: the spec's own user data, and its public keys.

Nova's key pairs have a name, belong to a user of the cloud, and a server has at most one. A public
key in a spec does not become a key pair: cloud-init in the image installs it, so nothing is left
in the cloud, and a server may have many keys.
Sources: https://docs.cloud-init.io/en/latest/explanation/format.html and
https://docs.cloud-init.io/en/latest/reference/modules.html#users-and-groups
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any, Final

MAX_LENGTH: Final = 65535
"""The maximum length of user data in base64
(https://docs.openstack.org/api-ref/compute/#create-server)."""

_BOUNDARY: Final = "==skyclust-user-data=="


def to_user_data(own: str | None, keys: Sequence[str], user: str | None) -> str | None:
    """Return user data in base64, as Nova expects it; None when there is none.

    Equal arguments give equal data.
    """
    config = to_cloud_config(keys, user)
    if own is None and config is None:
        return None
    if own is None or config is None:
        content = own if own is not None else str(config)
    else:
        content = _joined(config, own)
    return b64encode(content.encode()).decode()


def to_cloud_config(keys: Sequence[str], user: str | None) -> str | None:
    """Return a cloud-config with public keys and the default user's name; None without either."""
    config: dict[str, Any] = {}
    if user is not None:
        config["user"] = {"name": user}
    if keys:
        config["ssh_authorized_keys"] = list(keys)
    return f"#cloud-config\n{json.dumps(config, sort_keys=True)}\n" if config else None


def _joined(config: str, own: str) -> str:
    """Return both as parts of one MIME message.

    cloud-init detects the type of the user's own part by its first line.
    """
    message = MIMEMultipart(boundary=_BOUNDARY)
    part = MIMEText(config, "cloud-config", "utf-8")
    part["Merge-Type"] = "list(append)+dict(recurse_list)+str()"
    message.attach(part)
    message.attach(MIMEText(own, "plain", "utf-8"))
    return message.as_string()

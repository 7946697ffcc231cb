"""What cloud-init in the machine is told: the user's own data, and public keys given as text.

Nova keeps key pairs by name, one for a machine, for each user of the cloud. A public key given
as text is not made one of those: cloud-init in the image puts it there, so nothing is left
behind at the cloud, and a machine may have many.
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
"""The most characters of user data that Nova takes, in base64
(https://docs.openstack.org/api-ref/compute/#create-server)."""

_BOUNDARY: Final = "==skyclust-user-data=="


def to_user_data(own: str | None, keys: Sequence[str], user: str | None) -> str | None:
    """Return user data as Nova takes it, in base64; None when there is nothing to tell.

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
    """Return a cloud-config with public keys and the name of the default user, if any."""
    config: dict[str, Any] = {}
    if user is not None:
        config["user"] = {"name": user}
    if keys:
        config["ssh_authorized_keys"] = list(keys)
    return f"#cloud-config\n{json.dumps(config, sort_keys=True)}\n" if config else None


def _joined(config: str, own: str) -> str:
    """Return both as parts of one message; cloud-init tells the user's own by how it begins."""
    message = MIMEMultipart(boundary=_BOUNDARY)
    part = MIMEText(config, "cloud-config", "utf-8")
    part["Merge-Type"] = "list(append)+dict(recurse_list)+str()"
    message.attach(part)
    message.attach(MIMEText(own, "plain", "utf-8"))
    return message.as_string()

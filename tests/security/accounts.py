"""An account of each cloud, as it is added, with secrets that are easily found again."""

from __future__ import annotations

import json
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CANARY: Final = "canary-4711/Zq7Wm4uTt0xLr9Y"
AWAY: Final = "https://cloud.example.com"


def _service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "project-1",
            "private_key_id": CANARY,
            "private_key": pem,
            "client_email": "a@project-1.iam.gserviceaccount.com",
            "token_uri": f"{AWAY}/token",
        }
    )


ACCOUNTS: Final[dict[str, dict[str, Any]]] = {
    "aws": {
        "access_key_id": "ASIAIOSFODNN7EXAMPLE",
        "secret_access_key": CANARY,
        "session_token": CANARY,
        "endpoint": AWAY,
    },
    "azure": {
        "subscription_id": "00000000-1111-2222-3333-444444444444",
        "tenant_id": "00000000-1111-2222-3333-555555555555",
        "client_id": "00000000-1111-2222-3333-666666666666",
        "client_secret": CANARY,
        "authority": AWAY,
        "endpoint": AWAY,
        "audience": AWAY,
    },
    "gcp": {"service_account_info": _service_account(), "endpoint": AWAY},
    "openstack": {
        "endpoint": f"{AWAY}/v3",
        "username": "sandbox",
        "user_domain_name": "Default",
        "project_name": "sandbox",
        "project_domain_name": "Default",
        "password": CANARY,
    },
    "proxmox": {"endpoint": AWAY, "user": "root@pam", "password": CANARY},
}
"""Nobody listens where they lead to."""

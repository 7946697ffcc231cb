"""Access tokens of the sandbox's Entra ID: JSON Web Tokens signed with the process's key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from skyclust_sandbox.azure.tenants import PRINCIPALS, Principal

LIFETIME_SECONDS: Final = 3599
"""About the default lifetime of Entra ID's tokens for client credentials."""


class InvalidToken(ValueError):
    """A token that this process did not issue, or that is malformed."""


class ExpiredToken(ValueError):
    """A token that has expired."""


@dataclass(frozen=True)
class Tokens:
    """Issues and verifies access tokens."""

    key: bytes
    clock: Callable[[], float] = field(default=time.time)

    def issue(self, principal: Principal, audience: str) -> str:
        """Return a token for a principal and audience, valid for LIFETIME_SECONDS."""
        now = int(self.clock())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{principal.tenant.id}/",
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "appid": principal.client_id,
            "appidacr": "1",
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": principal.tenant.id,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        content = f"{_encode({'typ': 'JWT', 'alg': 'HS256'})}.{_encode(claims)}"
        return f"{content}.{self._sign(content)}"

    def verify(self, token: str) -> tuple[Principal, str]:
        """Return the token's principal and audience; raises InvalidToken or ExpiredToken."""
        content, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(content).encode()):
            raise InvalidToken("The signature is not valid.")
        claims = json.loads(decode(content.partition(".")[2]))
        if claims["exp"] <= self.clock():
            raise ExpiredToken("The token has expired.")
        return PRINCIPALS[claims["appid"]], claims["aud"]

    def _sign(self, content: str) -> str:
        return encode(hmac.digest(self.key, content.encode(), hashlib.sha256))


def encode(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Return the bytes of a base64url string, padded or not; raises ValueError if malformed."""
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)


def _encode(content: dict[str, object]) -> str:
    return encode(json.dumps(content, separators=(",", ":")).encode())

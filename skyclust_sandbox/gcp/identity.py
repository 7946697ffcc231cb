"""Service accounts, their keys, and the access tokens and JWTs that authenticate them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from skyclust_sandbox.gcp.signing_keys import signing_key

MAIN_PROJECT: Final = "sandbox-project"
OTHER_PROJECT: Final = "other-project"
TOKEN_SECONDS: Final = 3600.0
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"

# The audiences of self-signed JWTs, which replace access tokens (https://google.aip.dev/auth/4111).
_AUDIENCES: Final = frozenset(
    f"https://{service}.googleapis.com/" for service in ("compute", "cloudresourcemanager")
)
_ISSUER: Final = "https://workload.sandbox.example"
_POOL: Final = (
    "//iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/sandbox/"
    "providers/sandbox"
)


@dataclass(frozen=True)
class ServiceAccount:
    """A service account of a project. `may_write` is False for one with read permissions only."""

    name: str
    project: str
    may_write: bool = True

    @property
    def email(self) -> str:
        """The email address, which identifies the service account."""
        return f"{self.name}@{self.project}.iam.gserviceaccount.com"

    @property
    def unique_id(self) -> str:
        """The unique id, a number of 21 digits."""
        digest = hashlib.sha256(self.email.encode()).hexdigest()
        return f"1{int(digest, 16) % 10**20:020d}"


SERVICE_ACCOUNTS: Final = (
    ServiceAccount("skyclust", MAIN_PROJECT),
    ServiceAccount("operator", MAIN_PROJECT),
    ServiceAccount("viewer", MAIN_PROJECT, may_write=False),
    ServiceAccount("skyclust", OTHER_PROJECT),
)
"""The service accounts of the sandbox."""

METADATA_ACCOUNT: Final = SERVICE_ACCOUNTS[0]
"""The default service account of the metadata server."""


class AuthenticationError(Exception):
    """A token or an assertion is invalid, or its service account does not exist."""


def service_account(email: str) -> ServiceAccount:
    """Return the service account of an email; raises AuthenticationError for an unknown email."""
    for account in SERVICE_ACCOUNTS:
        if account.email == email:
            return account
    raise AuthenticationError("Invalid grant: account not found")


@dataclass
class TokenIssuer:
    """Issues access tokens and verifies them.

    A token has its content and a seal made with `secret`, so no list of tokens is kept. Tokens
    that were issued up to the time `expired_before` are treated as expired.
    """

    secret: bytes
    expired_before: float = field(default=0.0)

    def issue(self, account: ServiceAccount, lifetime_seconds: float = TOKEN_SECONDS) -> str:
        """Return a new access token of a service account."""
        now = time.time()
        content = json.dumps([account.email, now, now + lifetime_seconds]).encode()
        return f"ya29.{_encode(content)}.{_encode(self._seal(content))}"

    def verify(self, token: str) -> ServiceAccount:
        """Return the service account of an access token or a self-signed JWT.

        Raises AuthenticationError for an invalid or expired token.
        """
        if not token.startswith("ya29."):
            return self._verify_self_signed(token)
        try:
            prefix, encoded, seal = token.split(".")
            content = _decode(encoded)
            email, issued, expires = json.loads(content)
        except ValueError as error:
            raise AuthenticationError("not a token") from error
        if prefix != "ya29" or not hmac.compare_digest(_decode(seal), self._seal(content)):
            raise AuthenticationError("not issued by this sandbox")
        if expires <= time.time() or issued <= self.expired_before:
            raise AuthenticationError("expired")
        return service_account(email)

    def _verify_self_signed(self, token: str) -> ServiceAccount:
        claims = _claims(token)
        audience, scopes = str(claims.get("aud", "")), str(claims.get("scope", "")).split()
        if audience not in _AUDIENCES and SCOPE not in scopes:
            raise AuthenticationError("wrong audience")
        # `iat` is in whole seconds: a JWT made in the second of expired_before counts as expired.
        if float(claims.get("iat", 0)) <= self.expired_before:
            raise AuthenticationError("expired")
        return verify_assertion(token)

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self.secret, content, "sha256")


def token_response(token: str) -> dict[str, object]:
    """Return the body of a token endpoint's response."""
    # Google's expires_in is one second short of the lifetime.
    return {"access_token": token, "expires_in": int(TOKEN_SECONDS) - 1, "token_type": "Bearer"}


def service_account_key(
    endpoint: str, account: str = "skyclust", project: str = MAIN_PROJECT
) -> dict[str, str]:
    """Return a service account key as the JSON file that Google issues.

    The key is the same in every run, so that a credential stays valid when the sandbox restarts.
    """
    email = f"{account}@{project}.iam.gserviceaccount.com"
    private = signing_key(email).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": hashlib.sha256(email.encode()).hexdigest()[:40],
        "private_key": private.decode(),
        "client_email": email,
        "client_id": ServiceAccount(account, project).unique_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": f"{endpoint}/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{email}",
        "universe_domain": "googleapis.com",
    }


def verify_assertion(assertion: str) -> ServiceAccount:
    """Return the service account that signed a JWT; raises AuthenticationError if it is invalid.

    See https://developers.google.com/identity/protocols/oauth2/service-account.
    """
    claims = _claims(assertion)
    account = service_account(str(claims.get("iss", "")))
    _verify_signature(assertion, account.email)
    now = time.time()
    issued, expires = float(claims.get("iat", 0)), float(claims.get("exp", 0))
    if not issued - 300 <= now < expires + 300 or expires - issued > TOKEN_SECONDS:
        raise AuthenticationError(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
            "timeframe. Check your iat and exp values in the JWT claim."
        )
    return account


def workload_identity(
    endpoint: str, account: ServiceAccount, project_number: str
) -> dict[str, Any]:
    """Return an external account configuration, and a subject token that it accepts."""
    audience = _POOL.format(number=project_number)
    claims = {
        "iss": _ISSUER,
        "sub": "system:workload:sandbox",
        "aud": audience,
        "exp": int(time.time() + TOKEN_SECONDS),
    }
    return {
        "configuration": {
            "type": "external_account",
            "audience": audience,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{endpoint}/v1/token",
            "service_account_impersonation_url": (
                f"{endpoint}/v1/projects/-/serviceAccounts/{account.email}:generateAccessToken"
            ),
            "universe_domain": "googleapis.com",
        },
        "subject_token": _sign(claims, _ISSUER),
    }


def verify_subject_token(token: str, audience: str) -> None:
    """Raise AuthenticationError unless the workload issuer signed a token for this audience."""
    claims = _claims(token)
    if claims.get("iss") != _ISSUER or claims.get("aud") != audience:
        raise AuthenticationError("The audience in ID Token does not match the expected audience.")
    _verify_signature(token, _ISSUER)
    if float(claims.get("exp", 0)) < time.time():
        raise AuthenticationError("ID Token is stale to sign-in.")


def _claims(token: str) -> Mapping[str, Any]:
    """Return the claims of a JWT; its signature is not checked."""
    try:
        claims = json.loads(_decode(token.split(".")[1]))
    except (ValueError, IndexError) as error:
        raise AuthenticationError("Invalid JWT: Failed to parse token.") from error
    if not isinstance(claims, dict):
        raise AuthenticationError("Invalid JWT: Failed to parse token.")
    return claims


def _sign(claims: Mapping[str, Any], owner: str) -> str:
    header = json.dumps({"alg": "RS256", "typ": "JWT"}).encode()
    signed = f"{_encode(header)}.{_encode(json.dumps(claims).encode())}"
    signature = signing_key(owner).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encode(signature)}"


def _verify_signature(token: str, owner: str) -> None:
    signed, _, signature = token.rpartition(".")
    try:
        signing_key(owner).public_key().verify(
            _decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, ValueError) as error:
        raise AuthenticationError("Invalid JWT Signature.") from error


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

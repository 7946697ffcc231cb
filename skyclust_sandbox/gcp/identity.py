"""Who may call: service accounts, their keys, and the tokens given out for them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

MAIN_PROJECT: Final = "sandbox-project"
OTHER_PROJECT: Final = "other-project"
TOKEN_SECONDS: Final = 3600.0
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"

# What a JWT is signed for by those who ask no token endpoint (https://google.aip.dev/auth/4111).
_AUDIENCES: Final = frozenset(
    f"https://{service}.googleapis.com/" for service in ("compute", "cloudresourcemanager")
)
_ISSUER: Final = "https://workload.sandbox.example"
_POOL: Final = (
    "//iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/sandbox/"
    "providers/sandbox"
)


@dataclass(frozen=True)
class Account:
    """A service account. `may_write` is False for one that only reads."""

    name: str
    project: str
    may_write: bool = True

    @property
    def email(self) -> str:
        """What it is called by."""
        return f"{self.name}@{self.project}.iam.gserviceaccount.com"

    @property
    def number(self) -> str:
        """Its unique id, of 21 digits."""
        digest = hashlib.sha256(self.email.encode()).hexdigest()
        return f"1{int(digest, 16) % 10**20:020d}"


ACCOUNTS: Final = (
    Account("skyclust", MAIN_PROJECT),
    Account("operator", MAIN_PROJECT),
    Account("viewer", MAIN_PROJECT, may_write=False),
    Account("skyclust", OTHER_PROJECT),
)
"""The service accounts there are."""

METADATA_ACCOUNT: Final = ACCOUNTS[0]
"""What the metadata server gives tokens for."""


class NotAccepted(Exception):
    """A token, an assertion or a key is not accepted; says why."""


def account_of(email: str) -> Account:
    """Return the account of an email; raises NotAccepted when there is none."""
    for account in ACCOUNTS:
        if account.email == email:
            return account
    raise NotAccepted("Invalid grant: account not found")


@dataclass
class Tokens:
    """Gives out bearer tokens and reads them again. What a token says stands in the token."""

    secret: bytes
    expired_before: float = field(default=0.0)

    def issue(self, account: Account, lifetime_seconds: float = TOKEN_SECONDS) -> str:
        """Return a token of an account."""
        now = time.time()
        content = json.dumps([account.email, now, now + lifetime_seconds]).encode()
        return f"ya29.{_encode(content)}.{_encode(self._seal(content))}"

    def read(self, token: str) -> Account:
        """Return whose token it is; raises NotAccepted for one that is wrong or has expired.

        A JWT that an account signed for this service by itself is as good as a token.
        """
        if not token.startswith("ya29."):
            return self._read_self_signed(token)
        try:
            prefix, content, seal = token.split(".")
            written = _decode(content)
            email, issued, expires = json.loads(written)
        except ValueError as error:
            raise NotAccepted("not a token") from error
        if prefix != "ya29" or not hmac.compare_digest(_decode(seal), self._seal(written)):
            raise NotAccepted("not a token of ours")
        if expires <= time.time() or issued <= self.expired_before:
            raise NotAccepted("expired")
        return account_of(email)

    def _read_self_signed(self, token: str) -> Account:
        claims = _claims(token)
        audience, scopes = str(claims.get("aud", "")), str(claims.get("scope", "")).split()
        if audience not in _AUDIENCES and SCOPE not in scopes:
            raise NotAccepted("made for something else")
        # Its times are whole seconds: one made in the second of the expiry is taken for old.
        if float(claims.get("iat", 0)) <= self.expired_before:
            raise NotAccepted("expired")
        return read_assertion(token)

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self.secret, content, "sha256")


def bearer(token: str) -> dict[str, object]:
    """Return a token as the endpoints give it out."""
    # A second is lost on the way, as at Google.
    return {"access_token": token, "expires_in": int(TOKEN_SECONDS) - 1, "token_type": "Bearer"}


def service_account_key(
    endpoint: str, account: str = "skyclust", project: str = MAIN_PROJECT
) -> dict[str, str]:
    """Return the key of a service account as the JSON that Google gives out.

    The key is the same in every run, so that a credential outlives a restart of the sandbox;
    everybody can compute it, and it opens nothing but sandboxes.
    """
    email = f"{account}@{project}.iam.gserviceaccount.com"
    private = _key(email).private_bytes(
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
        "client_id": Account(account, project).number,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": f"{endpoint}/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{email}",
        "universe_domain": "googleapis.com",
    }


def read_assertion(assertion: str) -> Account:
    """Return the account that signed a JWT; raises NotAccepted.

    See https://developers.google.com/identity/protocols/oauth2/service-account.
    """
    claims = _claims(assertion)
    account = account_of(str(claims.get("iss", "")))
    _verify(assertion, account.email)
    now = time.time()
    issued, expires = float(claims.get("iat", 0)), float(claims.get("exp", 0))
    if not issued - 300 <= now < expires + 300 or expires - issued > TOKEN_SECONDS:
        raise NotAccepted(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
            "timeframe. Check your iat and exp values in the JWT claim."
        )
    return account


def workload_identity(endpoint: str, account: Account, project_number: str) -> dict[str, Any]:
    """Return an external account's configuration, and a subject token that it is good for."""
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


def read_subject_token(token: str, audience: str) -> None:
    """Raise NotAccepted unless a token is one of our workload issuer, for this audience."""
    claims = _claims(token)
    if claims.get("iss") != _ISSUER or claims.get("aud") != audience:
        raise NotAccepted("The audience in ID Token does not match the expected audience.")
    _verify(token, _ISSUER)
    if float(claims.get("exp", 0)) < time.time():
        raise NotAccepted("ID Token is stale to sign-in.")


def _claims(token: str) -> Mapping[str, Any]:
    try:
        claims = json.loads(_decode(token.split(".")[1]))
    except (ValueError, IndexError) as error:
        raise NotAccepted("Invalid JWT: Failed to parse token.") from error
    if not isinstance(claims, dict):
        raise NotAccepted("Invalid JWT: Failed to parse token.")
    return claims


def _sign(claims: Mapping[str, Any], owner: str) -> str:
    header = json.dumps({"alg": "RS256", "typ": "JWT"}).encode()
    signed = f"{_encode(header)}.{_encode(json.dumps(claims).encode())}"
    signature = _key(owner).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encode(signature)}"


def _verify(token: str, owner: str) -> None:
    signed, _, signature = token.rpartition(".")
    try:
        _key(owner).public_key().verify(
            _decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, ValueError) as error:
        raise NotAccepted("Invalid JWT Signature.") from error


@cache
def _key(owner: str) -> rsa.RSAPrivateKey:
    """Return an owner's key of 2048 bits, computed from his name alone."""
    exponent = 65537
    p, q = (_prime(f"{owner} {which}", exponent) for which in "pq")
    private = pow(exponent, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p,
        q,
        private,
        rsa.rsa_crt_dmp1(private, p),
        rsa.rsa_crt_dmq1(private, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(exponent, p * q),
    ).private_key()


def _prime(seed: str, exponent: int) -> int:
    """Return the first prime of 1024 bits from where the seed points to."""
    drawn = hashlib.shake_256(seed.encode()).digest(128)
    # The two highest bits are set, so that the product of two has all of its 2048 bits.
    number = int.from_bytes(drawn, "big") | 3 << 1022 | 1
    while True:
        small = any(number % prime == 0 for prime in _small_primes())
        # A number this large that passes Fermat's test is as good as surely prime.
        if not small and number % exponent != 1 and pow(2, number - 1, number) == 1:
            return number
        number += 2


@cache
def _small_primes() -> tuple[int, ...]:
    return tuple(n for n in range(3, 3000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2)))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

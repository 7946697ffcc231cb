"""Client assertions: a client's proof of identity, signed with the key of its certificate.

Source: https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificate

from skyclust_sandbox.azure.entra.access_tokens import decode, encode


class InvalidAssertion(ValueError):
    """An assertion that is malformed, expired or not signed by the client."""


def read_certificate(pem: bytes) -> bytes:
    """Return the DER bytes of a certificate; raises ValueError for anything else."""
    return load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def check_assertion(assertion: str, client_id: str, certificates: Iterable[bytes]) -> None:
    """Raise InvalidAssertion unless a certificate of the client signed it and it is valid now.

    `certificates` are those registered for the client, in DER.
    """
    try:
        header_text, claims_text, signature_text = assertion.split(".")
        header, claims = json.loads(decode(header_text)), json.loads(decode(claims_text))
        signature = decode(signature_text)
    except ValueError as error:
        raise InvalidAssertion("Client assertion is not a signed JSON Web Token.") from error
    certificate = _find_certificate(header, certificates)
    if certificate is None:
        raise InvalidAssertion(
            "The certificate with identifier used to sign the client assertion"
            " is not registered on application."
        )
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise InvalidAssertion("The key is not an RSA key.")
    try:
        key.verify(signature, f"{header_text}.{claims_text}".encode(), _padding(header), SHA256())
    except InvalidSignature as error:
        raise InvalidAssertion("Client assertion contains an invalid signature.") from error
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise InvalidAssertion("The client assertion is not issued by this client.")
    if claims.get("exp", 0) <= time.time():
        raise InvalidAssertion("Client assertion is not within its valid time range.")


def _find_certificate(header: dict[str, str], certificates: Iterable[bytes]) -> Certificate | None:
    for registered in certificates:
        sha1 = hashlib.sha1(registered, usedforsecurity=False).digest()
        thumbprints = {"x5t": encode(sha1), "x5t#S256": encode(hashlib.sha256(registered).digest())}
        # MSAL pads the thumbprint, other libraries do not.
        if any(header.get(name, "").rstrip("=") == thumbprints[name] for name in thumbprints):
            return load_der_x509_certificate(registered)
    return None


def _padding(header: dict[str, str]) -> padding.AsymmetricPadding:
    if header.get("alg") == "PS256":
        digest = SHA256()
        return padding.PSS(padding.MGF1(digest), digest.digest_size)
    if header.get("alg") == "RS256":
        return padding.PKCS1v15()
    raise InvalidAssertion(f"The algorithm {header.get('alg')} is not supported.")

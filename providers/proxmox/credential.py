"""The credential of one Proxmox VE cluster: its fields and their validation."""

from __future__ import annotations

import re
import ssl
from typing import ClassVar, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from skyclust.contract import CredentialModel
from skyclust.providerkit.credential_fields import base_address, require_match
from skyclust.providerkit.endpoints import check_endpoint

# https://pve.proxmox.com/wiki/User_Management
_USER: Final = re.compile(r"[^\s:/!]+@[A-Za-z][A-Za-z0-9._-]+")
_TOKEN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]+")
_FINGERPRINT: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}")


class ProxmoxCredential(CredentialModel):
    """An API token, or a user's password; and where the cluster is.

    Field names are the SDK's own (proxmoxer). Any node of the cluster may be named: it answers
    for all of them.
    """

    destination_fields: ClassVar[frozenset[str] | None] = frozenset(
        {"endpoint", "host", "port", "verify_ssl", "ca_certificate", "fingerprint"}
    )

    host: str | None = Field(
        default=None,
        title="Host",
        description="Name or address of a node of the cluster, for example pve1.example.com."
        " Empty when a private endpoint is given.",
    )
    port: int = Field(
        default=8006, title="Port", description="Port of the API at the host.", ge=1, le=65535
    )
    user: str = Field(
        title="User", description="User with its realm, for example skyclust@pve or root@pam."
    )
    token_name: str | None = Field(
        default=None,
        title="Token name",
        description="Name of the API token: what stands behind the exclamation mark of its id.",
    )
    token_value: SecretStr | None = Field(
        default=None,
        title="Token secret",
        description="The secret of the API token, shown once when it is created.",
    )
    password: SecretStr | None = Field(
        default=None,
        title="Password",
        description="Password of the user, in place of a token. A user with a second factor"
        " needs a token.",
    )
    verify_ssl: bool = Field(
        default=True,
        title="Verify the certificate",
        description="Whether the cluster's certificate has to be trusted. Switched off, anybody"
        " on the network path can read the secret.",
    )
    ca_certificate: str | None = Field(
        default=None,
        title="CA certificate",
        description="Certificate, in PEM, of the authority that signed the cluster's: the content"
        " of /etc/pve/pve-root-ca.pem.",
    )
    fingerprint: str | None = Field(
        default=None,
        title="Fingerprint",
        description="SHA-256 fingerprint of the node's certificate, in place of an authority:"
        " 32 pairs of hexadecimal digits with colons.",
    )

    @field_validator("host")
    @classmethod
    def _check_host(cls, value: str | None) -> str | None:
        if value is None:
            return None
        is_name = not re.search(r"[/?#@]", value) and ":" not in value
        if not is_name and not re.fullmatch(r"\[?[0-9A-Fa-f:.]+\]?", value):
            raise ValueError("is the name or address of a node, without https:// and port")
        check_endpoint(f"https://{_in_address(value)}")
        return value

    @field_validator("user")
    @classmethod
    def _check_user(cls, value: str) -> str:
        message = "is a user with its realm (skyclust@pve), without the token's name"
        return require_match(value, _USER, message)

    @field_validator("token_name")
    @classmethod
    def _check_token_name(cls, value: str | None) -> str | None:
        message = "is the part of the token's id behind the exclamation mark"
        return require_match(value, _TOKEN_NAME, message)

    @field_validator("ca_certificate")
    @classmethod
    def _check_certificate(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ssl.PEM_cert_to_DER_cert(value.strip())
            except ValueError:
                raise ValueError("is no certificate in PEM (-----BEGIN CERTIFICATE-----)") from None
        return value

    @field_validator("fingerprint")
    @classmethod
    def _check_fingerprint(cls, value: str | None) -> str | None:
        if value is not None and not _FINGERPRINT.fullmatch(value.upper()):
            raise ValueError("is a SHA-256 fingerprint: 32 pairs of digits with colons")
        return value.upper() if value else None

    _base_address = field_validator("endpoint")(base_address)

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if (self.host is None) == (self.endpoint is None):
            raise ValueError("give a host or a private endpoint, one of them")
        if (self.token_name is None) != (self.token_value is None):
            raise ValueError("token_name and token_value belong together: give both")
        if (self.token_name is None) == (self.password is None):
            raise ValueError("give an API token or a password, one of them")
        if self.fingerprint is not None and self.ca_certificate is not None:
            raise ValueError("give a fingerprint or a CA certificate, not both")
        if not self.verify_ssl and (self.fingerprint or self.ca_certificate):
            raise ValueError("verify_ssl is off: a fingerprint or CA would not be looked at")
        return self

    def service_addresses(self) -> list[str]:
        """Return the address of the cluster."""
        return [self.address]

    @property
    def address(self) -> str:
        """Base URL of the cluster, without a slash at its end."""
        if self.endpoint is not None:
            return self.endpoint
        return f"https://{_in_address(self.host or '')}:{self.port}"

    @property
    def principal(self) -> str:
        """Whom the cluster knows the credential as."""
        return f"{self.user}!{self.token_name}" if self.token_name else self.user


def _in_address(host: str) -> str:
    """Return a host for a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host

"""What the operator of this process allows a credential to use: networks, identities, files.

They come from the process's settings and, for networks, from a file of the home folder that the
command line writes. A credential cannot add to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from skyclust.errors import ConfigurationError
from skyclust.providerkit.networks import (
    AllowedNetwork,
    has_no_cloud,
    parse_allowed_network,
    refusal,
)
from skyclust.settings import Settings, load_settings

NETWORKS_FILE: Final = "allowed-networks"
"""In the home folder: one entry per line, in the form of SKYCLUST_ALLOWED_NETWORKS."""


class AddressNotAllowed(ConfigurationError):
    """A credential refers to an address that the operator has not allowed.

    `entry` is the entry that the operator's list lacks, None for an address that no cloud has.
    """

    def __init__(self, message: str, *, entry: str | None, hint: str = "") -> None:
        super().__init__(message, hint=hint, code="AddressNotAllowed")
        self.entry = entry


@dataclass(frozen=True)
class OperatorPermissions:
    """What credentials may use of the worker and of the networks that it reaches."""

    networks: tuple[AllowedNetwork, ...]
    worker_identity: bool
    profiles: frozenset[str]
    credential_sources: frozenset[str]

    def check_address(self, host: str, address: str, port: int, *, tls: bool) -> None:
        """Raise AddressNotAllowed for an address that the operator does not allow."""
        reason = refusal(self.networks, address, port, tls=tls)
        if reason is None:
            return
        name = host if host == address else f"{host} ({address})"
        problem = f"{name}, port {port}, was not called: {reason}."
        if has_no_cloud(address):
            hint = "No cloud has such an address; services of the worker's own computer have it."
            raise AddressNotAllowed(problem, entry=None, hint=hint)
        entry = wanted_entry(address, port, tls=tls)
        raise AddressNotAllowed(
            problem,
            entry=entry,
            hint="If it is your private cloud, the operator of the worker allows it: `skyclust"
            f" network allow {entry}`, or that entry in SKYCLUST_ALLOWED_NETWORKS.",
        )

    def require_worker_identity(self, whose: str) -> None:
        """Raise ConfigurationError unless a credential may use the identity of the worker."""
        if not self.worker_identity:
            raise _not_allowed(
                f"use {whose}",
                "Give the credential keys of its own, or set SKYCLUST_ALLOW_WORKER_IDENTITY",
                code="WorkerIdentityNotAllowed",
            )

    def require_profile(self, profile: str) -> None:
        """Raise ConfigurationError unless a credential may use this profile of the AWS files."""
        if profile not in self.profiles:
            raise _not_allowed(
                f"use the worker's AWS profile {profile!r}",
                "Give the credential keys of its own, or name the profile in"
                " SKYCLUST_ALLOWED_PROFILES",
                code="ProfileNotAllowed",
            )

    def require_source(self, source: str) -> None:
        """Raise ConfigurationError unless a credential may read its token from this file or URL."""
        if source not in self.credential_sources:
            raise _not_allowed(
                f"read its token from {source!r}",
                "Name it in SKYCLUST_ALLOWED_CREDENTIAL_SOURCES",
                code="SourceNotAllowed",
            )

    def allows_loopback(self, address: str, port: int, *, tls: bool) -> bool:
        """Return whether this is a loopback address that the operator allows."""
        try:
            is_loopback = ip_address(address).is_loopback
        except ValueError:
            return False
        return is_loopback and refusal(self.networks, address, port, tls=tls) is None


def _not_allowed(what: str, advice: str, *, code: str) -> ConfigurationError:
    return ConfigurationError(
        f"The credential would {what}, which the operator of the worker does not allow.",
        hint=f"{advice} where the worker runs.",
        code=code,
    )


def wanted_entry(address: str, port: int, *, tls: bool) -> str:
    """Return the entry of the operator's list that allows only this address and port."""
    host = f"[{address}]" if ":" in address else address
    return f"{'' if tls else 'http://'}{host}:{port}"


def load_permissions() -> OperatorPermissions:
    """Return what the environment and the home folder of this process allow now.

    Raises ConfigurationError for an entry that is not a network.
    """
    settings = load_settings()
    return OperatorPermissions(
        networks=(*listed_networks(settings), *remembered_networks(settings)),
        worker_identity=settings.allow_worker_identity,
        profiles=frozenset(entries(settings.allowed_profiles)),
        credential_sources=frozenset(entries(settings.allowed_credential_sources)),
    )


def entries(text: str) -> list[str]:
    """Return the entries of a comma-separated setting, without blanks around them."""
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def listed_networks(settings: Settings) -> tuple[AllowedNetwork, ...]:
    """Return the networks of the setting; raises ConfigurationError for a wrong entry."""
    return _parsed(entries(settings.allowed_networks), "SKYCLUST_ALLOWED_NETWORKS")


def remembered_networks(settings: Settings) -> tuple[AllowedNetwork, ...]:
    """Return the networks that the command line has written to the home folder.

    Raises ConfigurationError for a file that cannot be read, or a line in it that is not a network.
    """
    path = settings.home / NETWORKS_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    return _parsed([line for line in map(str.strip, lines) if line], str(path))


def _parsed(texts: list[str], where: str) -> tuple[AllowedNetwork, ...]:
    try:
        return tuple(map(parse_allowed_network, texts))
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}.") from None

"""The addresses of a host, and which of them the operator allows."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from skyclust.providerkit.endpoints import parts_of
from skyclust.providerkit.permissions import AddressNotAllowed, OperatorPermissions


def allowed_addresses(
    host: str, port: int, permissions: OperatorPermissions, *, tls: bool
) -> list[str]:
    """Return the allowed addresses of a host, in the order of the resolver.

    Raises AddressNotAllowed when none of its addresses is allowed, and socket.gaierror when the
    name has no address.
    """
    resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    refused: AddressNotAllowed | None = None
    allowed: list[str] = []
    for address in dict.fromkeys(str(entry[4][0]) for entry in resolved):
        try:
            permissions.check_address(host, address, port, tls=tls)
        except AddressNotAllowed as error:
            refused = refused or error
        else:
            allowed.append(address)
    if not allowed and refused is not None:
        raise refused
    return allowed


def check_addresses(urls: Iterable[str], permissions: OperatorPermissions) -> None:
    """Raise AddressNotAllowed for a URL whose host has no allowed address.

    A name that does not resolve now is skipped: the connection checks it again.
    """
    for url in urls:
        parts = parts_of(url)
        try:
            allowed_addresses(parts.host, parts.port, permissions, tls=parts.tls)
        except socket.gaierror:
            continue

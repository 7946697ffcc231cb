"""Where the name of a host leads, and whether anybody may go there."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from skyclust.providerkit.endpoints import parts_of
from skyclust.providerkit.permissions import AddressNotAllowed, OperatorPermissions


def allowed_addresses(
    host: str, port: int, permissions: OperatorPermissions, *, tls: bool
) -> list[str]:
    """Return the addresses of a host that may be connected to, in the order of the resolver.

    Raises AddressNotAllowed when there is none among them, and socket.gaierror when the name
    has no address.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    refused: AddressNotAllowed | None = None
    allowed: list[str] = []
    for address in dict.fromkeys(str(one[4][0]) for one in found):
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
    """Raise AddressNotAllowed for a URL that leads only where nobody may go.

    A name that does not resolve here and now is left to whatever connects, which checks again.
    """
    for url in urls:
        parts = parts_of(url)
        try:
            allowed_addresses(parts.host, parts.port, permissions, tls=parts.tls)
        except socket.gaierror:
            continue

"""The network interfaces of an instance, with their addresses of both families.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances
(networkInterfaces[]): networkIP and ipv6Address are internal, natIP and externalIpv6 are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import JsonValue

from providers.gcp import fields
from providers.gcp.links import id_in

if TYPE_CHECKING:
    from providers.gcp.client import Answer

_ACCESSES: Final = ("accessConfigs", "ipv6AccessConfigs")
_ALIASES: Final = ("aliasIpRanges", "aliasIpv6Ranges")


class Interface(NamedTuple):
    """One interface. Addresses are IPv4 first; `alias_ranges` are those that lead to it besides."""

    network: str | None = None
    subnet: str | None = None
    private_addresses: tuple[str, ...] = ()
    public_addresses: tuple[str, ...] = ()
    alias_ranges: tuple[str, ...] = ()

    def to_json(self) -> JsonValue:
        """Return the interface as an attribute has it."""
        return {
            "network": self.network,
            "subnet": self.subnet,
            "private_addresses": [*self.private_addresses],
            "public_addresses": [*self.public_addresses],
            "alias_ranges": [*self.alias_ranges],
        }


def to_interface(interface: Answer, home: str) -> Interface:
    """Return an interface of an instance; `home` is the project that the instance is in."""
    private = [fields.text(interface, key) for key in ("networkIP", "ipv6Address")]
    public = [
        fields.text(access, key)
        for accesses in _ACCESSES
        for access in fields.parts(interface, accesses)
        for key in ("natIP", "externalIpv6")
    ]
    ranges = [
        fields.text(one, "ipCidrRange") for key in _ALIASES for one in fields.parts(interface, key)
    ]
    return Interface(
        network=id_in(interface, "network", home),
        subnet=id_in(interface, "subnetwork", home),
        private_addresses=_told(private),
        public_addresses=_told(public),
        alias_ranges=_told(ranges),
    )


def _told(values: list[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([one for one in values if one is not None]))

"""Network interfaces of an instance, with their IPv4 and IPv6 addresses.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances
(networkInterfaces[]): networkIP and ipv6Address are internal addresses, natIP and externalIpv6
are external addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import JsonValue

from providers.gcp import fields
from providers.gcp.links import id_in

if TYPE_CHECKING:
    from providers.gcp.client import JsonObject

_ACCESS_CONFIGS: Final = ("accessConfigs", "ipv6AccessConfigs")
_ALIAS_RANGES: Final = ("aliasIpRanges", "aliasIpv6Ranges")


class Interface(NamedTuple):
    """One network interface; IPv4 addresses come before IPv6 addresses."""

    network: str | None = None
    subnet: str | None = None
    private_addresses: tuple[str, ...] = ()
    public_addresses: tuple[str, ...] = ()
    alias_ranges: tuple[str, ...] = ()

    def to_json(self) -> JsonValue:
        """Return the interface as an entry of the attribute `interfaces` of an instance."""
        return {
            "network": self.network,
            "subnet": self.subnet,
            "private_addresses": [*self.private_addresses],
            "public_addresses": [*self.public_addresses],
            "alias_ranges": [*self.alias_ranges],
        }


def to_interface(interface: JsonObject, project: str) -> Interface:
    """Return a network interface of an instance in a project."""
    private = [fields.text(interface, key) for key in ("networkIP", "ipv6Address")]
    public = [
        fields.text(access, key)
        for access_configs in _ACCESS_CONFIGS
        for access in fields.objects(interface, access_configs)
        for key in ("natIP", "externalIpv6")
    ]
    ranges = [
        fields.text(alias, "ipCidrRange")
        for key in _ALIAS_RANGES
        for alias in fields.objects(interface, key)
    ]
    return Interface(
        network=id_in(interface, "network", project),
        subnet=id_in(interface, "subnetwork", project),
        private_addresses=_present(private),
        public_addresses=_present(public),
        alias_ranges=_present(ranges),
    )


def _present(values: list[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([value for value in values if value is not None]))

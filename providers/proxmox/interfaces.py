"""Network interfaces: their bridges, and the addresses configured for them.

`net0` to `net31` are the cards. The addresses of a VM are in the `ipconfig` of the same number,
those of a container in the card itself. An address from DHCP or router advertisement is known to
the guest only.
Sources: https://pve.proxmox.com/wiki/Network_Configuration,
https://pve.proxmox.com/wiki/Cloud-Init_Support
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from providers.proxmox.fields import to_options, to_text

_CARD: Final = re.compile(r"net(\d{1,2})")
_NO_ADDRESS: Final = frozenset({"auto", "dhcp", "manual"})


@dataclass(frozen=True)
class Interface:
    """A network card: its bridge or VNet, and its addresses, IPv4 first."""

    network: str | None
    private_addresses: tuple[str, ...]
    public_addresses: tuple[str, ...]

    @property
    def attributes(self) -> dict[str, JsonValue]:
        """The card as an entry of the attribute `interfaces`."""
        return {
            "network": self.network,
            "subnet": None,
            "private_addresses": [*self.private_addresses],
            "public_addresses": [*self.public_addresses],
        }


def cards(config: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return the number and the value of each network card, by number."""
    keys = ((_CARD.fullmatch(key), key) for key in config)
    return sorted((int(match[1]), to_text(config[key]) or "") for match, key in keys if match)


def to_interfaces(config: Mapping[str, Any], kind: str) -> Sequence[Interface]:
    """Return the network cards of a VM or container, by number."""
    return [
        _interface(value, value if kind == "lxc" else to_text(config.get(f"ipconfig{number}")))
        for number, value in cards(config)
    ]


def _interface(card: str, addressed: str | None) -> Interface:
    options = to_options(addressed)
    private: list[str] = []
    public: list[str] = []
    for name in ("ip", "ip6"):
        text = options.get(name, "").partition("/")[0]
        if text and text not in _NO_ADDRESS:
            try:
                is_global = ipaddress.ip_address(text).is_global
            except ValueError:  # not an address
                continue
            (public if is_global else private).append(text)
    return Interface(to_options(card).get("bridge") or None, tuple(private), tuple(public))

"""Network interfaces: their bridges, and the addresses that are configured for them.

`net0` to `net31` are the cards. A machine's addresses stand in the `ipconfig` of the same number,
those of a container in the card itself. What DHCP or a router gave only the machine knows.
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

from providers.proxmox.fields import options_of, to_text

_CARD: Final = re.compile(r"net(\d{1,2})")
_NO_ADDRESS: Final = frozenset({"auto", "dhcp", "manual"})


@dataclass(frozen=True)
class Interface:
    """One network card: the bridge or VNet it is on, and its addresses, IPv4 first."""

    network: str | None
    private_addresses: tuple[str, ...]
    public_addresses: tuple[str, ...]

    @property
    def attributes(self) -> dict[str, JsonValue]:
        """The card as an attribute of its machine."""
        return {
            "network": self.network,
            "subnet": None,
            "private_addresses": [*self.private_addresses],
            "public_addresses": [*self.public_addresses],
        }


def cards(config: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return number and value of each network card, by number; empty for one that tells nothing."""
    found = ((_CARD.fullmatch(key), key) for key in config)
    return sorted((int(match[1]), to_text(config[key]) or "") for match, key in found if match)


def to_interfaces(config: Mapping[str, Any], kind: str) -> Sequence[Interface]:
    """Return the network cards of a machine or container, by number."""
    return [
        _interface(value, value if kind == "lxc" else to_text(config.get(f"ipconfig{number}")))
        for number, value in cards(config)
    ]


def _interface(card: str, addressed: str | None) -> Interface:
    options = options_of(addressed)
    private: list[str] = []
    public: list[str] = []
    for name in ("ip", "ip6"):
        text = options.get(name, "").partition("/")[0]
        if text and text not in _NO_ADDRESS:
            try:
                is_global = ipaddress.ip_address(text).is_global
            except ValueError:  # no address either
                continue
            (public if is_global else private).append(text)
    return Interface(options_of(card).get("bridge") or None, tuple(private), tuple(public))

"""The networks that the operator allows by command, remembered in the home folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from skyclust.errors import InvalidRequest, NotFound
from skyclust.file_modes import make_private_folder, owner_only, replace_private
from skyclust.providerkit.networks import AllowedNetwork, parse_allowed_network
from skyclust.providerkit.permissions import NETWORKS_FILE, remembered_networks
from skyclust.settings import Settings

_OWN: Final = tuple(
    map(ip_network, ("127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/8", "::1/128", "fe80::/10"))
)
"""Loopback and link-local, where the machine's own services are."""


def parse_entry(text: str) -> AllowedNetwork:
    """Return an entry that somebody typed; raises InvalidRequest when it is none."""
    try:
        return parse_allowed_network(text)
    except ValueError as error:
        raise InvalidRequest(f"{error}.") from None


def require_narrow(network: AllowedNetwork) -> None:
    """Raise InvalidRequest for a network with this machine's own services in it.

    Loopback is allowed one port at a time, for Prefect's API is another; metadata services
    (link-local) are no cloud at all.
    """
    own = [one for one in _OWN if one.version == network.network.version]
    meets = any(one.overlaps(network.network) for one in own)
    is_one_service = network.network.is_loopback and network.port is not None
    if meets and not is_one_service:
        raise InvalidRequest(
            f"{network} has the worker's own services in it: Prefect's API, metadata.",
            hint="Name the networks of your cloud, and of loopback the one port:"
            " http://127.0.0.1:5000.",
        )


def allow_networks(settings: Settings, networks: Iterable[AllowedNetwork]) -> list[AllowedNetwork]:
    """Remember networks and return those that were not remembered yet."""
    make_private_folder(settings.home)
    with _locked(settings.home):
        known = remembered_networks(settings)
        added = [network for network in dict.fromkeys(networks) if network not in known]
        if added:
            _write(settings.home, (*known, *added))
        return added


def forget_network(settings: Settings, network: AllowedNetwork) -> None:
    """Allow a remembered network no longer; raises NotFound when it is not remembered."""
    make_private_folder(settings.home)
    with _locked(settings.home):
        known = remembered_networks(settings)
        if network not in known:
            raise NotFound(
                f"{network} is not among the networks that were allowed by command.",
                hint="`skyclust network list` shows them; those of SKYCLUST_ALLOWED_NETWORKS"
                " are changed there.",
            )
        _write(settings.home, [one for one in known if one != network])


def _write(home: Path, networks: Iterable[AllowedNetwork]) -> None:
    replace_private(home / NETWORKS_FILE, "".join(f"{network}\n" for network in networks))


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    lock_path = home / f"{NETWORKS_FILE}.lock"
    with open(lock_path, "w", opener=owner_only) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

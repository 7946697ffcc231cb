"""The networks that the operator allows by command, remembered in the home folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from skyclust.errors import InvalidRequest, NotFound
from skyclust.file_modes import make_private_folder, owner_only
from skyclust.providerkit.networks import AllowedNetwork, parse_allowed_network
from skyclust.providerkit.permissions import NETWORKS_FILE, remembered_networks
from skyclust.settings import Settings


def parse_entry(text: str) -> AllowedNetwork:
    """Return an entry that somebody typed; raises InvalidRequest when it is none."""
    try:
        return parse_allowed_network(text)
    except ValueError as error:
        raise InvalidRequest(f"{error}.") from None


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
    path = home / NETWORKS_FILE
    written = path.with_suffix(".new")
    with open(written, "w", encoding="utf-8", opener=owner_only) as file:
        file.writelines(f"{network}\n" for network in networks)
    written.replace(path)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    lock_path = home / f"{NETWORKS_FILE}.lock"
    with open(lock_path, "w", opener=owner_only) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

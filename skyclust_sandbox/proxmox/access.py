"""Authentication and authorization: API tokens, tickets, and privileges on paths.

https://pve.proxmox.com/wiki/User_Management
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Final

from werkzeug.wrappers import Request

from skyclust_sandbox.proxmox.replies import refused
from skyclust_sandbox.proxmox.state import Cluster

TOKEN_SECRET: Final = "8f2c0a4e-6f3b-4d0a-9f35-1b7c2d9e4a10"  # noqa: S105  # not a secret: every sandbox has it
PASSWORD: Final = "sandbox-password"  # noqa: S105  # not a secret: every sandbox has it
TICKET_SECONDS: Final = 7200.0

AUDIT: Final = frozenset({"Datastore.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit", "Pool.Audit"})
ADMINISTRATOR: Final = AUDIT | {
    "Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate",
    "Mapping.Audit", "Pool.Allocate", "SDN.Allocate", "SDN.Use", "Sys.Console", "Sys.Modify",
    "Sys.PowerMgmt", "User.Modify", "VM.Allocate", "VM.Backup", "VM.Clone", "VM.Config.CDROM",
    "VM.Config.CPU", "VM.Config.Cloudinit", "VM.Config.Disk", "VM.Config.HWType",
    "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.Console", "VM.Migrate",
    "VM.PowerMgmt", "VM.Snapshot", "VM.Snapshot.Rollback",
}  # fmt: skip

MAIN: Final = "skyclust@pve!sandbox"
"""The token with all privileges; `administrator@pve` has them too, with its password."""

AUDITOR: Final = "auditor@pve!sandbox"
"""A token that may read everything and change nothing."""

TEAM: Final = "shop@pve!sandbox"
"""A token with all privileges on the guests of the pool `shop` only."""

STORAGE: Final = "storage@pve!sandbox"
"""A token with all privileges on the storages and on the guests of the pool `shop` only."""

NOBODY: Final = "nobody@pve!sandbox"
"""A token without any permission."""

# Principal -> path -> privileges. The privileges of the longest matching path apply.
GRANTS: Final[dict[str, dict[str, frozenset[str]]]] = {
    MAIN: {"/": ADMINISTRATOR},
    "administrator@pve": {"/": ADMINISTRATOR},
    "root@pam": {"/": ADMINISTRATOR},
    AUDITOR: {"/": AUDIT},
    TEAM: {"/": frozenset({"Sys.Audit"}), "/pool/shop": ADMINISTRATOR},
    STORAGE: {
        "/": frozenset({"Sys.Audit"}),
        "/pool/shop": ADMINISTRATOR,
        "/storage": ADMINISTRATOR,
    },
    NOBODY: {},
}
_PASSWORDS: Final = {"administrator@pve": PASSWORD, "root@pam": PASSWORD}


@dataclass
class Tickets:
    """The issued tickets, each with its user, CSRF token and expiry."""

    seconds: float = TICKET_SECONDS
    _issued: dict[str, tuple[str, str, float]] = field(default_factory=dict)

    def issue(self, user: str, password: str) -> dict[str, object]:
        """Return a ticket for a password, or for a valid ticket; raises Refused."""
        known = self._issued.get(password)
        renewed = known is not None and known[0] == user and known[2] > time.time()
        if not renewed and _PASSWORDS.get(user) != password:
            raise refused("authentication failure", 401)
        ticket = f"PVE:{user}:{int(time.time()):08X}::{secrets.token_urlsafe(32)}"
        csrf = f"{int(time.time()):08X}:{secrets.token_urlsafe(16)}"
        self._issued[ticket] = (user, csrf, time.time() + self.seconds)
        return {
            "ticket": ticket,
            "CSRFPreventionToken": csrf,
            "username": user,
            "cap": {},
        }

    def owner(self, ticket: str) -> str:
        """Return the user of a ticket; empty for an unknown ticket."""
        return self._issued.get(ticket, ("", "", 0.0))[0]

    def admit(self, request: Request, ticket: str) -> None:
        """Raise Refused unless the ticket is valid, and a change has its CSRF token."""
        user, csrf, end = self._issued.get(ticket, ("", "", 0.0))
        if not user or end <= time.time():
            raise refused("permission denied - invalid PVE ticket", 401)
        if request.method != "GET" and request.headers.get("CSRFPreventionToken") != csrf:
            raise refused("Permission denied - invalid csrf token", 401)

    def clear(self) -> None:
        """Revoke all tickets."""
        self._issued.clear()


def claimed_principal(request: Request, tickets: Tickets) -> str:
    """Return the principal that a request names; it is not authenticated yet."""
    header = request.headers.get("Authorization", "")
    if header.startswith("PVEAPIToken="):
        return header.removeprefix("PVEAPIToken=").partition("=")[0]
    return tickets.owner(request.cookies.get("PVEAuthCookie", ""))


def admit(request: Request, tickets: Tickets) -> None:
    """Raise Refused with a 401 unless the request is authenticated."""
    header = request.headers.get("Authorization", "")
    if header.startswith("PVEAPIToken="):
        token_id, _, value = header.removeprefix("PVEAPIToken=").partition("=")
        if "!" not in token_id or token_id not in GRANTS:
            raise refused(f"no such token '{token_id.partition('!')[2]}' for user", 401)
        if not secrets.compare_digest(value, TOKEN_SECRET):
            raise refused("invalid token value!", 401)
        return
    ticket = request.cookies.get("PVEAuthCookie", "")
    if not ticket:
        raise refused("No ticket", 401)
    tickets.admit(request, ticket)


def privileges(cluster: Cluster, principal: str, path: str) -> frozenset[str]:
    """Return the privileges of a principal on a path; those on a pool apply to its guests."""
    grants = GRANTS.get(principal, {})
    granted = _nearest(grants, path)
    if path.startswith("/vms/") and path.removeprefix("/vms/").isdigit():
        guest = cluster.guests.get(int(path.removeprefix("/vms/")))
        if guest is not None and guest.pool:
            granted |= _nearest(grants, f"/pool/{guest.pool}")
    return granted


def _nearest(grants: dict[str, frozenset[str]], path: str) -> frozenset[str]:
    while path not in grants:
        if path in {"/", ""}:
            return frozenset()
        path = path.rpartition("/")[0] or "/"
    return grants[path]


def check(cluster: Cluster, principal: str, path: str, *sufficient: str) -> None:
    """Raise Refused with a 403 unless a principal has one of the privileges on a path."""
    if not privileges(cluster, principal, path) & set(sufficient):
        raise refused(f"Permission check failed ({path}, {'|'.join(sufficient)})", 403)


def permissions(cluster: Cluster, principal: str) -> dict[str, dict[str, int]]:
    """Return the privileges by path; 1 means that a privilege propagates to the paths below."""
    grants = GRANTS.get(principal, {})
    top = ("/", "/access", "/nodes", "/pool", "/sdn", "/storage", "/vms")
    paths = {*(path for path in top if _nearest(grants, path)), *grants}
    by_path = {path: dict.fromkeys(sorted(_nearest(grants, path)), 1) for path in sorted(paths)}
    return {path: granted for path, granted in by_path.items() if granted}

"""The sandbox Proxmox VE: reads a call, lets its caller in, and carries it out.

The state is our own. fakepve, which speaks the whole API, can be started only with a file of
guests and takes 0.4 s for it, where tests reset before each of them; it grows no disks, keeps
no snapshots' content, and knows one host. So it judges this sandbox instead: a test makes the
same calls to both, and every reply is held to the official schema that it carries.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from skyclust_sandbox.application import Call
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.proxmox import access, drives
from skyclust_sandbox.proxmox.answers import data, refusal, refused
from skyclust_sandbox.proxmox.estate import build_estate
from skyclust_sandbox.proxmox.routes import ROUTES
from skyclust_sandbox.proxmox.routing import PREFIX, Asked, Route
from skyclust_sandbox.proxmox.seed import build_empty
from skyclust_sandbox.proxmox.tasks import settle
from skyclust_sandbox.seeds import Seed

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from skyclust_sandbox.proxmox.state import Cluster, Volume

_TICKET: Final = "POST /access/ticket"


@dataclass
class ProxmoxCloud:
    """One cluster, and who is logged in. `lock` is held while a call is carried out."""

    transition_seconds: float
    list_lag_seconds: float = 0.0
    tickets: access.Tickets = field(default_factory=access.Tickets)
    lock: threading.RLock = field(default_factory=threading.RLock)
    cluster: Cluster = field(init=False)

    def __post_init__(self) -> None:
        self.restart(Seed.EMPTY)

    def restart(self, seed: Seed) -> None:
        """Forget everything and begin anew from a seed."""
        build = build_estate if seed is Seed.ESTATE else build_empty
        cluster = build(self.transition_seconds)
        cluster.list_lag_seconds = self.list_lag_seconds
        cluster.remember_members(0.0)
        with self.lock:
            self.tickets.clear()
            self.cluster = cluster

    def read(self, request: Request) -> Call:
        """Return what is called. The region of every call is the cluster."""
        if (request.method, request.path) == ("POST", f"{PREFIX}/access/ticket"):
            return Call(_TICKET, self.cluster.name, request.form.get("username", ""))
        route, _ = _route(request)
        return Call(route.action, self.cluster.name, access.claimed(request, self.tickets))

    def admit(self, request: Request, call: Call) -> None:
        """Raise Refused with a 401 unless the caller is who he says."""
        if call.action != _TICKET:
            with self.lock:
                access.admit(request, self.tickets)

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return a fault as Proxmox VE, or the proxy before it, would tell it.

        Proxmox VE throttles nobody: a throttle is what a proxy says. The code of an error is
        its message.
        """
        if fault.kind is FaultKind.THROTTLE:
            busy = refusal(fault.status or 503, fault.code or "Service Unavailable")
            busy.headers["Retry-After"] = str(max(1, round(fault.seconds)))
            return busy
        if fault.kind is FaultKind.DENY:
            return refusal(403, fault.code or "Permission check failed (/vms, VM.Audit)")
        if fault.kind is FaultKind.EXPIRE:
            name = call.access_key.partition("!")[2]
            told = f"token '{name}' access expired" if name else "authentication failure"
            return refusal(401, fault.code or told)
        return refusal(
            fault.status or 500, fault.code or "ipcc_send_rec[1] failed: Connection refused"
        )

    def carry_out(self, request: Request, call: Call) -> Response:
        """Do what is asked and return the answer."""
        with self.lock:
            now = time.time()
            settle(self.cluster, now)
            if call.action == _TICKET:
                return data(self._ticket(request))
            route, path = _route(request)
            given = {**request.args.to_dict(), **request.form.to_dict()}
            asked = Asked(self.cluster, path, given, call.access_key, now)
            _refuse_node(self.cluster, path.get("node"))
            route.refuse_unknown(given)
            for where, wanted in route.needs:
                access.check(
                    self.cluster, call.access_key, where.format(**{**given, **path}), *wanted
                )
            if request.method != "GET" and not self.cluster.quorate:
                raise refused("cluster not ready - no quorum?")
            self.cluster.remember_members(now)
            answer = data(route.handler(asked))
            self.cluster.remember_members(now)
            return answer

    def lag(self, seconds: float) -> None:
        """Let the cluster's own lists show each change so much later, until a restart.

        What they show now they show until something changes.
        """
        with self.lock:
            settle(self.cluster, time.time())
            self.cluster.list_lag_seconds = seconds
            self.cluster.memberships.clear()
            self.cluster.remember_members(0.0)

    def _ticket(self, request: Request) -> dict[str, object]:
        given = request.form
        return self.tickets.give(given.get("username", ""), given.get("password", ""))

    def texts(self, vmid: int) -> list[str]:
        """Return what software in a guest wrote to each of its disks."""
        with self.lock:
            settle(self.cluster, time.time())
            return [volume.text for volume in self._disks(vmid)]

    def write_texts(self, vmid: int, text: str) -> None:
        """Write to each disk of a guest, as software in the guest would."""
        with self.lock:
            settle(self.cluster, time.time())
            for volume in self._disks(vmid):
                volume.text = text

    def _disks(self, vmid: int) -> list[Volume]:
        guest = self.cluster.guests[vmid]
        found = (
            self.cluster.volume(volid, guest.node)
            for key, volid, _ in drives.disks(guest.config)
            if not key.startswith("unused")
        )
        return [volume for volume in found if volume is not None]


def _route(request: Request) -> tuple[Route, dict[str, str]]:
    path = request.path.removeprefix(PREFIX)
    for route in ROUTES:
        if route.method == request.method and (found := route.pattern.fullmatch(path)):
            return route, found.groupdict()
    raise refused(f"Method '{request.method} {request.path}' not implemented", 501)


def _refuse_node(cluster: Cluster, node: str | None) -> None:
    if node is None:
        return
    if node not in cluster.nodes:
        raise refused(
            f"hostname lookup '{node}' failed - failed to get address info for: {node}:"
            " Name or service not known"
        )
    if not cluster.nodes[node].online:
        raise refused("No route to host", 595)

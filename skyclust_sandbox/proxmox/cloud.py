"""The sandbox Proxmox VE: reads, authenticates and executes calls.

The state is our own. fakepve, which implements the whole API, can be started only with a file of
guests and takes 0.4 s to start, while tests reset before each test; it does not grow disks, keeps
no content of snapshots, and knows one host. So it is the reference in tests only: a test sends the
same calls to both, and every reply is validated against the official schema in fakepve.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from skyclust_sandbox.application import Call
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.proxmox import access, drives
from skyclust_sandbox.proxmox.estate import build_estate
from skyclust_sandbox.proxmox.replies import data, refusal, refused
from skyclust_sandbox.proxmox.routes import ROUTES
from skyclust_sandbox.proxmox.routing import PREFIX, ApiRequest, Route
from skyclust_sandbox.proxmox.seed import build_empty
from skyclust_sandbox.proxmox.tasks import settle
from skyclust_sandbox.seeds import Seed

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from skyclust_sandbox.proxmox.state import Cluster, Volume

_TICKET: Final = "POST /access/ticket"


@dataclass
class ProxmoxCloud:
    """One cluster and its tickets. `lock` is held while a call is executed."""

    transition_seconds: float
    list_lag_seconds: float = 0.0
    tickets: access.Tickets = field(default_factory=access.Tickets)
    lock: threading.RLock = field(default_factory=threading.RLock)
    cluster: Cluster = field(init=False)

    def __post_init__(self) -> None:
        self.restart(Seed.EMPTY)

    def restart(self, seed: Seed) -> None:
        """Delete everything, and start again from a seed."""
        build = build_estate if seed is Seed.ESTATE else build_empty
        cluster = build(self.transition_seconds)
        cluster.list_lag_seconds = self.list_lag_seconds
        cluster.record_members(0.0)
        with self.lock:
            self.tickets.clear()
            self.cluster = cluster

    def read(self, request: Request) -> Call:
        """Return the call of a request. The region of every call is the cluster."""
        if (request.method, request.path) == ("POST", f"{PREFIX}/access/ticket"):
            return Call(_TICKET, self.cluster.name, request.form.get("username", ""))
        route, _ = _route(request)
        return Call(
            route.action, self.cluster.name, access.claimed_principal(request, self.tickets)
        )

    def admit(self, request: Request, call: Call) -> None:
        """Raise Refused with a 401 unless the caller is authenticated."""
        if call.action != _TICKET:
            with self.lock:
                access.admit(request, self.tickets)

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return the reply of Proxmox VE, or of a proxy before it, for a fault.

        Proxmox VE has no throttling: a proxy replies to a throttled call. The code of a fault is
        the message of the error.
        """
        if fault.kind is FaultKind.THROTTLE:
            busy = refusal(fault.status or 503, fault.code or "Service Unavailable")
            busy.headers["Retry-After"] = str(max(1, round(fault.seconds)))
            return busy
        if fault.kind is FaultKind.DENY:
            return refusal(403, fault.code or "Permission check failed (/vms, VM.Audit)")
        if fault.kind is FaultKind.EXPIRE:
            name = call.access_key.partition("!")[2]
            default = f"token '{name}' access expired" if name else "authentication failure"
            return refusal(401, fault.code or default)
        return refusal(
            fault.status or 500, fault.code or "ipcc_send_rec[1] failed: Connection refused"
        )

    def carry_out(self, request: Request, call: Call) -> Response:
        """Execute a call and return the reply."""
        with self.lock:
            now = time.time()
            settle(self.cluster, now)
            if call.action == _TICKET:
                return data(self._ticket(request))
            route, path = _route(request)
            parameters = {**request.args.to_dict(), **request.form.to_dict()}
            api_request = ApiRequest(self.cluster, path, parameters, call.access_key, now)
            _check_node(self.cluster, path.get("node"))
            route.check_parameters(parameters)
            for access_path, sufficient in route.needs:
                access.check(
                    self.cluster,
                    call.access_key,
                    access_path.format(**{**parameters, **path}),
                    *sufficient,
                )
            if request.method != "GET" and not self.cluster.quorate:
                raise refused("cluster not ready - no quorum?")
            self.cluster.record_members(now)
            reply = data(route.handler(api_request))
            self.cluster.record_members(now)
            return reply

    def lag(self, seconds: float) -> None:
        """Delay each change in the cluster's own lists by some seconds, until a restart.

        The lists keep their current content until something changes.
        """
        with self.lock:
            settle(self.cluster, time.time())
            self.cluster.list_lag_seconds = seconds
            self.cluster.memberships.clear()
            self.cluster.record_members(0.0)

    def _ticket(self, request: Request) -> dict[str, object]:
        form = request.form
        return self.tickets.issue(form.get("username", ""), form.get("password", ""))

    def texts(self, vmid: int) -> list[str]:
        """Return the text that was written to each disk of a guest."""
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
        volumes = (
            self.cluster.volume(volid, guest.node)
            for key, volid, _ in drives.disks(guest.config)
            if not key.startswith("unused")
        )
        return [volume for volume in volumes if volume is not None]


def _route(request: Request) -> tuple[Route, dict[str, str]]:
    path = request.path.removeprefix(PREFIX)
    for route in ROUTES:
        if route.method == request.method and (match := route.pattern.fullmatch(path)):
            return route, match.groupdict()
    raise refused(f"Method '{request.method} {request.path}' not implemented", 501)


def _check_node(cluster: Cluster, node: str | None) -> None:
    if node is None:
        return
    if node not in cluster.nodes:
        raise refused(
            f"hostname lookup '{node}' failed - failed to get address info for: {node}:"
            " Name or service not known"
        )
    if not cluster.nodes[node].online:
        raise refused("No route to host", 595)

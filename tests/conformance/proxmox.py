"""The sandbox Proxmox VE for the conformance suite."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final

from providers.proxmox.credential import ProxmoxCredential
from skyclust.conformance import Failure
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.instance_use import UseKind, kind_of
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import ProxmoxSandbox
from tests.unit.proxmox.documented_errors import unmapped_classes, unmapped_sentences

_STORAGES: Final = (
    ("ceph", "pve1"),
    ("local-lvm", "pve1"),
    ("local-lvm", "pve2"),
    ("local-lvm", "pve3"),
)
_FILLER: Final = "vm-4711-disk-0"


class ProxmoxHarness:
    """Works in the sandbox's cluster.

    The suite's credential is a token, and only the token's calls fail. The harness itself works
    as the administrator, so that it can seed and count at any time.
    """

    region = CLUSTER
    smallest_page = 1
    deadline_seconds = 20.0
    poll_seconds = 0.03
    other_type = "2c4g"
    image_family = "debian-12"
    unknown_instance_id = "987654"
    unknown_disk_id = "ceph:vm-987654-disk-0"
    unknown: Mapping[str, str] = {"image": "8765", "type": "t3.humongous", "network": "vmbr77"}

    def __init__(self, sandbox: ProxmoxSandbox) -> None:
        self._sandbox = sandbox
        self._bare = sandbox.bare()
        self._numbers = count(1)

    def credential(self) -> ProxmoxCredential:
        """Return the credential of the main token."""
        return self._sandbox.credential()

    def wrong_credential(self) -> ProxmoxCredential:
        """Return a token whose secret is wrong."""
        secret = "0c5a5b6e-3b1f-4f43-8d5e-canary000000"
        return self._sandbox.credential(token_value=secret)

    def unreachable_credential(self) -> ProxmoxCredential:
        """Return a credential for an endpoint where nothing listens: port 1, tcpmux."""
        return self._sandbox.credential(endpoint="http://127.0.0.1:1")

    def fail(self, failure: Failure) -> None:
        """Let calls of the token fail."""
        user = self._sandbox.access_key
        if failure in {Failure.NO_CAPACITY, Failure.NO_QUOTA}:
            # Proxmox VE has no quotas: a full storage is the limit that there is.
            self._fill_storage()
            return
        if failure is Failure.ENDLESS:
            return  # lists have no pages, so none of them can go on
        self._sandbox.inject(
            {
                Failure.THROTTLED: Fault(kind=FaultKind.THROTTLE, access_key=user),
                Failure.BROKEN: Fault(kind=FaultKind.ERROR, access_key=user),
                Failure.DENIED: Fault(kind=FaultKind.DENY, access_key=user, region=CLUSTER),
                Failure.EXPIRED: Fault(kind=FaultKind.EXPIRE, access_key=user),
                Failure.LOST_REPLY: Fault(
                    kind=FaultKind.DROP_REPLY, access_key=user, action="POST */clone", times=1
                ),
                Failure.LOST_CHANGE: Fault(
                    kind=FaultKind.DROP_REPLY, access_key=user, action="[!G]*", times=1
                ),
                Failure.HTML: Fault(kind=FaultKind.HTML, access_key=user),
                Failure.NULL: Fault(kind=FaultKind.NULL, access_key=user),
                Failure.NO_LIST: Fault(kind=FaultKind.EMPTY, access_key=user, action="GET *"),
            }[failure]
        )

    def corrupt(self, kind: ResourceKind) -> str:
        """Omit the identifying field of a resource."""
        last = next(self._numbers) - 1
        field, item, named = {
            ResourceKind.INSTANCE: ("vmid", f"seed-{last}", f"seed-{last}"),
            ResourceKind.IMAGE: ("vmid", f"seed-{last}", f"seed-{last}"),
            ResourceKind.DISK: ("volid", str(5000 + last), str(5000 + last)),
            ResourceKind.SNAPSHOT: ("name", f"seed-{last}", str(200 + last)),
            ResourceKind.NETWORK: ("iface", f"vmbr{100 + last}", f"pve{1 + last % 3}"),
        }[kind]
        action = "GET */snapshot" if kind is ResourceKind.SNAPSHOT else "GET *"
        self._sandbox.inject(
            Fault(
                kind=FaultKind.OMIT,
                access_key=self._sandbox.access_key,
                action=action,
                field=field,
                item=item,
            )
        )
        return named

    def reuse_id(self, instance: InstanceReference) -> InstanceReference:
        """Create a guest with a VMID that is free again, as an administrator does."""
        path = "nodes/pve1/qemu"
        self._await("pve1", self._bare.post(path, vmid=instance.id, name="other", start=1))
        path = f"{path}/{instance.id}"
        end = time.monotonic() + self.deadline_seconds
        while self._bare.get(f"{path}/status/current")["status"] != "running":
            assert time.monotonic() < end, "The other guest does not start."
            time.sleep(self.poll_seconds)
        config = self._bare.get(f"{path}/config")
        uuid, created = config["smbios1"], config["meta"]
        unique_id = f"{uuid.removeprefix('uuid=')}:{created.rpartition('=')[2]}"
        return instance.model_copy(update={"unique_id": unique_id})

    def reboots(self) -> int:
        """Return the sandbox's count of requests for a reboot."""
        counts = self._sandbox.calls().items()
        return sum(number for action, number in counts if action.endswith("/status/reboot"))

    def interrupt_after(self, calls: int) -> None:
        """Lose the reply to a call after some calls, and refuse all calls that follow."""
        user = self._sandbox.access_key
        self._sandbox.inject(
            Fault(kind=FaultKind.DROP_REPLY, access_key=user, after=calls, times=1),
            Fault(kind=FaultKind.ERROR, access_key=user, after=calls),
        )

    def recover(self) -> None:
        """End every failure."""
        self._sandbox.clear()
        if any(disk.endswith(_FILLER) for disk in self._disks()):
            self._bare.delete(f"nodes/pve1/storage/ceph/content/{_FILLER}")

    def _fill_storage(self) -> None:
        [free] = [
            storage["avail"]
            for storage in self._bare.get("nodes/pve1/storage")
            if storage["storage"] == "ceph"
        ]
        filler = {"filename": _FILLER, "vmid": 4711, "size": f"{free // 1024**2}M"}
        self._bare.post("nodes/pve1/storage/ceph/content", **filler)

    def calls(self) -> int:
        """Return the sandbox's count of calls."""
        return sum(self._sandbox.calls().values())

    def unmapped_errors(self) -> Sequence[str]:
        """Return the classes of requests and the messages of Proxmox VE that are not mapped."""
        return [*unmapped_classes(), *unmapped_sentences()]

    def spec(self, name: str) -> InstanceSpec:
        """Return the spec of a small VM, cloned from a template."""
        return InstanceSpec(
            name=name,
            region=CLUSTER,
            type="1c1g",
            image="9000",
            network="vmbr0",
            tags={"team": "conformance"},
        )

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same spec; a bridge has no other name than its id."""
        return self.spec(name).model_copy(update={"image": "ubuntu-24.04"})

    def instance_count(self) -> int:
        """Return the number of guests that are not templates."""
        return sum(1 for _, guest in self._guests() if not guest.get("template"))

    def resource_ids(self) -> Sequence[str]:
        """Return the VMIDs of all guests and templates, and all volumes."""
        guests = (f"{kind}/{guest['vmid']}" for kind, guest in self._guests())
        return sorted([*guests, *self._disks()])

    def _guests(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the guests in the nodes' lists: the cluster's own list may be outdated."""
        for node in ("pve1", "pve2", "pve3"):
            for kind in ("qemu", "lxc"):
                for guest in self._bare.get(f"nodes/{node}/{kind}"):
                    yield kind, guest

    def lag(self, seconds: float) -> None:
        """Delay the cluster's list behind those of the nodes."""
        self._bare.lag(seconds)

    def _disks(self) -> list[str]:
        volumes: list[str] = []
        for storage, node in _STORAGES:
            prefix = "" if storage == "ceph" else f"{node}/"
            for volume in self._bare.get(f"nodes/{node}/storage/{storage}/content"):
                volumes.append(f"{prefix}{volume['volid']}")
        return volumes

    def write_disks(self, instance_id: str, text: str) -> None:
        """Write a text to every disk of a guest."""
        self._bare.write_texts(instance_id, text)

    def read_disks(self, instance_id: str) -> Sequence[str]:
        """Return the text on each disk of a guest."""
        return self._bare.texts(instance_id)

    def spare_disk(self) -> str:
        """Create a volume that no guest owns, on the shared storage."""
        return self._make_disk_at(next(self._numbers), "ceph", "pve1")

    def seed(self, kind: ResourceKind, number: int) -> Sequence[str]:
        """Create resources of a kind and return their ids."""
        make = {
            ResourceKind.INSTANCE: self._make_instance,
            ResourceKind.DISK: self._make_disk,
            ResourceKind.SNAPSHOT: self._make_snapshot,
            ResourceKind.IMAGE: self._make_image,
            ResourceKind.NETWORK: self._make_network,
        }[kind]
        return [make(next(self._numbers)) for _ in range(number)]

    def metered_instance(self) -> str:
        """Start guests until the sandbox has metrics of one: it goes by their ids."""
        while True:
            number = next(self._numbers)
            vmid, node = self._make_instance(number), f"pve{1 + number % 3}"
            self._await(node, self._bare.post(f"nodes/{node}/qemu/{vmid}/status/start"))
            if kind_of(vmid) is not UseKind.SILENT:
                return vmid

    def _make_instance(self, number: int) -> str:
        vmid = 200 + number
        node = f"pve{1 + number % 3}"
        self._await(node, self._bare.post(f"nodes/{node}/qemu", vmid=vmid, name=f"seed-{number}"))
        return str(vmid)

    def _make_disk(self, number: int) -> str:
        return self._make_disk_at(number, *_STORAGES[number % len(_STORAGES)])

    def _make_disk_at(self, number: int, storage: str, node: str) -> str:
        disk = {"filename": f"vm-{5000 + number}-disk-0", "vmid": 5000 + number, "size": "1G"}
        volume = str(self._bare.post(f"nodes/{node}/storage/{storage}/content", **disk))
        return volume if storage == "ceph" else f"{node}/{volume}"

    def _make_snapshot(self, number: int) -> str:
        vmid = self._make_instance(number)
        node = f"pve{1 + number % 3}"
        upid = self._bare.post(f"nodes/{node}/qemu/{vmid}/snapshot", snapname=f"seed-{number}")
        self._await(node, upid)
        return f"{vmid}/seed-{number}"

    def _make_image(self, number: int) -> str:
        vmid = self._make_instance(number)
        self._bare.post(f"nodes/pve{1 + number % 3}/qemu/{vmid}/template")
        return vmid

    def _make_network(self, number: int) -> str:
        name, node = f"vmbr{100 + number}", f"pve{1 + number % 3}"
        self._bare.post(f"nodes/{node}/network", iface=name, type="bridge")
        self._bare.put(f"nodes/{node}/network")
        return name

    def _await(self, node: str, upid: str) -> None:
        end = time.monotonic() + self.deadline_seconds
        while self._bare.get(f"nodes/{node}/tasks/{upid}/status")["status"] == "running":
            assert time.monotonic() < end, f"The sandbox does not end {upid}."
            time.sleep(self.poll_seconds)

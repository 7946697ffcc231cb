"""The state of the sandbox OpenStack: plain records, one set per region.

Neutron's resources are stored as the API shows them. Servers, volumes and images have internal
states from which the API's representation is derived.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from skyclust_sandbox.openstack.wire import Body


@dataclass(frozen=True)
class Flavor:
    """A flavor. `memory` is in MiB, `disk` in GiB."""

    id: str
    name: str
    vcpus: int
    memory: int
    disk: int
    extra_specs: dict[str, str] = field(default_factory=dict)
    ephemeral: int = 0
    swap: int = 0
    description: str | None = None


@dataclass
class Attachment:
    """An attachment of a volume to a server."""

    id: str
    volume_id: str
    server_id: str
    device: str
    delete_on_termination: bool
    attached_at: datetime
    boot_index: int | None = None
    tag: str | None = None


@dataclass
class Server:
    """A server.

    `content` is the data on its own disk; it is unused when the server boots from a volume.
    `reserved_volume_ids` names existing volumes that are reserved while the server is built.
    """

    id: str
    name: str
    project_id: str
    user_id: str
    flavor: Flavor
    image_id: str
    created: datetime
    updated: datetime
    hostname: str
    zone: str
    pinned_zone: str | None = None
    vm_state: str = "building"
    task_state: str | None = "scheduling"
    power_state: int = 0
    host: str | None = None
    key_name: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    description: str | None = None
    config_drive: bool = False
    locked_by: str | None = None
    locked_reason: str | None = None
    launched_at: datetime | None = None
    terminated_at: datetime | None = None
    fault: Body | None = None
    user_data: str | None = None
    scheduler_hints: Body = field(default_factory=dict)
    disk_config: str = "MANUAL"
    access_ipv4: str = ""
    access_ipv6: str = ""
    reservation_id: str = ""
    trusted_certificates: list[str] | None = None
    groups: list[str] = field(default_factory=list)
    port_ids: list[str] = field(default_factory=list)
    own_port_ids: set[str] = field(default_factory=set)
    attachments: list[Attachment] = field(default_factory=list)
    reserved_volume_ids: set[str] = field(default_factory=set)
    old_flavor: Flavor | None = None
    old_vm_state: str = "active"
    content: str = ""
    starts: int = 0


@dataclass
class Volume:
    """A volume. `size` is in GiB."""

    id: str
    name: str
    project_id: str
    user_id: str
    size: int
    created: datetime
    updated: datetime
    zone: str = "nova"
    status: str = "creating"
    volume_type: str = "ssd"
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    snapshot_id: str | None = None
    source_volume_id: str | None = None
    image_id: str | None = None
    image_metadata: dict[str, str] = field(default_factory=dict)
    bootable: bool = False
    encrypted: bool = False
    multiattach: bool = False
    attachments: list[Attachment] = field(default_factory=list)
    content: str = ""


@dataclass
class VolumeSnapshot:
    """A snapshot of a volume; it may outlive the volume. `size` is in GiB."""

    id: str
    name: str
    project_id: str
    user_id: str
    volume_id: str
    size: int
    created: datetime
    updated: datetime
    status: str = "creating"
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    content: str = ""


@dataclass
class Image:
    """An image. `size` is in bytes, `min_disk` in GiB, `min_ram` in MiB."""

    id: str
    name: str
    owner: str
    created: datetime
    updated: datetime
    status: str = "queued"
    visibility: str = "shared"
    size: int | None = None
    min_disk: int = 0
    min_ram: int = 0
    protected: bool = False
    hidden: bool = False
    tags: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    disk_format: str | None = "qcow2"
    container_format: str | None = "bare"
    members: set[str] = field(default_factory=set)
    content: str = ""


@dataclass
class KeyPair:
    """A named public key of a user."""

    name: str
    user_id: str
    public_key: str
    fingerprint: str
    created: datetime
    kind: str = "ssh"


@dataclass
class Region:
    """All resources of one region, by id; key pairs by user id and name."""

    name: str
    zones: tuple[str, ...]
    flavors: dict[str, Flavor] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)
    deleted_servers: dict[str, Server] = field(default_factory=dict)
    keypairs: dict[tuple[str, str], KeyPair] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    snapshots: dict[str, VolumeSnapshot] = field(default_factory=dict)
    networks: dict[str, Body] = field(default_factory=dict)
    subnets: dict[str, Body] = field(default_factory=dict)
    ports: dict[str, Body] = field(default_factory=dict)
    routers: dict[str, Body] = field(default_factory=dict)
    security_groups: dict[str, Body] = field(default_factory=dict)
    floating_ips: dict[str, Body] = field(default_factory=dict)
    load_balancers: dict[str, Body] = field(default_factory=dict)
    quotas: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    addresses: dict[str, set[str]] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)

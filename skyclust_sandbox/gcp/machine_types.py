"""The machine types of each zone (https://cloud.google.com/compute/docs/machine-resource)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.locations import ARM_ZONES
from skyclust_sandbox.gcp.responses import Resource

_SHARED: Final = {"e2-micro": (2, 1024), "e2-small": (2, 2048), "e2-medium": (2, 4096)}
_CREATED: Final = "1969-12-31T16:00:00.000-08:00"


@dataclass(frozen=True)
class Series:
    """One family of types: its sizes in cores, and MiB a core by kind."""

    name: str
    cores: tuple[int, ...]
    memory: Mapping[str, int]
    architecture: str = "X86_64"
    disk_type: str = "pd-standard"


SERIES: Final = (
    Series("e2", (2, 4, 8, 16, 32), {"standard": 4096, "highmem": 8192, "highcpu": 1024}),
    Series("n1", (1, 2, 4, 8, 16, 32), {"standard": 3840, "highmem": 6656}),
    Series("n2", (2, 4, 8, 16, 32, 48, 64), {"standard": 4096, "highmem": 8192, "highcpu": 1024}),
    Series("n2d", (2, 4, 8, 16, 32), {"standard": 4096, "highmem": 8192}),
    Series("c3", (4, 8, 22, 44), {"standard": 4096, "highmem": 8192}, disk_type="pd-balanced"),
    Series(
        "c4a",
        (1, 2, 4, 8, 16, 32),
        {"standard": 4096, "highmem": 8192, "highcpu": 2048},
        "ARM64",
        "hyperdisk-balanced",
    ),
    Series("t2a", (1, 2, 4, 8, 16), {"standard": 4096}, "ARM64"),
)

DISK_TYPES: Final[Mapping[str, str]] = {
    "pd-standard": "Standard Persistent Disk",
    "pd-balanced": "Balanced Persistent Disk",
    "pd-ssd": "SSD Persistent Disk",
    "hyperdisk-balanced": "Hyperdisk Balanced",
}
"""The disk types of every zone, and what each is called."""


def series_of(machine_type: str) -> Series:
    """Return the series of a type by its name."""
    return next(one for one in SERIES if one.name == machine_type.partition("-")[0])


def may_have(machine_type: str, disk_type: str) -> bool:
    """Return whether machines of a type may have disks of a type: C4A takes hyperdisks alone."""
    series = series_of(machine_type)
    if series.disk_type == "hyperdisk-balanced":
        return disk_type.startswith("hyperdisk")
    return series.name in {"c3", "n2"} or disk_type.startswith("pd-")


@cache
def machine_types(project: str, zone: str) -> dict[str, Resource]:
    """Return the machine types of a zone by name."""
    types: dict[str, Resource] = {}
    for name, cores, memory, series in _sizes():
        if series.architecture == "ARM64" and zone not in ARM_ZONES:
            continue
        shared = name in _SHARED
        types[name] = {
            "kind": "compute#machineType",
            "id": str(800_000 + len(types)),
            "creationTimestamp": _CREATED,
            "name": name,
            "description": f"{cores} vCPUs, {memory / 1024:g} GB RAM",
            "guestCpus": cores,
            "memoryMb": memory,
            "imageSpaceGb": 0,
            "maximumPersistentDisks": 16 if shared else 128,
            "maximumPersistentDisksSizeGb": "3072" if shared else "263168",
            "zone": zone,
            "selfLink": Reference(project, f"zones/{zone}", "machineTypes", name).link,
            "isSharedCpu": shared,
            "architecture": series.architecture,
        }
    return types


@cache
def disk_types(project: str, zone: str) -> dict[str, Resource]:
    """Return the disk types of a zone by name."""
    return {
        name: {
            "kind": "compute#diskType",
            "id": str(30_000 + number),
            "creationTimestamp": _CREATED,
            "name": name,
            "description": description,
            "validDiskSize": "10GB-65536GB",
            "zone": Reference(project, f"zones/{zone}", "", "").link.rstrip("/"),
            "selfLink": Reference(project, f"zones/{zone}", "diskTypes", name).link,
            "defaultDiskSizeGb": "500" if name == "pd-standard" else "100",
        }
        for number, (name, description) in enumerate(DISK_TYPES.items())
    }


def _sizes() -> Iterator[tuple[str, int, int, Series]]:
    for name, (cores, memory) in _SHARED.items():
        yield name, cores, memory, SERIES[0]
    for series in SERIES:
        for kind, memory in series.memory.items():
            for cores in series.cores:
                yield f"{series.name}-{kind}-{cores}", cores, memory * cores, series

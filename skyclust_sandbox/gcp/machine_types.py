"""The machine types and disk types of each zone.

See https://cloud.google.com/compute/docs/machine-resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.locations import ARM_ZONES
from skyclust_sandbox.gcp.responses import Resource

# Shared-core machine types, with their vCPUs and memory in MiB.
_SHARED_CORE: Final = {"e2-micro": (2, 1024), "e2-small": (2, 2048), "e2-medium": (2, 4096)}
_CREATED: Final = "1969-12-31T16:00:00.000-08:00"


@dataclass(frozen=True)
class Series:
    """A machine series: the vCPU counts of its types, and the MiB per vCPU by kind of type.

    `disk_type` is the default disk type.
    """

    name: str
    cpus: tuple[int, ...]
    memory_per_cpu: Mapping[str, int]
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
"""The disk types that every zone offers, each with its description."""


def series_of(machine_type: str) -> Series:
    """Return the series of a machine type."""
    return next(series for series in SERIES if series.name == machine_type.partition("-")[0])


def supports_disk_type(machine_type: str, disk_type: str) -> bool:
    """Return whether a machine type supports a disk type; C4A supports Hyperdisk only."""
    series = series_of(machine_type)
    if series.disk_type == "hyperdisk-balanced":
        return disk_type.startswith("hyperdisk")
    return series.name in {"c3", "n2"} or disk_type.startswith("pd-")


@cache
def machine_types(project: str, zone: str) -> dict[str, Resource]:
    """Return the machine types of a zone by name."""
    types: dict[str, Resource] = {}
    for name, cpus, memory, series in _sizes():
        if series.architecture == "ARM64" and zone not in ARM_ZONES:
            continue
        shared_core = name in _SHARED_CORE
        types[name] = {
            "kind": "compute#machineType",
            "id": str(800_000 + len(types)),
            "creationTimestamp": _CREATED,
            "name": name,
            "description": f"{cpus} vCPUs, {memory / 1024:g} GB RAM",
            "guestCpus": cpus,
            "memoryMb": memory,
            "imageSpaceGb": 0,
            "maximumPersistentDisks": 16 if shared_core else 128,
            "maximumPersistentDisksSizeGb": "3072" if shared_core else "263168",
            "zone": zone,
            "selfLink": Reference(project, f"zones/{zone}", "machineTypes", name).link,
            "isSharedCpu": shared_core,
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
    """Yield the name, vCPUs, memory in MiB and series of each machine type."""
    for name, (cpus, memory) in _SHARED_CORE.items():
        yield name, cpus, memory, SERIES[0]
    for series in SERIES:
        for kind, memory_per_cpu in series.memory_per_cpu.items():
            for cpus in series.cpus:
                yield f"{series.name}-{kind}-{cpus}", cpus, memory_per_cpu * cpus, series

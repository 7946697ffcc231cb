"""The sizes that are available to a subscription in a region."""

from __future__ import annotations

from typing import Any

import pytest

from providers.azure.catalog import to_instance_type
from skyclust.model.catalog import Architecture


def sku(*restrictions: dict[str, Any], kind: str = "virtualMachines", **changes: str) -> Any:
    capabilities = {"vCPUs": "4", "MemoryGB": "16", "CpuArchitectureType": "x64", **changes}
    return {
        "resourceType": kind,
        "name": "Standard_D4s_v5",
        "family": "standardDSv5Family",
        "locations": ["WestEurope"],
        "locationInfo": [{"location": "westeurope", "zones": ["3", "1", "2"]}],
        "capabilities": [{"name": name, "value": value} for name, value in capabilities.items()],
        "restrictions": list(restrictions),
    }


def test_a_size() -> None:
    size = to_instance_type("westeurope", sku(GPUs="1"))
    assert size is not None
    assert (size.name, size.cores, size.memory_mib) == ("Standard_D4s_v5", 4, 16384)
    assert (size.architecture, size.gpus) == (Architecture.X86_64, 1)
    assert size.zones == ("1", "2", "3")


@pytest.mark.parametrize(
    ("changes", "cores", "memory", "architecture"),
    [
        ({"MemoryGB": "0.5", "vCPUs": "1"}, 1, 512, Architecture.X86_64),
        ({"vCPUsAvailable": "2"}, 2, 16384, Architecture.X86_64),
        ({"CpuArchitectureType": "Arm64"}, 4, 16384, Architecture.ARM64),
    ],
)
def test_the_capabilities_of_a_size(
    changes: dict[str, str], cores: int, memory: int, architecture: Architecture
) -> None:
    size = to_instance_type("westeurope", sku(**changes))
    assert size is not None
    assert (size.cores, size.memory_mib, size.architecture) == (cores, memory, architecture)


@pytest.mark.parametrize(
    ("family", "burstable"),
    [("standardBSFamily", True), ("StandardBasv2Family", True), ("standardDSv5Family", False)],
)
def test_the_sizes_of_the_b_series_are_burstable(family: str, burstable: bool) -> None:
    size = to_instance_type("westeurope", sku() | {"family": family})
    assert size is not None
    assert size.burstable is burstable


def test_restricted_zones_are_left_out() -> None:
    restriction = {"type": "Zone", "restrictionInfo": {"zones": ["1", "2"]}}
    size = to_instance_type("westeurope", sku(restriction))
    assert size is not None
    assert size.zones == ("3",)


def test_a_size_that_is_not_available_is_left_out() -> None:
    assert to_instance_type("westeurope", sku({"type": "Location"})) is None
    assert to_instance_type("eastus", sku()) is None
    assert to_instance_type("westeurope", sku(kind="disks")) is None
    assert to_instance_type("westeurope", sku(CpuArchitectureType="Quantum")) is None

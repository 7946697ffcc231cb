"""Which sizes a subscription may have in a region, and what they are."""

from __future__ import annotations

from typing import Any

import pytest

from providers.azure.catalog import to_instance_type
from skyclust.model.catalog import Architecture


def sku(*restrictions: dict[str, Any], kind: str = "virtualMachines", **told: str) -> Any:
    capabilities = {"vCPUs": "4", "MemoryGB": "16", "CpuArchitectureType": "x64", **told}
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
    found = to_instance_type("westeurope", sku(GPUs="1"))
    assert found is not None
    assert (found.name, found.cores, found.memory_mib) == ("Standard_D4s_v5", 4, 16384)
    assert (found.architecture, found.gpus) == (Architecture.X86_64, 1)
    assert found.zones == ("1", "2", "3")


@pytest.mark.parametrize(
    ("told", "cores", "memory", "architecture"),
    [
        ({"MemoryGB": "0.5", "vCPUs": "1"}, 1, 512, Architecture.X86_64),
        ({"vCPUsAvailable": "2"}, 2, 16384, Architecture.X86_64),
        ({"CpuArchitectureType": "Arm64"}, 4, 16384, Architecture.ARM64),
    ],
)
def test_what_a_size_has(
    told: dict[str, str], cores: int, memory: int, architecture: Architecture
) -> None:
    found = to_instance_type("westeurope", sku(**told))
    assert found is not None
    assert (found.cores, found.memory_mib, found.architecture) == (cores, memory, architecture)


def test_zones_that_are_withheld_are_left_out() -> None:
    withheld = {"type": "Zone", "restrictionInfo": {"zones": ["1", "2"]}}
    found = to_instance_type("westeurope", sku(withheld))
    assert found is not None
    assert found.zones == ("3",)


def test_what_cannot_be_had_is_none() -> None:
    assert to_instance_type("westeurope", sku({"type": "Location"})) is None
    assert to_instance_type("eastus", sku()) is None
    assert to_instance_type("westeurope", sku(kind="disks")) is None
    assert to_instance_type("westeurope", sku(CpuArchitectureType="Quantum")) is None

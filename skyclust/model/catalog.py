"""What instances are created from: instance types and images."""

from __future__ import annotations

from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.architecture import Architecture

__all__ = ["MIB_PER_GIB", "Architecture", "Image", "InstanceType"]

MIB_PER_GIB: Final = 1024


class InstanceType(BaseModel):
    """A named size of instance in one region.

    `cores` are virtual processors as the cloud counts them. `zones` are the zones of the region
    that offer the type; empty where the cloud does not report them. A cloud without fixed sizes
    (Proxmox VE) lists a series of sizes, and accepts any other size in the same notation.
    `burstable`: its cores are shared, with full speed for some of the time only, and so cheaper.
    `family` is the same for types that differ in size alone; empty where the provider does not say.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    region: str
    name: str = Field(min_length=1)
    cores: int = Field(ge=1)
    memory_mib: int = Field(ge=1)
    architecture: Architecture = Architecture.X86_64
    gpus: int = Field(default=0, ge=0)
    burstable: bool = False
    family: str = ""
    zones: tuple[str, ...] = ()
    attributes: dict[str, JsonValue] = Field(default_factory=dict)


class Image(BaseModel):
    """An image that instances can be created from.

    `family` is SkyClust's name of its content, distribution and version: `ubuntu-24.04`,
    `debian-12`. `id` is a value for `InstanceSpec.image`.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    region: str
    id: str
    name: str
    family: str
    architecture: Architecture = Architecture.X86_64
    created_at: AwareDatetime | None = None
    minimum_disk_gib: int | None = Field(default=None, ge=0)
    attributes: dict[str, JsonValue] = Field(default_factory=dict)

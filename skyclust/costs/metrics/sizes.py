"""The smaller sizes that an instance could have: those of its family that its zone offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skyclust.contract import CatalogProvider, Provider
from skyclust.model.catalog import InstanceType
from skyclust.model.instance_metrics import InstanceSize, ResizeOptions
from skyclust.model.stored import StoredResource


def read_types(provider: Provider, region: str) -> Mapping[str, InstanceType]:
    """Return the types of a region by name; none for a provider without a catalog.

    Raises what the provider raises.
    """
    if not isinstance(provider, CatalogProvider):
        return {}
    pages = provider.list_instance_types(region)
    return {one.name: one for page in pages for one in page}


def resize_options(
    instance: StoredResource, types: Mapping[str, InstanceType]
) -> ResizeOptions | None:
    """Return the smaller sizes of an instance, the nearest first; None where its own is unknown.

    A smaller size has fewer cores and no more memory. Of those with equally many cores, that with
    most memory is the nearest.
    """
    own = types.get(str(instance.attributes.get("type")))
    if own is None:
        return None
    fitting = [one for one in types.values() if _is_smaller(one, own, instance.zone)]
    nearest = sorted(fitting, key=lambda one: (-one.cores, -one.memory_mib, one.name))
    return ResizeOptions(
        size=_size(own), smaller=tuple(_first_of_cores(nearest)), burstable=own.burstable
    )


def _is_smaller(one: InstanceType, own: InstanceType, zone: str | None) -> bool:
    return (
        bool(own.family)
        and (one.family, one.architecture) == (own.family, own.architecture)
        and (one.gpus, one.attributes.get("bare_metal"))
        == (own.gpus, own.attributes.get("bare_metal"))
        and one.cores < own.cores
        and one.memory_mib <= own.memory_mib
        and (zone is None or not one.zones or zone in one.zones)
    )


def _first_of_cores(nearest: Iterable[InstanceType]) -> list[InstanceSize]:
    """Return the size with most memory for each number of cores."""
    by_cores: dict[int, InstanceSize] = {}
    for one in nearest:
        by_cores.setdefault(one.cores, _size(one))
    return list(by_cores.values())


def _size(one: InstanceType) -> InstanceSize:
    return InstanceSize(type=one.name, cores=one.cores, memory_mib=one.memory_mib)

"""What a cloud must answer to: Provider and the small capability ABCs.

A provider inherits `Provider` and each capability it has. What it does not inherit it
cannot do, and asking for it is `Unsupported`, never an empty list
(`skyclust.registry.capability`). Every list yields pages to the end: nothing yielded
means "there are none", anything that could not be read raises. Every error raised is one
of `skyclust.errors`, with the SDK's own error as its cause.

Every call that changes a machine takes an `InstanceReference`, as the provider itself returned
it. Names and numbers are given again by some clouds: where the id belongs to a machine with
another `unique_id`, the machine that was meant is gone, the call raises NotFound, and the
other machine stays as it is.

Methods are called from several threads at once; a provider object serves one credential.
"""

from skyclust.contract.ability import Ability
from skyclust.contract.catalog import CatalogProvider
from skyclust.contract.compute import ComputeProvider
from skyclust.contract.console import ConsoleProvider
from skyclust.contract.credential import CredentialModel
from skyclust.contract.disk import DiskProvider
from skyclust.contract.inventory import AccountInventoryProvider, AccountPage, InventoryProvider
from skyclust.contract.placement import PlacementProvider
from skyclust.contract.provider import CONTRACT_CHANGES, CONTRACT_VERSION, Provider
from skyclust.contract.snapshot import SnapshotProvider
from skyclust.contract.tag import TagProvider

__all__ = [
    "CONTRACT_CHANGES",
    "CONTRACT_VERSION",
    "Ability",
    "AccountInventoryProvider",
    "AccountPage",
    "CatalogProvider",
    "ComputeProvider",
    "ConsoleProvider",
    "CredentialModel",
    "DiskProvider",
    "InventoryProvider",
    "PlacementProvider",
    "Provider",
    "SnapshotProvider",
    "TagProvider",
]

"""The interface of a cloud's adapter: Provider, and one small ABC for each capability.

A provider inherits `Provider` and each capability that it has. Using a capability that it does not
inherit raises `Unsupported`, and never gives an empty list (`skyclust.registry.capability`). Every
list yields pages to the end: nothing yielded means that nothing exists, and anything that could
not be read raises. Every error raised is one of `skyclust.errors`, with the SDK's own error as its
cause.

Every call that changes an instance takes an `InstanceReference` that the provider returned. Some
clouds use names and numbers again: where the id now belongs to an instance with another
`unique_id`, the referenced instance no longer exists, the call raises NotFound, and the other
instance is not changed.

Methods are called from several threads at once; a provider object serves one credential.
"""

from skyclust.contract.ability import Ability
from skyclust.contract.bucket import BucketProvider
from skyclust.contract.catalog import CatalogProvider
from skyclust.contract.compute import ComputeProvider
from skyclust.contract.console import ConsoleProvider
from skyclust.contract.cost import (
    ALL_CHARGES,
    BillingPeriod,
    CostCalls,
    CostDelivery,
    CostFile,
    CostProvider,
    CostRows,
    CostTotal,
    CostTotalsProvider,
    FileFormat,
    FocusRow,
)
from skyclust.contract.credential import CredentialModel
from skyclust.contract.deletion import DeletionProvider
from skyclust.contract.disk import DiskProvider
from skyclust.contract.inventory import AccountInventoryProvider, AccountPage, InventoryProvider
from skyclust.contract.metrics import MetricsProvider
from skyclust.contract.placement import PlacementProvider
from skyclust.contract.prices import PriceProvider
from skyclust.contract.provider import CONTRACT_CHANGES, CONTRACT_VERSION, Provider
from skyclust.contract.snapshot import SnapshotProvider
from skyclust.contract.tag import TagProvider
from skyclust.model.cost_metric import CostMetric
from skyclust.model.list_price import (
    ListPrice,
    MissingPrice,
    PriceAnswer,
    PricedKind,
    PriceItem,
    PriceUnit,
)

__all__ = [
    "ALL_CHARGES",
    "CONTRACT_CHANGES",
    "CONTRACT_VERSION",
    "Ability",
    "AccountInventoryProvider",
    "AccountPage",
    "BillingPeriod",
    "BucketProvider",
    "CatalogProvider",
    "ComputeProvider",
    "ConsoleProvider",
    "CostCalls",
    "CostDelivery",
    "CostFile",
    "CostMetric",
    "CostProvider",
    "CostRows",
    "CostTotal",
    "CostTotalsProvider",
    "CredentialModel",
    "DeletionProvider",
    "DiskProvider",
    "FileFormat",
    "FocusRow",
    "InventoryProvider",
    "ListPrice",
    "MetricsProvider",
    "MissingPrice",
    "PlacementProvider",
    "PriceAnswer",
    "PriceItem",
    "PriceProvider",
    "PriceUnit",
    "PricedKind",
    "Provider",
    "SnapshotProvider",
    "TagProvider",
]

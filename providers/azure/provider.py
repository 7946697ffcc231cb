"""Microsoft Azure: the provider, composed of its abilities."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.azure.attachments import AzureDisks
from providers.azure.catalog import AzureCatalog
from providers.azure.compute import AzureCompute
from providers.azure.console import AzureConsole
from providers.azure.costs import AzureCosts
from providers.azure.credential import AzureCredential
from providers.azure.identity import get_identity
from providers.azure.instance_snapshots import AzureSnapshots
from providers.azure.instance_tags import AzureTags
from providers.azure.inventory import AzureInventory
from providers.azure.placement import AzurePlacement
from providers.azure.prices import AzurePrices
from providers.azure.regions import get_instance_regions, get_regions
from providers.azure.resource_deletion import AzureDeletion
from skyclust.contract import CredentialModel, Provider
from skyclust.errors import ConfigurationError
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

# Importing the SDK takes most of a second, so it is imported when a provider is constructed.
# Whether it is installed has to be known before that.
for _package in ("azure.identity", "azure.mgmt.compute", "azure.mgmt.network"):
    if find_spec(_package) is None:
        raise ModuleNotFoundError(f"{_package} is not installed", name=_package)


class AzureProvider(
    AzureCompute,
    AzureCatalog,
    AzureConsole,
    AzurePlacement,
    AzurePrices,
    AzureDeletion,
    AzureDisks,
    AzureSnapshots,
    AzureTags,
    AzureInventory,
    AzureCosts,
    Provider,
):
    """One Azure subscription: its VMs, its networks and its costs."""

    name: ClassVar[str] = "azure"
    title: ClassVar[str] = "Microsoft Azure"
    credential_model: ClassVar[type[CredentialModel]] = AzureCredential

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, AzureCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is not a credential of {self.title}.",
                provider=self.name,
            )
        from providers.azure.client import AzureClients  # noqa: PLC0415 - imports the SDK

        self._clients: AzureClients = AzureClients(credential)

    def verify(self) -> Identity:
        """Return subscription and principal, and the permissions that the principal lacks."""
        return get_identity(self._clients)

    def regions(self) -> Sequence[str]:
        """Return the physical locations that the subscription may use, sorted."""
        return get_regions(self._clients)

    def instance_regions(self) -> Sequence[str]:
        """Return the physical locations without those in which Azure tests itself, sorted."""
        return get_instance_regions(self._clients)

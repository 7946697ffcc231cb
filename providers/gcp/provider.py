"""Google Cloud: the provider, composed of one class for each of its abilities."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import ClassVar

from providers.gcp import identity, regions
from providers.gcp.attachments import GcpDisks
from providers.gcp.compute import GcpCompute
from providers.gcp.console import GcpConsole
from providers.gcp.costs import GcpCosts
from providers.gcp.credential import GcpCredential
from providers.gcp.instance_snapshots import GcpSnapshots
from providers.gcp.instance_tags import GcpTags
from providers.gcp.inventory import GcpInventory
from providers.gcp.links import GLOBAL
from providers.gcp.placement import GcpPlacement
from providers.gcp.prices import GcpPrices
from providers.gcp.resource_deletion import GcpDeletion
from skyclust.contract import CredentialModel, Provider
from skyclust.errors import ConfigurationError
from skyclust.model.identity import Identity

# Google's libraries take half a second to import, so they are imported when a provider is
# created. Whether they are installed is checked here, when the registry loads this module.
if find_spec("google.cloud.compute_v1") is None:
    raise ModuleNotFoundError("google-cloud-compute is not installed", name="google-cloud-compute")


class GcpProvider(
    GcpCompute,
    GcpPrices,
    GcpConsole,
    GcpPlacement,
    GcpDeletion,
    GcpDisks,
    GcpSnapshots,
    GcpTags,
    GcpInventory,
    GcpCosts,
    Provider,
):
    """One Google Cloud project: its inventory, its Compute Engine instances, and its costs."""

    name: ClassVar[str] = "gcp"
    title: ClassVar[str] = "Google Cloud"
    credential_model: ClassVar[type[CredentialModel]] = GcpCredential

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, GcpCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is not a credential of {self.title}.",
                provider=self.name,
            )
        from providers.gcp.client import GcpClients  # noqa: PLC0415 - see above

        self._clients = GcpClients(credential)
        self._billing_export = credential.billing_export_table
        self._billing_query_gib = credential.billing_query_gib

    def verify(self) -> Identity:
        """Return the project, the principal, and the needed permissions that are missing."""
        reads_costs = self._billing_export is not None
        return identity.get_identity(self._clients, reads_costs=reads_costs)

    def regions(self) -> Sequence[str]:
        """Return the regions of the project and `global`, which has the global resources."""
        return regions.get_regions(self._clients)

    def instance_regions(self) -> Sequence[str]:
        """Return the regions of the project, without `global`, which has no zones."""
        return [region for region in self.regions() if region != GLOBAL]

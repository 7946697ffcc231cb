"""Proxmox VE: the provider, composed of its abilities."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.proxmox import identity, regions
from providers.proxmox.attachments import ProxmoxDisks
from providers.proxmox.catalog import ProxmoxCatalog
from providers.proxmox.compute import ProxmoxCompute
from providers.proxmox.credential import ProxmoxCredential
from providers.proxmox.instance_snapshots import ProxmoxSnapshots
from providers.proxmox.instance_tags import ProxmoxTags
from providers.proxmox.inventory import ProxmoxInventory
from providers.proxmox.metrics import ProxmoxMetrics
from providers.proxmox.resource_deletion import ProxmoxDeletion
from skyclust.contract import CredentialModel, Provider
from skyclust.errors import ConfigurationError
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

# proxmoxer and requests are imported only when a provider is opened. Whether they are installed
# has to be known earlier.
for _module in ("proxmoxer", "requests"):
    if find_spec(_module) is None:
        raise ModuleNotFoundError(f"{_module} is not installed", name=_module)


class ProxmoxProvider(
    ProxmoxCompute,
    ProxmoxCatalog,
    ProxmoxDeletion,
    ProxmoxDisks,
    ProxmoxInventory,
    ProxmoxMetrics,
    ProxmoxSnapshots,
    ProxmoxTags,
    Provider,
):
    """One Proxmox VE cluster: VMs and containers. The region is the cluster, a zone is a node."""

    name: ClassVar[str] = "proxmox"
    title: ClassVar[str] = "Proxmox VE"
    credential_model: ClassVar[type[CredentialModel]] = ProxmoxCredential

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, ProxmoxCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is not a credential of {self.title}.",
                provider=self.name,
            )
        from providers.proxmox.client import ProxmoxClients  # noqa: PLC0415 - see above

        self._clients: ProxmoxClients = ProxmoxClients(credential)

    def verify(self) -> Identity:
        """Return the cluster, the user or token, and the required privileges it has nowhere."""
        return identity.get_identity(self._clients)

    def regions(self) -> Sequence[str]:
        """Return the name of the cluster; without a cluster, the name of the node."""
        return [regions.get_region(self._clients)]

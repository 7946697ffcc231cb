"""The OpenStack provider, composed of one class per ability."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.openstack.attachments import OpenStackDisks
from providers.openstack.catalog import OpenStackCatalog
from providers.openstack.compute import OpenStackCompute
from providers.openstack.console import OpenStackConsole
from providers.openstack.costs import OpenStackCosts
from providers.openstack.credential import OpenStackCredential
from providers.openstack.errors import openstack_errors
from providers.openstack.identity import get_identity
from providers.openstack.instance_snapshots import OpenStackSnapshots
from providers.openstack.instance_tags import OpenStackTags
from providers.openstack.inventory import OpenStackInventory
from providers.openstack.placement import OpenStackPlacement
from providers.openstack.regions import get_regions
from providers.openstack.resource_deletion import OpenStackDeletion
from skyclust.contract import CredentialModel, Provider
from skyclust.errors import ConfigurationError
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

# openstacksdk takes 1 s to import, so it is imported only when a provider is created. A missing
# installation must be reported earlier, when this module is imported.
if find_spec("openstack") is None:
    raise ModuleNotFoundError("openstacksdk is not installed", name="openstack")


class OpenStackProvider(
    OpenStackCompute,
    OpenStackCatalog,
    OpenStackPlacement,
    OpenStackSnapshots,
    OpenStackDeletion,
    OpenStackDisks,
    OpenStackConsole,
    OpenStackTags,
    OpenStackInventory,
    OpenStackCosts,
    Provider,
):
    """One project of an OpenStack cloud: Nova, Glance, Neutron, and what else is there."""

    name: ClassVar[str] = "openstack"
    title: ClassVar[str] = "OpenStack"
    credential_model: ClassVar[type[CredentialModel]] = OpenStackCredential

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, OpenStackCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is not a credential of {self.title}.",
                provider=self.name,
            )
        from providers.openstack.client import OpenStackClients  # noqa: PLC0415 - see above

        self._clients: OpenStackClients = OpenStackClients(credential)

    @openstack_errors("verify the credential")
    def verify(self) -> Identity:
        """Return the project, the user, their domains and roles, and missing permissions."""
        return get_identity(self._clients)

    @openstack_errors("list the regions")
    def regions(self) -> Sequence[str]:
        """Return the regions with a compute service in the catalog, sorted."""
        return get_regions(self._clients)

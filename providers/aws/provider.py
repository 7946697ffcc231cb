"""Amazon Web Services: the provider, each ability in a module of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.aws import changes, creation, identity, instances, inventory, regions
from providers.aws.credential import AwsCredential
from skyclust.contract import ComputeProvider, CredentialModel, InventoryProvider, Provider
from skyclust.errors import ConfigurationError, Unsupported
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceSpec
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

# boto3 takes 0.4 s to import, so only a provider that is used imports it. Whether it is
# installed shall be known before.
if find_spec("boto3") is None:
    raise ModuleNotFoundError("boto3 is not installed", name="boto3")


class AwsProvider(Provider, InventoryProvider, ComputeProvider):
    """One AWS account: inventory and machines (EC2, Elastic Load Balancing)."""

    name: ClassVar[str] = "aws"
    title: ClassVar[str] = "Amazon Web Services"
    credential_model: ClassVar[type[CredentialModel]] = AwsCredential
    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(inventory.READERS)

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, AwsCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is no AWS credential.", provider=self.name
            )
        from providers.aws.client import AwsClients  # noqa: PLC0415 - see above

        self._clients: AwsClients = AwsClients(credential)

    def verify(self) -> Identity:
        """Return account, principal, and the needed permissions that are missing."""
        return identity.get_identity(self._clients)

    def regions(self) -> Sequence[str]:
        """Return the regions enabled for the account, sorted."""
        return regions.get_regions(self._clients)

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region; terminated instances are none."""
        return inventory.list_resources(self._clients, region, kind, page_size)

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Ask for one instance, or find the one made with the token, and return it."""
        return creation.create_instance(self._clients, spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the instances made with this token that are not terminated.

        EC2 may take seconds to list a new instance: none found right after a create whose
        answer was lost is no proof. Creating again with the token is.
        """
        return instances.find_instances(self._clients, region, creation.to_client_token(token))

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the instance as it is now; EC2 reports a terminated one for about an hour."""
        return instances.get_instance(self._clients, region, instance_id)

    def start_instance(self, region: str, instance_id: str) -> None:
        """Ask for a start and return; a running instance is left as it is."""
        changes.start_instance(self._clients, region, instance_id)

    def stop_instance(self, region: str, instance_id: str, *, power_off_only: bool = False) -> None:
        """Ask for a stop and return; every stop gives the place back, so it is not billed on."""
        if power_off_only:
            raise Unsupported("EC2 has no stop that keeps the place.", provider=self.name)
        changes.stop_instance(self._clients, region, instance_id)

    def reboot_instance(self, region: str, instance_id: str) -> None:
        """Ask for a reboot of a running instance and return."""
        changes.reboot_instance(self._clients, region, instance_id)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the instance has to be stopped first: EC2 resizes stopped ones only."""
        return changes.must_stop_to_resize(instance, instance_type)

    def resize_instance(self, region: str, instance_id: str, instance_type: str) -> None:
        """Give a stopped instance another type and return."""
        changes.resize_instance(self._clients, region, instance_id, instance_type)

    def delete_instance(self, region: str, instance_id: str) -> None:
        """Ask for the end of the instance and its disks; a gone instance is no error."""
        changes.delete_instance(self._clients, region, instance_id)

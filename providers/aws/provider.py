"""Amazon Web Services: the provider, composed of its abilities."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.aws import identity, regions
from providers.aws.attachments import AwsDisks
from providers.aws.buckets import AwsBuckets
from providers.aws.catalog import AwsCatalog
from providers.aws.compute import AwsCompute
from providers.aws.console import AwsConsole
from providers.aws.costs import AwsCosts
from providers.aws.credential import AwsCredential
from providers.aws.instance_snapshots import AwsSnapshots
from providers.aws.instance_tags import AwsTags
from providers.aws.inventory import AwsInventory
from providers.aws.metrics import AwsMetrics
from providers.aws.placement import AwsPlacement
from providers.aws.prices import AwsPrices
from providers.aws.resource_deletion import AwsDeletion
from skyclust.contract import CredentialModel, Provider
from skyclust.errors import ConfigurationError
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

# boto3 takes 0.4 s to import, so it is imported only when a provider is opened. Whether it is
# installed has to be known earlier.
if find_spec("boto3") is None:
    raise ModuleNotFoundError("boto3 is not installed", name="boto3")


class AwsProvider(
    AwsBuckets,
    AwsCompute,
    AwsCatalog,
    AwsConsole,
    AwsCosts,
    AwsDeletion,
    AwsDisks,
    AwsInventory,
    AwsMetrics,
    AwsPlacement,
    AwsPrices,
    AwsSnapshots,
    AwsTags,
    Provider,
):
    """One AWS account: EC2, Elastic Load Balancing, the metrics of CloudWatch, and its bill."""

    name: ClassVar[str] = "aws"
    title: ClassVar[str] = "Amazon Web Services"
    credential_model: ClassVar[type[CredentialModel]] = AwsCredential

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, AwsCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is not a credential of {self.title}.",
                provider=self.name,
            )
        from providers.aws.client import AwsClients  # noqa: PLC0415 - see above

        self._clients: AwsClients = AwsClients(credential)

    def verify(self) -> Identity:
        """Return the account, the principal and the required permissions that are missing."""
        return identity.get_identity(self._clients)

    def regions(self) -> Sequence[str]:
        """Return the regions enabled for the account, sorted."""
        return regions.get_regions(self._clients)

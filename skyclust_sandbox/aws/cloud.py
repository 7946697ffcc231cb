"""The state of the sandbox AWS that moto does not hold."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from moto.core.base_backend import BackendDict

from skyclust_sandbox.aws import accounts, regions
from skyclust_sandbox.aws.bill import PublishedBill
from skyclust_sandbox.aws.client_tokens import ClientTokens
from skyclust_sandbox.aws.estate import SITES
from skyclust_sandbox.aws.export_bucket import ExportBucket
from skyclust_sandbox.aws.instance_states import InstanceStates
from skyclust_sandbox.aws.paging import Cursors
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.control import Conditions
from skyclust_sandbox.seeds import Seed

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ENVIRON_KEY: Final = "skyclust_sandbox.aws"


@dataclass(frozen=True)
class AwsSettings:
    """The settings of the sandbox AWS. Times are in seconds.

    `minimum_page_size` is the smallest MaxResults that is accepted; EC2 itself accepts 5 or more.
    """

    transition_seconds: float = 2.0
    terminated_seconds: float = 60.0
    minimum_page_size: int = 1
    page_token_seconds: float = 3600.0


@dataclass
class AwsCloud:
    """A sandbox AWS: its settings, and the state that calls share.

    `lock` is held while a call is executed, because moto is not thread-safe.
    """

    settings: AwsSettings
    conditions: Conditions
    seed: Seed = Seed.EMPTY
    lock: threading.RLock = field(default_factory=threading.RLock)
    client_tokens: ClientTokens = field(default_factory=ClientTokens)
    instance_states: InstanceStates = field(init=False)
    cursors: Cursors = field(init=False)
    bill: PublishedBill = field(default_factory=PublishedBill)
    exports: ExportBucket = field(default_factory=ExportBucket)
    _created: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.instance_states = InstanceStates(
            self.settings.transition_seconds, self.settings.terminated_seconds
        )
        self.cursors = Cursors(secrets.token_bytes(32), self.settings.page_token_seconds)

    def restart(self, seed: Seed) -> None:
        """Delete everything, and start again from a seed."""
        with self.lock:
            BackendDict.reset()
            self.seed = seed
            self.client_tokens.clear()
            self.instance_states.clear()
            self._created.clear()
            self.bill.clear()
            self.exports.clear()
            accounts.create_accounts()

    @property
    def publication(self) -> Publication:
        """How much of its bill the cloud has published."""
        return self.conditions.billing.publication

    def published_bill(self) -> Bill:
        """Return the bill of the main account; the caller holds the lock."""
        return self.bill.read(self.conditions.billing.sample, self._create_estate)

    def _create_estate(self) -> None:
        if self.seed is Seed.ESTATE:
            for region in SITES:
                self.create_region(accounts.MAIN_ACCOUNT.id, region)

    def create_region(self, account: str, region: str) -> None:
        """Create the resources of the seed in a region, at the first call in that region."""
        if (account, region) not in self._created:
            self._created.add((account, region))
            regions.create_region(account, region, self.seed)


def put_cloud(environ: WSGIEnvironment, cloud: AwsCloud) -> None:
    """Store the cloud in the environment of a request."""
    environ[_ENVIRON_KEY] = cloud


def cloud_of(environ: WSGIEnvironment) -> AwsCloud:
    """Return the cloud of a request."""
    cloud = environ[_ENVIRON_KEY]
    if not isinstance(cloud, AwsCloud):
        raise TypeError(f"The request has {cloud!r} in place of a sandbox AWS.")
    return cloud

"""The state of the sandbox AWS, beside what moto keeps."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from moto.core.base_backend import BackendDict

from skyclust_sandbox.aws import accounts
from skyclust_sandbox.aws.machines import Machines
from skyclust_sandbox.aws.paging import Cursors
from skyclust_sandbox.aws.regions import begin_region
from skyclust_sandbox.aws.tokens import ClientTokens
from skyclust_sandbox.control import Conditions
from skyclust_sandbox.seeds import Seed

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ENVIRON_KEY: Final = "skyclust_sandbox.aws"


@dataclass(frozen=True)
class AwsSettings:
    """How this AWS behaves. Times are in seconds.

    `minimum_page_size` is the least MaxResults: EC2 itself refuses less than 5.
    """

    transition_seconds: float = 2.0
    terminated_seconds: float = 60.0
    minimum_page_size: int = 1
    page_token_seconds: float = 3600.0


@dataclass
class AwsCloud:
    """One AWS: its settings, and all that one call leaves behind for the next.

    `lock` is held while a call is carried out: moto's own state is not safe for threads.
    """

    settings: AwsSettings
    conditions: Conditions
    seed: Seed = Seed.EMPTY
    lock: threading.RLock = field(default_factory=threading.RLock)
    tokens: ClientTokens = field(default_factory=ClientTokens)
    machines: Machines = field(init=False)
    cursors: Cursors = field(init=False)
    _begun: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.machines = Machines(self.settings.transition_seconds, self.settings.terminated_seconds)
        self.cursors = Cursors(secrets.token_bytes(32), self.settings.page_token_seconds)

    def restart(self, seed: Seed) -> None:
        """Forget everything and begin anew from a seed."""
        with self.lock:
            BackendDict.reset()
            self.seed = seed
            self.tokens.clear()
            self.machines.clear()
            self._begun.clear()
            accounts.create_accounts()

    def begin(self, account: str, region: str) -> None:
        """Make what the seed has in a region, when a call first comes there."""
        if (account, region) not in self._begun:
            self._begun.add((account, region))
            begin_region(account, region, self.seed)


def put_cloud(environ: WSGIEnvironment, cloud: AwsCloud) -> None:
    """Let the code that carries out this request find its cloud."""
    environ[_ENVIRON_KEY] = cloud


def cloud_of(environ: WSGIEnvironment) -> AwsCloud:
    """Return the cloud in which this request is carried out."""
    cloud = environ[_ENVIRON_KEY]
    if not isinstance(cloud, AwsCloud):
        raise TypeError(f"The request carries no sandbox AWS but {cloud!r}.")
    return cloud

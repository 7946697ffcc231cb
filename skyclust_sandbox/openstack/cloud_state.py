"""The state of the cloud that handlers work on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from skyclust_sandbox.control import Conditions
from skyclust_sandbox.openstack.settings import OpenStackSettings
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.timers import Timers
from skyclust_sandbox.openstack.tokens import Tokens


@dataclass
class CloudState:
    """Regions, tokens, timers and faults of the cloud. `lock` is held during each call."""

    settings: OpenStackSettings
    conditions: Conditions
    lock: threading.RLock = field(default_factory=threading.RLock)
    timers: Timers = field(default_factory=Timers)
    regions: dict[str, Region] = field(default_factory=dict)
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.settings.token_seconds)

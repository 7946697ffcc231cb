"""Names and tags of the resources that are created for a VM."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from providers.azure.tags import INSTANCE_TAG, TOKEN_TAG, to_tag
from skyclust.model.instance import InstanceSpec


@dataclass(frozen=True)
class ResourceNames:
    """The names of the resources that a create with this token makes for a VM.

    They follow from the VM's name and the token, so any process that repeats the create refers
    to the same resources.
    """

    vm: str
    token: str

    @property
    def prefix(self) -> str:
        """The common prefix of all names."""
        return f"{self.vm}-{sha256(self.token.encode()).hexdigest()[:8]}"

    @property
    def interface(self) -> str:
        """The name of the network interface."""
        return f"{self.prefix}-nic"

    @property
    def address(self) -> str:
        """The name of the public IP address."""
        return f"{self.prefix}-ip"

    @property
    def os_disk(self) -> str:
        """The name of the OS disk."""
        return f"{self.prefix}-os"

    def data_disk(self, lun: int) -> str:
        """Return the name of the data disk with this logical unit number."""
        return f"{self.prefix}-data{lun}"


def tags_for(spec: InstanceSpec, token: str) -> dict[str, str]:
    """Return the tags of the interface and the public address of a VM."""
    return {**spec.tags, TOKEN_TAG: to_tag(token), INSTANCE_TAG: spec.name}

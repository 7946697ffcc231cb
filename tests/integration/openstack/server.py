"""A running server for a test."""

from __future__ import annotations

import time
from typing import Final

from providers.openstack.provider import OpenStackProvider
from skyclust.model.instance import InstanceState
from skyclust.operations.waiting import wait_for_state
from tests.conformance.openstack import OpenStackHarness

TOKEN: Final = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"


class RunningServer:
    """A server that is created and awaited, with shortcuts to change and read it."""

    def __init__(self, provider: OpenStackProvider, harness: OpenStackHarness, **spec: object):
        changed = harness.spec("web").model_copy(update={"public_address": None, **spec})
        self.provider, self.harness, self.region = provider, harness, harness.region
        self.reference = provider.create_instance(changed, TOKEN).reference
        self.id = self.reference.id
        self.wait_for(InstanceState.RUNNING)

    def wait_for(self, state: InstanceState) -> None:
        """Wait for a state of the instance."""
        wait_for_state(self.provider, self.reference, state, deadline_seconds=20, poll_seconds=0.03)

    def act(self, **body: object) -> None:
        """Request an action of the server as an administrator."""
        self.harness.act(self.id, dict(body))

    def native(self) -> str:
        """Return the native state of the server."""
        return self.provider.get_instance(self.region, self.id).native_state

    def wait_for_native(self, native: str) -> None:
        """Wait for a native state of the server."""
        end = time.monotonic() + 10
        while self.native() != native:
            assert time.monotonic() < end, f"it is {self.native()}, not {native}"
            time.sleep(0.03)

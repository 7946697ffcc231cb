"""The suite of `ComputeProvider`: creating, changing and deleting instances."""

from __future__ import annotations

from skyclust.conformance.creation import CreationSuite
from skyclust.conformance.identity import IdentitySuite
from skyclust.conformance.interrupted_creation import InterruptedCreationSuite
from skyclust.conformance.lifecycle import LifecycleSuite


class ComputeSuite(CreationSuite, InterruptedCreationSuite, LifecycleSuite, IdentitySuite):
    """The requirements on a provider that creates instances."""

"""The drills use the installation of the flows' tests."""

from tests.flows.conftest import installation

__all__ = ["installation"]

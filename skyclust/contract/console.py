"""The ability to read the console output of an instance."""

from __future__ import annotations

from abc import abstractmethod

from skyclust.contract.ability import Ability


class ConsoleProvider(Ability):
    """Reads the console output of instances."""

    @abstractmethod
    def console_log(self, region: str, instance_id: str) -> str:
        """Return the newest part of the console output that the cloud keeps.

        Empty when the instance has written nothing yet. Raises NotFound for an unknown instance.
        """

"""The ability to show what a machine wrote to its console."""

from __future__ import annotations

from abc import abstractmethod

from skyclust.contract.ability import Ability


class ConsoleProvider(Ability):
    """Can show what a machine wrote to its console."""

    @abstractmethod
    def console_log(self, region: str, instance_id: str) -> str:
        """Return the newest part of the console's output that the cloud keeps.

        Empty when the machine has written nothing yet. Raises NotFound for an unknown machine.
        """

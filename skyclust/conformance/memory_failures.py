"""The failures of the cloud in memory."""

from __future__ import annotations

from dataclasses import dataclass

from skyclust.conformance.harness import Failure
from skyclust.conformance.memory_items import CloudError, Code


@dataclass
class FailureState:
    """The current failure; DENIED applies to the `denied` region alone."""

    failure: Failure | None = None
    denied: str | None = None
    calls_left: int | None = None

    def end(self) -> None:
        """End the failure."""
        self.failure = self.calls_left = None

    def raise_for_call(self) -> None:
        """Raise the error with which a failing cloud answers every call."""
        refusals = {
            Failure.EXPIRED: (Code.KEY_EXPIRED, "the key has expired"),
            Failure.THROTTLED: (Code.SLOW_DOWN, "too many calls"),
            Failure.BROKEN: (Code.INTERNAL, "something broke"),
            Failure.HTML: (Code.GARBLED, "the answer is a page of HTML"),
            Failure.NULL: (Code.GARBLED, "the answer is null"),
        }
        refusal = refusals.get(self.failure) if self.failure else None
        if refusal is not None:
            raise CloudError(*refusal)

    def raise_for_region(self, region: str) -> None:
        """Raise the error of a call in a region where the key has no permission."""
        if self.failure is Failure.DENIED and region == self.denied:
            raise CloudError(Code.FORBIDDEN, f"the key may do nothing in {region}")

    def raise_for_list(self) -> None:
        """Raise the error of an answer without its list."""
        if self.failure is Failure.NO_LIST:
            raise CloudError(Code.GARBLED, "the answer has no list")

    def count(self) -> None:
        """Count a call; raise once the remaining calls are used up."""
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < -1:
                raise CloudError(Code.NO_CONNECTION, "nothing answers")

    def lose_reply(self, *, of_create: bool = False) -> None:
        """Raise the error of a call that was carried out and whose reply is lost."""
        lost = self.failure is Failure.LOST_CHANGE or (
            of_create and self.failure is Failure.LOST_REPLY
        )
        if lost:
            self.failure = None
        if lost or (of_create and self.calls_left == -1):
            raise CloudError(Code.NO_ANSWER, "the connection was closed")

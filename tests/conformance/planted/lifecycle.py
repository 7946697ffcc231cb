"""Changes that should have been refused, or should not."""

from __future__ import annotations

from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_words import cloud_errors
from skyclust.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
)
from skyclust.model.instance import Instance, InstanceState


class StartsTheDead(MemoryProvider):
    """Makes a deleted machine run again, as a cloud without a state machine would."""

    def start_instance(self, region: str, instance_id: str) -> None:
        try:
            super().start_instance(region, instance_id)
        except InvalidRequest:
            self._cloud()._set(region, instance_id, "building", then="active")


class AsksToTryTheDeadAgain(MemoryProvider):
    def start_instance(self, region: str, instance_id: str) -> None:
        try:
            super().start_instance(region, instance_id)
        except InvalidRequest as error:
            raise Conflict(error.message, provider=self.name) from error


class RefusesToStartWhatRuns(MemoryProvider):
    def start_instance(self, region: str, instance_id: str) -> None:
        if self.get_instance(region, instance_id).state is InstanceState.RUNNING:
            raise InvalidRequest("The machine runs already.", provider=self.name)
        super().start_instance(region, instance_id)


class ForgetsAnEarlyStart(MemoryProvider):
    def start_instance(self, region: str, instance_id: str) -> None:
        try:
            super().start_instance(region, instance_id)
        except Conflict:
            return


class ResizesWhileRunning(MemoryProvider):
    def resize_instance(self, region: str, instance_id: str, instance_type: str) -> None:
        try:
            super().resize_instance(region, instance_id, instance_type)
        except InvalidRequest:
            return


class RefusesTheTypeItHas(MemoryProvider):
    def resize_instance(self, region: str, instance_id: str, instance_type: str) -> None:
        with cloud_errors():
            self._cloud().set_machine_type(self._key, region, instance_id, instance_type)


class CannotDeleteTwice(MemoryProvider):
    def delete_instance(self, region: str, instance_id: str) -> None:
        if self.get_instance(region, instance_id).state is InstanceState.DELETED:
            raise NotFound("The machine is gone.", provider=self.name)
        super().delete_instance(region, instance_id)


class CannotDeleteTheUnknown(MemoryProvider):
    def delete_instance(self, region: str, instance_id: str) -> None:
        with cloud_errors():
            self._cloud().end_machine(self._key, region, instance_id)


class ShowsAMachineThatNeverWas(MemoryProvider):
    def get_instance(self, region: str, instance_id: str) -> Instance:
        try:
            return super().get_instance(region, instance_id)
        except NotFound:
            return Instance(
                provider=self.name,
                region=region,
                id=instance_id,
                name="",
                state=InstanceState.DELETED,
                native_state="unknown",
                type="",
            )


class SeesMachinesWithTwoPairsOfEyes(MemoryProvider):
    """Tells another name of a machine by get than by list."""

    def get_instance(self, region: str, instance_id: str) -> Instance:
        machine = super().get_instance(region, instance_id)
        return machine.model_copy(update={"name": machine.name.upper()})

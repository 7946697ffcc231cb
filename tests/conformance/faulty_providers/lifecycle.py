"""Changes that are wrongly accepted or wrongly refused."""

from __future__ import annotations

import time

from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_translation import cloud_errors
from skyclust.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    Timeout,
)
from skyclust.model.instance import Instance, InstanceReference, InstanceState


class StartsDeletedInstances(MemoryProvider):
    """Starts a deleted instance, as a cloud that does not check the state would."""

    def start_instance(self, instance: InstanceReference) -> None:
        try:
            super().start_instance(instance)
        except InvalidRequest:
            self._cloud()._set(instance.region, instance.id, "building", then="active")


class ReportsDeletedInstancesAsBusy(MemoryProvider):
    def start_instance(self, instance: InstanceReference) -> None:
        try:
            super().start_instance(instance)
        except InvalidRequest as error:
            raise Conflict(error.message, provider=self.name) from error


class RefusesToStartARunningInstance(MemoryProvider):
    def start_instance(self, instance: InstanceReference) -> None:
        if self.get_instance(instance.region, instance.id).state is InstanceState.RUNNING:
            raise InvalidRequest("The instance runs already.", provider=self.name)
        super().start_instance(instance)


class DropsAStartDuringAStop(MemoryProvider):
    def start_instance(self, instance: InstanceReference) -> None:
        try:
            super().start_instance(instance)
        except Conflict:
            return


class ResizesWhileRunning(MemoryProvider):
    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        try:
            super().resize_instance(instance, instance_type)
        except InvalidRequest:
            return


class RefusesTheTypeItHas(MemoryProvider):
    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        with cloud_errors():
            self._cloud().set_server_type(self._key, instance.region, instance.id, instance_type)


class RefusesToDeleteTwice(MemoryProvider):
    def delete_instance(self, instance: InstanceReference) -> None:
        if self.get_instance(instance.region, instance.id).state is InstanceState.DELETED:
            raise NotFound("The instance is gone.", provider=self.name)
        super().delete_instance(instance)


class RefusesToDeleteUnknownInstances(MemoryProvider):
    def delete_instance(self, instance: InstanceReference) -> None:
        with cloud_errors():
            self._cloud().delete_server(self._key, instance.region, instance.id)


class ShowsUnknownInstances(MemoryProvider):
    def get_instance(self, region: str, instance_id: str) -> Instance:
        try:
            return super().get_instance(region, instance_id)
        except NotFound:
            return Instance(
                provider=self.name,
                region=region,
                id=instance_id,
                unique_id=instance_id,
                name="",
                state=InstanceState.DELETED,
                native_state="unknown",
                type="",
            )


class ReturnsDifferentNamesByGetAndList(MemoryProvider):
    """Returns another name of an instance by get than by list."""

    def get_instance(self, region: str, instance_id: str) -> Instance:
        instance = super().get_instance(region, instance_id)
        return instance.model_copy(update={"name": instance.name.upper()})


class ChangesByIdAlone(MemoryProvider):
    def _verified(self, instance: InstanceReference) -> tuple[str, str]:
        return instance.region, instance.id


class DeletesByIdAlone(MemoryProvider):
    def delete_instance(self, instance: InstanceReference) -> None:
        current = self.get_instance(instance.region, instance.id)
        super().delete_instance(current.reference)


class RemovesLeftoversByIdAlone(MemoryProvider):
    """Deletes whatever has the id again, without comparing the unique id."""

    def remove_leftovers(self, instance: InstanceReference) -> None:
        with cloud_errors():
            self._cloud().delete_server(self._key, instance.region, instance.id)


class RepeatsAReboot(MemoryProvider):
    def reboot_instance(self, instance: InstanceReference) -> None:
        try:
            super().reboot_instance(instance)
        except Timeout:
            while self.get_instance(instance.region, instance.id).state is InstanceState.PENDING:
                time.sleep(0.002)
            super().reboot_instance(instance)


class RefusesToDeleteAfterALostReply(MemoryProvider):
    def delete_instance(self, instance: InstanceReference) -> None:
        current = self.get_instance(instance.region, instance.id)
        if current.state is InstanceState.DELETING:
            raise InvalidRequest("It is being deleted.", provider=self.name)
        super().delete_instance(instance)

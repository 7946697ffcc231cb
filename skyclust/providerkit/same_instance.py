"""Comparison of an instance's unique id before it is changed."""

from __future__ import annotations

from skyclust.errors import NotFound
from skyclust.model.instance import InstanceReference


def require_same_instance(instance: InstanceReference, unique_id: str, *, provider: str) -> None:
    """Raise NotFound unless the instance that has the id now has the reference's unique id.

    `unique_id` is the unique id of the instance that the cloud returns for the id now.
    """
    if unique_id != instance.unique_id:
        raise NotFound(
            f"Instance {instance.id} in {instance.region} is gone; another instance has its id.",
            hint="Sync the inventory, and check which instance you want to change.",
            provider=provider,
        )

"""The proof that a machine is the one that a change is meant for."""

from __future__ import annotations

from skyclust.errors import NotFound
from skyclust.model.instance import InstanceReference


def require_same_instance(instance: InstanceReference, unique_id: str, *, provider: str) -> None:
    """Raise NotFound unless the machine that has the id now is the one that is meant.

    `unique_id` is that of the machine that the cloud shows under the id.
    """
    if unique_id != instance.unique_id:
        raise NotFound(
            f"Instance {instance.id} in {instance.region} is gone; another machine has its id.",
            hint="Sync the inventory, and look which machine is meant.",
            provider=provider,
        )

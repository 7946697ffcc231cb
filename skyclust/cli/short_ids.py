"""Short ids on the command line: from what a person gives to the id that is meant.

`short_id` is how tables show one.
"""

from __future__ import annotations

from skyclust.cli.output import say
from skyclust.model.resource import ResourceKind
from skyclust.model.short_id import short_id

__all__ = [
    "short_id",
    "whole_image_id",
    "whole_network_id",
    "whole_operation_id",
    "whole_resource_id",
    "whole_run_id",
]


def whole_operation_id(workspace: str, given: str) -> str:
    """Return the id of the one operation that is meant, and say it if it was given in part.

    Raises NotFound when there is none, InvalidRequest when it may be several.
    """
    from skyclust.operations import queries
    from skyclust.store.engine import open_store

    whole = queries.whole_operation_id(open_store(), workspace, given)
    if whole != given:
        say(f"Operation {whole}", style="dim")
    return whole


def whole_run_id(workspace: str, given: str) -> str:
    """Return the id of the one flow run that is meant; raises InvalidRequest for several."""
    from skyclust.inventory import short_id_lookup
    from skyclust.store.engine import open_store

    return short_id_lookup.whole_run_id(open_store(), workspace, given)


def whole_resource_id(
    workspace: str,
    given: str,
    *kinds: ResourceKind,
    credential: str | None = None,
    region: str | None = None,
) -> str:
    """Return the id that a text is short for, and say it; an id or a name as it is.

    Raises InvalidRequest when it may be several.
    """
    from skyclust.inventory.instance_lookup import InstanceQuery
    from skyclust.inventory.short_id_lookup import whole_id
    from skyclust.store.engine import open_store

    query = InstanceQuery(workspace, given, credential, region)
    whole = whole_id(open_store(), query, kinds)
    if whole != given:
        say(f"{kinds[0].value.capitalize()} {whole}", style="dim")
    return whole


def whole_image_id(
    workspace: str, given: str | None, credential: str | None, region: str | None
) -> str | None:
    """Return the id of the image that is meant, as `whole_resource_id` does; None for None."""
    if given is None:
        return None
    return whole_resource_id(
        workspace, given, ResourceKind.IMAGE, credential=credential, region=region
    )


def whole_network_id(
    workspace: str, given: str | None, credential: str | None, region: str | None
) -> str | None:
    """Return the id of the subnet or network that is meant, likewise."""
    if given is None:
        return None
    kinds = (ResourceKind.SUBNET, ResourceKind.NETWORK)
    return whole_resource_id(workspace, given, *kinds, credential=credential, region=region)

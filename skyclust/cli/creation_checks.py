"""What a creation is refused for at once, before its run is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyclust.cli.provider_access import require_usable

if TYPE_CHECKING:
    from skyclust.model.provision_request import ProvisionRequest


def check_before_run(request: ProvisionRequest) -> None:
    """Raise now what the run would raise some seconds later: an unknown credential, a taken name.

    The run checks both again, the names in the transaction that journals its operations.
    """
    places = request.needs.places if request.needs else ()
    named = [place.credential for place in places]
    require_usable(request.workspace, [*named, *filter(None, [request.credential])])
    if request.allow_duplicate:
        return
    from skyclust.operations.instance.taken_names import refuse_taken_names
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        refuse_taken_names(connection, request.workspace, request.names)

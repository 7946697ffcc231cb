"""What the demo shows of its work: short tables, which fit a terminal of 80 columns."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from skyclust.cli.output import show_list
from skyclust.model.resource import ResourceKind
from skyclust.store import operations
from skyclust.store.engine import open_store
from skyclust.store.finding import find
from skyclust_sandbox.processes import CLOUDS

WORKSPACE: Final = "default"


def show_counts() -> None:
    """Show how many resources of each kind the inventory has of each cloud."""
    with open_store().reading() as connection:
        found = Counter((one.provider, one.kind) for one in find(connection, WORKSPACE))
    rows = [
        {"resources": kind.value, **{cloud: found[cloud, kind] for cloud in CLOUDS}}
        for kind in ResourceKind
    ]
    _show("The inventory", rows)


def show_placement() -> None:
    """Show the ranking of the last placement, as its artifact in the Prefect UI has it."""
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    from skyclust.orchestration.client import prefect_client

    with prefect_client() as client:
        [found, *_] = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["placement"])),
            sort=ArtifactSort.UPDATED_DESC,
        )
    columns = ("order", "standing", "credential", "region", "type")
    rows = json.loads(str(found.data))
    _show("Where it can be made", [{name: row[name] for name in columns} for row in rows])


def show_machines(tag: str) -> None:
    """Show the machines with a tag, KEY=VALUE, as the inventory has them."""
    key, _, value = tag.partition("=")
    with open_store().reading() as connection:
        found = find(connection, WORKSPACE, kinds=[ResourceKind.INSTANCE], tags={key: value})
    rows = [
        {
            "machine": one.name,
            "cloud": one.provider,
            "region": one.region,
            "type": one.attributes.get("type"),
            "state": one.state,
        }
        for one in found
    ]
    _show("The machines", rows)


def show_journal() -> None:
    """Show what was asked of the clouds, and what became of it."""
    with open_store().reading() as connection:
        journal = operations.list_all(connection, WORKSPACE)
    rows = [
        {
            "action": one.kind,
            "machine": one.subject_name,
            "place": f"{one.provider} {one.region}",
            "state": one.state.value,
            "why": one.error_class or "",
        }
        for one in reversed(journal)
    ]
    _show("The journal", rows)


def _show(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    show_list(rows, tuple(rows[0]) if rows else (), as_json=False, title=title)

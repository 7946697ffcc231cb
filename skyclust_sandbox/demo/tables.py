"""The tables that the demo prints; they fit a terminal of 80 columns."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from skyclust.cli.list_options import ListOptions
from skyclust.cli.output import show_list
from skyclust.model.resource import ResourceKind
from skyclust.store import operations
from skyclust.store.engine import open_store
from skyclust.store.finding import find
from skyclust_sandbox.processes import CLOUDS

WORKSPACE: Final = "default"


def show_counts() -> None:
    """Show the number of resources of each kind and cloud in the inventory."""
    with open_store().reading() as connection:
        counts = Counter(
            (resource.provider, resource.kind) for resource in find(connection, WORKSPACE)
        )
    rows = [
        {"resources": kind.value, **{cloud: counts[cloud, kind] for cloud in CLOUDS}}
        for kind in ResourceKind
    ]
    show_rows("The inventory", rows)


def show_placement() -> None:
    """Show the ranking of the last placement, from its artifact in Prefect."""
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    from skyclust.orchestration.client import prefect_client

    with prefect_client() as client:
        [artifact, *_] = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[f"placement-{WORKSPACE}"])),
            sort=ArtifactSort.UPDATED_DESC,
        )
    columns = ("order", "standing", "credential", "region", "type")
    rows = json.loads(str(artifact.data))
    show_rows("Where it can be made", [{name: row[name] for name in columns} for row in rows])


def show_instances(tag: str) -> None:
    """Show the instances with a tag, KEY=VALUE, from the inventory."""
    key, _, value = tag.partition("=")
    with open_store().reading() as connection:
        instances = find(connection, WORKSPACE, kinds=[ResourceKind.INSTANCE], tags={key: value})
    rows = [
        {
            "instance": instance.name,
            "cloud": instance.provider,
            "region": instance.region,
            "type": instance.attributes.get("type"),
            "state": instance.state,
        }
        for instance in instances
    ]
    show_rows("The instances", rows)


def show_journal() -> None:
    """Show the operations of the journal and their states."""
    with open_store().reading() as connection:
        journal = operations.list_all(connection, WORKSPACE)
    rows = [
        {
            "action": operation.kind,
            "instance": operation.subject_name,
            "place": f"{operation.provider} {operation.region}",
            "state": operation.state.value,
            "error": operation.error_class or "",
        }
        for operation in reversed(journal)
    ]
    show_rows("The journal", rows)


def show_rows(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Show rows as a table, whose columns are those of the first row."""
    show_list(rows, tuple(rows[0]) if rows else (), ListOptions(), title=title)

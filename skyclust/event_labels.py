"""The parts that all events share: labels of resources, the related run, and ids.

Labels of Prefect's events are documented at https://docs.prefect.io/v3/concepts/events.
"""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID, uuid5

LONGEST_TEXT: Final = 1000
"""Characters of one label or reason. Prefect keeps an event of up to 1.5 MB, and drops a larger
one silently (`PREFECT_SERVER_EVENTS_MAXIMUM_SIZE_BYTES`); PostgreSQL indexes no id of a resource
beyond 2,704 bytes, a third of a page (https://www.postgresql.org/docs/15/btree-limits.html)."""

_NAMESPACE: Final = UUID("8c1b7c1e-3b7a-5d0a-9b57-6f1c3f0f2d41")


def event_id(name: str, unique: str) -> str:
    """Return the id of an event: the same for the same name and occurrence."""
    return str(uuid5(_NAMESPACE, f"{name}.{unique}"))


def location_labels(
    workspace_id: str, provider: str, credential: str, region: str
) -> dict[str, str]:
    """Return the labels of where something is."""
    return {
        "skyclust.workspace": workspace_id,
        "skyclust.provider": provider,
        "skyclust.credential": credential,
        "skyclust.region": region,
    }


def related_run(run_id: str | None) -> tuple[dict[str, str], ...]:
    """Return the flow run as a related resource, nothing when there is none."""
    if run_id is None:
        return ()
    return (
        {
            "prefect.resource.id": f"prefect.flow-run.{run_id}",
            "prefect.resource.role": "flow-run",
        },
    )


def bounded_label(text: str) -> str:
    """Return a label as it is, or a label of bounded length that no other text shares."""
    if len(text) <= LONGEST_TEXT:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[: LONGEST_TEXT - len(digest) - 1]}~{digest}"

"""Files without a manifest that were read before, as the deliveries that were made of them say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from skyclust.costs.imports.file_facts import FileFacts, read_facts
from skyclust.providerkit.object_store import StoredObject
from skyclust.store import cost_deliveries
from skyclust.store.engine import Store

DELIVERIES: Final = 200
"""The last deliveries of a source whose files are remembered."""


@dataclass(frozen=True)
class DeliveredFiles:
    """The files of a source's deliveries; the catalogue is read at the first question."""

    store: Store
    workspace_id: str
    source: str

    def same_file(self, item: StoredObject) -> FileFacts | None:
        """Return the facts of the file with this name, size and ETag; None: it is unknown."""
        return self._first(name=item.name, size=item.size, digest=item.etag)

    def same_content(self, size: int, content: str) -> FileFacts | None:
        """Return the facts of a file with this size and content; None: it is unknown."""
        return self._first(size=size, content=content)

    def _first(self, **wanted: Any) -> FileFacts | None:
        for part in self._parts:
            if "content" in part and all(part[name] == wanted[name] for name in wanted):
                return read_facts(part)
        return None

    @cached_property
    def _parts(self) -> list[dict[str, Any]]:
        with self.store.reading() as connection:
            records = cost_deliveries.list_page(
                connection, self.workspace_id, source=self.source, limit=DELIVERIES
            )
        return [part for record in records for part in record.parts]

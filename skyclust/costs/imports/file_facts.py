"""What is known of a file that no manifest describes: the digest of its content, and its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, Protocol

from skyclust.costs.imports.file_spans import FileSpan, read_span
from skyclust.providerkit.object_store import ObjectStore, StoredObject

_BLOCK: Final = 4 << 20
_THREADS: Final = 2
"""Blocks that are hashed at once: hashlib holds up no other thread."""

_MOST: Final = 500
"""Spans of a file that are kept with each delivery of it; one with more is read again."""


class FileFacts(NamedTuple):
    """The digest of a file's content, and what its rows belong to: None where it was not kept."""

    content: str
    spans: Sequence[FileSpan] | None

    def document(self) -> dict[str, Any]:
        """Return the facts as a JSON document, which `read_facts` reads."""
        if self.spans is None or len(self.spans) > _MOST:
            return {"content": self.content}
        return {"content": self.content, "holds": [span.document() for span in self.spans]}


class KnownFiles(Protocol):
    """The files of a source that were read before. Each answer is None where there is none."""

    def same_file(self, item: StoredObject) -> FileFacts | None:
        """Return the facts of the file, if one of its name, size and ETag was read."""

    def same_content(self, size: int, content: str) -> FileFacts | None:
        """Return the facts of a file of any name with this size and digest of its content."""


class NoFiles:
    """No file was read before."""

    def same_file(self, item: StoredObject) -> FileFacts | None:
        """Return None."""
        return None

    def same_content(self, size: int, content: str) -> FileFacts | None:
        """Return None."""
        return None


def read_facts(document: Mapping[str, Any]) -> FileFacts | None:
    """Return the facts of a document; None for one that has none."""
    if "content" not in document:
        return None
    holds = document.get("holds")
    spans = None if holds is None else [read_span(span) for span in holds]
    return FileFacts(document["content"], spans)


def content_digest(store: ObjectStore, item: StoredObject) -> str:
    """Return the SHA-256 of the SHA-256s of a file's blocks; raises as `store.open` does."""
    digest = hashlib.sha256()
    with store.open(item) as stream, ThreadPoolExecutor(_THREADS) as threads:
        while blocks := [block for _ in range(_THREADS) if (block := stream.read(_BLOCK))]:
            digest.update(b"".join(threads.map(_sha256, blocks)))
    return digest.hexdigest()


def _sha256(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()

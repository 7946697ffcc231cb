"""A home with a key and a store, a real Prefect server, and blocks made as people make them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from skyclust.orchestration.blocks import block_type_slug, register_block_types
from skyclust.security.keyring import initialise_key_file
from skyclust.store.engine import Store, open_store
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.prefect_api import NO_AUTHORITIES, ServerAuth

SECRET = "canary/wJalrXUtnFEMI+K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": SECRET}
TYPE = block_type_slug("aws")


@dataclass(frozen=True)
class Blocks:
    """The Prefect API as the UI and `curl` use it, with none of our code between."""

    api_url: str
    auth: ServerAuth

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        end = time.monotonic() + 30
        while True:
            answer = httpx.request(
                method,
                f"{self.api_url}/{path}",
                auth=self.auth,
                timeout=30,
                verify=NO_AUTHORITIES,
                **options,
            )
            # The server answers 503 while another writer holds its SQLite file.
            if answer.status_code != 503 or time.monotonic() > end:
                answer.raise_for_status()
                return answer
            time.sleep(0.2)

    def make(self, name: str, data: Mapping[str, object]) -> str:
        """Make a document as the UI's form does and return its id."""
        type_id = self.call("GET", f"block_types/slug/{TYPE}").json()["id"]
        filters = {"block_schemas": {"block_type_id": {"any_": [type_id]}}, "limit": 1}
        schema_id = self.call("POST", "block_schemas/filter", json=filters).json()[0]["id"]
        document = {
            "name": name,
            "data": dict(data),
            "block_type_id": type_id,
            "block_schema_id": schema_id,
        }
        return str(self.call("POST", "block_documents/", json=document).json()["id"])

    def all(self, *, include_secrets: bool = True) -> list[dict[str, Any]]:
        path = f"block_types/slug/{TYPE}/block_documents"
        answer = self.call("GET", path, params={"include_secrets": include_secrets})
        documents: list[dict[str, Any]] = answer.json()
        return documents

    def named(self, name: str, *, include_secrets: bool = True) -> dict[str, Any]:
        found = [one for one in self.all(include_secrets=include_secrets) if one["name"] == name]
        assert found, f"There is no block {name!r}."
        return found[0]

    def edit(self, name: str, **changes: object) -> None:
        """Save the form again as the UI does: every field as it was shown, some changed."""
        shown = self.named(name, include_secrets=False)
        body = {
            "data": {**shown["data"], **changes},
            "block_schema_id": shown["block_schema_id"],
            "merge_existing_data": False,
        }
        self.call("PATCH", f"block_documents/{shown['id']}", json=body)

    def text(self) -> str:
        """Return all that the API tells about the documents, secrets included."""
        return json.dumps(self.all())


@pytest.fixture
def home(migrated_home: Path) -> Path:
    """A home folder with a store and a key, as a first start leaves it."""
    initialise_key_file(migrated_home)
    return migrated_home


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The store of that home."""
    opened = open_store()
    yield opened
    opened.dispose()


@pytest.fixture
def blocks(prefect_server: PrefectServer) -> Iterator[Blocks]:
    """The server's credential blocks: none at the start, none left behind, of any provider."""
    register_block_types()
    blocks = Blocks(prefect_server.api_url, prefect_server.auth)
    yield blocks
    for document in blocks.call("POST", "block_documents/filter", json={}).json():
        if document["block_type"]["slug"].startswith("skyclust-"):
            blocks.call("DELETE", f"block_documents/{document['id']}")


def files_with(text: str, folder: Path) -> list[str]:
    """Return the names of the files under a folder that hold a text, in any of its pages."""
    found = []
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            if path.is_file() and text.encode() in path.read_bytes():
                found.append(str(path))
    return found

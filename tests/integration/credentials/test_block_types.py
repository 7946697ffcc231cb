"""The block types that the Prefect UI makes its forms from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclust import registry
from skyclust.errors import ConfigurationError
from skyclust.orchestration.blocks import block_class, register_block_types
from skyclust.orchestration.credentials import load_credential, save_credential
from skyclust.store.engine import Store
from tests.integration.credentials.conftest import Blocks

pytestmark = pytest.mark.integration

PLUGIN = """
from pydantic import Field, SecretStr
from skyclust.contract import CredentialModel, Provider
from skyclust.model.identity import Identity


class MeadowCredential(CredentialModel):
    username: str = Field(title="User name", description="As it is in the meadow.")
    password: SecretStr = Field(title="Password", description="Of that user.", max_length=20)
    {more}


class Meadow(Provider):
    name = "meadow"
    title = "Meadow Cloud"
    credential_model = MeadowCredential

    def __init__(self, credential):
        self.credential = credential

    def verify(self):
        return Identity(provider="meadow", account="1", principal=self.credential.username)

    def regions(self):
        return ["north"]
"""


class Plugin:
    """Installs a provider of somebody else's, as pip would put it on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, more: str = "") -> None:
        (self.folder / "meadow_cloud.py").write_text(PLUGIN.format(more=more))
        info = self.folder / "meadow_cloud-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: meadow-cloud\nVersion: 1.0\n")
        entry = "[skyclust.providers]\nmeadow = meadow_cloud:Meadow\n"
        (info / "entry_points.txt").write_text(entry)
        _forget()


def _forget() -> None:
    sys.modules.pop("meadow_cloud", None)
    registry._entry_points.cache_clear()
    registry.provider_class.cache_clear()
    block_class.cache_clear()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield Plugin(folder)
    monkeypatch.undo()
    _forget()


def _schema(blocks: Blocks, slug: str) -> dict[str, object]:
    type_id = blocks.call("GET", f"block_types/slug/{slug}").json()["id"]
    filters = {"block_schemas": {"block_type_id": {"any_": [type_id]}}}
    schemas = blocks.call("POST", "block_schemas/filter", json=filters).json()
    assert len(schemas) == 1
    fields: dict[str, object] = schemas[0]["fields"]
    return fields


def test_the_form_explains_every_field_and_hides_the_secret_ones(blocks: Blocks) -> None:
    assert register_block_types() == register_block_types()

    fields = _schema(blocks, "skyclust-aws-credential")
    properties = fields["properties"]
    assert isinstance(properties, dict)
    assert {"workspace", "access_key_id", "role_arn", "endpoint"} <= properties.keys()
    assert all(one["title"] and one["description"] for one in properties.values())
    assert fields["secret_fields"] == ["secret_access_key", "session_token", "external_id"]
    kind = blocks.call("GET", "block_types/slug/skyclust-aws-credential").json()
    assert kind["name"] == "SkyClust Amazon Web Services credential"
    assert "skyclust credential add" in kind["description"]


def test_a_plugin_gets_its_block_type_and_its_secrets_sealed(
    store: Store, blocks: Blocks, plugin: Plugin
) -> None:
    plugin.install()

    assert "skyclust-meadow-credential" in register_block_types()
    values = {"username": "cow", "password": "grass-is-greener"}
    save_credential(store, "default", "herd", "meadow", values)

    fields = _schema(blocks, "skyclust-meadow-credential")
    assert fields["required"] == ["username", "password"]
    assert fields["secret_fields"] == ["password"]
    path = "block_types/slug/skyclust-meadow-credential/block_documents"
    answer = blocks.call("GET", path, params={"include_secrets": True})
    assert "grass-is-greener" not in answer.text
    opened = load_credential(store, "default", "herd")
    assert opened.model_dump()["password"].get_secret_value() == "grass-is-greener"
    blocks.call("DELETE", f"block_documents/{answer.json()[0]['id']}")


@pytest.mark.parametrize(
    ("field", "complaint"),
    [
        ("tokens: list[SecretStr] = []", "'tokens' of MeadowCredential holds a secret"),
        ("by_name: dict[str, SecretStr] | None = None", "'by_name' of MeadowCredential holds"),
        ("workspace: str = ''", "must not have a field 'workspace'"),
    ],
)
def test_a_model_whose_secrets_could_not_be_sealed_is_refused(
    plugin: Plugin, field: str, complaint: str
) -> None:
    plugin.install(field)

    with pytest.raises(ConfigurationError, match=complaint):
        block_class("meadow")

"""Blocks that people make, edit, copy and break in the Prefect UI."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from providers.aws.credential import AwsCredential
from skyclust.errors import ConfigurationError, InvalidRequest, NotFound
from skyclust.orchestration.credentials import find_credential, load_credential, save_credential
from skyclust.orchestration.resealing import seal_credential_blocks
from skyclust.orchestration.runs import run_here
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store
from tests.fixtures.sandbox import Sandbox
from tests.integration.credentials.conftest import KEYS, SECRET, Blocks

pytestmark = pytest.mark.integration

NEW_SECRET = "another/secret/typed/into/the/form"


def _secret(store: Store, name: str, workspace_id: str = "default") -> str | None:
    opened = load_credential(store, workspace_id, name)
    assert isinstance(opened, AwsCredential)
    secret = opened.secret_access_key
    return secret.get_secret_value() if secret else None


def test_editing_another_field_in_the_form_keeps_the_sealed_secret(
    store: Store, blocks: Blocks
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    sealed = blocks.named("default--prod")["data"]["secret_access_key"]
    shown = blocks.named("default--prod", include_secrets=False)["data"]["secret_access_key"]
    assert set(shown) == {"*"}

    blocks.edit("default--prod", region="eu-west-1")

    assert blocks.named("default--prod")["data"]["secret_access_key"] == sealed
    opened = load_credential(store, "default", "prod")
    assert isinstance(opened, AwsCredential)
    assert opened.region == "eu-west-1"
    assert opened.secret_access_key == SecretStr(SECRET)


def test_a_new_secret_typed_into_the_form_is_sealed_at_first_use(
    store: Store, blocks: Blocks
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    blocks.edit("default--prod", secret_access_key=NEW_SECRET)
    assert NEW_SECRET in blocks.text()

    assert _secret(store, "prod") == NEW_SECRET

    assert NEW_SECRET not in blocks.text()
    assert _secret(store, "prod") == NEW_SECRET


@pytest.mark.parametrize(
    ("block", "data"),
    [
        ("by-hand", KEYS),
        ("by-hand", {**KEYS, "workspace": "default", "region": "", "profile": None}),
        ("default--by-hand", KEYS),
        ("default--by-hand", {**KEYS, "workspace": "default"}),
    ],
)
def test_a_block_made_by_hand_is_a_credential_from_its_first_use_on(
    store: Store, blocks: Blocks, block: str, data: dict[str, object]
) -> None:
    blocks.make(block, data)
    assert SECRET in blocks.text()

    assert _secret(store, "by-hand") == SECRET

    assert SECRET not in blocks.text()
    assert _secret(store, "by-hand") == SECRET
    with store.reading() as connection:
        (record,) = credentials.list_all(connection, "default")
    assert (record.name, record.provider, record.block_name) == ("by-hand", "aws", block)


def test_the_workspace_field_says_whose_block_it_is(store: Store, blocks: Blocks) -> None:
    with store.writing() as connection:
        workspaces.add(connection, "acme", "Acme")
    blocks.make("prod", {**KEYS, "workspace": "acme"})

    with pytest.raises(NotFound):
        find_credential(store, "default", "prod")
    assert _secret(store, "prod", "acme") == SECRET


def test_a_block_cannot_change_hands_by_an_edit(store: Store, blocks: Blocks) -> None:
    with store.writing() as connection:
        workspaces.add(connection, "acme", "Acme")
    blocks.make("prod", KEYS)
    assert _secret(store, "prod") == SECRET

    blocks.edit("prod", workspace="acme")

    with pytest.raises(ConfigurationError, match="now says that it belongs to workspace 'acme'"):
        load_credential(store, "default", "prod")
    with pytest.raises(ConfigurationError, match="sealed for another workspace"):
        load_credential(store, "acme", "prod")


def test_a_block_whose_name_and_field_contradict_is_refused(store: Store, blocks: Blocks) -> None:
    blocks.make("default--prod", {**KEYS, "workspace": "acme"})

    with pytest.raises(InvalidRequest, match="'default' by its name and to 'acme' by its field"):
        load_credential(store, "default", "prod")


def test_two_blocks_with_one_claim_are_refused(store: Store, blocks: Blocks) -> None:
    blocks.make("prod", KEYS)
    blocks.make("default--prod", KEYS)

    with pytest.raises(InvalidRequest, match="'default--prod' of 'aws', 'prod' of 'aws'"):
        load_credential(store, "default", "prod")


def test_a_sealed_secret_copied_into_another_block_does_not_open(
    store: Store, blocks: Blocks
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    blocks.make("default--copy", blocks.named("default--prod")["data"])

    with pytest.raises(
        ConfigurationError, match=r"'copy' .* sealed for another workspace"
    ) as error:
        load_credential(store, "default", "copy")

    assert SECRET not in str(error.value)


def test_a_sealed_secret_moved_to_another_field_does_not_open(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    sealed = blocks.named("default--prod")["data"]["secret_access_key"]
    blocks.edit("default--prod", session_token=sealed)

    with pytest.raises(ConfigurationError, match="'session_token'"):
        load_credential(store, "default", "prod")


def test_a_changed_ciphertext_is_refused_and_left_for_repair(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    sealed = blocks.named("default--prod")["data"]["secret_access_key"]
    changed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    blocks.edit("default--prod", secret_access_key=changed)

    with pytest.raises(ConfigurationError, match=r"'prod' .* was changed"):
        load_credential(store, "default", "prod")
    assert blocks.named("default--prod")["data"]["secret_access_key"] == changed

    save_credential(store, "default", "prod", "aws", KEYS, replace=True)
    assert _secret(store, "prod") == SECRET


def test_a_block_with_a_wrong_field_names_it(store: Store, blocks: Blocks) -> None:
    blocks.make("default--prod", {**KEYS, "rolearn": "something-in-the-wrong-place"})

    with pytest.raises(ConfigurationError, match="rolearn") as error:
        load_credential(store, "default", "prod")

    assert "something-in-the-wrong-place" not in str(error.value)


def test_plain_blocks_are_sealed_and_registered_by_one_walk(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    blocks.edit("default--prod", secret_access_key=NEW_SECRET)
    blocks.make("by-hand", KEYS)
    blocks.make("profile-only", {"profile": "prod"})

    first = seal_credential_blocks(store)
    second = seal_credential_blocks(store)

    assert set(first.sealed) == {"default--prod", "by-hand"}
    assert first.problems == ()
    assert (second.sealed, second.problems) == ((), ())
    with store.reading() as connection:
        known = [record.name for record in credentials.list_all(connection, "default")]
    assert known == ["by-hand", "prod", "profile-only"]
    assert SECRET not in blocks.text()
    assert NEW_SECRET not in blocks.text()
    assert _secret(store, "prod") == NEW_SECRET
    assert _secret(store, "by-hand") == SECRET


def test_a_block_that_cannot_be_sealed_does_not_stop_the_others(
    store: Store, blocks: Blocks
) -> None:
    blocks.make("nowhere--prod", KEYS)
    blocks.make("acme--default--prod", KEYS)
    blocks.make("by-hand", KEYS)

    walk = seal_credential_blocks(store)

    assert walk.sealed == ("by-hand",)
    assert len(walk.problems) == 2
    assert any("'nowhere'" in problem for problem in walk.problems)
    assert any("'default--prod'" in problem for problem in walk.problems)


def test_the_deployment_seals_and_says_what_it_could_not(store: Store, blocks: Blocks) -> None:
    blocks.make("by-hand", KEYS)

    first = run_here("seal-credentials", {})
    blocks.make("nowhere--prod", KEYS)
    second = run_here("seal-credentials", {})
    blocks.make("by-another-hand", KEYS)
    third = run_here("seal-credentials", {})

    assert (first.succeeded, first.message) == (True, "Sealed: by-hand.")
    assert (second.state_type, "'nowhere'" in second.message) == ("FAILED", True)
    assert third.partial
    assert "Sealed: by-another-hand." in third.message


def test_a_block_that_cannot_be_used_fails_alone_in_a_sync(
    store: Store, blocks: Blocks, aws_sandbox: Sandbox
) -> None:
    own = {"access_key_id": aws_sandbox.access_key, "endpoint": aws_sandbox.endpoint}
    save_credential(store, "default", "prod", "aws", {**KEYS, **own})
    for block in ("by-hand", "default--by-hand"):
        blocks.make(block, {**KEYS, "workspace": "default"})
    names = ["by-hand", "prod"]
    scope = {"credentials": names, "regions": ["eu-central-1"], "kinds": ["disk"]}

    outcome = run_here("sync-inventory", {"workspace": "default", **scope})

    assert outcome.partial, outcome.message
    (problem,) = outcome.tables["inventory-problems-default"]
    assert (problem["credential"], problem["error class"]) == ("by-hand", "InvalidRequest")
    assert "Two Prefect blocks claim" in problem["reason"]


def test_a_second_block_for_a_known_credential_is_reported(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    blocks.make("prod", KEYS)

    walk = seal_credential_blocks(store)

    assert walk.problems
    assert "'default--prod' already" in walk.problems[0]
    assert SECRET not in blocks.text()

"""The commands as people type them, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it carries no types
import pytest

from skyclust.security.keyring import load_keyring
from tests.fixtures.openstack import OpenStackSandbox
from tests.fixtures.sandbox import Sandbox
from tests.integration.credentials.conftest import KEYS, SECRET, Blocks

pytestmark = pytest.mark.integration


def _skyclust(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "skyclust.cli.main", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _json(*arguments: str, stdin: str = "") -> Any:
    ended = _skyclust(*arguments, "--json", stdin=stdin)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def _account(sandbox: Sandbox) -> str:
    return json.dumps(
        {
            "access_key_id": sandbox.access_key,
            "secret_access_key": SECRET,
            "endpoint": sandbox.endpoint,
        }
    )


def test_a_credential_from_its_file_to_its_removal(
    home: Path, blocks: Blocks, aws_sandbox: Sandbox, tmp_path: Path
) -> None:
    account = tmp_path / "account.json"
    account.write_text(_account(aws_sandbox))
    add = ("credential", "add", "prod", "--provider", "aws", "--from-file")

    added = _json(*add, str(account))
    identity = _json("credential", "verify", "prod")
    listed = _json("credential", "list")
    rotation = _json("key", "rotate")
    again = _skyclust(*add, "-", stdin=_account(aws_sandbox))
    replaced = _skyclust(*add, "-", "--replace", stdin=_account(aws_sandbox))
    removed = _skyclust("credential", "remove", "prod", "--yes")

    assert added["name"] == "prod"
    assert identity["account"] == aws_sandbox.account
    assert [one["account"] for one in listed] == [aws_sandbox.account]
    assert rotation["newest"] == load_keyring().newest.id
    assert again.returncode == 2
    assert "--replace" in again.stderr
    assert replaced.returncode == 0, replaced.stderr
    assert removed.returncode == 0, removed.stderr
    assert _json("credential", "list") == []
    assert blocks.all() == []
    shown = json.dumps([added, identity, listed, rotation])
    for ended in (again, replaced, removed):
        shown += ended.stdout + ended.stderr
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{" + SECRET, "is not JSON"),
        (json.dumps([SECRET]), "holds neither a JSON object nor one of YAML"),
        (f"secret: [{SECRET}", "is neither JSON nor YAML at line"),
        (SECRET, "holds neither a JSON object nor one of YAML"),
        (json.dumps({"secret": SECRET}), "unknown fields: secret"),
        (json.dumps({"secret_access_key": SECRET}), "belong together"),
        (json.dumps({"access_key_id": "AKIA", "secret_access_key": [SECRET]}), "secret_access_key"),
    ],
)
def test_bad_input_is_refused_by_field_and_never_repeated(
    home: Path, blocks: Blocks, content: str, complaint: str
) -> None:
    ended = _skyclust(
        "credential", "add", "prod", "--provider", "aws", "--from-file", "-", stdin=content
    )

    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr


def test_a_credential_is_read_from_yaml_by_the_names_of_its_sdk(
    home: Path, blocks: Blocks, openstack_sandbox: OpenStackSandbox
) -> None:
    sandbox = openstack_sandbox
    cloud = f"""
        auth_url: {sandbox.auth_url}
        region_name: {sandbox.other_region}
        username: {sandbox.user}
        password: {sandbox.password}
        user_domain_name: {sandbox.domain}
        project_name: {sandbox.project}
        project_domain_name: {sandbox.domain}
    """
    _json(*("credential", "add", "office", "-p", "openstack", "--from-file", "-"), stdin=cloud)
    assert _json("credential", "verify", "office")["account"] == sandbox.project_id
    types = _json("catalog", "types", "office")

    assert {one["region"] for one in types} == {sandbox.other_region}


def test_a_refused_secret_is_not_saved_and_a_silent_cloud_is_no_refusal(
    home: Path, blocks: Blocks, openstack_sandbox: OpenStackSandbox
) -> None:
    sandbox = openstack_sandbox
    good = {
        "endpoint": sandbox.auth_url,
        "username": sandbox.user,
        "password": sandbox.password,
        "user_domain_name": sandbox.domain,
        "project_name": sandbox.project,
        "project_domain_name": sandbox.domain,
    }
    add = ("credential", "add", "office", "-p", "openstack", "--from-file", "-")
    refused = _skyclust(*add, stdin=json.dumps({**good, "password": SECRET}))
    nothing = _json("credential", "list")
    kept = _json(*add, stdin=json.dumps(good))
    worse = _skyclust(*add, "--replace", stdin=json.dumps({**good, "password": SECRET}))
    verified = _skyclust("credential", "verify", "office")
    silent = {**good, "endpoint": "http://127.0.0.1:9/v3"}
    unreachable = _skyclust(*add, "--replace", "--json", stdin=json.dumps(silent))

    assert (refused.returncode, nothing) == (5, [])
    assert "Nothing was saved." in refused.stderr
    assert kept["account"] == sandbox.project_id
    assert (worse.returncode, verified.returncode) == (5, 0)
    assert unreachable.returncode == 3, unreachable.stderr
    assert json.loads(unreachable.stdout)["problem"]
    assert "Saved, but not verified" in unreachable.stderr
    assert SECRET not in refused.stderr + worse.stderr


def test_removing_asks_first(home: Path, blocks: Blocks) -> None:
    added = _skyclust(
        *("credential", "add", "prod", "--provider", "aws", "--from-file", "-", "--no-verify"),
        stdin=json.dumps(KEYS),
    )
    assert added.returncode == 0, added.stderr

    refused = _skyclust("credential", "remove", "prod", stdin="n\n")

    assert refused.returncode != 0
    assert [one["name"] for one in _json("credential", "list")] == ["prod"]


def test_a_missing_key_is_a_configuration_error(skyclust_home: Path, blocks: Blocks) -> None:
    ended = _skyclust(
        *("credential", "add", "prod", "--provider", "aws", "--from-file", "-"),
        stdin=json.dumps({"access_key_id": "AKIA", "secret_access_key": SECRET}),
    )

    assert ended.returncode == 6
    assert "No encryption key is set" in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr


def test_a_generated_key_is_one_that_can_be_used(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = _skyclust("key", "generate")

    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", ended.stdout.strip())
    assert len(load_keyring().keys) == 1
    assert list(skyclust_home.iterdir()) == []


def test_the_schema_of_a_credential_is_one(skyclust_home: Path) -> None:
    schema = _json("provider", "show", "aws")

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"access_key_id": "AKIA", "endpoint": "https://ec2.example.com"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"unknown": 1}, schema)
    listed = _skyclust("provider", "show", "aws")
    assert "secret_access_key" in listed.stdout


def test_the_providers_are_listed_with_what_they_can(skyclust_home: Path) -> None:
    listed = {one["name"]: one for one in _json("provider", "list")}

    assert {"compute", "inventory"} <= set(listed["aws"]["capabilities"])
    assert listed["aws"]["problem"] is None
    assert _skyclust("provider", "show", "nowhere").returncode == 4
    assert os.environ["SKYCLUST_HOME"] == str(skyclust_home)


@pytest.mark.slow
def test_sandbox_clouds_are_connected_and_connected_again(home: Path, blocks: Blocks) -> None:
    clouds = ("--cloud", "gcp", "--cloud", "openstack")
    try:
        nothing = _skyclust("sandbox", "connect")
        _json("sandbox", "up", "--seed", "empty", *clouds)
        first = _json("sandbox", "connect")
        again = _json("sandbox", "connect")
        other = _json("sandbox", "connect", "--cloud", "gcp", "--prefix", "my-")
        listed = _json("credential", "list")
    finally:
        _skyclust("sandbox", "down")

    assert nothing.returncode == 4
    assert "skyclust sandbox up" in nothing.stderr
    assert [(one["name"], one["provider"]) for one in first] == [
        ("sandbox-gcp", "gcp"),
        ("sandbox-openstack", "openstack"),
    ]
    assert first == again
    assert [one["name"] for one in other] == ["my-gcp"]
    assert {one["name"]: one["account"] for one in listed} == {
        one["name"]: one["account"] for one in [*first, *other]
    }

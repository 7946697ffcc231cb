"""The Dockerfile and the scripts of production do what docker-compose.yml counts on."""

from __future__ import annotations

import base64
import os
import re
import stat
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from skyclust.security.keyring import load_keyring
from skyclust.settings import Settings
from tests.production import compose

DOCKERFILE: Final = (compose.ROOT / "Dockerfile").read_text()
ENTRYPOINT: Final = compose.ROOT / "scripts/entrypoint"


def run(
    *command: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def copied() -> list[str]:
    """Return what the Dockerfile copies from the source tree."""
    lines = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_base_image_is_pinned() -> None:
    (base,) = re.findall(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", base)
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert image == "${PYTHON_IMAGE}"


def test_image_installs_by_hash_and_nothing_beside() -> None:
    """Either with hashes from requirements/, or the wheel that was just built, without index."""
    installs = re.findall(r"pip install (.+?)(?: \\)?$", DOCKERFILE, re.MULTILINE)
    assert installs == [
        "--no-deps --require-hashes -r requirements/build.txt",
        "--no-deps --require-hashes -r requirements/production.txt",
        "--no-deps --no-index /wheel/*.whl",
    ]


def test_image_runs_as_the_user_of_the_compose_file() -> None:
    users = {one["user"] for one in compose.services(compose.load()).values() if "build" in one}
    assert users == {re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1]}


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    ignore = [
        line
        for line in (compose.ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    for source in copied():
        assert (compose.ROOT / source).exists(), source
        ignored = False
        for pattern in ignore:  # the last match wins, as the reference of .dockerignore says
            if fnmatch(source, pattern.removeprefix("!")):
                ignored = not pattern.startswith("!")
        assert not ignored, source


def test_image_has_every_package_of_the_wheel() -> None:
    project = tomllib.loads((compose.ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["packages"]) <= set(copied())
    assert set(wheel["force-include"]) <= set(copied())


def test_entry_point_turns_files_into_settings(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret with 'quotes' and $dollars\n")
    outcome = run(
        ENTRYPOINT,
        "env",
        environment={"PREFECT_API_AUTH_STRING_FILE": str(secret), "SKYCLUST_HOME": "/kept"},
    )
    assert outcome.returncode == 0, outcome.stderr
    lines = outcome.stdout.splitlines()
    assert "PREFECT_API_AUTH_STRING=s3cret with 'quotes' and $dollars" in lines
    assert "SKYCLUST_HOME=/kept" in lines
    assert not any(line.startswith("PREFECT_API_AUTH_STRING_FILE") for line in lines)


def test_entry_point_refuses_a_secret_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    outcome = run(ENTRYPOINT, "env", environment={"PGPASSWORD_FILE": str(missing)})
    assert outcome.returncode == 78
    assert "PGPASSWORD_FILE" in outcome.stderr
    assert str(missing) in outcome.stderr
    assert outcome.stdout == ""


def test_secrets_are_made_once_and_are_usable(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    script = compose.ROOT / "scripts/create-secrets"
    assert run(script, folder).returncode == 0
    made = {file.name: file.read_text() for file in folder.iterdir()}
    assert set(made) == set(compose.load()["secrets"])
    assert len(set(made.values())) == len(made)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # Prefect's key is a Fernet key: 32 bytes, urlsafe.
    assert len(base64.urlsafe_b64decode(made["prefect_encryption_key"])) == 32
    load_keyring(Settings(encryption_key_file=folder / "skyclust_encryption_key"))

    assert run(script, folder).returncode == 0
    assert {file.name: file.read_text() for file in folder.iterdir()} == made

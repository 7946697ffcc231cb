"""Every image is named by digest, and ours runs as nobody in particular."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.house.tree import ROOT

BY_DIGEST: Final = re.compile(r"[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}")
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
COMPOSE: Final = (ROOT / "docker-compose.yml").read_text()
NEW: Final = "sha256:" + "ab" * 32


def foreign_images() -> list[str]:
    """Return every image that somebody else made, as Dockerfile and docker-compose.yml name it."""
    compose = re.findall(r"^ *image: (\S+)$", COMPOSE, re.MULTILINE)
    arguments = re.findall(r"^ARG \w*IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    stages = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
    froms = re.findall(r"^(?:FROM|COPY --from=)\s*(\S+)", DOCKERFILE, re.MULTILINE)
    named = [one for one in froms if one not in stages and not one.startswith("${")]
    return [*(one for one in compose if not one.startswith("skyclust:")), *arguments, *named]


def test_every_foreign_image_is_named_by_digest() -> None:
    images = foreign_images()
    assert len(images) == 3
    assert not [one for one in images if not BY_DIGEST.fullmatch(one)]


def test_the_image_runs_as_a_user_without_rights() -> None:
    last_stage = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    users = re.findall(r"^USER (\d+):(\d+)$", last_stage, re.MULTILINE)
    assert users == [("10001", "10001")]
    after = last_stage.partition("USER 10001:10001")[2]
    assert not re.search(r"^(RUN|COPY|ADD) ", after, re.MULTILINE)


def test_what_the_image_writes_is_for_its_user_alone(tmp_path: Path) -> None:
    assert re.search(r'^ENTRYPOINT \["/usr/local/bin/entrypoint"\]$', DOCKERFILE, re.MULTILINE)
    assert re.search(r"^COPY .*scripts/entrypoint /usr/local/bin/entrypoint$", DOCKERFILE, re.M)
    shown = subprocess.run(
        [ROOT / "scripts/entrypoint", "sh", "-c", "umask; : > written"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    assert int(shown, 8) == 0o077
    assert (tmp_path / "written").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/upgrade-images", tmp_path / "scripts")
    for name in ("Dockerfile", "docker-compose.yml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def upgrade_images(checkout: Path, docker: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/upgrade-images with a `docker` that does as the given shell script says."""
    programs = checkout / "bin"
    programs.mkdir()
    (programs / "docker").write_text(f"#!/bin/sh\n{docker}\n")
    (programs / "docker").chmod(0o755)
    return subprocess.run(
        ["bash", checkout / "scripts/upgrade-images"],
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_digests_are_renewed_by_the_registry(checkout: Path) -> None:
    outcome = upgrade_images(checkout, f"echo {NEW}")
    assert outcome.returncode == 0, outcome.stderr
    for name, before in (("Dockerfile", DOCKERFILE), ("docker-compose.yml", COMPOSE)):
        assert (checkout / name).read_text() == re.sub("sha256:[0-9a-f]{64}", NEW, before)


@pytest.mark.parametrize(
    "docker",
    [
        "exit 1",
        "echo no such tag",
        f'case "$*" in *redis*) exit 1;; *) echo {NEW};; esac',
    ],
    ids=["out of reach", "no digest", "one of three"],
)
def test_no_digest_is_written_unless_all_are_known(checkout: Path, docker: str) -> None:
    outcome = upgrade_images(checkout, docker)
    assert outcome.returncode == 3
    assert "could not be learned; nothing was changed" in outcome.stderr
    assert (checkout / "Dockerfile").read_text() == DOCKERFILE
    assert (checkout / "docker-compose.yml").read_text() == COMPOSE

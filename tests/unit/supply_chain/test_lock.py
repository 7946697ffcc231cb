"""A lock is read whole, and a line without hash is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from supply_chain.lock import FOLDER, LOCKS, LockError, Pin, image_environment, read_lock

HASH = "a" * 64
OTHER = "b" * 64


def lock(folder: Path, text: str) -> Path:
    file = folder / "lock.txt"
    file.write_text(f"# made by hand\n{text}\n")
    return file


def test_pins_have_version_marker_and_every_hash(tmp_path: Path) -> None:
    file = lock(
        tmp_path,
        f"Zope.Interface==2.0 ; python_full_version < '3.12' \\\n"
        f"    --hash=sha256:{OTHER} \\\n    --hash=sha256:{HASH}\n"
        f"anyio==1.0 \\\n    --hash=sha256:{HASH}",
    )
    assert read_lock(file) == (
        Pin("anyio", "1.0", "", (HASH,)),
        Pin("zope-interface", "2.0", 'python_full_version < "3.12"', (HASH, OTHER)),
    )


@pytest.mark.parametrize(
    "line",
    [
        "anyio==1.0",
        f"anyio>=1.0 --hash=sha256:{HASH}",
        f"anyio --hash=sha256:{HASH}",
        f"anyio @ https://example.org/anyio.whl --hash=sha256:{HASH}",
        "anyio==1.0 --hash=md5:0123456789abcdef",
        f"-r other.txt --hash=sha256:{HASH}",
    ],
)
def test_a_line_that_is_no_lock_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(LockError):
        read_lock(lock(tmp_path, line))


def test_markers_are_those_of_the_image() -> None:
    environment = image_environment("3.11.16")
    assert Pin("a", "1", "", (HASH,)).applies(environment)
    assert Pin("a", "1", "python_full_version < '3.12'", (HASH,)).applies(environment)
    assert not Pin("a", "1", "python_full_version < '3.11.3'", (HASH,)).applies(environment)
    assert not Pin("a", "1", "sys_platform == 'win32'", (HASH,)).applies(environment)


@pytest.mark.parametrize("name", LOCKS)
def test_our_locks_are_read(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()
    pins = read_lock(FOLDER / f"{name}.txt")
    assert len(pins) == text.count("==") - text.count(" == ")
    assert sum(len(pin.hashes) for pin in pins) == text.count("--hash=")

"""Machines with user data that is easily found again, at the cloud in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from skyclust.security.keyring import load_keyring
from skyclust.security.user_data import seal_user_data
from tests.flows.memory import REGION, MemoryAccount

CANARY: Final = "canary-4711-Zq7Wm4uTt0xLr9Y"
USER_DATA: Final = f"#cloud-config\nchpasswd:\n  list: |\n    root:{CANARY}\npassword: {CANARY}\n"


def sealed() -> str:
    """The user data, sealed by the key of the environment for the workspace `default`."""
    return seal_user_data(load_keyring(), USER_DATA, "default")


def spec(memory: MemoryAccount, **changes: Any) -> dict[str, Any]:
    """A machine that the account can make."""
    memory.cloud.add(REGION, "image", "debian")
    return {"name": "web", "region": REGION, "type": "small", "image": "debian", **changes}


def creation_parameters(memory: MemoryAccount, **changes: Any) -> dict[str, Any]:
    """The parameters of a provisioning of that machine."""
    return {"credential": memory.credential, **spec(memory, **changes)}


def every_file(*folders: Path) -> dict[str, bytes]:
    """The content of every file under some folders."""
    return {
        str(path): path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }

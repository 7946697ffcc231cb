"""The commands about snapshots, disks, tags, consoles and catalogs, on the cloud in memory."""

from __future__ import annotations

import pytest

from tests.flows.commands import Commands
from tests.flows.memory import REGION, MemoryAccount

pytestmark = pytest.mark.integration


def test_a_machine_is_kept_tagged_and_given_disks(
    memory: MemoryAccount, commands: Commands
) -> None:
    machine = memory.machine()
    disk = memory.cloud.add(REGION, "disk", "data").id
    place = ("--credential", memory.credential, "--region", REGION)
    commands.run("instance", "tag", machine, "team=shop", "env=test", *place, "--local")
    commands.run("instance", "tag", "web", "env=live", "--remove", "team", "--local")
    shown = commands.json("instance", "show", "web")
    commands.run("snapshot", "create", "web", "good", "--local")
    listed = commands.json("snapshot", "list", "web")
    commands.run("snapshot", "restore", "web", "good", "--yes", "--local")
    commands.run("snapshot", "delete", "web", listed[0]["id"], "--yes", "--local")
    commands.run("disk", "attach", "web", disk, "--local")
    attached = commands.json("inventory", "list", "--kind", "disk")
    commands.run("disk", "detach", "web", "data", "--local")
    commands.run("snapshot", "restore", "web", "good", "--yes", "--local", code=4)
    commands.run("disk", "attach", "web", "nothing", "--local", code=4)
    commands.run("instance", "stop", "web", "--power-off-only", "--local", code=1)

    assert shown["tags"] == {"env": "live"}
    assert [(one["name"], one["state"]) for one in listed] == [("good", "available")]
    assert [one["attributes"]["attached_to"] for one in attached] == [[machine]]
    assert commands.json("snapshot", "list", machine, *place) == []


def test_a_cloud_is_asked_for_its_catalog_and_a_console(
    memory: MemoryAccount, commands: Commands
) -> None:
    machine = memory.machine()
    place = ("--credential", memory.credential, "--region", REGION)
    types = commands.json("catalog", "types", memory.credential, "-r", REGION, "--cores", "2")
    images = commands.json(
        "catalog", "images", memory.credential, "-r", REGION, "--family", "debian-12"
    )
    none = commands.json(
        "catalog", "images", memory.credential, "-r", REGION, "--family", "debian-12",
        "--architecture", "arm64",
    )  # fmt: skip
    console = commands.run("instance", "console", machine, *place)
    as_json = commands.json("instance", "console", machine, *place)
    commands.run("catalog", "types", "nobody", "-r", REGION, code=4)
    commands.run("instance", "console", "nothing", *place, code=4)

    assert [one["cores"] for one in types] == sorted(one["cores"] for one in types)
    assert all(one["cores"] >= 2 for one in types)
    assert [one["name"] for one in images] == ["debian-12"]
    assert none == []
    assert console == "web is up\n"
    assert as_json == {"id": machine, "console": "web is up\n"}

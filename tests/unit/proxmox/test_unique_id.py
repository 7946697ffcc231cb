"""The proof of identity: which machines have one, and which look alike and are not the same."""

from __future__ import annotations

from typing import Any

import pytest

from providers.proxmox.guests import Machine, Place
from providers.proxmox.notes import Mark
from providers.proxmox.unique_id import is_proven, require_same, to_unique_id
from providers.proxmox.vmids import numbers, own_mark
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference

UUID = "4B5B8D5E-6C6F-4B0C-9D6C-0F6F3F0E5A11"
META = "creation-qemu=10.0.2,ctime=1757930400"
CARD = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth"


def machine(kind: str, config: dict[str, Any], vmid: int = 150, token: str = "") -> Machine:
    mark = own_mark(Mark(token=token or None), vmid)
    return Machine(Place(vmid, kind, "pve1"), {"status": "running"}, config, mark=mark)


def unique_id(kind: str, config: dict[str, Any], vmid: int = 150, token: str = "") -> str:
    return to_unique_id(machine(kind, config, vmid, token))


def test_a_machine_is_known_by_its_uuid_and_the_time_that_it_was_made() -> None:
    config = {"smbios1": f"uuid={UUID},manufacturer=QUNNRQ==,base64=1", "meta": META}
    assert unique_id("qemu", config) == f"{UUID.lower()}:1757930400"
    assert unique_id("qemu", {"smbios1": f"uuid={UUID}"}) == UUID.lower()
    assert unique_id("qemu", {"meta": META}) == "1757930400"
    again = {**config, "meta": META.replace("1757930400", "1757930401")}
    assert unique_id("qemu", again) != unique_id("qemu", config)


def test_what_a_rollback_or_a_person_changes_is_no_part_of_the_proof() -> None:
    config = {"smbios1": f"uuid={UUID}", "meta": META, "vmgenid": "1", "description": "mine"}
    changed = {**config, "vmgenid": "2", "description": "", "name": "other", "net0": "virtio"}
    assert unique_id("qemu", config) == unique_id("qemu", changed)


def test_a_container_is_known_by_its_first_hardware_address() -> None:
    second = CARD.replace("00:01", "00:02")
    assert unique_id("lxc", {"net1": second, "net0": CARD}) == "bc:24:11:00:00:01"
    assert unique_id("lxc", {"net10": CARD, "net2": second}) == "bc:24:11:00:00:02"
    odd_cards: list[Any] = [None, "", [], "name=eth0,bridge=vmbr0"]
    for odd in odd_cards:
        assert not is_proven(unique_id("lxc", {"net0": odd, "net1": CARD}))


def test_a_container_of_ours_without_a_card_is_known_by_its_token() -> None:
    own, copied = next(numbers("t-1")), 150
    assert is_proven(unique_id("lxc", {}, own, "t-1"))
    assert unique_id("lxc", {}, own, "t-1") != unique_id("lxc", {}, next(numbers("t-2")), "t-2")
    assert not is_proven(unique_id("lxc", {}, copied, "t-1"))


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
@pytest.mark.parametrize(
    "config", [{}, {"smbios1": None, "net0": None, "meta": []}, {"smbios1": "uuid=", "net0": "x"}]
)
def test_nothing_is_made_up_for_a_machine_without_a_proof(
    kind: str, config: dict[str, Any]
) -> None:
    found = unique_id(kind, config)
    assert found == "unproven:150"
    assert not is_proven(found)


def test_the_same_machine_passes_and_another_one_is_not_found() -> None:
    here = machine("qemu", {"smbios1": f"uuid={UUID}"})
    meant = InstanceReference(region="r", id="150", unique_id=UUID.lower())
    require_same(meant, here, "stop it")
    with pytest.raises(NotFound, match="another machine"):
        require_same(meant.model_copy(update={"unique_id": "other"}), here, "stop it")


def test_a_machine_of_ours_whose_proof_was_changed_is_not_taken_for_gone() -> None:
    """Somebody gave a container another hardware address: its number and token are still ours."""
    own = next(numbers("t-1"))
    meant = InstanceReference(region="r", id=str(own), unique_id="bc:24:11:00:00:02")
    with pytest.raises(InvalidRequest, match="another than before"):
        require_same(meant, machine("lxc", {"net0": CARD}, own, "t-1"), "stop it")
    with pytest.raises(NotFound, match="another machine"):
        require_same(meant, machine("lxc", {"net0": CARD}, own), "stop it")


def test_a_machine_without_a_proof_is_not_changed() -> None:
    """It is neither taken for the one that is meant, nor for another one."""
    blank = machine("lxc", {})
    proven = InstanceReference(region="r", id="150", unique_id=UUID.lower())
    unproven = proven.model_copy(update={"unique_id": "unproven:150"})
    for meant, here in [
        (unproven, blank),
        (proven, blank),
        (unproven, machine("lxc", {"net0": CARD})),
    ]:
        with pytest.raises(InvalidRequest, match="nothing proves") as refused:
            require_same(meant, here, "stop it")
        assert "pct set" in refused.value.hint

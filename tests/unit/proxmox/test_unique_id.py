"""The unique id of guests: which guests have one, and what it does not depend on."""

from __future__ import annotations

from typing import Any

import pytest

from providers.proxmox.guest_records import Guest, Location
from providers.proxmox.notes import Metadata
from providers.proxmox.unique_id import is_proven, require_same, to_unique_id
from providers.proxmox.vmids import own_metadata, token_vmids
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference

UUID = "4B5B8D5E-6C6F-4B0C-9D6C-0F6F3F0E5A11"
META = "creation-qemu=10.0.2,ctime=1757930400"
CARD = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth"


def guest(kind: str, config: dict[str, Any], vmid: int = 150, token: str = "") -> Guest:
    metadata = own_metadata(Metadata(token=token or None), vmid)
    return Guest(Location(vmid, kind, "pve1"), {"status": "running"}, config, metadata=metadata)


def unique_id(kind: str, config: dict[str, Any], vmid: int = 150, token: str = "") -> str:
    return to_unique_id(guest(kind, config, vmid, token))


def test_a_vm_is_identified_by_its_uuid_and_its_creation_time() -> None:
    config = {"smbios1": f"uuid={UUID},manufacturer=QUNNRQ==,base64=1", "meta": META}
    assert unique_id("qemu", config) == f"{UUID.lower()}:1757930400"
    assert unique_id("qemu", {"smbios1": f"uuid={UUID}"}) == UUID.lower()
    assert unique_id("qemu", {"meta": META}) == "1757930400"
    again = {**config, "meta": META.replace("1757930400", "1757930401")}
    assert unique_id("qemu", again) != unique_id("qemu", config)


def test_fields_that_change_are_not_part_of_the_unique_id() -> None:
    config = {"smbios1": f"uuid={UUID}", "meta": META, "vmgenid": "1", "description": "mine"}
    changed = {**config, "vmgenid": "2", "description": "", "name": "other", "net0": "virtio"}
    assert unique_id("qemu", config) == unique_id("qemu", changed)


def test_a_container_is_identified_by_its_first_mac_address() -> None:
    second = CARD.replace("00:01", "00:02")
    assert unique_id("lxc", {"net1": second, "net0": CARD}) == "bc:24:11:00:00:01"
    assert unique_id("lxc", {"net10": CARD, "net2": second}) == "bc:24:11:00:00:02"
    odd_cards: list[Any] = [None, "", [], "name=eth0,bridge=vmbr0"]
    for odd in odd_cards:
        assert not is_proven(unique_id("lxc", {"net0": odd, "net1": CARD}))


def test_a_container_without_a_card_is_identified_by_its_token() -> None:
    own, clone = next(token_vmids("t-1")), 150
    assert is_proven(unique_id("lxc", {}, own, "t-1"))
    assert unique_id("lxc", {}, own, "t-1") != unique_id("lxc", {}, next(token_vmids("t-2")), "t-2")
    assert not is_proven(unique_id("lxc", {}, clone, "t-1"))


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
@pytest.mark.parametrize(
    "config", [{}, {"smbios1": None, "net0": None, "meta": []}, {"smbios1": "uuid=", "net0": "x"}]
)
def test_a_guest_without_identifying_fields_is_unproven(kind: str, config: dict[str, Any]) -> None:
    unproven = unique_id(kind, config)
    assert unproven == "unproven:150"
    assert not is_proven(unproven)


def test_another_guest_with_the_vmid_is_not_found() -> None:
    current = guest("qemu", {"smbios1": f"uuid={UUID}"})
    instance = InstanceReference(region="r", id="150", unique_id=UUID.lower())
    require_same(instance, current, "stop it")
    with pytest.raises(NotFound, match="another instance"):
        require_same(instance.model_copy(update={"unique_id": "other"}), current, "stop it")


def test_a_created_guest_whose_mac_address_changed_is_not_considered_deleted() -> None:
    """Its VMID and token still show that SkyClust created it."""
    own = next(token_vmids("t-1"))
    instance = InstanceReference(region="r", id=str(own), unique_id="bc:24:11:00:00:02")
    with pytest.raises(InvalidRequest, match="has changed"):
        require_same(instance, guest("lxc", {"net0": CARD}, own, "t-1"), "stop it")
    with pytest.raises(NotFound, match="another instance"):
        require_same(instance, guest("lxc", {"net0": CARD}, own), "stop it")


def test_an_unproven_guest_is_not_changed() -> None:
    """It is neither considered the same guest, nor another guest."""
    blank = guest("lxc", {})
    proven = InstanceReference(region="r", id="150", unique_id=UUID.lower())
    unproven = proven.model_copy(update={"unique_id": "unproven:150"})
    for instance, current in [
        (unproven, blank),
        (proven, blank),
        (unproven, guest("lxc", {"net0": CARD})),
    ]:
        with pytest.raises(InvalidRequest, match="nothing proves") as refused:
            require_same(instance, current, "stop it")
        assert "pct set" in refused.value.hint

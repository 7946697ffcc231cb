"""Nova's replies have the keys and types of nova's own API samples, microversion by microversion.

The shapes are copied from the samples in nova's documentation
(https://opendev.org/openstack/nova, doc/api_samples).
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.sandbox.openstack import (
    INTEGRATION,
    Http,
    await_server,
    connect,
    make_server,
)

pytestmark = INTEGRATION

NULL: Final = type(None)
TEXT: Final = (str,)
TEXT_OR_NULL: Final = (str, NULL)

SERVER: Final[dict[str, tuple[type, ...]]] = {
    "accessIPv4": TEXT,
    "accessIPv6": TEXT,
    "addresses": (dict,),
    "config_drive": TEXT,
    "created": TEXT,
    "flavor": (dict,),
    "hostId": TEXT,
    "id": TEXT,
    "image": (dict, str),
    "key_name": TEXT_OR_NULL,
    "links": (list,),
    "metadata": (dict,),
    "name": TEXT,
    "os-extended-volumes:volumes_attached": (list,),
    "OS-DCF:diskConfig": TEXT,
    "OS-EXT-AZ:availability_zone": TEXT,
    "OS-EXT-STS:power_state": (int,),
    "OS-EXT-STS:task_state": TEXT_OR_NULL,
    "OS-EXT-STS:vm_state": TEXT,
    "OS-SRV-USG:launched_at": TEXT_OR_NULL,
    "OS-SRV-USG:terminated_at": TEXT_OR_NULL,
    "progress": (int,),
    "security_groups": (list,),
    "status": TEXT,
    "tenant_id": TEXT,
    "updated": TEXT,
    "user_id": TEXT,
}
"""A server of microversion 2.1."""

SINCE: Final[dict[tuple[int, int], dict[str, tuple[type, ...]]]] = {
    (2, 9): {"locked": (bool,)},
    (2, 19): {"description": TEXT_OR_NULL},
    (2, 26): {"tags": (list,)},
    (2, 63): {"trusted_image_certificates": (list, NULL)},
    (2, 73): {"locked_reason": TEXT_OR_NULL},
    (2, 90): {"OS-EXT-SRV-ATTR:hostname": TEXT},
    (2, 96): {"pinned_availability_zone": TEXT_OR_NULL},
    (2, 100): {"scheduler_hints": (dict,)},
}

FOR_ADMINISTRATORS: Final = {"host", "hypervisor_hostname", "instance_name"}
FOR_ADMINISTRATORS_SINCE_2_3: Final = {
    "hostname", "kernel_id", "launch_index", "ramdisk_id", "reservation_id", "root_device_name",
    "user_data",
}  # fmt: skip

ADDRESS: Final = {"addr", "version", "OS-EXT-IPS:type", "OS-EXT-IPS-MAC:mac_addr"}
EMBEDDED_FLAVOR: Final = {
    "disk", "ephemeral", "extra_specs", "original_name", "ram", "swap", "vcpus",
}  # fmt: skip
FLAVOR: Final = {
    "OS-FLV-DISABLED:disabled", "OS-FLV-EXT-DATA:ephemeral", "disk", "id", "links", "name",
    "os-flavor-access:is_public", "ram", "rxtx_factor", "swap", "vcpus",
}  # fmt: skip

VERSIONS: Final = ["2.1", "2.8", "2.25", "2.46", "2.47", "2.62", "2.73", "2.90", "2.96", "2.100"]


def shape_of(version: str) -> dict[str, tuple[type, ...]]:
    """Return the keys and types of a server in a detailed list."""
    requested = tuple(int(part) for part in version.split("."))
    shape = dict(SERVER)
    for since, keys in SINCE.items():
        if requested >= since:
            shape.update(keys)
    return shape


def check(server: dict[str, Any], shape: dict[str, tuple[type, ...]]) -> None:
    """Check that a server has the keys and types of a shape."""
    assert set(server) == set(shape)
    for name, types in shape.items():
        assert isinstance(server[name], types), name


@pytest.fixture
def http(openstack_sandbox: OpenStackSandbox) -> Http:
    cloud = connect(openstack_sandbox)
    await_server(cloud, make_server(cloud))
    return Http(openstack_sandbox)


def test_servers_have_the_shape_of_every_microversion(http: Http) -> None:
    with http:
        for version in VERSIONS:
            listed = http.get("/compute/v2.1/servers/detail?limit=1", version)
            [server] = listed["servers"]
            check(server, shape_of(version))
            assert [link["rel"] for link in listed["servers_links"]] == ["next"]
            assert [link["rel"] for link in server["links"]] == ["self", "bookmark"]
            assert set(server["addresses"]["private"][0]) == ADDRESS
            if version in {"2.1", "2.8", "2.25", "2.46"}:
                assert set(server["flavor"]) == {"id", "links"}
            else:
                assert set(server["flavor"]) == EMBEDDED_FLAVOR
            image_keys = {"id", "links"} | ({"properties"} if version == "2.100" else set())
            assert set(server["image"]) == image_keys
            alone = http.get(f"/compute/v2.1/servers/{server['id']}", version)["server"]
            groups = {"server_groups"} if version in {"2.73", "2.90", "2.96", "2.100"} else set()
            assert set(alone) == set(server) | groups


def test_administrators_see_the_host_of_a_server(
    http: Http, openstack_sandbox: OpenStackSandbox
) -> None:
    with http, Http(openstack_sandbox, "admin") as admin:
        for version in VERSIONS:
            [server] = admin.get("/compute/v2.1/servers/detail", version)["servers"]
            names = FOR_ADMINISTRATORS | (
                FOR_ADMINISTRATORS_SINCE_2_3 if version != "2.1" else set()
            )
            seen = {name.partition("ATTR:")[2] for name in server if "SRV-ATTR" in name}
            assert seen == names
            assert ("host_status" in server) == (version not in {"2.1", "2.8"})


def test_an_accepted_server_has_the_shape_of_the_sample(
    http: Http, openstack_sandbox: OpenStackSandbox
) -> None:
    with http:
        image = http.get("/image/v2/images?name=debian-12")["images"][0]["id"]
        body = {"name": "a", "flavorRef": "2", "imageRef": image, "networks": "none"}
        reply = http.call("POST", "/compute/v2.1/servers", {"server": body}, "2.100")
        assert reply.status_code == 202
        assert reply.headers["OpenStack-API-Version"] == "compute 2.100"
        assert set(reply.json()["server"]) == {
            "OS-DCF:diskConfig", "adminPass", "id", "links", "security_groups",
        }  # fmt: skip
        del body["networks"]
        refused = http.call("POST", "/compute/v2.1/servers", {"server": body}, "2.37")
        assert refused.status_code == 400
        assert "'networks' is a required property" in refused.json()["badRequest"]["message"]
        assert http.call("POST", "/compute/v2.1/servers", {"server": body}).status_code == 202
        body["tags"] = ["blue"]
        refused = http.call("POST", "/compute/v2.1/servers", {"server": body}, "2.36")
        assert "'tags' was unexpected" in refused.json()["badRequest"]["message"]


def test_a_server_in_error_has_a_fault(openstack_sandbox: OpenStackSandbox) -> None:
    openstack_sandbox.reset("estate")
    with Http(openstack_sandbox) as http:
        [server] = http.get("/compute/v2.1/servers/detail?status=ERROR", "2.96")["servers"]
    assert set(server["fault"]) == {"code", "created", "message"}
    assert "progress" not in server


def test_flavors_have_the_shape_of_every_microversion(http: Http) -> None:
    more = {"2.54": set(), "2.55": {"description"}, "2.61": {"description", "extra_specs"}}
    with http:
        for version, names in more.items():
            for flavor in http.get("/compute/v2.1/flavors/detail", version)["flavors"]:
                assert set(flavor) == FLAVOR | names
                assert flavor["swap"] == ""
        assert http.get("/compute/v2.1/flavors/detail", "2.75")["flavors"][0]["swap"] == 0


def test_attachments_have_the_shape_of_every_microversion(
    openstack_estate: OpenStackSandbox,
) -> None:
    shapes = {
        "2.1": {"device", "id", "serverId", "volumeId"},
        "2.70": {"device", "id", "serverId", "volumeId", "tag"},
        "2.79": {"device", "id", "serverId", "volumeId", "tag", "delete_on_termination"},
        "2.89": {
            "attachment_id", "bdm_uuid", "device", "serverId", "volumeId", "tag",
            "delete_on_termination",
        },
    }  # fmt: skip
    with Http(openstack_estate) as http:
        [server] = http.get("/compute/v2.1/servers?name=^checkout-db-prod-01$")["servers"]
        path = f"/compute/v2.1/servers/{server['id']}"
        for version, names in shapes.items():
            attachments = http.get(f"{path}/os-volume_attachments", version)["volumeAttachments"]
            assert [set(attachment) for attachment in attachments] == [names, names]
        [interface] = http.get(f"{path}/os-interface", "2.70")["interfaceAttachments"]
        assert set(interface) == {
            "fixed_ips", "mac_addr", "net_id", "port_id", "port_state", "tag",
        }  # fmt: skip


def test_microversions_are_advertised_and_enforced(http: Http) -> None:
    with http:
        document = http.get("/compute/v2.1/")["version"]
        assert (document["min_version"], document["version"]) == ("2.1", "2.100")
        latest = http.call("GET", "/compute/v2.1/servers", version="latest")
        assert latest.headers["X-OpenStack-Nova-API-Version"] == "2.100"
        plain = http.call("GET", "/compute/v2.1/servers")
        assert plain.headers["OpenStack-API-Version"] == "compute 2.1"
        refused = http.call("GET", "/compute/v2.1/servers", version="2.999")
        assert refused.status_code == 406
        assert "Minimum is 2.1 and maximum is 2.100" in refused.text

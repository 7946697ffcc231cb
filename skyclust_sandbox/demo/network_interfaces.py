"""Network interfaces of the sandbox clouds, for the check that none is left behind.

No inventory lists them. On three clouds the interface of an instance is a resource of its own;
on Google Cloud and Proxmox VE it is a part of the instance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from skyclust_sandbox.credentials import CREDENTIALS

SECONDS: Final = 30.0


def interfaces(cloud: str, region: str, endpoint: str) -> frozenset[str]:
    """Return the ids of the network interfaces of a region, read from the cloud's API."""
    list_all = _LISTS.get(cloud)
    return list_all(endpoint, region, CREDENTIALS[cloud](endpoint)) if list_all else frozenset()


def _aws(endpoint: str, region: str, fields: Mapping[str, str]) -> frozenset[str]:
    query = urlencode({"Action": "DescribeNetworkInterfaces", "Version": "2016-11-15"})
    scope = f"{fields['access_key_id']}/20260101/{region}/ec2/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    reply, _ = _call(endpoint, query.encode(), {"Authorization": signed})
    return frozenset(re.findall(r"<networkInterfaceId>([^<]+)<", reply))


def _azure(endpoint: str, region: str, fields: Mapping[str, str]) -> frozenset[str]:
    grant = {
        "grant_type": "client_credentials",
        "client_id": fields["client_id"],
        "client_secret": fields["client_secret"],
        "scope": "https://management.azure.com/.default",
    }
    token_url = f"{endpoint}/{fields['tenant_id']}/oauth2/v2.0/token"
    token, _ = _call(token_url, urlencode(grant).encode(), {})
    listed, _ = _call(
        f"{endpoint}/subscriptions/{fields['subscription_id']}/providers/Microsoft.Network"
        "/networkInterfaces?api-version=2024-05-01",
        None,
        {"Authorization": f"Bearer {json.loads(token)['access_token']}"},
    )
    return frozenset(
        interface["id"]
        for interface in json.loads(listed)["value"]
        if interface["location"] == region
    )


def _openstack(endpoint: str, region: str, fields: Mapping[str, str]) -> frozenset[str]:
    credential = {
        "id": fields["application_credential_id"],
        "secret": fields["application_credential_secret"],
    }
    identity = {"methods": ["application_credential"], "application_credential": credential}
    body = json.dumps({"auth": {"identity": identity}}).encode()
    _, headers = _call(
        f"{fields['endpoint']}/auth/tokens", body, {"Content-Type": "application/json"}
    )
    token = {"X-Auth-Token": headers["X-Subject-Token"]}
    listed, _ = _call(f"{endpoint}/{region}/network/v2.0/ports", None, token)
    return frozenset(port["id"] for port in json.loads(listed)["ports"])


_LISTS: Final[dict[str, Callable[[str, str, Mapping[str, str]], frozenset[str]]]] = {
    "aws": _aws,
    "azure": _azure,
    "openstack": _openstack,
}


def _call(
    url: str, content: bytes | None, headers: Mapping[str, str]
) -> tuple[str, Mapping[str, str]]:
    request = Request(url, content, dict(headers))  # noqa: S310 - the sandbox on this computer
    with build_opener(ProxyHandler({})).open(request, timeout=SECONDS) as reply:
        return reply.read().decode(), dict(reply.headers)

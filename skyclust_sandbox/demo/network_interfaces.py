"""Network interfaces of the sandbox clouds, which no inventory lists: none may be left behind.

A machine's interface is a thing of its own on three clouds. Google's and Proxmox VE's are
parts of their machines.
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
    """Return the ids of the interfaces of a region, asked of the cloud itself."""
    list_all = _LISTS.get(cloud)
    return list_all(endpoint, region, CREDENTIALS[cloud](endpoint)) if list_all else frozenset()


def _aws(endpoint: str, region: str, fields: Mapping[str, str]) -> frozenset[str]:
    asked = urlencode({"Action": "DescribeNetworkInterfaces", "Version": "2016-11-15"})
    scope = f"{fields['access_key_id']}/20260101/{region}/ec2/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    answer, _ = _answer(endpoint, asked.encode(), {"Authorization": signed})
    return frozenset(re.findall(r"<networkInterfaceId>([^<]+)<", answer))


def _azure(endpoint: str, region: str, fields: Mapping[str, str]) -> frozenset[str]:
    grant = {
        "grant_type": "client_credentials",
        "client_id": fields["client_id"],
        "client_secret": fields["client_secret"],
        "scope": "https://management.azure.com/.default",
    }
    where = f"{endpoint}/{fields['tenant_id']}/oauth2/v2.0/token"
    token, _ = _answer(where, urlencode(grant).encode(), {})
    listed, _ = _answer(
        f"{endpoint}/subscriptions/{fields['subscription_id']}/providers/Microsoft.Network"
        "/networkInterfaces?api-version=2024-05-01",
        None,
        {"Authorization": f"Bearer {json.loads(token)['access_token']}"},
    )
    return frozenset(one["id"] for one in json.loads(listed)["value"] if one["location"] == region)


def _openstack(endpoint: str, region: str, fields: Mapping[str, str]) -> frozenset[str]:
    proof = {
        "id": fields["application_credential_id"],
        "secret": fields["application_credential_secret"],
    }
    identity = {"methods": ["application_credential"], "application_credential": proof}
    asked = json.dumps({"auth": {"identity": identity}}).encode()
    _, headers = _answer(
        f"{fields['endpoint']}/auth/tokens", asked, {"Content-Type": "application/json"}
    )
    token = {"X-Auth-Token": headers["X-Subject-Token"]}
    listed, _ = _answer(f"{endpoint}/{region}/network/v2.0/ports", None, token)
    return frozenset(one["id"] for one in json.loads(listed)["ports"])


_LISTS: Final[dict[str, Callable[[str, str, Mapping[str, str]], frozenset[str]]]] = {
    "aws": _aws,
    "azure": _azure,
    "openstack": _openstack,
}


def _answer(
    url: str, content: bytes | None, headers: Mapping[str, str]
) -> tuple[str, Mapping[str, str]]:
    request = Request(url, content, dict(headers))  # noqa: S310 - our own sandbox
    with build_opener(ProxyHandler({})).open(request, timeout=SECONDS) as answer:
        return answer.read().decode(), dict(answer.headers)

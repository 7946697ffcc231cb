"""The yardsticks: each cloud's own SDK lists its machines, as its documentation shows it.

Each reads the fields of an instance that our provider has: where a cloud has
two calls for that, both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.filling import azure_token
from skyclust_sandbox.credentials import CREDENTIALS

PROXMOX_READERS: Final = 8

OPENSTACK_REGION: Final = "RegionOne"
"""The region of the sandbox that has the many machines."""


def aws(endpoint: str) -> Callable[[], int]:
    """Return a function that lists with boto3: DescribeInstances in each region."""
    import boto3.session

    session = boto3.session.Session("key", "secret")
    ec2 = session.client("ec2", region_name="us-east-1", endpoint_url=endpoint)
    regions = [region["RegionName"] for region in ec2.describe_regions()["Regions"]]
    clients = [session.client("ec2", region_name=r, endpoint_url=endpoint) for r in regions]

    def listed() -> int:
        pages = (
            page
            for client in clients
            for page in client.get_paginator("describe_instances").paginate(
                PaginationConfig={"PageSize": 1000}
            )
        )
        return sum(len(one["Instances"]) for page in pages for one in page["Reservations"])

    return listed


def gcp(endpoint: str) -> Callable[[], int]:
    """Return a function that lists with google-cloud-compute: aggregatedList."""
    from google.cloud import compute_v1
    from google.oauth2 import service_account

    key = json.loads(CREDENTIALS["gcp"](endpoint)["service_account_info"])
    client = compute_v1.InstancesClient(
        credentials=service_account.Credentials.from_service_account_info(key),
        client_options={"api_endpoint": endpoint},
    )
    request = compute_v1.AggregatedListInstancesRequest(project=key["project_id"], max_results=500)

    def listed() -> int:
        return sum(len(scope.instances) for _, scope in client.aggregated_list(request))

    return listed


def azure(endpoint: str) -> Callable[[], int]:
    """Return a function that lists with azure-mgmt-compute: the machines, and their states."""
    from azure.core.credentials import AccessToken
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy
    from azure.mgmt.compute import ComputeManagementClient

    values = CREDENTIALS["azure"](endpoint)
    token = azure_token(endpoint, values)

    class Known:
        """A token that was fetched before."""

        def get_token(self, *_: str, **__: Any) -> AccessToken:
            return AccessToken(token, 2**31)

    class Plain(BearerTokenCredentialPolicy[Any, Any]):
        """The SDK's own policy refuses to send a token over plain HTTP."""

        def on_request(self, request: Any) -> None:
            request.http_request.headers["Authorization"] = f"Bearer {token}"

    client = ComputeManagementClient(
        credential=Known(),
        subscription_id=values["subscription_id"],
        base_url=endpoint,
        authentication_policy=Plain(Known(), "any"),
    )

    def listed() -> int:
        machines = list(client.virtual_machines.list_all())
        states = list(client.virtual_machines.list_all(status_only="true"))
        return min(len(machines), len(states))

    return listed


def openstack(endpoint: str) -> Callable[[], int]:
    """Return a function that lists with openstacksdk: servers with their details."""
    import openstack as sdk

    values = CREDENTIALS["openstack"](endpoint)
    settings = sdk.config.OpenStackConfig(load_yaml_config=False, load_envvars=False)
    connection = sdk.connection.Connection(
        config=settings.get_one(
            auth_type="v3applicationcredential",
            auth={
                "auth_url": values["endpoint"],
                "application_credential_id": values["application_credential_id"],
                "application_credential_secret": values["application_credential_secret"],
            },
            region_name=OPENSTACK_REGION,
        )
    )

    def listed() -> int:
        return sum(1 for _ in connection.compute.servers(details=True, limit=1000))

    return listed


def proxmox(endpoint: str) -> Callable[[], int]:
    """Return a function that lists with proxmoxer: the machines, and the config of each."""
    from proxmoxer.backends.https import (
        JsonSerializer,
        ProxmoxHTTPApiTokenAuth,
        ProxmoxHttpSession,
    )
    from proxmoxer.core import ProxmoxResource

    values = CREDENTIALS["proxmox"](endpoint)
    host = urlsplit(endpoint).netloc

    def api() -> Any:
        session = ProxmoxHttpSession()
        session.auth = ProxmoxHTTPApiTokenAuth(
            values["user"], values["token_name"], values["token_value"]
        )
        return ProxmoxResource(
            base_url=f"http://{host}/api2/json", session=session, serializer=JsonSerializer()
        )

    def listed() -> int:
        found = [one for one in api().cluster.resources.get(type="vm") if not one.get("template")]
        shares = [found[number::PROXMOX_READERS] for number in range(PROXMOX_READERS)]

        def read(share: list[dict[str, Any]]) -> int:
            mine = api()
            return sum(
                1
                for one in share
                if mine.nodes(one["node"])(one["type"])(one["vmid"]).config.get() is not None
            )

        with ThreadPoolExecutor(PROXMOX_READERS) as pool:
            return sum(pool.map(read, shares))

    return listed


BARE: Final[dict[str, Callable[[str], Callable[[], int]]]] = {
    "aws": aws,
    "azure": azure,
    "gcp": gcp,
    "openstack": openstack,
    "proxmox": proxmox,
}
"""By cloud: from an endpoint to a function that lists all machines and returns how many."""

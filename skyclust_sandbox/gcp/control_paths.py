"""Control paths of this cloud for tests, under /_gcp/; the package's docstring lists them."""

from __future__ import annotations

import time
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Refused
from skyclust_sandbox.gcp.bigquery.names import FULL_NAME
from skyclust_sandbox.gcp.cloud import PROJECT_NUMBERS, GcpCloud
from skyclust_sandbox.gcp.identity import (
    MAIN_PROJECT,
    SERVICE_ACCOUNTS,
    AuthenticationError,
    ServiceAccount,
    service_account,
    service_account_key,
    workload_identity,
)
from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.responses import json_response
from skyclust_sandbox.gcp.seeding import seed_running_instances

PREFIX: Final = "/_gcp/"


class TokenRequest(BaseModel):
    """A service account, and its token's lifetime; with a negative lifetime it has expired."""

    model_config = ConfigDict(extra="forbid")

    account: str = "skyclust"
    project: str = MAIN_PROJECT
    lifetime_seconds: float = 3600.0


class DiskContent(BaseModel):
    """The content of a disk."""

    model_config = ConfigDict(extra="forbid")

    content: str


class QueriesRequest(BaseModel):
    """How many answers call a new query of BigQuery unfinished."""

    model_config = ConfigDict(extra="forbid")

    pending_polls: int = Field(ge=0, le=100)


class InstancesRequest(BaseModel):
    """A number of running instances to add to a zone."""

    model_config = ConfigDict(extra="forbid")

    project: str = MAIN_PROJECT
    zone: str = "europe-west1-b"
    count: int = Field(ge=1, le=20_000)
    machine_type: str = "e2-medium"


def answer(cloud: GcpCloud, request: Request) -> Response:
    """Return the response to a request under /_gcp/; that of an invalid request is 400 or 404."""
    try:
        content = _content(cloud, request)
    except (ValidationError, AuthenticationError) as error:
        return json_response({"error": str(error)}, 400)
    except Refused as refused:
        return refused.response
    if content is None:
        return json_response({"error": f"There is no {request.method} {request.path} here."}, 404)
    return json_response(content)


def _content(cloud: GcpCloud, request: Request) -> object | None:
    """Return the content of the response, or None when no control path matches."""
    noun, *rest = request.path.removeprefix(PREFIX).split("/")
    body = request.get_data() or b"{}"
    content: object | None = None
    match request.method, noun, rest:
        case "GET", "service-account-key", []:
            account = _service_account(request)
            content = service_account_key(_endpoint(request), account.name, account.project)
        case "GET", "workload-identity", []:
            account = _service_account(request)
            number = PROJECT_NUMBERS[account.project]
            content = workload_identity(_endpoint(request), account, number)
        case "POST", "token", []:
            token_request = TokenRequest.model_validate_json(body)
            account = service_account(
                ServiceAccount(token_request.account, token_request.project).email
            )
            token = cloud.tokens.issue(account, token_request.lifetime_seconds)
            content = {"access_token": token}
        case "POST", "expire-tokens", []:
            cloud.tokens.expired_before = time.time()
            content = {}
        case ("GET" | "PUT") as method, "disks", [project, zone, disk, "content"]:
            reference = Reference(project, f"zones/{zone}", "disks", disk)
            new_content = DiskContent.model_validate_json(body) if method == "PUT" else None
            content = _disk_content(cloud, reference, new_content)
        case "POST", "instances", []:
            instances = InstancesRequest.model_validate_json(body)
            with cloud.lock:
                seed_running_instances(cloud.current_state(), **instances.model_dump())
            content = {"count": instances.count}
        case "GET", "billing", []:
            with cloud.lock:
                content = {"table": FULL_NAME, "days": cloud.bigquery.warehouse.days()}
        case "PUT", "queries", []:
            with cloud.lock:
                queries = QueriesRequest.model_validate_json(body)
                cloud.bigquery.pending_polls = queries.pending_polls
            content = queries.model_dump()
        case "PUT", "quotas", [project, region]:
            limits: dict[str, Any] = request.get_json()
            with cloud.lock:
                project_limits = cloud.state.projects[project].limits.setdefault(region, {})
                project_limits.update({metric: float(limit) for metric, limit in limits.items()})
                content = dict(project_limits)
    return content


def _disk_content(
    cloud: GcpCloud, reference: Reference, new_content: DiskContent | None
) -> dict[str, str]:
    """Return the content of a disk, after replacing it by `new_content` if there is any."""
    with cloud.lock:
        state = cloud.current_state()
        disk = state.get(reference)
        if new_content is not None:
            state.contents[disk["id"]] = new_content.content
        return {"content": state.contents.get(disk["id"], "")}


def _service_account(request: Request) -> ServiceAccount:
    """Return the service account that the query names."""
    default = SERVICE_ACCOUNTS[0]
    name = request.args.get("account", default.name)
    project = request.args.get("project", default.project)
    return service_account(ServiceAccount(name, project).email)


def _endpoint(request: Request) -> str:
    return request.host_url.rstrip("/")

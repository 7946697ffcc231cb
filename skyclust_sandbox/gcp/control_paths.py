"""What tests ask of this cloud alone, under /_gcp/; the package's docstring lists it."""

from __future__ import annotations

import time
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Refused
from skyclust_sandbox.gcp.bulk import put_machines
from skyclust_sandbox.gcp.cloud import NUMBERS, GcpCloud
from skyclust_sandbox.gcp.identity import (
    ACCOUNTS,
    MAIN_PROJECT,
    Account,
    NotAccepted,
    account_of,
    service_account_key,
    workload_identity,
)
from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.responses import reply

PREFIX: Final = "/_gcp/"


class TokenRequest(BaseModel):
    """Whose token, and for how long; below zero it has expired."""

    model_config = ConfigDict(extra="forbid")

    account: str = "skyclust"
    project: str = MAIN_PROJECT
    lifetime_seconds: float = 3600.0


class ContentRequest(BaseModel):
    """What is written on a disk."""

    model_config = ConfigDict(extra="forbid")

    content: str


class MachinesRequest(BaseModel):
    """So many running machines of a type in a zone."""

    model_config = ConfigDict(extra="forbid")

    project: str = MAIN_PROJECT
    zone: str = "europe-west1-b"
    count: int = Field(ge=1, le=20_000)
    machine_type: str = "e2-medium"


def answer(cloud: GcpCloud, request: Request) -> Response:
    """Return the reply to a request under /_gcp/; 400 and 404 tell what is wrong with it."""
    try:
        content = _content(cloud, request)
    except (ValidationError, NotAccepted) as error:
        return reply({"error": str(error)}, 400)
    except Refused as refused:
        return refused.response
    if content is None:
        return reply({"error": f"There is no {request.method} {request.path} here."}, 404)
    return reply(content)


def _content(cloud: GcpCloud, request: Request) -> object | None:
    noun, *rest = request.path.removeprefix(PREFIX).split("/")
    body = request.get_data() or b"{}"
    content: object | None = None
    match request.method, noun, rest:
        case "GET", "service-account-key", []:
            account = _account(request)
            content = service_account_key(_endpoint(request), account.name, account.project)
        case "GET", "workload-identity", []:
            account = _account(request)
            content = workload_identity(_endpoint(request), account, NUMBERS[account.project])
        case "POST", "token", []:
            asked = TokenRequest.model_validate_json(body)
            account = account_of(Account(asked.account, asked.project).email)
            token = cloud.tokens.issue(account, asked.lifetime_seconds)
            content = {"access_token": token}
        case "POST", "expire-tokens", []:
            cloud.tokens.expired_before = time.time()
            content = {}
        case ("GET" | "PUT") as method, "disks", [project, zone, disk, "content"]:
            where = Reference(project, f"zones/{zone}", "disks", disk)
            written = ContentRequest.model_validate_json(body) if method == "PUT" else None
            content = _disk_content(cloud, where, written)
        case "POST", "instances", []:
            machines = MachinesRequest.model_validate_json(body)
            with cloud.lock:
                put_machines(cloud.settled(), **machines.model_dump())
            content = {"count": machines.count}
        case "PUT", "quotas", [project, region]:
            limits: dict[str, Any] = request.get_json()
            with cloud.lock:
                known = cloud.world.projects[project].limits.setdefault(region, {})
                known.update({metric: float(limit) for metric, limit in limits.items()})
                content = dict(known)
    return content


def _disk_content(
    cloud: GcpCloud, where: Reference, written: ContentRequest | None
) -> dict[str, str]:
    with cloud.lock:
        world = cloud.settled()
        disk = world.get(where)
        if written is not None:
            world.contents[disk["id"]] = written.content
        return {"content": world.contents.get(disk["id"], "")}


def _account(request: Request) -> Account:
    main = ACCOUNTS[0]
    name = request.args.get("account", main.name)
    return account_of(Account(name, request.args.get("project", main.project)).email)


def _endpoint(request: Request) -> str:
    return request.host_url.rstrip("/")

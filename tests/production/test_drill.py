"""The production set-up, run without containers, while one of its two API servers dies."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import boto3
import httpx
import pytest

from skyclust_sandbox.processes import start_sandbox, stop_sandbox
from tests.fixtures.prefect import free_port
from tests.fixtures.prefect_api import ServerAuth
from tests.production.balancer import Balancer
from tests.production.databases import binary, start_postgres, start_redis
from tests.production.host import Host

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

SERVERS: Final = ("prefect-server-1", "prefect-server-2")
WORKERS: Final = {"worker-1": "worker", "worker-2": "worker", "recovery-worker": "recovery-worker"}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """Everything of docker-compose.yml up and healthy, in the order of its dependencies."""
    # Not pytest's own folder: PostgreSQL runs as another user, and must be let in.
    root = Path(tempfile.mkdtemp(prefix="skyclust-production-"))
    root.chmod(0o711)
    try:
        with Host(root) as host:
            for name, start in (("postgres", start_postgres), ("redis", start_redis)):
                folder = root / name
                folder.mkdir()
                start(host, folder)
            host.run("migrate")
            ports = {server: free_port() for server in SERVERS}
            for server, port in ports.items():
                host.start("prefect-server", server, PREFECT_SERVER_API_PORT=str(port))
            host.start("prefect-services", "prefect-services")
            host.wait_until_healthy(*SERVERS, "prefect-services")
            with Balancer(host.ports.balancer, list(ports.values())):
                host.run("bootstrap")
                for worker, service in WORKERS.items():
                    host.start(service, worker, PREFECT_WORKER_WEBSERVER_PORT=str(free_port()))
                host.wait_until_healthy(*WORKERS)
                yield host
    finally:
        shutil.rmtree(root)


@pytest.fixture(scope="module")
def endpoint(host: Host) -> Iterator[str]:
    """A sandbox AWS with an estate, and a credential for it in the production store."""
    home = host.root / "sandbox"
    endpoint = start_sandbox(home, clouds=["aws"], seed="estate")["aws"].endpoint
    try:
        values = {"access_key_id": "sandbox", "secret_access_key": "any", "endpoint": endpoint}
        file = host.root / "credential.json"
        file.write_text(json.dumps(values))
        skyclust(host, "credential", "add", "main", "--provider", "aws", "--from-file", str(file))
        yield endpoint
    finally:
        stop_sandbox(home)


def skyclust(host: Host, *arguments: str) -> str:
    """Run a command of the CLI as an operator does beside a worker; return its output."""
    return host.run("worker", "skyclust", *arguments, timeout=400)


def listed(host: Host, *arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(skyclust(host, *arguments, "--json"))
    return rows


def query(host: Host, database: str, statement: str) -> list[str]:
    """Return the lines that PostgreSQL answers to the owner of a database."""
    password = host.secret(f"{database}_database_password")
    where = ["--host=127.0.0.1", f"--port={host.ports.postgres}", f"--username={database}"]
    return subprocess.run(
        [binary("psql"), "-XAt", *where, f"--dbname={database}", f"--command={statement}"],
        env={"PGPASSWORD": password},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.splitlines()


def machines_of_the_cloud(endpoint: str) -> Counter[str]:
    """Count the machines by region, asking the cloud without SkyClust."""

    def client(region: str) -> Any:
        return boto3.client(
            "ec2",
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id="sandbox",
            aws_secret_access_key="any",
        )

    regions = [one["RegionName"] for one in client("us-east-1").describe_regions()["Regions"]]
    found: Counter[str] = Counter()
    for region in regions:
        for page in client(region).get_paginator("describe_instances").paginate():
            found[region] += sum(len(one["Instances"]) for one in page["Reservations"])
    return +found


def wait_for_a_run(host: Host, flow: str) -> None:
    statement = f"""select 1 from flow_run join flow on flow.id = flow_run.flow_id
        where flow.name = '{flow}' and flow_run.state_type = 'RUNNING'"""
    end = time.monotonic() + 90
    while not query(host, "prefect", statement):
        assert time.monotonic() < end, f"no run of {flow} began"
        time.sleep(0.2)


def test_bootstrap_may_run_again(host: Host) -> None:
    before = query(host, "prefect", "select name from deployment order by name")
    host.run("bootstrap")
    assert query(host, "prefect", "select name from deployment order by name") == before
    assert "sync-inventory" in before


def test_a_sync_survives_the_death_of_an_api_server(host: Host, endpoint: str) -> None:
    with ThreadPoolExecutor() as pool:
        syncing = pool.submit(skyclust, host, "inventory", "sync", "--credential", "main")
        wait_for_a_run(host, "sync-inventory")
        host.kill(SERVERS[0])
        syncing.result()

    assert host.problem(SERVERS[0])
    # A check may fail once where the machine is busy: Docker too asks again before it acts.
    host.wait_until_healthy(SERVERS[1], "prefect-services")
    assert {scope["state"] for scope in listed(host, "inventory", "scopes")} == {"fresh"}
    machines = listed(host, "inventory", "list", "--kind", "instance")
    assert Counter(one["region"] for one in machines) == machines_of_the_cloud(endpoint)


def test_a_machine_is_made_on_one_api_server(host: Host, endpoint: str) -> None:
    before = machines_of_the_cloud(endpoint)
    image = listed(host, "inventory", "list", "--kind", "image")[0]
    place = ["--credential", "main", "--region", image["region"]]
    what = ["--type", "t3.small", "--image", image["id"]]
    skyclust(host, "instance", "create", "drill", *place, *what)
    shown = json.loads(skyclust(host, "instance", "show", "drill", "--json"))
    assert shown["state"] == "running"
    assert machines_of_the_cloud(endpoint) - before == Counter([image["region"]])


def test_everything_is_in_postgresql(host: Host, endpoint: str) -> None:
    states = query(host, "prefect", "select distinct state_name from flow_run")
    assert "Completed" in states
    assert int(query(host, "skyclust", "select count(*) from resource_versions")[0]) > 100
    assert not list(host.root.rglob("*.db"))


def test_secrets_are_in_no_log_and_no_command_line(host: Host) -> None:
    secrets = [file.read_text() for file in host.secrets.iterdir()]
    written = [one.log.read_text(errors="replace") for one in host.replicas.values()]
    for one in host.replicas.values():
        arguments = Path(f"/proc/{one.process.pid}/cmdline")
        if arguments.exists():
            written.append(arguments.read_text())
    assert not [secret for secret in secrets for text in written if secret in text]


def test_without_the_auth_string_the_api_is_closed(host: Host) -> None:
    api_url = f"http://127.0.0.1:{host.ports.balancer}/api"
    url = f"{api_url}/flow_runs/filter"
    assert httpx.get(f"{api_url}/version", timeout=30).status_code == 401
    # Nobody gets the token that a change needs.
    assert httpx.post(url, json={}, timeout=30).status_code == 403
    assert httpx.get(f"{api_url}/csrf-token?client=x", timeout=30).status_code == 401
    auth = ServerAuth(api_url, host.secret("prefect_auth_string"))
    assert httpx.post(url, json={}, auth=auth, timeout=30).status_code == 200


def test_other_names_and_pages_are_refused(host: Host) -> None:
    url = f"http://127.0.0.1:{host.ports.balancer}/api/health"
    answers = {
        "prefect-server:4200": 200,
        "localhost": 200,
        "evil.example": 421,
    }
    for name, status in answers.items():
        assert httpx.get(url, headers={"Host": name}, timeout=30).status_code == status, name
    foreign = {"Origin": "http://localhost:3000"}
    assert httpx.get(url, headers=foreign, timeout=30).status_code == 403
    own = {"Origin": "https://localhost"}
    assert httpx.get(url, headers=own, timeout=30).status_code == 200


def test_a_run_cannot_say_what_a_worker_starts(host: Host) -> None:
    api_url = f"http://127.0.0.1:{host.ports.balancer}/api"
    auth = ServerAuth(api_url, host.secret("prefect_auth_string"))
    with httpx.Client(base_url=api_url, auth=auth, timeout=30) as api:
        name = "/deployments/name/recover-operations/recover-operations"
        found = api.get(name).raise_for_status().json()
        hostile = {"job_variables": {"command": "id"}}
        answer = api.post(f"/deployments/{found['id']}/create_flow_run", json=hostile)
    assert answer.status_code == 422

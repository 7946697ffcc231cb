"""A PostgreSQL cluster and a Redis of the test's own, with the options of docker-compose.yml."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.fixtures.missing import missing
from tests.production import compose
from tests.production.host import Host


def binary(name: str) -> Path:
    """Return the path of a server's program; without it fail in CI, and skip elsewhere."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian's place
    for folder in versions:
        if (folder / name).exists():
            return folder / name
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed (Debian: apt-get install postgresql redis-server)")
    return Path(found)


def as_postgres(command: list[str]) -> list[str]:
    """Return the command as one that runs without root: PostgreSQL refuses root."""
    return command if os.geteuid() else ["runuser", "-u", "postgres", "--", *command]


def start_postgres(host: Host, folder: Path) -> None:
    """Initialise a cluster in the folder, start it, and make its databases.

    With the options that the image of PostgreSQL would use, and the same script.
    """
    service = host.services["postgres"]
    environment = compose.environment(service)
    if not os.geteuid():
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o700)
    data, password = folder / "data", folder / "password"
    password.write_text(host.secret("postgres_password"))
    if not os.geteuid():
        os.chown(password, account.pw_uid, account.pw_gid)
    initdb = [binary("initdb"), "--pgdata", data, "--username=postgres", "--pwfile", password]
    subprocess.run(
        as_postgres([*map(str, initdb), *environment["POSTGRES_INITDB_ARGS"].split()]),
        check=True,
        capture_output=True,
        cwd="/",
        timeout=120,
    )
    where = [f"--port={host.ports.postgres}", "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
    command = [str(binary("postgres")), *service["command"][1:], "-D", str(data), *where]
    own = {
        "PATH": f"{binary('psql').parent}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(host.ports.postgres),
        "PGUSER": "postgres",
        "PGPASSWORD": host.secret("postgres_password"),
        "SECRETS": str(host.secrets),
    }
    host.spawn("postgres", "postgres", as_postgres(command), own)
    # The script runs before the database of the health check exists.
    _wait_until_accepting(own)
    subprocess.run(
        [compose.ROOT / "scripts/create-databases"],
        env=own,
        check=True,
        capture_output=True,
        timeout=60,
    )
    host.wait_until_healthy("postgres")


def _wait_until_accepting(environment: dict[str, str]) -> None:
    ready = [str(binary("pg_isready")), "--timeout=30", "--dbname=postgres"]
    for _ in range(60):
        if subprocess.run(ready, env=environment, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.5)
    pytest.fail("PostgreSQL did not start")


def start_redis(host: Host, folder: Path) -> None:
    """Start a Redis with the options of the file, on a port of its own."""
    port = str(host.ports.redis)
    where = ["--port", port, "--bind", "127.0.0.1", "--dir", str(folder)]
    command = [str(binary("redis-server")), *host.services["redis"]["command"][1:], *where]
    host.spawn("redis", "redis", command, {"PATH": os.environ["PATH"]})
    host.wait_until_healthy("redis")

"""Runs the services of docker-compose.yml as plain processes of this machine.

Everything comes from the file: commands, environments, health checks, the entry point and
the secrets. What a container would have of its own is replaced: the names of hosts by
loopback, ports by free ones, `/run/secrets` and `/tmp` by folders.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.fixtures.loopback import LOOPBACK
from tests.fixtures.prefect import free_port
from tests.production import compose

BINARIES: Final = Path(sys.executable).parent
ENTRYPOINT: Final = compose.ROOT / "scripts/entrypoint"
HEALTHY_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Ports:
    """Where the services listen on loopback."""

    postgres: int = field(default_factory=free_port)
    redis: int = field(default_factory=free_port)
    balancer: int = field(default_factory=free_port)
    """Stands for the name `prefect-server`, behind which there are all replicas."""


@dataclass
class Replica:
    """One process of one service."""

    name: str
    service: str
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes]


class Host:
    """The services of one docker-compose.yml; use it as a context manager."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ports = Ports()
        self.secrets = root / "secrets"
        # The operator allows the sandbox of the drill, as a private cloud is allowed.
        self.services = compose.services(compose.load({"SKYCLUST_ALLOWED_NETWORKS": LOOPBACK}))
        self.replicas: dict[str, Replica] = {}
        subprocess.run(
            [compose.ROOT / "scripts/create-secrets", self.secrets],
            check=True,
            capture_output=True,
            timeout=60,
        )

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        for replica in reversed(self.replicas.values()):
            if replica.process.poll() is None:
                os.killpg(replica.process.pid, signal.SIGTERM)
        for replica in self.replicas.values():
            try:
                replica.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(replica.process.pid, signal.SIGKILL)
                replica.process.wait(timeout=10)

    def secret(self, name: str) -> str:
        """Return a secret as its file has it."""
        return (self.secrets / name).read_text()

    def environment(self, service: str, replica: str, **own: str) -> dict[str, str]:
        """Return the environment of a process of a service; `own` is the replica's own."""
        scratch = self.root / "tmp" / replica
        scratch.mkdir(parents=True, exist_ok=True)
        replacements = {
            "postgres:5432": f"127.0.0.1:{self.ports.postgres}",
            "redis:6379": f"127.0.0.1:{self.ports.redis}",
            "prefect-server:4200": f"127.0.0.1:{self.ports.balancer}",
            "/run/secrets": str(self.secrets),
            "/tmp/": f"{scratch}/",
        }
        written = re.compile("|".join(map(re.escape, replacements)))
        values = {
            name: written.sub(lambda match: replacements[match[0]], value)
            for name, value in compose.environment(self.services[service]).items()
        }
        if "PREFECT_SERVER_DATABASE_HOST" in values:
            assert values["PREFECT_SERVER_DATABASE_HOST"] == "postgres"
            values["PREFECT_SERVER_DATABASE_HOST"] = "127.0.0.1"
            values["PREFECT_SERVER_DATABASE_PORT"] = str(self.ports.postgres)
        if "PREFECT_SERVER_API_HOST" in values:
            values["PREFECT_SERVER_API_HOST"] = "127.0.0.1"
        path = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(scratch), "TMPDIR": str(scratch), **values, **own}

    def run(self, service: str, *arguments: str, timeout: float = 180) -> str:
        """Run a service's command, or another one in its place, to its end; return its output."""
        outcome = subprocess.run(
            [ENTRYPOINT, *(arguments or self.services[service]["command"])],
            env=self.environment(service, f"{service}-once"),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        assert outcome.returncode == 0, f"{service}: {outcome.stdout}{outcome.stderr}"
        return outcome.stdout

    def start(self, service: str, replica: str, **own: str) -> None:
        """Start one replica of a service in a process group of its own."""
        environment = self.environment(service, replica, **own)
        command = [str(ENTRYPOINT), *self.services[service]["command"]]
        self.spawn(service, replica, command, environment)

    def spawn(
        self, service: str, replica: str, command: list[str], environment: Mapping[str, str]
    ) -> None:
        """Start a process for a service with a command of the caller's."""
        log = self.root / f"{replica}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.replicas[replica] = Replica(replica, service, environment, log, process)

    def problem(self, replica: str) -> str:
        """Run the health check of a replica; return what it complains of, or ""."""
        one = self.replicas[replica]
        check = self.services[one.service]["healthcheck"]["test"]
        # Every check goes by way of the entry point here.
        words = [word for word in check[1:] if word != "entrypoint"]
        arguments = [str(self.ports.redis) if word == "6379" else word for word in words]
        outcome = subprocess.run(
            [ENTRYPOINT, *arguments],
            env=dict(one.environment),
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return "" if outcome.returncode == 0 else outcome.stdout + outcome.stderr or "not healthy"

    def wait_until_healthy(self, *replicas: str) -> None:
        """Wait until the health checks of all of them pass."""
        end = time.monotonic() + HEALTHY_SECONDS
        for replica in replicas:
            one = self.replicas[replica]
            while problem := self.problem(replica):
                ended = one.process.poll() is not None
                if ended or time.monotonic() > end:
                    log = one.log.read_text(errors="replace")[-4000:]
                    message = f"{replica} {'ended' if ended else 'is not healthy'}: {problem}{log}"
                    raise AssertionError(message)
                time.sleep(0.5)

    def kill(self, replica: str) -> None:
        """End a replica as a lost machine ends it."""
        process = self.replicas[replica].process
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)

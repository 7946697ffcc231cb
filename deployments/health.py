"""Health of one production process: `python -m deployments.health WHICH`, in a process beside it.

The container runtime runs it on a schedule (docker-compose.yml, `healthcheck`) and reads the
exit status: 0 healthy, 1 not. It reads the same environment as the process itself.

That a process runs is not enough: the checks look for what it must bring about.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from skyclust.embedded.health_checks import check_all, check_services
from skyclust.embedded.recovery_state import read_recovery_state
from skyclust.errors import Unavailable
from skyclust.settings import load_settings

TIMEOUT_SECONDS: Final = 5.0

# The name under which `prefect server services start` registers its loops in Redis
# (prefect.cli._server_utils). The API servers use another: PREFECT_SERVER_DOCKET_NAME.
SERVICES_DOCKET: Final = "prefect"


def server() -> str:
    """Return what is wrong with the API server of this host, or "" when it answers.

    `/api/ready` is open without the auth string and fails when the database is unreachable.
    """
    return _answers(f"http://127.0.0.1:{os.environ['PREFECT_SERVER_API_PORT']}/api/ready")


def worker() -> str:
    """Return what is wrong with the worker of this host, or "" when it polls its work pool."""
    host = os.environ["PREFECT_WORKER_WEBSERVER_HOST"]
    return _answers(f"http://{host}:{os.environ['PREFECT_WORKER_WEBSERVER_PORT']}/health")


def services() -> str:
    """Return what is wrong with the background services of this host, or "" when they work.

    They have no port of their own. Their loops are run by a docket worker that writes a
    heartbeat to Redis every two seconds under `<host name>#<process id>`; docket drops it
    after five missed ones. A loop that beats may fail each time: so each schedule must have its
    next run planned, and an event that is sent must be stored and answered by an automation.
    PREFECT_API_URL names the API server to ask.
    """
    silent = asyncio.run(asyncio.wait_for(_services(), timeout=TIMEOUT_SECONDS))
    if silent:
        return silent
    try:
        found = check_services(os.environ["PREFECT_API_URL"])
    except Unavailable:
        return ""  # what the API servers' own check says
    return " ".join(one.detail for one in found if not one.healthy)


def recovery() -> str:
    """Return what is wrong with the recovery loop of this host, or "" when it looks."""
    seen = read_recovery_state(load_settings().home.absolute())
    if seen is None:
        return "it has not looked yet"
    if seen.is_silent:
        return f"it looked last at {seen.looked_at.isoformat()}"
    return " ".join(seen.problems)


def installation() -> str:
    """Return what does not happen that must, wherever the reason is; for a monitor.

    `skyclust status` shows the same as a table. PREFECT_API_URL names the API server to ask.
    """
    found = check_all(os.environ["PREFECT_API_URL"])
    return " ".join(f"{one.part}: {one.detail}" for one in found if not one.healthy)


async def _services() -> str:
    from docket import Docket  # noqa: PLC0415 - heavy, and only this check needs it

    url = os.environ["PREFECT_SERVER_DOCKET_URL"]
    async with Docket(name=SERVICES_DOCKET, url=url) as docket:
        names = [alive.name for alive in await docket.workers()]
    if any(name.startswith(f"{socket.gethostname()}#") for name in names):
        return ""
    return f"no heartbeat of this host in Redis; beating: {', '.join(names) or 'none'}"


def _answers(url: str) -> str:
    try:
        with urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - our own http url
            response.read()
    except (URLError, OSError) as error:
        return f"{url}: {error}"
    return ""


CHECKS: Final[dict[str, Callable[[], str]]] = {
    "server": server,
    "services": services,
    "worker": worker,
    "recovery": recovery,
    "installation": installation,
}


def main(arguments: list[str]) -> int:
    """Run the named check; return 0 when healthy, 1 when not, 2 for an unknown name."""
    if len(arguments) != 1 or arguments[0] not in CHECKS:
        sys.stderr.write(f"usage: python -m deployments.health {'|'.join(CHECKS)}\n")
        return 2
    try:
        problem = CHECKS[arguments[0]]()
    except Exception as error:  # whatever stops the check, the process is not known to be well
        problem = f"{type(error).__name__}: {error}"
    if problem:
        sys.stderr.write(f"{arguments[0]} is not healthy: {problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

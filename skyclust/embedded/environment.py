"""The settings under which the embedded Prefect runs (docs/reference/settings.md lists them).

What the caller's environment sets wins over these defaults, but for what makes the
installation one: its folder, its address, its key and its auth string.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SHORT_LIVED_EVENTS: Final = (
    "prefect.flow-run.heartbeat",
    *(
        f"prefect.flow-run.{state}"
        for state in (
            "Scheduled",
            "AwaitingConcurrencySlot",
            "Pending",
            "Submitting",
            "Running",
            "Completed",
        )
    ),
    *(f"prefect.task-run.{state}" for state in ("Pending", "Running", "Completed")),
    "prefect.worker.submitted-flow-run",
    "prefect.worker.executed-flow-run",
    "prefect.artifact.created",
    "prefect.artifact.updated",
    "prefect.artifact-collection.created",
    "prefect.artifact-collection.updated",
)
"""Events of work that goes well. They fill the database, some 10 kB each with their indexes, and
runs, states and artifacts tell the same for as long as these are kept."""

_DAY: Final = 24 * 3600

SERVER_DEFAULTS: Final[Mapping[str, str]] = {
    # Batches: at Prefect's defaults (one by one) a thousand task runs take half a minute to
    # be recorded, and as long to appear in the UI.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
    # Planned ahead by Prefect's own default is an hour, thirty recoveries: after an outage all of
    # them would be late, and a scheduler that died would be noticed an hour later.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT10M",
    # Retention: events for 7 days, those of work that goes well for one, flow runs for 90; by
    # default flow runs stay for ever.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(90 * _DAY),
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_EVENT_RETENTION_OVERRIDES": json.dumps(
        dict.fromkeys(SHORT_LIVED_EVENTS, _DAY)
    ),
    # Nothing calls home, nothing advertises.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Relative, so that the UI also works through a tunnel or a proxy.
    "PREFECT_SERVER_UI_API_URL": "/api",
    # A page of somebody else cannot act with what a browser remembers of ours.
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
}

CLIENT_DEFAULTS: Final[Mapping[str, str]] = {
    # Prefect's own default is 180 s: too slow to tell a dead run from a busy one.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    # By default a worker polls for work every 10 s.
    "PREFECT_WORKER_QUERY_SECONDS": "0.5",
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "10",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # No colours and no questions: their output is a log file.
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_CLI_PROMPT": "false",
    "NO_COLOR": "1",
}

NEVER_EPHEMERAL: Final[Mapping[str, str]] = {"PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}
"""Without a server Prefect would start a hidden one of its own, and lose runs with it."""


HEARTBEAT: Final = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"
"""What tells a dead run from a busy one counts on it, whatever the caller has set."""

LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost")


def without_proxy_on_loopback(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep calls to this machine away from a configured proxy."""
    known = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
    hosts = [host for host in known.split(",") if host]
    hosts += [host for host in LOOPBACK_HOSTS if host not in hosts]
    # Both spellings: which one a library reads, and which wins, differs.
    return dict.fromkeys(("no_proxy", "NO_PROXY"), ",".join(hosts))


def prefect_home(home: Path) -> Path:
    """Return Prefect's folder within a home folder."""
    return home / "prefect"


def server_environment(
    home: Path, *, port: int, encryption_key: str, auth_string: str, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of the embedded server."""
    origins = [f"http://{host}:{port}" for host in LOOPBACK_HOSTS]
    return {
        **SERVER_DEFAULTS,
        **CLIENT_DEFAULTS,
        # By default any page may call the API from a browser.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(origins),
        **inherited,
        **without_proxy_on_loopback(inherited),
        "PREFECT_HOME": str(prefect_home(home)),
        "PREFECT_PROFILES_PATH": str(prefect_home(home) / "profiles.toml"),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        # Its background services, automations among them, call the API by this address.
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        # The UI's files are written out at start, and each installation has its own.
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(prefect_home(home) / "ui"),
        # Outside the database; by default the key of all block documents lies beside them.
        "PREFECT_SERVER_ENCRYPTION_KEY": encryption_key,
        # By default anybody who reaches the port, any user of this computer, runs code as us.
        "PREFECT_SERVER_API_AUTH_STRING": auth_string,
        "PREFECT_API_AUTH_STRING": auth_string,
    }


def client_environment(
    home: Path, *, api_url: str, auth_string: str | None, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of what talks to the server: worker, flow runs, bootstrap.

    Without an auth string it has the caller's own: that of somebody else's server.
    """
    environment = {
        **CLIENT_DEFAULTS,
        **inherited,
        **without_proxy_on_loopback(inherited),
        **NEVER_EPHEMERAL,
        HEARTBEAT: CLIENT_DEFAULTS[HEARTBEAT],
        "SKYCLUST_HOME": str(home),
        "PREFECT_HOME": str(prefect_home(home)),
        "PREFECT_PROFILES_PATH": str(prefect_home(home) / "profiles.toml"),
        "PREFECT_API_URL": api_url,
    }
    if auth_string is not None:
        environment["PREFECT_API_AUTH_STRING"] = auth_string
    # A worker passes on what it has, and its flow runs need the server's own settings least.
    environment.pop("PREFECT_SERVER_API_AUTH_STRING", None)
    return environment

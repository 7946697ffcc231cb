"""Measure SkyClust on this machine and print the figures as JSON; nothing else on stdout.

Everything is real but the clouds: an embedded Prefect server and worker in a temporary home
folder, the flow, the providers, the store. Each measurement is a process of its own, so
that neither memory nor imports of one count for another.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.cost_figures import measured_costs
from benchmarks.listings import measured_listings
from skyclust.embedded.auth import auth_of
from skyclust.embedded.environment import client_environment
from skyclust.embedded.installation import start, stop
from skyclust.embedded.processes import end
from skyclust.embedded.runtime import read_runtime
from skyclust.inventory.scheduler import WORKERS

AIM: Final = 1.5
"""A sync, store included, shall take at most so many times what bare boto3 takes."""

WORKER_GRACE_SECONDS: Final = 15.0

LONGEST_SECONDS: Final = 900.0
"""No measurement takes that long; one that does hangs."""


def main(arguments: Sequence[str]) -> int:
    """Measure everything and print it; return 0, or 1 when one of the results is not whole."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="skyclust-bench-") as folder:
        _isolate(Path(folder))
        with _prefect(Path(folder)) as environment:
            reads = _run("reads", options.reads, environment=environment)
            latency = _run("latency", options.triggers, environment=environment)
            _end_worker(Path(folder))
            tasks = _run("tasks", options.tasks, environment=environment)
            sync = _sync(options.instances, options.regions, environment)
            forecasts = _run("forecasts", "--series", options.series, environment=environment)
            anomalies = _run("anomaly_scores", "--series", options.series, environment=environment)
            costs = measured_costs(options.cost_rows, environment, _run)
            listings = measured_listings(options.machines, environment, _run)
    figures = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "anomalies": anomalies,
        "costs": costs,
        "forecasts": forecasts,
        "listings": listings,
        "read_commands": reads,
        "sync": sync,
        "tasks": tasks,
        "trigger_to_running": latency,
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    complete = (
        sync["instances_stored"] == options.instances
        and costs["complete"]
        and all(listing["complete"] for listing in listings.values())
    )
    return 0 if complete and not sync["second_wrote_rows"] else 1


def _sync(instances: int, regions: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what bare boto3 costs before and after the flow, and the flow, on one cloud."""
    with _cloud(instances, regions, environment) as endpoint:
        before = _run("bare", endpoint, environment=environment)
        synced = _run("sync", endpoint, environment=environment)
        after = _run("bare", endpoint, environment=environment)
    quickest = min(before, after, key=lambda bare: float(bare["seconds"]))
    return {
        "instances": instances,
        "instances_stored": synced["instances"],
        "regions": regions,
        "threads": WORKERS,
        "database": synced["database"],
        "bare_boto3": quickest,
        "first": synced["first"],
        "second": synced["second"],
        "second_wrote_rows": synced["second_wrote_rows"],
        "times_bare_boto3": round(synced["first"]["seconds"] / quickest["seconds"], 2),
        "aim_times_bare_boto3": AIM,
    }


def _isolate(folder: Path) -> None:
    """Let no setting of this machine's own SkyClust or Prefect reach the measurement."""
    for name in [name for name in os.environ if name.startswith(("SKYCLUST_", "PREFECT_"))]:
        del os.environ[name]
    os.environ["SKYCLUST_HOME"] = str(folder)
    os.environ["SKYCLUST_ALLOWED_NETWORKS"] = "http://127.0.0.0/8"  # where our clouds are


@contextmanager
def _prefect(home: Path) -> Iterator[dict[str, str]]:
    """Run an embedded installation and yield the environment to use it with."""
    try:
        runtime = start(home, say=_say)
        auth = auth_of(home, runtime)
        yield client_environment(
            home, api_url=runtime.api_url, auth_string=auth, inherited=os.environ
        )
    finally:
        stop(home)


def _end_worker(home: Path) -> None:
    """End the worker: runs on a schedule would take the machine from what is measured."""
    runtime = read_runtime(home)
    if runtime is not None and runtime.worker is not None:
        end(runtime.worker, grace_seconds=WORKER_GRACE_SECONDS)


@contextmanager
def _cloud(instances: int, regions: int, environment: Mapping[str, str]) -> Iterator[str]:
    """Run the cloud in a process of its own and yield its address."""
    command = [sys.executable, "-m", "benchmarks.cloud"]
    size = ["--instances", str(instances), "--regions", str(regions)]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, *size], env=dict(environment), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            ready = process.stdout.readline() if process.stdout else ""
            yield str(json.loads(ready)["endpoint"])
        finally:
            process.terminate()


def _run(measurement: str, *arguments: object, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run one measurement in its own process and return its figures; raises with its log."""
    _say(f"Measuring {measurement} {' '.join(map(str, arguments))}")
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", f"benchmarks.{measurement}", *map(str, arguments)],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    if done.returncode != 0:
        raise RuntimeError(f"Measuring {measurement} failed:\n{done.stderr}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--instances", type=int, default=20_000)
    parser.add_argument("--cost-rows", type=int, default=1_000_000, help="of a bill to import")
    parser.add_argument("--regions", type=int, default=17)
    parser.add_argument("--machines", type=int, default=5_000, help="listed on each cloud")
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--triggers", type=int, default=20)
    parser.add_argument("--reads", type=int, default=5, help="of each command that reads")
    parser.add_argument("--series", type=int, default=210, help="generated bills to forecast")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

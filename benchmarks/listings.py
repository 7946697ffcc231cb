"""Five clouds, thousands of machines each: our provider's list against the SDK's own.

Every cloud answers from memory (`replay`), and both sides read the same answers in the same
run, each in a process of its own: the SDK before and after ours, the quicker one counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.filling import OPTIONS, SEEDS, fill
from skyclust_sandbox.processes import start_sandbox, stop_sandbox

AIMS: Final = {"aws": 1.5, "azure": 1.0, "gcp": 1.0, "openstack": 1.5, "proxmox": 1.5}
"""At most so many times what the cloud's own SDK takes, by cloud."""

AWS_REGIONS: Final = 5

Measure = Callable[..., dict[str, Any]]
"""Runs a measurement in a process of its own: its name, its arguments, the environment."""


def measured_listings(
    machines: int, environment: Mapping[str, str], run: Measure
) -> dict[str, dict[str, Any]]:
    """Return for each cloud what both sides cost, and how many times the SDK's ours is."""
    return {cloud: _compared(cloud, machines, environment, run) for cloud in sorted(AIMS)}


def _compared(
    cloud: str, machines: int, environment: Mapping[str, str], run: Measure
) -> dict[str, Any]:
    with _served(cloud, machines, environment) as endpoint:
        before = run("listing", cloud, "bare", endpoint, environment=environment)
        ours = run("listing", cloud, "provider", endpoint, environment=environment)
        after = run("listing", cloud, "bare", endpoint, environment=environment)
    quickest = min(before, after, key=lambda bare: float(bare["seconds"]))
    return {
        "machines": ours["machines"],
        "complete": ours["machines"] == quickest["machines"] >= machines,
        "bare": quickest,
        "provider": ours,
        "times_bare": round(ours["seconds"] / quickest["seconds"], 2),
        "aim_times_bare": AIMS[cloud],
    }


@contextmanager
def _served(cloud: str, machines: int, environment: Mapping[str, str]) -> Iterator[str]:
    """Run a cloud with so many machines that answers from memory, and yield its address."""
    if cloud == "aws":
        size = ("--instances", str(machines), "--regions", str(AWS_REGIONS))
        with _process("cloud", *size, environment=environment) as endpoint:
            yield endpoint
        return
    with tempfile.TemporaryDirectory(prefix="skyclust-bench-") as folder:
        home = Path(folder)
        try:
            options = OPTIONS[cloud](machines)
            started = start_sandbox(home, clouds=(cloud,), seed=SEEDS[cloud], options=options)
            sandbox = started[cloud].endpoint
            fill(cloud, sandbox, machines)
            with _process("replay", sandbox, environment=environment) as endpoint:
                yield endpoint
        finally:
            stop_sandbox(home)


@contextmanager
def _process(module: str, *arguments: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Run a server of ours that prints its address when it is ready, and yield the address."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            ready = process.stdout.readline() if process.stdout else ""
            yield str(json.loads(ready)["endpoint"])
        finally:
            process.terminate()

"""Runs the sandbox GCP: `python -m skyclust.sandbox.gcp --port 0 --seed estate`."""

from __future__ import annotations

import argparse
import secrets

from skyclust.sandbox.control import Conditions, Control
from skyclust.sandbox.faults import Faults
from skyclust.sandbox.gcp.application import GcpApplication
from skyclust.sandbox.gcp.cloud import GcpCloud
from skyclust.sandbox.seeds import Seed
from skyclust.sandbox.serving import serve


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; says where in one line of JSON on stdout."""
    options = _parser().parse_args(arguments)
    conditions = Conditions(Faults(seed=options.fault_seed))
    cloud = GcpCloud(options.transition_seconds, conditions)
    control = Control("gcp", options.nonce, Seed(options.seed), cloud.restart, conditions)
    control.reset(None)
    serve(
        GcpApplication(cloud, control),
        cloud="gcp",
        host=options.host,
        port=options.port,
        nonce=options.nonce,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m skyclust.sandbox.gcp", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    add("--seed", choices=[*Seed], default=Seed.EMPTY, help="what exists at the beginning")
    add("--nonce", default=secrets.token_hex(16), help="by which this process is known again")
    add("--fault-seed", type=int, default=0, help="seed of the faults' dice")
    add("--transition-seconds", type=float, default=2.0, help="time that an operation takes")
    return parser


if __name__ == "__main__":
    main()

"""Runs the sandbox Azure: `python -m skyclust_sandbox.azure --port 0 --seed estate`."""

from __future__ import annotations

import argparse

from skyclust_sandbox.application import CloudApplication
from skyclust_sandbox.azure.cloud import AzureCloud
from skyclust_sandbox.azure.control_paths import AzureControlPaths
from skyclust_sandbox.azure.state import AzureSettings
from skyclust_sandbox.control import Conditions, Control
from skyclust_sandbox.faults import Faults
from skyclust_sandbox.http_server import serve
from skyclust_sandbox.options import common_parser
from skyclust_sandbox.seeds import Seed


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; prints the endpoint as one line of JSON to stdout."""
    options = _parser().parse_args(arguments)
    settings = AzureSettings(
        transition_seconds=options.transition_seconds,
        page_size=options.page_size,
        regional_cores=options.regional_cores,
    )
    conditions = Conditions(Faults(seed=options.fault_seed))
    cloud = AzureCloud(settings, conditions)
    control = Control("azure", options.nonce, Seed(options.seed), cloud.restart, conditions)
    control.reset(None)
    serve(
        AzureControlPaths(cloud, CloudApplication(cloud, control)),
        cloud="azure",
        host=options.host,
        port=options.port,
        nonce=options.nonce,
    )


def _parser() -> argparse.ArgumentParser:
    parser = common_parser("azure", __doc__)
    add = parser.add_argument
    add("--page-size", type=int, default=1000, help="number of items in a page of a list")
    add("--regional-cores", type=int, default=20_000, help="vCPU quota of each location")
    return parser


if __name__ == "__main__":
    main()

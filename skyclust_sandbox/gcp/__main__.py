"""Runs the sandbox GCP: `python -m skyclust_sandbox.gcp --port 0 --seed estate`."""

from __future__ import annotations

from skyclust_sandbox.control import Conditions, Control
from skyclust_sandbox.faults import Faults
from skyclust_sandbox.gcp.application import GcpApplication
from skyclust_sandbox.gcp.cloud import GcpCloud
from skyclust_sandbox.http_server import serve
from skyclust_sandbox.options import common_parser
from skyclust_sandbox.seeds import Seed


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; print the endpoint as one line of JSON."""
    options = common_parser("gcp", __doc__).parse_args(arguments)
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


if __name__ == "__main__":
    main()

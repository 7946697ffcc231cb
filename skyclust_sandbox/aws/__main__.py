"""Runs the sandbox AWS: `python -m skyclust_sandbox.aws --port 0 --seed estate`."""

from __future__ import annotations

import argparse
import os

from skyclust_sandbox.aws.application import AwsApplication
from skyclust_sandbox.aws.cloud import AwsCloud, AwsSettings
from skyclust_sandbox.control import Conditions, Control
from skyclust_sandbox.faults import Faults
from skyclust_sandbox.http_server import serve
from skyclust_sandbox.options import common_parser
from skyclust_sandbox.seeds import Seed


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; writes the address as one line of JSON to stdout."""
    options = _parser().parse_args(arguments)
    # moto reads the environment: the user's variables must not change the sandbox, and moto's
    # thousands of public images are not loaded.
    for name in [name for name in os.environ if name.startswith("MOTO_")]:
        del os.environ[name]
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    settings = AwsSettings(
        transition_seconds=options.transition_seconds,
        terminated_seconds=options.terminated_seconds,
        minimum_page_size=options.minimum_page_size,
        page_token_seconds=options.page_token_seconds,
    )
    conditions = Conditions(Faults(seed=options.fault_seed))
    cloud = AwsCloud(settings, conditions)
    control = Control("aws", options.nonce, Seed(options.seed), cloud.restart, conditions)
    control.reset(None)
    serve(
        AwsApplication(cloud, control),
        cloud="aws",
        host=options.host,
        port=options.port,
        nonce=options.nonce,
    )


def _parser() -> argparse.ArgumentParser:
    parser = common_parser("aws", __doc__)
    add = parser.add_argument
    add(
        "--terminated-seconds",
        type=float,
        default=60.0,
        help="how long a terminated instance is listed",
    )
    add("--minimum-page-size", type=int, default=1, help="smallest MaxResults; 5 in EC2 itself")
    add("--page-token-seconds", type=float, default=3600.0, help="lifetime of a page token")
    return parser


if __name__ == "__main__":
    main()

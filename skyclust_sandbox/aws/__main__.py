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
    """Serve until stopped; says where in one line of JSON on stdout."""
    options = _parser().parse_args(arguments)
    # moto listens to the environment: nothing of the user's may change what the sandbox is,
    # and its own thousands of public images stay out.
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
    add("--terminated-seconds", type=float, default=60.0, help="time a terminated one is shown")
    add("--minimum-page-size", type=int, default=1, help="least MaxResults; 5 at EC2 itself")
    add("--page-token-seconds", type=float, default=3600.0, help="time a page token holds")
    return parser


if __name__ == "__main__":
    main()

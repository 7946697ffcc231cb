"""Run the sandbox OpenStack: `python -m skyclust_sandbox.openstack --port 0 --seed estate`."""

from __future__ import annotations

import argparse

from skyclust_sandbox.control import Conditions, Control
from skyclust_sandbox.faults import Faults
from skyclust_sandbox.http_server import serve
from skyclust_sandbox.openstack.application import OpenStackApplication
from skyclust_sandbox.openstack.cloud import OpenStackCloud
from skyclust_sandbox.openstack.settings import OPTIONAL_SERVICES, OpenStackSettings
from skyclust_sandbox.options import common_parser
from skyclust_sandbox.seeds import Seed


def main(arguments: list[str] | None = None) -> None:
    """Serve until a signal stops the process; prints the endpoint as one line of JSON on stdout."""
    parser = _parser()
    options = parser.parse_args(arguments)
    without = frozenset(name for name in options.without.split(",") if name)
    if without - OPTIONAL_SERVICES.keys():
        parser.error(f"--without takes some of: {', '.join(OPTIONAL_SERVICES)}")
    settings = OpenStackSettings(
        transition_seconds=options.transition_seconds,
        token_seconds=options.token_seconds,
        bulk=options.bulk,
        without=frozenset(OPTIONAL_SERVICES[name] for name in without),
    )
    conditions = Conditions(Faults(seed=options.fault_seed))
    cloud = OpenStackCloud(settings, conditions)
    control = Control("openstack", options.nonce, Seed(options.seed), cloud.restart, conditions)
    control.reset(None)
    serve(
        OpenStackApplication(cloud, control),
        cloud="openstack",
        host=options.host,
        port=options.port,
        nonce=options.nonce,
    )


def _parser() -> argparse.ArgumentParser:
    parser = common_parser("openstack", __doc__)
    add = parser.add_argument
    add("--token-seconds", type=float, default=3600.0, help="lifetime of a token")
    add("--bulk", type=int, default=0, help="number of additional servers in the estate")
    add(
        "--without", default="", help="services this cloud lacks: cinder,neutron,octavia,cloudkitty"
    )
    return parser


if __name__ == "__main__":
    main()

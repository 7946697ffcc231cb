"""Runs the sandbox Proxmox VE: `python -m skyclust_sandbox.proxmox --port 0 --seed estate`."""

from __future__ import annotations

import argparse

from skyclust_sandbox.control import Conditions, Control
from skyclust_sandbox.faults import Faults
from skyclust_sandbox.http_server import serve
from skyclust_sandbox.options import common_parser
from skyclust_sandbox.proxmox.access import Tickets
from skyclust_sandbox.proxmox.application import ProxmoxApplication
from skyclust_sandbox.proxmox.cloud import ProxmoxCloud
from skyclust_sandbox.seeds import Seed


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; writes the address as one line of JSON to stdout."""
    options = _parser().parse_args(arguments)
    conditions = Conditions(Faults(seed=options.fault_seed))
    tickets = Tickets(options.ticket_seconds)
    cloud = ProxmoxCloud(options.transition_seconds, options.list_lag_seconds, tickets)
    control = Control("proxmox", options.nonce, Seed(options.seed), cloud.restart, conditions)
    control.reset(None)
    serve(
        ProxmoxApplication(cloud, control),
        cloud="proxmox",
        host=options.host,
        port=options.port,
        nonce=options.nonce,
    )


def _parser() -> argparse.ArgumentParser:
    parser = common_parser("proxmox", __doc__)
    add = parser.add_argument
    add("--ticket-seconds", type=float, default=7200.0, help="lifetime of a ticket")
    lag = "delay of the cluster's own lists behind the lists of the nodes"
    add("--list-lag-seconds", type=float, default=0.0, help=lag)
    return parser


if __name__ == "__main__":
    main()

"""The command line options that the processes of all sandbox clouds share."""

from __future__ import annotations

import argparse
import secrets

from skyclust_sandbox.seeds import Seed


def common_parser(cloud: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the shared options; each cloud adds its own."""
    parser = argparse.ArgumentParser(
        prog=f"python -m skyclust_sandbox.{cloud}", description=description
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=0, help="port to listen on; 0 selects a free one")
    add("--seed", choices=[*Seed], default=Seed.EMPTY, help="initial content of the cloud")
    add(
        "--nonce", default=secrets.token_hex(16), help="identifies this process on its command line"
    )
    add("--fault-seed", type=int, default=0, help="seed of the random generators of faults")
    add(
        "--transition-seconds",
        type=float,
        default=2.0,
        help="seconds that an instance takes from one state to the next, about",
    )
    return parser

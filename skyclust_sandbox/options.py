"""The options that the process of every sandbox cloud takes."""

from __future__ import annotations

import argparse
import secrets

from skyclust_sandbox.seeds import Seed


def common_parser(cloud: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what all clouds have in common; each adds what only it can do."""
    parser = argparse.ArgumentParser(
        prog=f"python -m skyclust_sandbox.{cloud}", description=description
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    add("--seed", choices=[*Seed], default=Seed.EMPTY, help="what exists at the beginning")
    add("--nonce", default=secrets.token_hex(16), help="by which this process is known again")
    add("--fault-seed", type=int, default=0, help="seed of the faults' dice")
    add("--transition-seconds", type=float, default=2.0, help="time between two states, about")
    return parser

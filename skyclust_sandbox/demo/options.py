"""The options of the demo: what becomes of its processes once its checks have passed."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

_DESCRIPTION: Final = """\
Start five sandbox clouds, a Prefect server and a worker on this computer, read the clouds into one
inventory, create an instance on each, delete them again, and check the results. It needs no account
and no installation of yours: everything is in a new temporary folder."""

_EPILOG: Final = """\
Without an option it stays on a terminal until Ctrl-C, and ends by itself without one.
With make: `make demo`, `CHECK=1 make demo`, `KEEP=1 make demo`. Exit codes: 0 all checks passed,
1 a command or a check failed (the ends of the logs are printed), 130 Ctrl-C before the end."""


class Ending(Enum):
    """What becomes of the processes of the demo."""

    STAY = "stay until Ctrl-C, then stop"
    LEAVE = "stop, and say how to keep them"
    CHECK = "stop"
    KEEP = "keep them running"


def ending_of(
    arguments: Sequence[str] | None, environment: Mapping[str, str], *, on_terminal: bool
) -> Ending:
    """Return the ending that the options, or the variables CHECK and KEEP, choose.

    `arguments` are those of this process when None. `--help` and an unknown option end the
    process (SystemExit), as both options together do.
    """
    parser = ArgumentParser(
        prog="python -m skyclust_sandbox.demo",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--check",
        action="store_true",
        help="end as soon as the checks have passed, also on a terminal (as CHECK=1)",
    )
    either.add_argument(
        "--keep",
        action="store_true",
        help="leave everything running, also without a terminal, and print how to look around and"
        " how to end it (as KEEP=1)",
    )
    chosen = parser.parse_args(arguments)
    if chosen.keep or (_is_set(environment, "KEEP") and not chosen.check):
        return Ending.KEEP
    if chosen.check or _is_set(environment, "CHECK"):
        return Ending.CHECK
    return Ending.STAY if on_terminal else Ending.LEAVE


def _is_set(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "0") not in {"", "0"}

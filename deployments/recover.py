"""One recovery in this process: `python -m deployments.recover`; the recovery loop starts it."""

from __future__ import annotations

import sys

from skyclust.errors import SkyClustError
from skyclust.file_modes import keep_files_private
from skyclust.orchestration.runs import run_here

FLOW = "recover-operations"


def main() -> int:
    """Recover the operations of every workspace; return 0 when all came to their end, else 1."""
    keep_files_private()
    try:
        outcome = run_here(FLOW, {})
    except SkyClustError as error:
        sys.stderr.write(f"recover: {error}\n")
        return 1
    sys.stderr.write(f"recover: {outcome.state_name}: {outcome.message}\n")
    return 0 if outcome.succeeded else 1


if __name__ == "__main__":
    sys.exit(main())

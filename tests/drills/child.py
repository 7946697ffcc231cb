"""A process that runs one flow: `python -m tests.drills.child FLOW PARAMETERS_AS_JSON`."""

from __future__ import annotations

import json
import sys

from skyclust.orchestration.runs import run_here

if __name__ == "__main__":
    outcome = run_here(sys.argv[1], json.loads(sys.argv[2]))
    print(outcome.state_name, outcome.message)
    sys.exit(0 if outcome.succeeded else 1)

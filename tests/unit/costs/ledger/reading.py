"""Reads a ledger over and over in a process of its own, until its standard input is closed.

    python -m tests.unit.costs.ledger.reading STORE_URL ROOT

Each line of output is an answer that differs from the one before: the effective cost and the rows
by resource, which the slices answer, and by service and day, which the rollup of days answers.
"""

from __future__ import annotations

import json
import select
import sys
from typing import Any

from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.store.engine import Store, open_store
from tests.unit.costs.bills import JANUARY

QUESTIONS = (["resource"], ["service", "day"])


def answers(store: Store, root: LedgerRoot) -> list[str]:
    """Return the answer to each question as text."""
    return [_answer(store, root, by) for by in QUESTIONS]


def _answer(store: Store, root: LedgerRoot, by: list[str]) -> str:
    query = CostQuery(JANUARY.start, JANUARY.end, by=by)
    frame = query_costs(store, ["default"], query, root=root)
    rows: list[list[Any]] = frame[[*by, "effective_cost", "rows"]].values.tolist()
    return json.dumps([[str(value) for value in row] for row in rows])


def main(url: str, folder: str) -> None:
    """Print each answer that is new until standard input is closed."""
    store, root = open_store(url), open_root(folder)
    last: list[str] = []
    while not select.select([sys.stdin], [], [], 0)[0]:
        now = answers(store, root)
        if now != last:
            sys.stdout.write(json.dumps(now) + "\n")
            sys.stdout.flush()
            last = now


if __name__ == "__main__":
    main(*sys.argv[1:])

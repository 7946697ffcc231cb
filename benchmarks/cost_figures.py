"""The figures of the cost ledger, each of a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.cost_import import make_export, server

AIM_TIMES_COPY: Final = 1.5
"""An import shall take at most so many times what a logged COPY of PostgreSQL takes."""

AIM_PEAK_MIB: Final = 600
AIM_AGAIN_SHARE: Final = 0.05
AIM_BREAKDOWN_MILLISECONDS: Final = 50
AIM_FREE_COLUMNS_SECONDS: Final = 2.0


def measured_costs(
    rows: int, environment: Mapping[str, str], run: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """Return what an import of so many rows costs beside COPY, and how long queries take."""
    with tempfile.TemporaryDirectory(prefix="skyclust-bench-costs-") as kept:
        folder = Path(kept) / "bill"
        make_export(folder, rows)

        def measure(what: str) -> dict[str, Any]:
            return run("cost_import", what, folder, environment=environment)

        # Before and after, for other work on the computer comes and goes.
        copies = [measure("copy")] if _is_there() else []
        applied = measure("apply")
        copies += [measure("copy")] if copies else []
        plain = measure("plain")
        queried = measure("query")
    figures = {
        **applied,
        **queried,
        "plain_file": plain,
        "complete": applied["complete"] and plain["complete"],
        "aims": {
            "again_share": AIM_AGAIN_SHARE,
            "breakdown_milliseconds": AIM_BREAKDOWN_MILLISECONDS,
            "free_columns_seconds": AIM_FREE_COLUMNS_SECONDS,
            "peak_mib": AIM_PEAK_MIB,
            "times_postgresql_copy": AIM_TIMES_COPY,
        },
    }
    if copies:
        quickest = min(float(copy["seconds"]) for copy in copies)
        figures["postgresql_copy_seconds"] = [copy["seconds"] for copy in copies]
        figures["times_postgresql_copy"] = round(applied["import"]["seconds"] / quickest, 2)
    return figures


def _is_there() -> bool:
    """Return whether a PostgreSQL server answers; without one nothing is compared."""
    try:
        psycopg.connect(server(), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True

"""What a collection shows of its tables."""

from __future__ import annotations

from skyclust.cli.columns import column
from skyclust.cli.run_tables import COSTS
from skyclust.costs.reconciliation.tolerance import Verdict


def test_only_totals_that_do_not_add_up_are_shown() -> None:
    shown = COSTS["cost-reconciliation-"]
    worth = [verdict for verdict in Verdict if shown.worth({"verdict": verdict.value})]
    assert worth == [verdict for verdict in Verdict if verdict is not Verdict.WITHIN]


def test_the_names_of_sources_keep_both_ends() -> None:
    source = column("source")
    cut = source.cut("aws-data-exports:production-eu", 20)
    assert cut.startswith("aws-")
    assert cut.endswith("-eu")
    assert source.least == 20

"""Our export of FOCUS 1.2, as the official validator sees it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from focus_data_toolkit.generators import get_generator

from skyclust.contract.cost import FileFormat
from skyclust.costs.focus.model import columns_of
from skyclust.costs.focus.writing import write_focus_parquet
from tests.fixtures.focus_models import MODELS, document, from_rules
from tests.fixtures.focus_validator import failing_rules, installed_validator
from tests.unit.costs.focus.samples import read_file

RECORD = tomllib.loads((Path(__file__).parent / "validator_failures.toml").read_text())


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed_validator(tmp_path_factory.mktemp("focus-validator") / "environment")


def sample(rows: int) -> Any:
    """Return generated bills of three clouds as the ledger has them, with a custom column."""
    files = [
        get_generator(provider, "1.2").generate_csv_bytes(rows, include_credits=True)
        for provider in ("aws", "azure", "gcp")
    ]
    table = pa.concat_tables(read_file(content, FileFormat.CSV) for content in files)
    return table.append_column("x_Note", pa.array(["é"] * table.num_rows))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_our_export_breaks_the_recorded_rules_and_no_other(validator: Path, tmp_path: Path) -> None:
    """Hold the failing rules to validator_failures.toml.

    The validator fails rules whose condition it cannot express, whatever the data are, so that
    "no failure" cannot be demanded: the set is recorded, each entry with its reason. A rule that
    fails and is not recorded is a fault of the writer, or of the sample, until it is explained; one
    that is recorded and passes is out of date. To look into one, run the validator by hand with
    `--show-violations` (tests/fixtures/focus_validator.py has its command line).
    """
    file = tmp_path / "export.parquet"
    assert write_focus_parquet([sample(500)], file, "1.2") == 1500
    failing, output = failing_rules(validator, file)
    recorded = RECORD["rules"].keys() | RECORD["collecting"].keys()
    assert failing == recorded, output[-6000:]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_broken_rule_is_seen(validator: Path, tmp_path: Path) -> None:
    """A currency that does not exist is found, so that an empty run cannot pass for a good one."""
    table = sample(20)
    index = table.schema.get_field_index("BillingCurrency")
    wrong = table.set_column(index, "BillingCurrency", pa.array(["QQQ"] * table.num_rows))
    file = tmp_path / "export.parquet"
    write_focus_parquet([wrong], file, "1.2")
    failing, _ = failing_rules(validator, file)
    assert "BillingCurrency-C-006-M" in failing


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_shipped_model_is_that_of_the_validator(validator: Path) -> None:
    """The model of 1.2 is made again from the rules that the validator carries."""
    [rules] = validator.parents[1].glob(
        "lib/python3.12/site-packages/focus_validator/rules/model-1.2.0.1.json"
    )
    columns = from_rules(json.loads(rules.read_text())["ModelRules"])
    text = document("1.2", columns, "focus-validator, model 1.2.0.1")
    assert (MODELS / "1.2.json").read_text() == text


def test_what_collects_failures_is_recorded_after_what_it_collects() -> None:
    explained = RECORD["rules"].keys() | RECORD["collecting"].keys()
    assert set(RECORD["collecting"].values()) <= explained
    columns = columns_of("1.2").keys() | {"CostAndUsage"}
    assert {rule.split("-")[0] for rule in explained} <= columns

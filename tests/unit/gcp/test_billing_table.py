"""The name of a billing export is checked before it is in a query, and so are its columns."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.gcp.billing_queries import periods_query, rows_query, totals_query
from providers.gcp.billing_table import REQUIRED, Column, check_columns, parse_table_name
from providers.gcp.credential import GcpCredential
from skyclust.errors import InvalidRequest

TABLE = "acme-billing.gcp_billing_immutable_010101_eu.gcp_billing_export_focus_010101_F0FFF0_61C528"
FOCUS = [Column(name, sorted(types)[0]) for name, types in REQUIRED.items()]


def test_the_parts_of_a_name_are_told_apart_from_the_end() -> None:
    assert str(parse_table_name(TABLE)) == TABLE
    of_a_domain = parse_table_name("example.com:acme-billing.costs.focus_view")
    assert of_a_domain.project == "example.com:acme-billing"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("gcp_billing_export_focus_010101", "not the full name"),
        ("acme-billing.costs", "not the full name"),
        ("acme-billing.costs.t` UNION SELECT 1 -- ", "a table with"),
        ("acme-billing.co`sts.table", "a dataset with"),
        ("acme`billing.costs.table", "ID of a project with"),
        ("acme-billing.costs.table\n", "a table with"),
        ("acme-billing.costs.tab\\le", "a table with"),
        ("acme-billing.costs.", "a table with"),
        ("acme-billing.costs.gcp_billing_export_v1_010101", "native billing export"),
        ("acme-billing.costs.gcp_billing_export_resource_v1_010101", "native billing export"),
    ],
)
def test_any_other_text_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_table_name(text)
    with pytest.raises(ValidationError, match="billing_export_table"):
        GcpCredential.model_validate({"billing_export_table": text})


@given(st.text(alphabet="ab.`'\";-@ \n\\:_/*", max_size=40))
def test_no_accepted_name_can_end_its_quotes(text: str) -> None:
    try:
        name = str(parse_table_name(f"acme-billing.costs.{text}"))
    except ValueError:
        return
    assert not set(name) & set("`'\"; \n\\@/*")


def test_an_empty_field_means_no_costs() -> None:
    assert GcpCredential.model_validate({"billing_export_table": ""}).billing_export_table is None


def test_a_table_of_other_columns_is_refused_by_the_columns_name() -> None:
    table = parse_table_name(TABLE)
    check_columns(table, FOCUS)
    with pytest.raises(InvalidRequest, match="no column x_ExportTime"):
        check_columns(table, [column for column in FOCUS if column.name != "x_ExportTime"])
    other = [column for column in FOCUS if column.name != "BilledCost"]
    with pytest.raises(InvalidRequest, match="BilledCost is STRING"):
        check_columns(table, [*other, Column("BilledCost", "STRING")])
    with pytest.raises(InvalidRequest, match="cannot be quoted"):
        check_columns(table, [*FOCUS, Column("a`b", "STRING")])


def test_values_are_parameters_of_a_query_and_never_a_part_of_it() -> None:
    table = parse_table_name(TABLE)
    start, end = date(2026, 8, 1), date(2026, 9, 1)
    account = "1' OR '1'='1"
    queries = [
        periods_query(table, start, end),
        totals_query(table, FOCUS, start, end),
        rows_query(
            table,
            FOCUS,
            account=account,
            start=start,
            end=end,
            exported_at=datetime(2026, 9, 1, tzinfo=UTC),
        ),
    ]
    for query in queries:
        assert query.sql.count(f"`{TABLE}`") == 1
        assert "2026" not in query.sql
        assert account not in query.sql
        assert all(f"@{name}" in query.sql for name in query.parameters)
    assert queries[-1].parameters["account"] == account


def test_credits_of_rows_are_summed_only_where_the_table_has_them() -> None:
    table = parse_table_name(TABLE)
    start, end = date(2026, 8, 1), date(2026, 9, 1)
    assert "UNNEST" not in totals_query(table, FOCUS, start, end).sql
    with_credits = [*FOCUS, Column("x_Credits", "RECORD", repeated=True)]
    assert "UNNEST(x_Credits)" in totals_query(table, with_credits, start, end).sql

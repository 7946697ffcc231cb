"""GoogleSQL in DuckDB: the few forms that the two write differently.

One SELECT statement with one table in backticks. What both have alike (EXTRACT, IF, IFNULL,
aggregates, scalar subqueries) is passed on as it is, so that a mistake in a query is an error here
as it is in BigQuery. Everything else is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_TOKEN: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|`[^`]*`|@\w+|--[^\n]*|/\*.*?\*/|;", re.S)
_TABLE: Final = re.compile(r"\b(FROM|JOIN)\s+(`[^`]*`)", re.I)
_UNNEST: Final = re.compile(r"\bUNNEST\((`?\w+`?)\)\s+AS\s+(\w+)", re.I)


class InvalidQuery(Exception):
    """The statement is not one that the sandbox understands; the text says why."""


@dataclass(frozen=True)
class Statement:
    """A statement in DuckDB's SQL over the table `export`, and the table that it names."""

    sql: str
    table: str
    parameters: dict[str, Any]


def translate(sql: str, parameters: list[dict[str, Any]]) -> Statement:
    """Return a statement in DuckDB's SQL; raises InvalidQuery.

    `parameters` are those of `QueryRequest.queryParameters`, all named.
    """
    if not re.match(r"\s*SELECT\b", sql, re.I):
        raise InvalidQuery("Syntax error: Expected keyword SELECT")
    tables = {quoted.strip("`") for _, quoted in _TABLE.findall(sql)}
    if len(tables) != 1:
        raise InvalidQuery("The sandbox reads one table, whose name is in backticks.")
    values = {str(each["name"]): _value(each) for each in parameters}
    used: set[str] = set()

    def rewrite(token: re.Match[str]) -> str:
        text = token[0]
        if text[0] == "`":
            return f'"{text[1:-1]}"'
        if text[0] == "@":
            if text[1:] not in values:
                raise InvalidQuery(f"Query parameter '{text[1:]}' not found")
            used.add(text[1:])
            return f"${text[1:]}"
        if text[0] in "-/;":
            raise InvalidQuery("The sandbox reads one statement without comments.")
        return text

    with_table = _TABLE.sub(r"\1 export", sql)
    with_lists = _UNNEST.sub(r"(SELECT UNNEST(\1) AS \2)", with_table)
    translated = _TOKEN.sub(rewrite, with_lists)
    return Statement(translated, tables.pop(), {name: values[name] for name in used})


def _value(parameter: dict[str, Any]) -> Any:
    kind = parameter["parameterType"]["type"]
    text = parameter["parameterValue"].get("value")
    match kind:
        case "STRING":
            return text
        case "TIMESTAMP":
            return datetime.fromisoformat(str(text)).astimezone(UTC).replace(tzinfo=None)
        case "INT64":
            return int(text)
        case _:
            raise InvalidQuery(f"The sandbox has no parameters of the type {kind}.")

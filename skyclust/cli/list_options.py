"""The options that every list takes, added to a command in one place.

@app.command("list")
@with_list_options()
def list_all(options: ListOptions, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    show_list(rows, COLUMNS, options, title="Instances")
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from inspect import Parameter
from typing import Annotated, Any, Final

import typer

from skyclust.cli.options import AsJson
from skyclust.errors import InvalidRequest


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


HIGHEST_LIMIT: Final = 2**31 - 1
"""A greater limit is taken as this one: the databases know no greater number everywhere."""


@dataclass(frozen=True)
class ListOptions:
    """How a list is printed, and which part of it.

    `columns` are names, empty for the list's own. `sort` is a column, with a dash in front for
    descending order, empty for the list's own order. `limit` is None for all rows. `offered` says
    that the command has these options, so that a hint may name them.
    """

    format: Format = Format.TABLE
    columns: tuple[str, ...] = ()
    wide: bool = False
    limit: int | None = None
    sort: str = ""
    no_pager: bool = False
    offered: bool = False

    @property
    def is_table(self) -> bool:
        """Return whether the list is for people."""
        return self.format is Format.TABLE

    @property
    def query_limit(self) -> int | None:
        """Return how many rows a query may stop at: what is to be sorted is read to its end."""
        return None if self.sort else self.limit

    def refuse_cursor(self, cursor: str | None) -> None:
        """Raise InvalidRequest for a cursor in an order that pages do not have."""
        if cursor and self.sort:
            raise InvalidRequest(
                "--cursor goes on in the list's own order: it excludes --sort.",
                hint="With --sort, --limit says how much of the list is shown.",
            )


def without_options(*, as_json: bool) -> ListOptions:
    """Return how a list is printed by a command that has no options of lists but --json."""
    return ListOptions(format=Format.JSON if as_json else Format.TABLE)


AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV for a spreadsheet.")]
AsJsonLines = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")]
ColumnNames = Annotated[
    str | None, typer.Option("--columns", metavar="NAME,...", help="Which columns, in this order.")
]
Wide = Annotated[
    bool, typer.Option("--wide", help="Every column, or those of --columns, and whole values.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many rows.")
]
Sort = Annotated[
    str | None,
    typer.Option("--sort", metavar="COLUMN", help="Sort by it; -COLUMN: the greatest first."),
]
NoPager = Annotated[
    bool, typer.Option("--no-pager", help="Write a long table to the terminal at once.")
]

_SHARED: Final[dict[str, tuple[Any, Any]]] = {
    "columns": (ColumnNames, None),
    "wide": (Wide, False),
    "limit": (Limit, None),
    "sort": (Sort, None),
    "no_pager": (NoPager, False),
    "as_json": (AsJson, False),
    "as_jsonl": (AsJsonLines, False),
    "as_csv": (AsCsv, False),
}
"""Parameters with their annotation and default."""


def with_list_options(
    *, limit: int | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command the options of lists, as its `options`.

    They take the place of the parameter `options: ListOptions`. `limit` is the number of rows by
    default, None for all.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            shared = {name: given.pop(name) for name in _SHARED}
            command(options=_options(**shared), **given)

        own = inspect.signature(command, eval_str=True).parameters
        parameters = _with_shared(own, limit)
        del with_options.__wrapped__  # else its signature is read
        setattr(with_options, "__signature__", inspect.Signature(parameters))  # noqa: B010  mypy
        with_options.__annotations__ = {each.name: each.annotation for each in parameters}
        return with_options

    return decorate


def _with_shared(own: Any, limit: int | None) -> list[Parameter]:
    """Return a command's parameters, those of lists in the place of `options`."""
    parameters: list[Parameter] = []
    for name, parameter in own.items():
        if name != "options":
            parameters.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))
            continue
        for shared, (annotation, usual) in _SHARED.items():
            default = limit if shared == "limit" else usual
            parameters.append(
                Parameter(shared, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            )
    return parameters


def _options(
    *,
    columns: str | None,
    wide: bool,
    limit: int | None,
    sort: str | None,
    no_pager: bool,
    as_json: bool,
    as_jsonl: bool,
    as_csv: bool,
) -> ListOptions:
    formats = {Format.JSON: as_json, Format.JSONL: as_jsonl, Format.CSV: as_csv}
    chosen = [each for each, wanted in formats.items() if wanted]
    if len(chosen) > 1:
        raise InvalidRequest(f"{' and '.join(f'--{each}' for each in chosen)} exclude each other.")
    names = tuple(dict.fromkeys(name.strip() for name in (columns or "").split(",")))
    if columns is not None and "" in names:
        raise InvalidRequest(
            f"--columns {columns!r} has a name that is empty.",
            hint="For example --columns name,state.",
        )
    if sort is not None and not sort.strip():
        raise InvalidRequest("--sort names no column.", hint="For example --sort name.")
    return ListOptions(
        format=chosen[0] if chosen else Format.TABLE,
        columns=names if columns is not None else (),
        wide=wide,
        limit=None if limit is None else min(limit, HIGHEST_LIMIT),
        sort=(sort or "").strip(),
        no_pager=no_pager,
        offered=True,
    )

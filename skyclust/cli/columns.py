"""The columns of tables: what each shows, how much it matters, and how it may be shortened.

A list names its columns; what a column of that name is like in every list is written here once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from skyclust.cli.cells import cut_end, cut_list, cut_middle
from skyclust.errors import InvalidRequest

Cut = Callable[[str, int], str]
"""Shortens a text to a width in columns of the terminal."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Where space is short, values are cut by `cut` down to `least` columns; 0 is never cut. If that
    is not enough, the column with the highest `priority` is left out first; without one it is
    the column's place in the list. `only_wide` columns are shown by --wide and --columns alone.
    `is_id` shows ids by their short form. `heading` is a longer title, where there is room for it.
    """

    name: str
    priority: int | None = None
    least: int = 0
    cut: Cut = cut_end
    right: bool = False
    is_id: bool = False
    only_wide: bool = False
    heading: str = ""

    @property
    def title(self) -> str:
        """Return the shortest heading."""
        return self.name.replace("_", " ")

    @property
    def long_title(self) -> str:
        """Return the heading where space is not short."""
        return self.heading or self.title


def _kinds() -> dict[str, Column]:
    """Return what is known of columns by their names; any other may be cut at its end to 10."""
    known = [
        Column(name)  # regions, states and names of kinds are never cut
        for name in (
            "action",
            "address",
            "architecture",
            "at",
            "change",
            "completed_at",
            "created_at",
            "epoch",
            "kind",
            "provider",
            "region",
            "scope_state",
            "part",
            "standing",
            "state",
            "updated_at",
            "verified_at",
        )
    ]
    known += [
        Column(name, least=16, cut=cut_middle, is_id=True)
        for name in ("id", "subject_id", "operation", "run_id")
    ]
    known += [
        Column(name, right=True)
        for name in (
            "after",
            "actual",
            "amount",
            "attempts",
            "before",
            "billed_cost",
            "contracted_cost",
            "cores",
            "credits",
            "difference",
            "effective_cost",
            "expected",
            "forecast",
            "gpus",
            "gross",
            "impact",
            "list_cost",
            "lower",
            "memory GiB",
            "memory_mib",
            "minimum_disk_gib",
            "net",
            "order",
            "ours",
            "percent",
            "pid",
            "probability",
            "resources",
            "rows",
            "savings",
            "scopes",
            "sequence",
            "share",
            "so_far",
            "tax",
            "theirs",
            "upper",
        )
    ]
    known += [
        Column(name, least=12, cut=cut_list)
        for name in ("capabilities", "changed", "private_addresses", "public_addresses", "zones")
    ]
    known += [
        Column("saving", right=True, heading="saving in 30 days"),
        Column("credential", least=14, cut=cut_list),
        # Names of a fleet differ at both of their ends.
        Column("name", least=24, cut=cut_middle),
        Column("subject_name", least=24, cut=cut_middle),
        Column("source", least=20, cut=cut_middle),
        Column("type", least=12),
        Column("tags", least=12, cut=cut_list),
        Column("error", least=16),
        Column("reason", least=16),
        Column("detail", least=16),
    ]
    return {column.name: column for column in known}


_KNOWN: Final = _kinds()
_OTHER: Final = Column("", least=10)


def column(name: str, *, priority: int | None = None, only_wide: bool = False) -> Column:
    """Return the column of a name as it is in every list."""
    known = _KNOWN.get(name) or replace(_OTHER, name=name)
    return replace(known, priority=priority, only_wide=only_wide)


def list_columns(
    *names: str, wide: Sequence[str] = (), priorities: Mapping[str, int] | None = None
) -> tuple[Column, ...]:
    """Return the columns of a list, the ones that matter most first.

    Those in `wide` are shown by --wide and --columns alone. `priorities` are the places, counted
    from 0, of columns that matter more than their place says: long texts are best read last.
    """
    shown = tuple(column(name, priority=(priorities or {}).get(name)) for name in names)
    return shown + tuple(column(name, only_wide=True) for name in wide)


def as_columns(columns: Sequence[Column | str]) -> tuple[Column, ...]:
    """Return columns with a priority each: its own, else the place in the list."""
    each = [column(one) if isinstance(one, str) else one for one in columns]
    return tuple(
        one if one.priority is not None else replace(one, priority=place)
        for place, one in enumerate(each)
    )


def picked(
    names: Sequence[str], columns: Sequence[Column], rows: Sequence[Mapping[str, object]]
) -> tuple[Column, ...]:
    """Return the columns of these names, in this order: declared ones, or fields of the rows.

    Dashes and capitals make no difference. Raises InvalidRequest that lists the known names.
    """
    known = {one.name: one for one in columns}
    for row in rows:
        for name in row:
            if name not in known:
                known[name] = column(name)
    by_form = {_form(name): one for name, one in known.items()}
    unknown = [name for name in names if _form(name) not in by_form]
    if unknown:
        raise InvalidRequest(
            f"There is no column {', '.join(map(repr, unknown))} in this list.",
            hint=f"Columns: {', '.join(known)}.",
        )
    return tuple(replace(by_form[_form(name)], only_wide=False) for name in names)


def _form(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")

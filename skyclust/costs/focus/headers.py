"""The header of a delivered file: which column of the ledger each of its columns is.

A header that is written otherwise (case, spaces, underscores, hyphens) is mapped, with a remark.
What is no FOCUS column and no `x_` column is refused by its name, since a column that is lost in
silence is a number that nobody misses until the bill does not add up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA
from skyclust.costs.focus.model import VERSIONS, columns_of, introduced, mandatory_columns
from skyclust.costs.focus.providers import COUNTERPARTS
from skyclust.errors import InvalidRequest
from skyclust.providerkit.native_bills import refuse_native_bill

ESCAPED: Final = "x_SkyClustEscaped"
"""The column with which our CSV writer marks the rows whose texts have an apostrophe in front."""

IGNORED: Final = {"billing_period", "__index_level_0__"}
"""Columns that carry nothing of the bill: the partition of AWS Data Exports by
`BILLING_PERIOD=2026-07` folders, and the index of a pandas frame."""

KEPT_PREFIXES: Final = ("oci_",)
"""Prefixes that a provider uses in the place of `x_`: Oracle's FOCUS reports. Such a column is kept
with `x_` before its name."""


@dataclass(frozen=True)
class Headers:
    """The columns of a file: by its own names, those of the ledger."""

    version: str
    """The version of FOCUS, as its columns show it."""
    columns: Mapping[str, str]
    """The FOCUS columns: the file's own name by the ledger's name."""
    extra: Mapping[str, str]
    """The `x_` columns: the file's own name by the ledger's name."""
    escaped: str | None
    """The file's name of the column that marks escaped texts (ESCAPED)."""
    remarks: Sequence[str]
    """What was mapped or left out, as sentences for the person who imports."""


def read_headers(names: Sequence[str], *, version: str | None = None, origin: str) -> Headers:
    """Return what the columns of a file are.

    `version` is that which the source states, None where it states none; `origin` names the
    file in errors. Raises InvalidRequest for a native bill of a cloud, for a column that is
    neither FOCUS nor `x_`, for two columns of one name, and where a mandatory column is missing.
    """
    refuse_native_bill(names, of=origin)
    columns: dict[str, str] = {}
    extra: dict[str, str] = {}
    remarks: list[str] = []
    unknown: list[str] = []
    for name in names:
        target = _ledger_name(name)
        if target is None:
            unknown.append(name)
            continue
        if target == "":
            remarks.append(f"Column {name!r} carries nothing of the bill and was left out.")
            continue
        into = columns if target in LEDGER_SCHEMA.names else extra
        if target in into:
            raise InvalidRequest(
                f"{origin}: two columns are {target}: {into[target]!r} and {name!r}.",
                hint="Remove one of them from the file.",
            )
        into[target] = name
        if target != name:
            remarks.append(f"Column {name!r} was read as {target}.")
    if unknown:
        raise InvalidRequest(
            f"{origin}: {_named(unknown)} neither FOCUS nor custom (x_).",
            hint="Export FOCUS 1.0 or newer (not 0.5 or a preview), or give the column the prefix"
            " x_ to keep it as it is.",
        )
    found = version or detected_version(list(columns))
    _require_mandatory(columns, found, origin)
    return Headers(found, columns, extra, extra.pop(ESCAPED, None), tuple(remarks))


def detected_version(names: Sequence[str]) -> str:
    """Return the version of FOCUS that some of its columns show: the newest that brought one.

    Columns of 1.3 without ProviderName are 1.4, which removed it.
    """
    found = max((introduced(name) or VERSIONS[0] for name in names), default=VERSIONS[0])
    return "1.4" if found == "1.3" and "ProviderName" not in names else found


def _ledger_name(name: str) -> str | None:
    """Return the ledger's name of a column, "" for one to leave out, None for an unknown one."""
    if name in LEDGER_SCHEMA.names or name.startswith("x_"):
        return name
    if name.casefold() in IGNORED:
        return ""
    if name[:2].casefold() == "x_":
        return f"x_{name[2:]}"
    if name.casefold().startswith(KEPT_PREFIXES):
        return f"x_{name}"
    return _BY_FOLDED_NAME.get(_folded(name))


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.lstrip("\ufeff")).casefold()


_BY_FOLDED_NAME: Final = {_folded(name): name for name in LEDGER_SCHEMA.names}


def _require_mandatory(columns: Mapping[str, str], version: str, origin: str) -> None:
    columns_of(version)  # refuses a version that is not known
    missing = sorted(
        name
        for name in mandatory_columns(version)
        # A name under which another version has it will do: the ledger keeps both.
        if name not in columns and not columns.keys() & set(COUNTERPARTS.get(name, ()))
    )
    if missing:
        raise InvalidRequest(
            f"{origin}: {_named(missing)} missing, which FOCUS {version} demands.",
            hint="Export all columns of the FOCUS dataset.",
        )


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:8])
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"column {shown} is" if len(names) == 1 else f"columns {shown}{more} are"

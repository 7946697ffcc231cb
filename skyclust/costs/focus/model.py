"""The columns of each version of FOCUS, from the machine-readable models beside this module.

The models are extracted from those that are published for FOCUS 1.2 and 1.4; 1.0, 1.1 and 1.3
follow from 1.4, which has the version that added each column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from skyclust.errors import InvalidRequest

VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4")
"""The versions that are read, oldest first."""

WRITTEN_VERSIONS: Final = ("1.2", "1.3", "1.4")
"""The versions that are written."""


@dataclass(frozen=True)
class FocusColumn:
    """A column of the Cost and Usage dataset in one version."""

    name: str
    data_type: Literal["String", "Decimal", "Date/Time", "JSON"]
    nullable: bool
    feature_level: Literal["Mandatory", "Conditional", "Recommended"]
    allowed_values: tuple[str, ...] | None
    """None: any value."""
    deprecated: bool


@cache
def columns_of(version: str) -> Mapping[str, FocusColumn]:
    """Return the columns of a version by name, in the order of the specification (by name).

    Raises InvalidRequest for a version that is not known.
    """
    if version not in VERSIONS:
        raise InvalidRequest(
            f"FOCUS {version[:40]} is not a version that SkyClust knows.",
            hint=f"Known versions are {', '.join(VERSIONS)}.",
        )
    text = files("skyclust.costs.focus.models").joinpath(f"{version}.json").read_text("utf-8")
    return {
        name: FocusColumn(
            name=name,
            data_type=column["data_type"],
            nullable=column["nullable"],
            feature_level=column["feature_level"],
            allowed_values=None if (known := column["allowed_values"]) is None else tuple(known),
            deprecated=column["deprecated"],
        )
        for name, column in json.loads(text)["columns"].items()
    }


@cache
def introduced(name: str) -> str | None:
    """Return the first version from 1.0 on that has a column; None where no version has it."""
    return next((version for version in VERSIONS if name in columns_of(version)), None)


@cache
def mandatory_columns(version: str) -> frozenset[str]:
    """Return the columns that every file of a version has, deprecated ones not counted."""
    return frozenset(
        name
        for name, column in columns_of(version).items()
        if column.feature_level == "Mandatory" and not column.deprecated
    )


@cache
def json_columns() -> frozenset[str]:
    """Return the columns that hold a JSON document, in any version."""
    return frozenset(
        name
        for version in VERSIONS
        for name, column in columns_of(version).items()
        if column.data_type == "JSON"
    )


@cache
def allowed_values(name: str) -> tuple[str, ...]:
    """Return the values that any version allows in a column, in its order; none where it is free.

    The extract of 1.2 lacks those of ChargeClass, and a value may be newer than its file's version.
    """
    return tuple(
        dict.fromkeys(
            value
            for version in reversed(VERSIONS)
            if name in columns_of(version)
            for value in columns_of(version)[name].allowed_values or ()
        )
    )

"""Conversion between the tags of AWS, a list of pairs, and those of SkyClust, a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagTypeDef

NAME_TAG: Final = "Name"
"""The tag that the AWS console shows as the name of a resource."""

TOKEN_TAG: Final = "skyclust:token"  # noqa: S105 - the name of a tag, not a secret
"""Holds the token that SkyClust created the instance with."""


def to_tags(pairs: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return a list of key and value pairs as a mapping; a tag may have no value."""
    return {pair["Key"]: pair.get("Value") or "" for pair in pairs or () if pair.get("Key")}


def to_pairs(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """Return a mapping as the list of pairs that AWS takes."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]

"""Reading what people type: times, tags, files. A wrong one ends the command with exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import typer

from skyclust.errors import InvalidRequest


def parse_time(text: str, option: str) -> datetime:
    """Return the moment that an ISO 8601 text names; without an offset it is UTC.

    A date alone is its first moment. Raises InvalidRequest for anything else, and for a
    moment that is still to come.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidRequest(
            f"{option}: {text!r} is no time.",
            hint="Write it as 2026-11-23, 2026-11-23T14:30 or 2026-11-23T14:30:00+01:00.",
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:  # the first or last hours that there are, far from Greenwich
        raise InvalidRequest(f"{option}: {text!r} is no time in UTC.") from error
    if moment > datetime.now(UTC):
        raise InvalidRequest(f"{option}: {text!r} lies in the future; times are UTC.")
    return moment


def parse_decimal(text: str, option: str) -> Decimal:
    """Return the number that a text names, exactly; raises InvalidRequest for anything else."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise InvalidRequest(
            f"{option}: {text!r} is no number.", hint="Write it as 1250 or 1250.50."
        ) from error
    if not number.is_finite():
        raise InvalidRequest(f"{option}: {text!r} is no number.")
    return number


def parse_tags(pairs: Sequence[str] | None, option: str = "--tag") -> dict[str, str]:
    """Return `KEY=VALUE` texts as a mapping; a value may be empty or hold further `=`.

    Raises InvalidRequest for any other text, and for a key with two values.
    """
    tags: dict[str, str] = {}
    for pair in pairs or ():
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise InvalidRequest(f"{option}: {pair!r} is not KEY=VALUE.")
        if tags.get(key, value) != value:
            raise InvalidRequest(f"{option}: {key!r} is given twice, with different values.")
        tags[key] = value
    return tags


def read_text(path: Path | None, option: str) -> str | None:
    """Return the content of a file that an option names, None when it names none."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        # Not the error's own text: that of a wrong byte repeats it.
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidRequest(f"{option}: {path} cannot be read as text: {reason}.") from None


def confirm(question: str, *, yes: bool) -> None:
    """Return when the answer is yes. Raises InvalidRequest when there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest(f"{question} There is nobody to ask.", hint="Confirm it with --yes.")
    typer.confirm(question, abort=True, err=True)


def parse_place(text: str) -> dict[str, str | None]:
    """Return the place that CREDENTIAL[/REGION[/NETWORK]] names; a network may hold slashes."""
    credential, region, network = (*text.split("/", 2), "", "")[:3]
    return {"credential": credential, "region": region or None, "network": network or None}

"""Keeping the secrets that this process has opened out of everything it writes.

A secret is registered when it is unsealed or read. From then on no log record of this
process carries it: the factory of log records, which every logger and handler of Python
goes through, scrubs messages and tracebacks. `redact` does the same for text that is
written elsewhere: errors, artifacts, journal entries.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterable
from functools import lru_cache
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASK: Final = "********"
"""What stands in a secret's place; the same that Prefect shows."""

SHORTEST: Final = 4
"""Shorter values are not scrubbed: they occur by chance in every other text."""

_LONG_ENOUGH_ANYWHERE: Final = 8
_LONG_LINE: Final = 20

_known: frozenset[str] = frozenset()
_lock: Final = Lock()
_installed = False


def register_secret(secret: str) -> None:
    """Scrub this value from every log record of this process from now on."""
    global _known, _installed  # noqa: PLW0603 - one process has one set of secrets and one log
    with _lock:
        _known = _known | {secret}
        if not _installed:
            _scrub_log_records()
            _installed = True


def redact(text: str, secrets: Iterable[str] | None = None) -> str:
    """Return the text with each secret masked; without `secrets`, all that are registered.

    A secret is found as it is and as JSON, Python and URLs write it; the lines of a long
    one (a private key) are found one by one. One of four to seven characters is masked
    only where it stands alone, a shorter one not at all.
    """
    wanted = _known if secrets is None else frozenset(secrets)
    pattern = _pattern(wanted)
    return text if pattern is None else pattern.sub(MASK, text)


@lru_cache(maxsize=8)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    forms = {form for secret in secrets for form in _forms(secret)}
    if not forms:
        return None
    # The longest first: a secret that contains another must not leave its rest behind.
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(_expression(form) for form in ordered))


def _forms(secret: str) -> Iterable[str]:
    pieces = [secret, secret.strip()]
    if "\n" in secret:
        lines = (line.strip() for line in secret.splitlines())
        pieces += [line for line in lines if len(line) >= _LONG_LINE and "-----" not in line]
    for piece in pieces:
        written = (
            piece,
            json.dumps(piece)[1:-1],
            json.dumps(piece, ensure_ascii=False)[1:-1],
            repr(piece)[1:-1],
            quote(piece, safe=""),
            quote(piece),
            quote_plus(piece),
        )
        yield from (form for form in written if len(form) >= SHORTEST)


def _expression(form: str) -> str:
    if len(form) >= _LONG_ENOUGH_ANYWHERE:
        return re.escape(form)
    return rf"(?<!\w){re.escape(form)}(?!\w)"


def _scrub_log_records() -> None:
    # A filter on a logger does not see the records of the loggers below it, and one on a
    # handler misses the handlers added later; the factory sees every record.
    make_record = logging.getLogRecordFactory()

    def make_scrubbed_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        _scrub(record)
        return record

    logging.setLogRecordFactory(make_scrubbed_record)


def _scrub(record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except Exception:  # logging itself reports a message that does not format
        message = f"{record.msg} {record.args}"
    clean = redact(message)
    if clean != message:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0] is not None:
        trace = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        clean = redact(trace)
        if clean != trace:
            # A formatter prints `exc_text` as it is when there is no `exc_info`.
            record.exc_info, record.exc_text = None, clean
    if record.stack_info:
        record.stack_info = redact(record.stack_info)

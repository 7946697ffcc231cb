"""Keeping the secrets that this process has opened, and was issued, out of everything it writes.

A secret is registered when it is unsealed or read, a token when a cloud issues it. From then on
no log record of this process carries it: the factory of log records, which every logger and
handler of Python goes through, scrubs messages and tracebacks. `redact` does the same for text
that is written elsewhere: errors, artifacts, journal entries, what a cloud says of a resource.
Text that looks like a token by where it stands is masked even if nobody registered it.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections import deque
from collections.abc import Iterable, Mapping
from functools import lru_cache
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, quote_plus

from skyclust.secret_patterns import mask_by_pattern, nested_secrets, short_form

MASK: Final = "********"
"""What stands in a secret's place; the same that Prefect shows."""

SHORTEST: Final = 4
"""Shorter values are not scrubbed: they occur by chance in every other text."""

ISSUED_KEPT: Final = 512
"""So many of the newest issued tokens are known; they live for an hour, and a process may live
for months."""

OWN_SECRETS: Final = ("PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING", "PGPASSWORD")
"""Variables whose values are secrets of the installation."""

SDK_LOGGERS: Final = (
    "azure",
    "boto3",
    "botocore",
    "google",
    "hpack",
    "httpcore",
    "httpx",
    "keystoneauth",
    "keystoneauth1",
    "msal",
    "openstack",
    "proxmoxer",
    "requests",
    "urllib3",
    "websockets",
)
"""Loggers of the libraries that call others: below INFO they write whole requests and answers, and
with them what signs them in, at clouds and at Prefect's server."""

HTTP_LOGGERS: Final = ("azure", "httpcore", "httpx")
"""Of these the loggers that write lines for each request at INFO: nothing that people read, and
Prefect's client makes hundreds of requests in a run."""

_LONG_ENOUGH_ANYWHERE: Final = 8
_LONG_LINE: Final = 20

_known: frozenset[str] = frozenset()
_issued: Final[deque[str]] = deque(maxlen=ISSUED_KEPT)
_lock: Final = Lock()
_installed = False


def register_secret(secret: str) -> None:
    """Scrub this value from now on, and the secrets within it when it is JSON or YAML."""
    global _known  # noqa: PLW0603 - one process has one set of secrets and one log
    with _lock:
        _known = _known | {secret, *nested_secrets(secret)}
        _install()


def register_issued(*tokens: object) -> None:
    """Scrub tokens that a cloud has issued from now on; the newest ISSUED_KEPT are remembered."""
    with _lock:
        for token in tokens:
            if isinstance(token, str) and token not in _issued:
                _issued.append(token)
        _install()


def hold_sdk_loggers() -> None:
    """Keep the SDKs' loggers at INFO: below it they write requests with what signs them.

    Those of HTTP_LOGGERS write no line for each request, unless a setting gave them a level.
    """
    for name in SDK_LOGGERS:
        top = logging.getLogger(name)
        if top.level == logging.NOTSET and name in HTTP_LOGGERS:
            top.setLevel(logging.WARNING)
        top.setLevel(max(top.level, logging.INFO))
    known = list(logging.Logger.manager.loggerDict.items())
    loggers = [one for _, one in known if isinstance(one, logging.Logger)]
    for one in loggers:
        is_sdk = one.name.partition(".")[0] in SDK_LOGGERS
        if is_sdk and logging.NOTSET < one.level < logging.INFO:
            one.setLevel(logging.INFO)


def redact(text: str, secrets: Iterable[str] | None = None) -> str:
    """Return the text with each secret masked; without `secrets`, all that are registered.

    A secret is found as it is and as JSON, Python and URLs write it; the lines of a long
    one (a private key) are found one by one. One of four to seven characters is masked
    only where it stands alone, a shorter one not at all. The values of headers and fields that
    carry tokens are masked whatever they are.
    """
    return mask_by_pattern(redact_known(text, secrets), MASK)


def redact_known(text: str, secrets: Iterable[str] | None = None) -> str:
    """Return the text with each given or registered secret masked, and nothing else."""
    wanted = frozenset((*_known, *tuple(_issued))) if secrets is None else frozenset(secrets)
    for form in _ordered(wanted):
        if form in text:
            text = text.replace(form, MASK) if _is_long(form) else short_form(form).sub(MASK, text)
    return text


def redact_document(value: Any) -> Any:
    """Return a JSON value in which the registered secrets are masked, keys included."""
    if isinstance(value, str):
        return redact_known(value)
    if isinstance(value, Mapping):
        return {redact_document(key): redact_document(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(redact_document(item) for item in value)
    return value


@lru_cache(maxsize=8)
def _ordered(secrets: frozenset[str]) -> tuple[str, ...]:
    """Return the forms of secrets, the longest first: one within another must leave no rest."""
    forms = {form for secret in secrets for form in _forms(secret)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _is_long(form: str) -> bool:
    return len(form) >= _LONG_ENOUGH_ANYWHERE


@lru_cache(maxsize=4 * ISSUED_KEPT)
def _forms(secret: str) -> tuple[str, ...]:
    pieces = [secret, secret.strip()]
    if "\n" in secret:
        lines = (line.strip() for line in secret.splitlines())
        pieces += [line for line in lines if len(line) >= _LONG_LINE and "-----" not in line]
    written = {form for piece in pieces for form in _writings(piece)}
    return tuple(form for form in written if len(form) >= SHORTEST)


def _writings(piece: str) -> tuple[str, ...]:
    return (
        piece,
        json.dumps(piece)[1:-1],
        json.dumps(piece, ensure_ascii=False)[1:-1],
        repr(piece)[1:-1],
        quote(piece, safe=""),
        quote(piece),
        quote_plus(piece),
    )


def _install() -> None:
    global _installed, _known  # noqa: PLW0603 - one process has one log
    hold_sdk_loggers()
    if not _installed:
        _known = _known | {os.environ[name] for name in OWN_SECRETS if os.environ.get(name)}
        _scrub_log_records()
        _installed = True


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

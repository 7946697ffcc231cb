"""Secrets known to the process do not leave it in text."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote_plus

import pytest

from skyclust.redaction import MASK, redact, register_secret

SECRET = 'p@ss/word "with" everything+more\\0'
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
    "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n"
    "-----END PRIVATE KEY-----\n"
)


@pytest.mark.parametrize(
    "written",
    [SECRET, json.dumps({"a": SECRET}), repr(SECRET), quote_plus(SECRET), str([SECRET])],
)
def test_a_secret_is_found_in_the_ways_it_is_written(written: str) -> None:
    clean = redact(f"before {written} after", [SECRET])

    assert MASK in clean
    assert "everything" not in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")


@pytest.mark.parametrize("written", [PEM, json.dumps(PEM), PEM.splitlines()[1], repr(PEM)])
def test_no_line_of_a_private_key_is_left(written: str) -> None:
    clean = redact(f"key: {written}.", [PEM])

    assert "MIIEvQ" not in clean
    assert "MzEfYy" not in clean


def test_a_secret_within_a_longer_one_leaves_no_rest() -> None:
    assert redact("abcdefgh-ijkl", ["abcdefgh", "abcdefgh-ijkl"]) == MASK


def test_short_values_do_not_garble_other_text() -> None:
    assert redact("any machine of many", ["any"]) == "any machine of many"
    assert redact("login with pass1 in compass12", ["pass1"]) == f"login with {MASK} in compass12"


def test_text_without_a_secret_stays_as_it_is() -> None:
    assert redact("nothing here", [SECRET]) == "nothing here"
    assert redact("nothing here", []) == "nothing here"


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger far below the root, with a handler of its own that existed before."""
    stream = io.StringIO()
    logger = logging.getLogger("somebody.elses.library")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger, stream
    logger.removeHandler(handler)


def test_a_registered_secret_reaches_no_log(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    register_secret("registered-secret-value")

    logger.info("plain registered-secret-value")
    logger.info("argument %s", "registered-secret-value")
    logger.info("mapping %(a)s", {"a": "registered-secret-value"})
    logger.debug("object %r", {"password": "registered-secret-value"})
    try:
        int("registered-secret-value")
    except ValueError:
        logger.exception("failed with %s", "something")

    written = stream.getvalue()
    assert "registered-secret-value" not in written
    assert written.count(MASK) >= 5
    assert "Traceback" in written
    assert "failed with something" in written


def test_other_records_keep_their_arguments(
    log: tuple[logging.Logger, io.StringIO], caplog: pytest.LogCaptureFixture
) -> None:
    logger, _ = log
    register_secret("registered-secret-value")
    with caplog.at_level(logging.INFO, logger=logger.name):
        logger.info("%s machines in %s", 3, "eu-central-1")

    (record,) = caplog.records
    assert record.args == (3, "eu-central-1")
    assert record.getMessage() == "3 machines in eu-central-1"

"""The errors of a provider's calls, and the translation of the SDK's exceptions."""

from __future__ import annotations

import pytest

from skyclust.errors import (
    AuthenticationFailed,
    InvalidRequest,
    NotFound,
    SkyClustError,
    UnexpectedAnswer,
)
from skyclust.providerkit.error_context import ENDPOINT_HINT, ErrorContext
from skyclust.providerkit.items import LONGEST_REASON

ACME = ErrorContext("acme", "Acme")


class SdkError(Exception):
    """An error of Acme's SDK."""


def translate(error: Exception, doing: str) -> SkyClustError | None:
    """Return the error of the tree for an SdkError."""
    return ACME.error(NotFound, doing, str(error)) if isinstance(error, SdkError) else None


def test_an_error_contains_the_action_and_the_clouds_reason() -> None:
    error = ACME.error(InvalidRequest, "create web-1", "No such\n type. ", code="BadType", hint="?")
    assert type(error) is InvalidRequest
    assert error.message == "Could not create web-1: No such type (BadType)."
    assert (error.provider, error.code, error.hint) == ("acme", "BadType", "?")


def test_an_error_without_a_reason_or_code() -> None:
    assert ACME.error(NotFound, "x", " ").message == "Could not x: Acme gave no reason."
    hidden = ACME.error(NotFound, "x", "gone", code="404", show_code=False)
    assert (hidden.message, hidden.code) == ("Could not x: gone.", "404")


def test_a_refused_credential_repeats_nothing_of_the_cloud() -> None:
    error = ACME.credential_refused("sign in", code="Expired", hint="Renew it.")
    assert type(error) is AuthenticationFailed
    assert str(error) == (
        "Could not sign in: Acme does not accept the credential (Expired). Renew it."
    )


def test_an_unreadable_answer_is_cut() -> None:
    error = ACME.unreadable_answer("list", "x" * 10_000)
    assert error.hint == ENDPOINT_HINT
    assert len(error.message) < LONGEST_REASON + 60


def test_an_exception_of_the_sdk_is_the_cause_of_the_error() -> None:
    cause = SdkError("gone")
    reading = ACME.translating("read", translate)
    with pytest.raises(NotFound, match="Could not read: gone") as caught, reading:
        raise cause
    assert caught.value.__cause__ is cause


def test_an_error_of_the_tree_is_not_changed() -> None:
    ours = NotFound("ours")
    with pytest.raises(NotFound) as caught, ACME.translating("read", translate):
        raise ours
    assert caught.value is ours


def test_a_foreign_exception_is_an_unreadable_answer_only_with_foreign() -> None:
    reading, unread = ACME.translating("read", translate), r"cannot be read \(KeyError: 'id'\)"
    with pytest.raises(UnexpectedAnswer, match=unread) as caught, reading:
        raise KeyError("id")
    assert caught.value.code == "KeyError"
    with pytest.raises(KeyError), ACME.translating("read", translate, foreign=False):
        raise KeyError("id")

"""What is not of the error tree is written down as the nearest of it."""

from __future__ import annotations

import pytest

from skyclust import errors
from skyclust.errors import (
    LONGEST_TEXT,
    CapacityExhausted,
    InternalError,
    SkyClustError,
    class_named,
    internal_error,
    tree_class,
    with_own_class,
)
from skyclust.redaction import MASK, register_secret


class SpotExhausted(CapacityExhausted):
    """What a plugin may raise."""


class OnTuesdays(SpotExhausted):
    """One more of it."""


def test_a_plugins_class_is_known_by_the_nearest_of_the_tree() -> None:
    assert tree_class(OnTuesdays("full")) is CapacityExhausted
    assert tree_class(CapacityExhausted("full")) is CapacityExhausted
    assert with_own_class(OnTuesdays("full", hint="Wait.")) == "OnTuesdays: full Wait."
    assert with_own_class(CapacityExhausted("full")) == "full"


class Throttled(CapacityExhausted):
    """A plugin's class with the name of another class of the tree."""


def test_a_class_of_the_tree_is_known_by_itself_and_not_by_its_name() -> None:
    assert tree_class(Throttled("full")) is CapacityExhausted
    assert class_named("Throttled") is errors.Throttled
    assert with_own_class(Throttled("full")) == "Throttled: full"


def test_every_class_of_the_tree_is_found_by_its_name_and_nothing_else_is() -> None:
    for one in (SkyClustError, CapacityExhausted, InternalError):
        assert class_named(one.__name__) is one
    for other in (None, "", "SpotExhausted", "redact", "Final", "internal_error"):
        assert class_named(other) is None
    assert hasattr(errors, "redact")


def test_a_foreign_exception_keeps_its_class_and_text() -> None:
    error = internal_error(KeyError("flavor"))
    assert error.message == "KeyError: 'flavor'"


def test_a_secret_in_a_foreign_exception_is_masked_also_where_it_is_cut() -> None:
    secret = "s3cr3t-and-long-enough"
    register_secret(secret)
    padding = "x" * (LONGEST_TEXT - 5)
    message = internal_error(RuntimeError(f"{padding} {secret}")).message
    assert len(message) < LONGEST_TEXT + 30
    assert secret[:5] not in message
    assert MASK in internal_error(RuntimeError(secret)).message


@pytest.mark.parametrize("error", [KeyError("x"), ZeroDivisionError("y")])
def test_it_is_not_tried_again_at_once(error: Exception) -> None:
    assert isinstance(internal_error(error), errors.Terminal)

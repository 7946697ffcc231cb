"""What is wrong with a field is said in words of people, for every kind of error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from skyclust.costs.price_books.book import PriceBook, Size
from skyclust.costs.price_books.prices import CorePrice, InstancePrice
from skyclust.field_problems import SENTENCES, field_problems
from skyclust.model.budget import Budget, Threshold
from skyclust.model.change_request import ChangeRequest
from skyclust.model.cost_request import CheckBudgetsRequest, CollectCostsRequest, ReportCostsRequest
from skyclust.model.cost_settings import CostSettings
from skyclust.model.creation_forms import InstanceForm, NeedsForm
from skyclust.model.instance import InstanceSpec
from skyclust.model.placement import InstanceNeeds
from skyclust.model.request import RecoverRequest, SyncRequest
from skyclust.registry import provider_class, provider_names

MODELS: list[type[BaseModel]] = [
    Budget,
    ChangeRequest,
    CheckBudgetsRequest,
    CollectCostsRequest,
    CorePrice,
    CostSettings,
    InstanceForm,
    InstanceNeeds,
    InstancePrice,
    InstanceSpec,
    NeedsForm,
    PriceBook,
    RecoverRequest,
    ReportCostsRequest,
    Size,
    SyncRequest,
    Threshold,
    *(provider_class(name).credential_model for name in provider_names()),
]

WRONG: list[Any] = [
    "",
    "!?",
    "x" * 300,
    -1,
    0,
    10**40,
    0.1234567890123,
    float("nan"),
    "0.123456789012345678",
    True,
    None,
    date(2026, 1, 1),
    [],
    [None],
    ["!?"],
    [{}],
    [{"unit": "x"}],
    ["x"] * 200,
    {},
    {"x": None},
    {"x": ["", 1]},
    b"\xff",
    object(),
]

WORDS_OF_PYDANTIC = re.compile(r"Input|should|String|Decimal|Field required|Extra inputs|tuple")

OURS = frozenset({"value_error", "assertion_error"})
"""Errors with a message of a validator of ours."""


def errors_of(model: type[BaseModel]) -> Iterator[ValidationError]:
    """Yield the errors of a model with each wrong value in each of its fields, and without any."""
    for given in [
        {},
        {"unknown": 1},
        None,
        *({name: one} for name in model.model_fields for one in WRONG),
    ]:
        try:
            model.model_validate(given)
        except ValidationError as error:
            yield error


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_error_of_a_field_says_what_is_allowed(model: type[BaseModel]) -> None:
    found = list(errors_of(model))
    assert found
    for error in found:
        kinds = {one["type"] for one in error.errors()} - OURS
        assert kinds <= SENTENCES.keys(), kinds - SENTENCES.keys()
        for problem in field_problems(error):
            assert not WORDS_OF_PYDANTIC.search(problem), problem


def test_a_value_is_never_repeated() -> None:
    with pytest.raises(ValidationError) as raised:
        PriceBook.model_validate({"currency": "hunter2", "prices": [{"unit": "hunter2"}]})
    problems = "; ".join(field_problems(raised.value))
    assert "hunter2" not in problems
    assert "currency: does not have the form ^[A-Z]{3}$" in problems
    assert "prices.0: 'unit' must be one of 'core-hour'" in problems

"""A parameter that does not fit its form is refused with what is allowed, and never repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from prefect.flows import load_flow_from_entrypoint

from deployments.prefect_yaml import prefect_file, read_declared
from skyclust.errors import InvalidRequest
from skyclust.orchestration.flow_parameters import form_of
from skyclust.orchestration.parameter_checks import check_parameters

FORMS: Final[dict[str, dict[str, Any]]] = {
    one.name: form_of(load_flow_from_entrypoint(one.entrypoint, use_placeholder_flow=False))
    for one in read_declared(prefect_file())
}

WRONG: Final[list[Any]] = [
    "hunter2 !",
    "",
    "x" * 5000,
    -1,
    10**9,
    0.5,
    True,
    [],
    ["hunter2 !"],
    {},
    [{}],
]


def refusals(flow: str) -> Iterator[str]:
    """Yield why each wrong value of each parameter is refused."""
    for name in FORMS[flow]["properties"]:
        for value in WRONG:
            try:
                check_parameters(flow, FORMS[flow], {name: value})
            except InvalidRequest as error:
                yield error.message


@pytest.mark.parametrize("flow", sorted(FORMS))
def test_every_refusal_says_what_is_allowed(flow: str) -> None:
    found = [one for one in refusals(flow) if "refuses parameter '$'" not in one]
    for message in found:
        assert "it does not have the" not in message.replace("it does not have the form", "")
        assert "hunter2" not in message
    assert any("it must be" in message for message in found)


def test_choices_are_listed() -> None:
    form: dict[str, Any] = {
        "properties": {"providers": {"items": {"enum": ["aws", "gcp"]}, "type": "array"}}
    }
    with pytest.raises(InvalidRequest) as raised:
        check_parameters("collect-costs", form, {"providers": ["nope"]})
    assert raised.value.message == (
        "Deployment 'collect-costs' refuses parameter 'providers[0]': it must be one of: aws, gcp."
    )

"""Parameters of the version before, which stood below `request`, are made flat."""

from __future__ import annotations

import pytest

from deployments.former_parameters import fitting_parameters, flat_parameters
from flows.provision_instances import provision_instances
from skyclust.orchestration.flow_parameters import form_of


def test_former_parameters_are_made_flat_and_todays_stay() -> None:
    spec = {"name": "web", "region": "r", "zone": None}
    former = {"request": {"credential": "office", "spec": spec, "count": 2}}
    flat = {"credential": "office", "name": "web", "region": "r", "count": 2}
    assert flat_parameters(former) == flat
    assert flat_parameters(flat) == flat
    assert flat_parameters({"request": {"workspace": None}}) == {}
    assert fitting_parameters(former, form_of(provision_instances), {}) == flat


@pytest.mark.parametrize("former", [{"needs": {"name": "web"}}, {"count": 1000}])
def test_former_parameters_that_the_form_does_not_take_are_replaced(
    former: dict[str, object],
) -> None:
    form = form_of(provision_instances)
    assert fitting_parameters({"request": former}, form, {"count": 3}) == {"count": 3}

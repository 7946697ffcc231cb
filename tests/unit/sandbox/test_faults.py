"""The calls that faults strike."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from skyclust_sandbox.faults import Fault, FaultKind, Faults

THROTTLE = FaultKind.THROTTLE


def kinds(
    faults: Faults, action: str = "RunInstances", region: str = "r1", key: str = "k"
) -> list[FaultKind]:
    return [fault.kind for fault in faults.strikes(action, region, key)]


def in_force(*faults: Fault, seed: int = 0) -> Faults:
    standing = Faults(seed=seed)
    standing.add(faults)
    return standing


def test_no_fault_strikes_nothing() -> None:
    assert kinds(Faults()) == []


def test_matches_the_action_as_a_glob() -> None:
    faults = in_force(Fault(kind=THROTTLE, action="Describe*"))
    assert kinds(faults, "DescribeInstances") == [THROTTLE]
    assert kinds(faults, "RunInstances") == []


def test_matches_region_and_access_key() -> None:
    faults = in_force(Fault(kind=FaultKind.DENY, region="r1", access_key="k"))
    assert kinds(faults, region="r1", key="k") == [FaultKind.DENY]
    assert kinds(faults, region="r2", key="k") == []
    assert kinds(faults, region="r1", key="other") == []


def test_strikes_times_calls_after_letting_others_pass() -> None:
    faults = in_force(Fault(kind=THROTTLE, after=2, times=3))
    assert [len(kinds(faults)) for _ in range(8)] == [0, 0, 1, 1, 1, 0, 0, 0]
    [standing] = faults.standing()
    assert (standing.matched, standing.struck) == (8, 3)


def test_probability_is_met_and_the_same_in_every_run() -> None:
    def struck() -> list[bool]:
        faults = in_force(Fault(kind=THROTTLE, probability=0.3), seed=7)
        return [bool(kinds(faults)) for _ in range(1000)]

    first = struck()
    assert 250 < sum(first) < 350
    assert struck() == first


def test_delays_add_up_and_the_first_refusal_decides() -> None:
    delay = Fault(kind=FaultKind.DELAY, seconds=1)
    faults = in_force(delay, delay, Fault(kind=THROTTLE), Fault(kind=FaultKind.DENY, times=1))
    assert kinds(faults) == [FaultKind.DELAY, FaultKind.DELAY, THROTTLE]
    assert faults.standing()[3].matched == 0


def test_one_fault_or_all_are_cleared() -> None:
    faults = in_force(Fault(kind=THROTTLE), Fault(kind=FaultKind.DENY))
    assert faults.clear(1) == 1
    assert faults.clear(1) == 0
    assert kinds(faults) == [FaultKind.DENY]
    assert faults.clear() == 1
    assert kinds(faults) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "explode"},
        {"kind": "delay", "seconds": -1},
        {"kind": "throttle", "probability": 1.5},
        {"kind": "throttle", "times": 0},
        {"kind": "error", "status": 200},
        {"kind": "error", "action": ""},
        {"kind": "error", "colour": "red"},
    ],
)
def test_an_invalid_fault_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate(wrong)

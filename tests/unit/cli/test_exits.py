"""Exit codes: each error class has one, and a run's end becomes one."""

from __future__ import annotations

import inspect

import pytest

from skyclust import errors
from skyclust.cli.exits import ExitCode, exit_code
from skyclust.cli.main import main
from skyclust.cli.run_outcome import outcome_code
from skyclust.orchestration.runs import RunOutcome
from skyclust.redaction import register_secret

CODES = {
    "AuthenticationFailed": 5,
    "BrakeEngaged": 5,
    "Cancelled": 1,
    "CapacityExhausted": 1,
    "ConfigurationError": 6,
    "Conflict": 1,
    "Fenced": 1,
    "IncompleteList": 1,
    "InternalError": 1,
    "InvalidRequest": 2,
    "NeverReached": 1,
    "NotFound": 4,
    "PermissionDenied": 5,
    "QuotaExceeded": 1,
    "SkyClustError": 1,
    "Terminal": 1,
    "Throttled": 1,
    "Timeout": 1,
    "Transient": 1,
    "Unavailable": 7,
    "UnexpectedAnswer": 1,
    "Unsupported": 1,
}


def test_every_error_of_the_tree_has_its_code() -> None:
    tree = {
        name: one
        for name, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.SkyClustError)
    }

    assert {name: exit_code(one("what")) for name, one in tree.items()} == CODES


def test_what_a_cloud_refuses_is_no_wrong_usage() -> None:
    assert exit_code(errors.InvalidRequest("no such type")) == ExitCode.USAGE
    assert exit_code(errors.InvalidRequest("no such type", provider="aws")) == ExitCode.FAILED


def _outcome(
    state: str, *, name: str = "", message: str = "", errors_told: tuple[str, ...] = ()
) -> RunOutcome:
    rows = [{"machine": "web", "error class": told} for told in errors_told]
    return RunOutcome(
        run_id="1",
        name="run",
        state_type=state,
        state_name=name or state.capitalize(),
        message=message,
        url="",
        tables={"operations": rows},
    )


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (_outcome("COMPLETED"), ExitCode.DONE),
        # A run of an earlier version.
        (_outcome("COMPLETED", name="Partial", errors_told=("PermissionDenied",)), 3),
        (_outcome("FAILED", name="Partial", errors_told=("PermissionDenied",)), 3),
        (_outcome("FAILED", errors_told=("NotFound", "NotFound")), ExitCode.NOT_FOUND),
        (_outcome("FAILED", errors_told=("NotFound", "QuotaExceeded")), ExitCode.FAILED),
        (_outcome("FAILED", errors_told=("", "PermissionDenied")), ExitCode.REFUSED),
        (_outcome("FAILED", message="Flow run encountered an exception: NotFound: no web"), 4),
        (_outcome("FAILED", message="Flow run encountered an exception: KeyError: 'x'"), 1),
        (_outcome("FAILED", message="NotFoundish"), ExitCode.FAILED),
        (_outcome("FAILED", errors_told=("InvalidRequest",)), ExitCode.FAILED),
        (_outcome("FAILED", message="Flow run encountered an exception: InvalidRequest: 2 web"), 2),
        (_outcome("CRASHED", message="Flow run process exited."), ExitCode.FAILED),
        (_outcome("CANCELLED"), ExitCode.FAILED),
    ],
)
def test_a_runs_end_becomes_an_exit_code(outcome: RunOutcome, code: int) -> None:
    assert outcome_code(outcome) == code


def test_a_refused_account_decides_though_its_cloud_lacks_a_kind_too() -> None:
    failed = _outcome("FAILED")
    refused = {"credential": "aws", "error class": "AuthenticationFailed"}
    failed.tables["inventory-problems-default"] = [refused, refused]
    failed.tables["inventory-scopes-default"] = [{"kind": "disk", "error class": "Unsupported"}]

    assert outcome_code(failed) == ExitCode.REFUSED


def test_a_bug_is_shown_without_secrets_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("broken with hunter2-the-secret \x1b[2J")

    register_secret("hunter2-the-secret")
    monkeypatch.setattr("skyclust.cli.main.use_embedded_server", fail)

    with pytest.raises(SystemExit) as ended:
        main(["workspace", "list"])

    printed = capsys.readouterr().err
    assert ended.value.code == 1
    assert "RuntimeError: broken with ********" in printed
    assert "hunter2" not in printed
    assert "\x1b" not in printed

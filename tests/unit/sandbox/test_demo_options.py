"""How the demo ends is chosen by an option, by a variable, or by whether somebody looks on."""

from __future__ import annotations

import pytest

from skyclust_sandbox.demo.options import Ending, ending_of


@pytest.mark.parametrize(
    ("arguments", "environment", "on_terminal", "ending"),
    [
        ([], {}, True, Ending.STAY),
        ([], {}, False, Ending.LEAVE),
        ([], {"CHECK": "1"}, True, Ending.CHECK),
        ([], {"CHECK": "0"}, True, Ending.STAY),
        ([], {"KEEP": "1"}, False, Ending.KEEP),
        (["--keep"], {"CHECK": "1"}, False, Ending.KEEP),
        (["--check"], {"KEEP": "1"}, True, Ending.CHECK),
    ],
)
def test_ending_is_chosen(
    arguments: list[str], environment: dict[str, str], on_terminal: bool, ending: Ending
) -> None:
    assert ending_of(arguments, environment, on_terminal=on_terminal) is ending


def test_help_has_every_option_and_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        ending_of(["--help"], {}, on_terminal=False)
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for word in ("--check", "--keep", "CHECK=1", "KEEP=1", "make demo"):
        assert word in shown


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        ending_of(["--keep", "--check"], {}, on_terminal=True)
    assert ended.value.code == 2

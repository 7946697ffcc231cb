"""The pictures of terminals show what a terminal shows, and every step of the tutorial has one."""

from __future__ import annotations

import re

from tests.browser.terminal import COLUMNS, FIRST_LINES, LAST_LINES, Shown, cut, screen, svg
from tests.docs import pages

TUTORIAL = pages.DOCS / "tutorial" / "first-sync.md"


def test_a_progress_bar_that_is_gone_is_not_shown() -> None:
    bar = "\x1b[?25lsync \x1b[32m--\x1b[0m\r\x1b[2Ksync 50 %\n\r\x1b[1A\x1b[2K\x1b[?25h"
    assert screen(f"start\r\n{bar}done\r\n") == "start\ndone"


def test_colours_stay_and_long_outputs_are_cut() -> None:
    assert screen("\x1b[1;32mgreen\x1b[0m\r\n") == "\x1b[1;32mgreen\x1b[0m"
    lines = cut("\n".join(map(str, range(100)))).splitlines()
    assert lines[:FIRST_LINES] == [str(number) for number in range(FIRST_LINES)]
    assert "... 82 more lines" in lines[FIRST_LINES]
    assert lines[-LAST_LINES:] == [str(number) for number in range(94, 100)]


def test_a_picture_loads_nothing_and_is_the_same_each_time() -> None:
    commands = [Shown("skyclust status", "all \x1b[32mwell\x1b[0m\n" + "x" * COLUMNS, 0)]
    picture = svg(commands, title="SkyClust", name="tutorial-test")
    assert "url(http" not in picture
    assert "@font-face" not in picture
    assert "skyclust&#160;status" in picture
    assert picture == svg(commands, title="SkyClust", name="tutorial-test")


def test_every_step_of_the_tutorial_has_a_picture() -> None:
    steps = re.split(r"^## ", TUTORIAL.read_text(), flags=re.MULTILINE)[1:]
    without = [step.partition("\n")[0] for step in steps if "](../images/" not in step]
    assert without == ["Next steps"]

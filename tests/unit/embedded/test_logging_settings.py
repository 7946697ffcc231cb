"""A logger of a library does not write down how we sign in, whatever the root logger's level."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skyclust.embedded.logging_settings import FILE_NAME, logging_settings, write_logging_settings
from skyclust.redaction import HTTP_LOGGERS, SDK_LOGGERS

SCRIPT = """
import logging
from prefect.logging.configuration import setup_logging
setup_logging()
levels = {name: logging.getLogger(name).getEffectiveLevel() for name in %r}
print(sorted(levels.items()), logging.getLogger().level)
"""


def test_what_prefect_has_stays() -> None:
    settings = logging_settings()
    assert settings["loggers"]["prefect.flow_runs"]["handlers"] == ["api"]
    assert settings["root"]["handlers"] == ["console"]


def test_prefect_reads_it_and_holds_the_loggers_of_libraries(tmp_path: Path) -> None:
    write_logging_settings(tmp_path)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    debugging = {"PREFECT_LOGGING_ROOT_LEVEL": "DEBUG", "PREFECT_LOGGING_LEVEL": "DEBUG"}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT % (SDK_LOGGERS,)],
        env={**os.environ, **debugging, "PREFECT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    held = [(name, 30 if name in HTTP_LOGGERS else 20) for name in sorted(SDK_LOGGERS)]
    assert ended.stdout.strip() == f"{held} 10"


HELD_LATE = """
import logging, sys
from skyclust.redaction import hold_sdk_loggers
if sys.argv[1:]:
    logging.getLogger("httpx").setLevel(sys.argv[1])
hold_sdk_loggers()
print(logging.getLogger("httpx").level, logging.getLogger("httpcore").level)
"""


@pytest.mark.parametrize(("given", "held"), [("", "30 30"), ("INFO", "20 30"), ("DEBUG", "20 30")])
def test_no_line_for_each_request_unless_a_setting_asks_for_it(given: str, held: str) -> None:
    command = [sys.executable, "-c", HELD_LATE, *([given] if given else [])]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.strip() == held

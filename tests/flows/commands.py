"""Commands of the command line, run in this process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skyclust.cli.main import main


class Commands:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: str, code: int = 0) -> str:
        """Return what a command prints as its result; it must end with the code."""
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = self._capsys.readouterr()
        assert ended.value.code == code, printed.err
        self.said = printed.err
        return printed.out

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

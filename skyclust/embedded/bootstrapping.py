"""Applying what the server has to know, by `python -m deployments.bootstrap`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from skyclust.embedded.environment import client_environment
from skyclust.embedded.waiting_process import let_begin
from skyclust.errors import ConfigurationError, Timeout
from skyclust.start_signal import WAIT_OPTION

BOOTSTRAP_SECONDS: Final = 180.0

CHANGES: Final = ("kept:", "reset:", "closed:", "sealed:", "refused:")
"""How the lines of bootstrap begin that people need to see: what became of something that they
changed or opened, which blocks were sealed, and which hold something that is not to be trusted."""


def load_bootstrap(
    home: Path, *, api_url: str, auth_string: str | None, reset: bool
) -> subprocess.Popen[bytes]:
    """Start bootstrap, which loads its code, and waits until it may begin."""
    options = ["--reset"] if reset else []
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "deployments.bootstrap", WAIT_OPTION, *options],
        env=client_environment(
            home, api_url=api_url, auth_string=auth_string, inherited=os.environ
        ),
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def apply_deployments(bootstrap: subprocess.Popen[bytes], api_url: str) -> list[str]:
    """Let bootstrap begin and wait for its end.

    Returns a line for each thing that was kept as somebody changed it. Raises
    ConfigurationError with what it said when it fails, Timeout when it takes too long.
    """
    let_begin(bootstrap)
    try:
        said, complaints = bootstrap.communicate(timeout=BOOTSTRAP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Timeout(
            f"The deployments were not applied within {BOOTSTRAP_SECONDS:.0f} s."
        ) from error
    finally:
        if bootstrap.poll() is None:
            bootstrap.kill()
            bootstrap.communicate()
    if bootstrap.returncode != 0:
        raise ConfigurationError(
            f"The deployments could not be applied to {api_url}:\n"
            f"{complaints.decode(errors='replace').strip()}"
        )
    lines = said.decode(errors="replace").splitlines()
    return [line for line in lines if line.startswith(CHANGES)]

"""Who acts: the name that audit entries carry."""

from __future__ import annotations

import getpass
import os

from prefect.runtime import flow_run


def current_actor() -> str:
    """Return `flow-run:<id>` within a flow run, else `user:<login name>` of this process."""
    run_id = flow_run.id
    if run_id:
        return f"flow-run:{run_id}"
    try:
        return f"user:{getpass.getuser()}"
    except (KeyError, OSError):
        # A container may run as a number that no passwd file names.
        return f"user:{os.getuid()}"

"""Who acts: the name that audit entries carry."""

from __future__ import annotations

import os

from prefect.runtime import flow_run


def current_actor() -> str:
    """Return `flow-run:<id>` within a flow run, else `user:<uid>` of this process."""
    run_id = flow_run.id
    return f"flow-run:{run_id}" if run_id else process_user()


def process_user() -> str:
    """Return `user:<uid>` of this process.

    The number is certain; a login name comes from the environment (LOGNAME), where anybody may
    set another one.
    """
    return f"user:{os.getuid()}"

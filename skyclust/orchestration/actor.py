"""Who acts: the name that audit entries carry."""

from __future__ import annotations

import os

from prefect.runtime import flow_run


def current_actor() -> str:
    """Return `flow-run:<id>` within a flow run, else `user:<uid>` of this process.

    The number, for the system vouches for it; a login name comes from the environment (LOGNAME),
    where anybody may set another one.
    """
    run_id = flow_run.id
    return f"flow-run:{run_id}" if run_id else f"user:{os.getuid()}"

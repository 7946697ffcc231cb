"""What people read of a run's state; of a crash Prefect's first sentence after ours."""

from __future__ import annotations

import re
from typing import Any, Final

from prefect.client.schemas.objects import State, StateType

CRASHED: Final = "The process of the run ended before the run did"

NEVER_BEGAN: Final = "No process began the run"

NOTHING_DONE: Final = "Nothing was done; run it again."
"""What to do about a run that never began."""

_FIRST_SENTENCE: Final = re.compile(r"(.+?)(?:\.(?=\s)|\.?$)", re.MULTILINE)


def message_of(state: State[Any], *, began: bool) -> str:
    """Return the message of a state of a run, which `began` when it was ever Running.

    Prefect's own of a crash goes on with what an exit code may mean (too little memory, for one),
    and is wrong about it as often as not: a worker that was ended kills its runs with the same
    signal. So only its first sentence, which has the exit code, is passed on.
    """
    message = (state.message or "").strip()
    if state.type is not StateType.CRASHED:
        return message
    first = _FIRST_SENTENCE.match(message)
    happened = CRASHED if began else NEVER_BEGAN
    said = f"{happened}: {first[1]}." if first else f"{happened}."
    return said if began else f"{said} {NOTHING_DONE}"

"""Sealing what an earlier version left plain or sealed in an older form, when it is installed."""

from __future__ import annotations

from skyclust.errors import SkyClustError
from skyclust.orchestration.resealing import seal_credential_blocks
from skyclust.orchestration.user_data import seal_user_data_again
from skyclust.store.engine import open_store


def seal_all() -> list[str]:
    """Seal the blocks of all credentials and the user data of open operations; return a line for
    what was done and for each that was refused. A refusal keeps nothing else from starting.
    """
    try:
        store = open_store()
        walk = seal_credential_blocks(store)
        rewritten, problems = seal_user_data_again(store)
    except SkyClustError as error:
        return [f"refused: {error}"]
    lines = [f"sealed: {', '.join(walk.sealed)}"] if walk.sealed else []
    lines += [f"sealed: the user data of {rewritten} open operations"] if rewritten else []
    return [*lines, *(f"refused: {problem}" for problem in (*walk.problems, *problems))]

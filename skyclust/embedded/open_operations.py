"""The open operations of an installation, as its status shows them."""

from __future__ import annotations

from skyclust.settings import load_settings


def open_operations() -> tuple[str, str]:
    """Return the state of the open operations, in one word, and which are open, in a sentence.

    Those that need attention are named, with their workspace. A store that is not there yet has
    none. Raises what opening and reading the store raises.
    """
    settings = load_settings()
    if settings.database_url is None and not (settings.home / "skyclust.db").exists():
        return "none", ""
    # The store takes a third of a second to import, and a home without one has nothing to show.
    from skyclust.store.engine import open_store  # noqa: PLC0415 - half of what `status` may take
    from skyclust.store.open_operations import open_operations_of_all  # noqa: PLC0415 - as above

    with open_store().reading() as connection:
        found = open_operations_of_all(connection)
    if not found.by_state:
        return "none", ""
    counts = [f"{number} {state.value}" for state, number in sorted(found.by_state.items())]
    detail = f"{', '.join(counts)}."
    if found.attention:
        named = [
            f"{kind} of {name} ({operation_id}, workspace {workspace})"
            for workspace, operation_id, kind, name in found.attention
        ]
        detail += f" These need attention: {', '.join(named)}; `skyclust operation show ID`."
    return ("need attention" if found.attention else "at work"), detail

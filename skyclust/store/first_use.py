"""How far an installation is in its first use, in all its workspaces together."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, exists, select

from skyclust.store.tables import credentials, scopes


@dataclass(frozen=True)
class FirstUse:
    """Whether there is any credential, and whether anything was ever read by one."""

    has_credentials: bool
    has_scopes: bool


def first_use(connection: Connection) -> FirstUse:
    """Return how far the first use is; of the installation, not of one workspace."""
    return FirstUse(
        has_credentials=bool(connection.scalar(select(exists().select_from(credentials)))),
        has_scopes=bool(connection.scalar(select(exists().select_from(scopes)))),
    )

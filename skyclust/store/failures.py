"""Maps errors of the database to the error tree."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from skyclust.errors import ConfigurationError, Conflict, SkyClustError, Timeout, Unavailable

# Beginnings of result code names: https://www.sqlite.org/rescode.html
_SQLITE: Final[dict[str, type[SkyClustError]]] = {
    "SQLITE_BUSY": Conflict,
    "SQLITE_LOCKED": Conflict,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Conflict,
    "SQLITE_CONSTRAINT_UNIQUE": Conflict,
    "SQLITE_IOERR": Unavailable,
    "SQLITE_FULL": Unavailable,
    "SQLITE_CANTOPEN": ConfigurationError,
    "SQLITE_PERM": ConfigurationError,
    "SQLITE_READONLY": ConfigurationError,
    "SQLITE_NOTADB": ConfigurationError,
    "SQLITE_CORRUPT": ConfigurationError,
}

# Beginnings of error codes: https://www.postgresql.org/docs/15/errcodes-appendix.html
_POSTGRESQL: Final[dict[str, type[SkyClustError]]] = {
    "08": Unavailable,  # connection exception
    "23505": Conflict,  # unique violation: another writer was first
    "25006": ConfigurationError,  # read-only transaction: a standby, or a server set so
    "28": ConfigurationError,  # invalid authorization
    "3D000": ConfigurationError,  # no such database
    "40": Conflict,  # serialization failure, deadlock
    "42501": ConfigurationError,  # insufficient privilege
    "53": Unavailable,  # out of connections, memory or disk
    "55P03": Conflict,  # lock timeout
    "57014": Timeout,  # statement timeout
    "57P": Unavailable,  # the server is starting, stopping or was killed
    "58": Unavailable,  # I/O error of the server
}

_MESSAGES: Final[dict[type[SkyClustError], tuple[str, str]]] = {
    Conflict: (
        "Another writer of the store was in the way",
        "Nothing was written: try again, and look for a process that keeps the database locked.",
    ),
    Unavailable: (
        "The store cannot be reached",
        "Check that its server runs, and that its disk is not full.",
    ),
    Timeout: ("The store was too slow", ""),
    ConfigurationError: (
        "The store cannot be used",
        "Check SKYCLUST_DATABASE_URL and SKYCLUST_HOME, and that what they name can be written.",
    ),
}


def store_error(error: SQLAlchemyError) -> SkyClustError | None:
    """Return the error of the tree for a database error.

    Unavailable: no connection. Conflict: another writer holds a lock. Timeout: too slow.
    ConfigurationError: the file cannot be opened or written, or the server refuses the login.
    None: a fault of our own statement, which is raised as it is. The message has no value of a
    statement.
    """
    if isinstance(error, PoolTimeout):
        return Unavailable("The store has no free connection: too many units of work are open.")
    if isinstance(error, StatementError) and isinstance(error.orig, SkyClustError):
        return error.orig  # raised by one of our column types while it bound a value
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    code, kind = _read(error, error.orig)
    if kind is None:
        return None
    happened, hint = _MESSAGES[kind]
    return kind(f"{happened}: {_first_line(error.orig)}", hint=hint, code=code)


def _read(error: DBAPIError, original: BaseException) -> tuple[str, type[SkyClustError] | None]:
    """Return the code of the driver's error, and the class of the tree for it."""
    if isinstance(original, sqlite3.Error):
        code = str(getattr(original, "sqlite_errorname", ""))
        return code, _longest_match(_SQLITE, code)
    code = str(getattr(original, "sqlstate", None) or "")
    if code:
        return code, _longest_match(_POSTGRESQL, code)
    if isinstance(error, OperationalError) or error.connection_invalidated:
        # The error of a connection that was not established has no code, only a message.
        message = str(original)
        refused = "authentication failed" in message or "does not exist" in message
        return "", ConfigurationError if refused else Unavailable
    return "", None


def _longest_match(table: dict[str, type[SkyClustError]], code: str) -> type[SkyClustError] | None:
    fitting = [beginning for beginning in table if code.startswith(beginning)]
    return table[max(fitting, key=len)] if fitting else None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

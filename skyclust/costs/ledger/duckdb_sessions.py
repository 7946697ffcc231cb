"""Sessions of DuckDB: in memory, bounded, and without anything that is loaded at run time.

Names and texts that come from bills are quoted here or bound as parameters; nothing else makes
SQL of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow.dataset

from skyclust.costs.file_errors import temporary_space_error
from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA
from skyclust.costs.ledger.storage import LedgerRoot, missing_file
from skyclust.costs.ledger.sum_limits import HINT
from skyclust.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY: Final = "256MB"
"""Beyond it DuckDB writes to the folder of the session."""

THREADS: Final = 2

TEMPORARY: Final = "duckdb"
"""Where it writes, in the folder of the session."""

_GONE: Final = ("No files found", "No such file", "does not exist")


@contextmanager
def session(folder: Path) -> Iterator[DuckDBPyConnection]:
    """Open a session whose temporary files are in a folder of the caller.

    What reads a file within it raises Conflict for one that was removed, else Unavailable; and
    InvalidRequest for a sum that has too many digits. Unavailable too where temporary files have no
    space.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": MEMORY,
            "threads": str(THREADS),
            "temp_directory": str(folder / TEMPORARY),
            "preserve_insertion_order": "false",
        },
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    except duckdb.OutOfRangeException as error:
        raise InvalidRequest(
            "The costs cannot be added up: a sum has more than 26 digits before the point.",
            hint=f"{HINT} The ledger adds up fewer rows where the range of days is shorter.",
        ) from error
    except duckdb.OutOfMemoryException as error:
        # It holds MEMORY and writes the rest to its folder: it is that which has no more space.
        raise temporary_space_error(str(error).partition("\n")[0]) from error
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise _mapped(error, folder) from error
    finally:
        connection.close()


def _mapped(error: duckdb.Error, folder: Path) -> Exception:
    """Return the error of a file that is gone or cannot be read; others are faults of ours.

    Those of its own files, in the folder of the session, are of the temporary files.

    DuckDB passes the words of the system on, and those of pyarrow for a root in S3.
    """
    words = str(error)
    if str(folder / TEMPORARY) in words:
        return temporary_space_error(words)
    if any(sign in words for sign in _GONE):
        return missing_file("A file of the cost ledger cannot be read")
    if isinstance(error, duckdb.IOException) or "IOError" in words:
        return Unavailable(
            f"The files of the cost ledger cannot be read: {words}",
            hint="Check SKYCLUST_COST_LEDGER, and the space for temporary files.",
        )
    return error


def identifier(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def files_relation(paths: Sequence[Path]) -> str:
    """Return the relation of the rows of local files, whose columns may differ."""
    listed = ", ".join(text(str(path)) for path in paths)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def slices_relation(
    connection: DuckDBPyConnection,
    root: LedgerRoot,
    names: Sequence[str],
    view: str,
    staged: Mapping[str, Path] | None = None,
) -> str:
    """Return the relation of the rows of slices in the columns of the ledger.

    Those that are `staged` are read from the local file of this process. `view` names the
    relation within the session. Without names it has no rows.
    """
    near: dict[str, Path] = dict(staged or {})
    for name in names:
        local = root.local_path(name)
        if name not in near and local is not None:
            near[name] = local
    columns = ", ".join(identifier(name) for name in LEDGER_SCHEMA.names)
    selects = []
    here = [near[name] for name in names if name in near]
    if here:
        selects.append(f"SELECT {columns} FROM {files_relation(here)}")  # noqa: S608  # quoted
    far = [root.path(name) for name in names if name not in near]
    if far or not here:
        data: Any = pyarrow.dataset.FileSystemDataset.from_paths(
            far,
            schema=LEDGER_SCHEMA,
            format=pyarrow.dataset.ParquetFileFormat(
                default_fragment_scan_options=pyarrow.dataset.ParquetFragmentScanOptions(
                    page_checksum_verification=True
                )
            ),
            filesystem=root.filesystem,
        )
        connection.register(f"{view}_far", data)
        selects.append(f"SELECT {columns} FROM {identifier(f'{view}_far')}")  # noqa: S608  # quoted
    return f"({' UNION ALL '.join(selects)})"

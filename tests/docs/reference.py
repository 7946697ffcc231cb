"""The reference pages that follow from the code: `make docs` writes them, a test holds them.

A page has a part between two markers that is written from the code; all else in it is
written by people and left alone.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel

from skyclust import errors
from skyclust.cli.exits import exit_code
from skyclust.model import cost_request, request
from skyclust.model.change_request import ChangeRequest
from skyclust.model.creation_forms import InstanceForm, NeedsForm
from skyclust.model.delete_request import DeleteRequest
from skyclust.orchestration.form_schema import form_fields
from skyclust.settings import PREFIX, Settings
from tests.docs import commands, matrix
from tests.docs.defaults import default_of
from tests.docs.pages import table

ROOT: Final = Path(__file__).resolve().parents[2]
REFERENCE: Final = ROOT / "docs" / "reference"
BEGIN: Final = "<!-- written by `make docs`: begin -->"
END: Final = "<!-- written by `make docs`: end -->"

REQUESTS: Final[dict[str, type[BaseModel]]] = {
    "sync-inventory": request.SyncRequest,
    "collect-costs": cost_request.CollectCostsRequest,
    "check-budgets": cost_request.CheckBudgetsRequest,
    "report-costs": cost_request.ReportCostsRequest,
    "provision-instances": InstanceForm,
    "place-instances": NeedsForm,
    "change-instance": ChangeRequest,
    "delete-resource": DeleteRequest,
    "recover-operations": request.RecoverRequest,
    "seal-credentials": request.SealRequest,
}


def settings_page() -> str:
    """Return a row for each setting of SkyClust."""
    return table(
        ["Variable", "Default", "Meaning"],
        [
            [f"`{PREFIX}{name.upper()}`", default_of(field), field.description or ""]
            for name, field in Settings.model_fields.items()
        ],
    )


def deployments() -> list[dict[str, Any]]:
    """Return the deployments of prefect.yaml."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return found


def deployments_page() -> str:
    """Return a heading for each deployment, with its schedule, limit and parameters."""
    parts = []
    for one in deployments():
        flow = one["entrypoint"].rpartition(".")[2].replace("_", "-")
        facts = [
            ["Work queue", f"`{one['work_pool']['work_queue_name']}`"],
            ["Schedule", _schedule(one.get("schedules"))],
            ["At once", str(one.get("concurrency_limit", {}).get("limit", "any number"))],
            ["Tags", ", ".join(f"`{tag}`" for tag in one["tags"])],
        ]
        parts += [
            f"## `{flow}/{one['name']}`",
            " ".join(one["description"].split()),
            table(["", ""], facts),
            "Parameters:",
            _fields(REQUESTS[one["name"]]),
        ]
    return "\n\n".join(parts)


def _schedule(schedules: list[dict[str, Any]] | None) -> str:
    if not schedules:
        return "none; runs on request"
    return "; ".join(map(_when, schedules))


def _when(schedule: dict[str, Any]) -> str:
    given = schedule.get("parameters") or {}
    of = "".join(f", `{name}`: {', '.join(values)}" for name, values in given.items())
    if "cron" in schedule:
        return f"`{schedule['cron']}` ({schedule['timezone']}{of})"
    return f"every {schedule['interval']} s{of}"


def _fields(model: type[BaseModel]) -> str:
    rows = []
    for name, field in form_fields(model).items():
        default = default_of(model.model_fields[name])
        rows.append([f"`{name}`", field["title"], default, field["description"]])
    return table(["Parameter", "Title", "Default", "Meaning"], rows)


def errors_page() -> str:
    """Return the error tree as its docstring draws it, and the exit code of each class."""
    drawing = re.search(r"    SkyClustError\n(?:    .*\n)+", errors.__doc__ or "")
    assert drawing
    leaves = [
        [f"`{kind.__name__}`", branch.__name__, str(int(exit_code(kind("")))), _first(kind)]
        for branch in (errors.Transient, errors.Terminal)
        for kind in branch.__subclasses__()
        if kind.__module__ == errors.__name__
    ]
    tree = inspect.cleandoc(drawing[0])
    columns = ["Error", "Branch", "Exit code", "Meaning"]
    return f"```\n{tree}\n```\n\n{table(columns, leaves)}"


def _first(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0]


PAGES: Final[dict[str, Callable[[], str]]] = {
    "cli.md": commands.page,
    "deployments.md": deployments_page,
    "errors.md": errors_page,
    "providers.md": matrix.page,
    "settings.md": settings_page,
}


def with_written_part(text: str, part: str) -> str:
    """Return a page with the part between its markers replaced; raises ValueError without them."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = "the page lacks its markers"
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{part.strip()}\n\n{END}{after}"


def main() -> None:
    """Write every page anew."""
    for name, part in PAGES.items():
        page = REFERENCE / name
        page.write_text(with_written_part(page.read_text(), part()))


if __name__ == "__main__":
    main()

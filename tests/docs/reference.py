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

from skyclust import contract, errors
from skyclust.cli.exits import exit_code
from skyclust.model import request
from skyclust.model.change_request import ChangeRequest
from skyclust.model.provision_request import ProvisionRequest
from skyclust.model.resource import ResourceKind
from skyclust.registry import provider_class, provider_names
from skyclust.settings import Settings
from tests.docs import commands

ROOT: Final = Path(__file__).resolve().parents[2]
REFERENCE: Final = ROOT / "docs" / "reference"
BEGIN: Final = "<!-- written by `make docs`: begin -->"
END: Final = "<!-- written by `make docs`: end -->"

REQUESTS: Final[dict[str, type[BaseModel]]] = {
    "sync-inventory": request.SyncRequest,
    "provision-instances": ProvisionRequest,
    "change-instance": ChangeRequest,
    "recover-operations": request.RecoverRequest,
    "seal-credentials": request.SealRequest,
}


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    cells = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells
    )


def settings_page() -> str:
    """Return a row for each setting of SkyClust."""
    prefix = Settings.model_config.get("env_prefix", "")
    return table(
        ["Variable", "Meaning"],
        [
            [f"`{prefix}{name.upper()}`", field.description or ""]
            for name, field in Settings.model_fields.items()
        ],
    )


def abilities() -> list[type]:
    """Return the capability classes of the contract, in the order of their definition."""
    found = [
        one
        for name, one in vars(contract).items()
        if inspect.isclass(one) and name.endswith("Provider") and name != "Provider"
    ]
    return sorted(found, key=lambda one: inspect.getsourcelines(one)[1])


def providers_page() -> str:
    """Return the capability matrix, and the credential's fields of each provider."""
    classes = {name: provider_class(name) for name in provider_names()}
    matrix = [
        [f"`{name}`", one.title, *("yes" if issubclass(one, a) else "-" for a in abilities())]
        for name, one in classes.items()
    ]
    listed: list[list[str]] = []
    for kind in ResourceKind:
        row = [f"`{kind}`"]
        row += ["yes" if kind in getattr(one, "kinds", ()) else "-" for one in classes.values()]
        listed.append(row)
    parts = [
        "## What each provider can do",
        table(["Provider", "Cloud", *(f"`{one.__name__}`" for one in abilities())], matrix),
        "## What each provider can list",
        table(["Kind", *(f"`{name}`" for name in classes)], listed),
    ]
    for name, one in classes.items():
        parts += [f"## `{name}`", _credential(name, one.credential_model)]
    return "\n\n".join(parts)


def _credential(name: str, model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    rows = []
    for field, about in schema["properties"].items():
        secret = "sealed" if "writeOnly" in str(about) else ""
        rows.append([f"`{field}`", about.get("title", ""), secret, about.get("description", "")])
    intro = (
        f"Fields of the credential, as `skyclust credential add NAME --provider {name}` reads"
        " them from a JSON object and as the block's form shows them in the Prefect UI."
    )
    return f"{intro}\n\n{table(['Field', 'Title', 'Secret', 'Meaning'], rows)}"


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
            ["Entry point", f"`{one['entrypoint']}`"],
            ["Work queue", f"`{one['work_pool']['work_queue_name']}`"],
            ["Schedule", _schedule(one.get("schedules"))],
            ["At once", str(one.get("concurrency_limit", {}).get("limit", "any number"))],
            ["Tags", ", ".join(f"`{tag}`" for tag in one["tags"])],
        ]
        parts += [
            f"## `{flow}/{one['name']}`",
            " ".join(one["description"].split()),
            table(["", ""], facts),
            "Fields of its parameter `request`:",
            _fields(REQUESTS[one["name"]]),
        ]
    return "\n\n".join(parts)


def _schedule(schedules: list[dict[str, Any]] | None) -> str:
    if not schedules:
        return "none; runs when asked"
    (schedule,) = schedules
    if "cron" in schedule:
        return f"`{schedule['cron']}` ({schedule['timezone']})"
    return f"every {schedule['interval']} s"


def _fields(model: type[BaseModel]) -> str:
    rows = []
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else f"`{field.get_default()!r}`"
        rows.append([f"`{name}`", field.title or "", default, field.description or ""])
    return table(["Field", "Title", "Default", "Meaning"], rows)


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
    "providers.md": providers_page,
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

"""The page of the providers: what each can do and list, what it lacks, where gaps are."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from skyclust import contract
from skyclust.conformance.provider import CAPABILITIES
from skyclust.conformance.suite import Suite
from skyclust.contract import Ability, DeletionProvider, InventoryProvider, Provider
from skyclust.model.resource import ResourceKind
from skyclust.registry import ability_words, provider_class, provider_names
from tests.docs.lacking import DELETED, DELETION, GIVE_BACK, LACKING, POWER_OFF, STOPS
from tests.docs.pages import table

YES: Final = "yes"
NO: Final = "-"
IN_PART: Final = "yes, with [gaps](#known-gaps)"


@dataclass(frozen=True)
class Gap:
    """A test of the suite that a cloud cannot pass; `cases` are those of it, or none for all."""

    provider: str
    ability: type
    test: str
    cases: tuple[str, ...]
    reason: str

    @property
    def row(self) -> list[str]:
        """Return the line of the table of gaps."""
        expected = self.test.removeprefix("test_").replace("_", " ").capitalize()
        cases = f" ({', '.join(self.cases)})" if self.cases else ""
        return [f"`{self.provider}`", ability_words(self.ability), expected + cases, self.reason]


def classes() -> dict[str, type[Provider]]:
    """Return the class of every provider of this repository."""
    found = {name: provider_class(name) for name in provider_names()}
    return {name: one for name, one in found.items() if one.__module__.startswith("providers.")}


def abilities() -> list[type]:
    """Return the abilities of the contract, in the order of their definition."""
    exported = [
        kind for kind in vars(contract).values() if Ability in getattr(kind, "__bases__", ())
    ]
    return sorted(exported, key=lambda ability: inspect.getsourcelines(ability)[1])


def gaps(name: str) -> list[Gap]:
    """Return the gaps that a provider's conformance classes declare, those of one test together."""
    cases: dict[tuple[type, str, str], list[str]] = {}
    for suite in suites(name):
        for test, reason in suite.gaps.items():
            base, _, case = test.removesuffix("]").partition("[")
            declared = cases.setdefault((_ability(suite, base), base, reason), [])
            declared += [case.replace("-", " ")] if case else []
    return [
        Gap(name, ability, test, tuple(declared), reason)
        for (ability, test, reason), declared in cases.items()
    ]


def suites(name: str) -> Iterator[type[Suite]]:
    """Yield the classes with which a provider joins the suite."""
    module = importlib.import_module(f"tests.conformance.test_{name}")
    for one in vars(module).values():
        if inspect.isclass(one) and issubclass(one, Suite) and one.__module__ == module.__name__:
            yield one


def _ability(suite: type[Suite], test: str) -> type:
    """Return the ability whose suite has the test, the more basic of two that have it."""
    having = [
        ability
        for ability, one in CAPABILITIES.items()
        if issubclass(suite, one) and hasattr(one, test)
    ]
    return min(having, key=lambda one: len(one.__mro__), default=Provider)


def page() -> str:
    """Return the capability matrix, and the credential's fields of each provider."""
    known = classes()
    parts = [
        "## What each provider can do",
        table(["Ability", *(f"`{name}`" for name in known)], list(_able(known))),
        "## What each provider can list",
        table(["Kind", *(f"`{name}`" for name in known)], list(_listed(known))),
        "## What each provider can delete",
        "By `skyclust resource delete` and the deployment `delete-resource`, while nothing uses it."
        " Instances and their snapshots are deleted otherwise.",
        table(["Kind", *(f"`{name}`" for name in known)], list(_deletable(known))),
        "## What a cloud lacks",
        "A request for it raises `Unsupported`, and never returns an empty list. A cloud with one"
        " kind of stop uses it for every stop, but refuses `power_off_only` where it cannot do"
        " that.",
        table(["Provider", "Lacks", "Why"], list(lacking(known))),
        "## Known gaps",
        "Tests of the conformance suite that a cloud cannot pass. Each is declared with its reason"
        " and expected to fail: the suite fails if it passes one day.",
        table(
            ["Provider", "Ability", "What the suite expects", "Why it is not so"],
            [gap.row for name in known for gap in gaps(name)],
        ),
    ]
    for name, one in known.items():
        parts += [f"## `{name}`", _credential(name, one.title, one.credential_model)]
    return "\n\n".join(parts)


def _able(known: dict[str, type[Provider]]) -> Iterator[list[str]]:
    short = {(gap.provider, gap.ability) for name in known for gap in gaps(name)}
    for ability in abilities():
        row = [f"{ability_words(ability)} (`{ability.__name__}`)"]
        for name, one in known.items():
            able = issubclass(one, ability)
            row.append((IN_PART if (name, ability) in short else YES) if able else NO)
        yield row
    for stop in (GIVE_BACK, POWER_OFF):
        yield [stop, *(YES if stop in STOPS[name] else NO for name in known)]


def _listed(known: dict[str, type[Provider]]) -> Iterator[list[str]]:
    for kind in ResourceKind:
        yield [f"`{kind}`", *(YES if kind in _kinds(one) else NO for one in known.values())]


def _deletable(known: dict[str, type[Provider]]) -> Iterator[list[str]]:
    for kind in DELETED:
        yield [f"`{kind}`", *(YES if kind in _deleted(one) else NO for one in known.values())]


def lacking(known: dict[str, type[Provider]]) -> Iterator[list[str]]:
    """Yield a line for every `-` of the tables before; raises KeyError without its reason."""
    for name, one in known.items():
        for ability in abilities():
            if not issubclass(one, ability):
                yield [f"`{name}`", ability_words(ability), LACKING[name, ability]]
        for stop in (GIVE_BACK, POWER_OFF):
            if stop not in STOPS[name]:
                yield [f"`{name}`", stop, LACKING[name, stop]]
        for kind in DELETED:
            if kind not in _deleted(one):
                lacked = DELETION.format(kind=kind)
                yield [f"`{name}`", lacked, LACKING[name, lacked]]
        for kind in ResourceKind:
            if kind not in _kinds(one):
                yield [f"`{name}`", f"`{kind}` in the inventory", LACKING[name, kind]]


def _kinds(one: type[Provider]) -> frozenset[ResourceKind]:
    return one.kinds if issubclass(one, InventoryProvider) else frozenset()


def _deleted(one: type[Provider]) -> frozenset[ResourceKind]:
    return one.deletable if issubclass(one, DeletionProvider) else frozenset()


def _credential(name: str, title: str, model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    rows = []
    for field, about in schema["properties"].items():
        secret = "sealed" if "writeOnly" in str(about) else ""
        rows.append([f"`{field}`", about.get("title", ""), secret, about.get("description", "")])
    intro = (
        f"{title}. Fields of the credential, as `skyclust credential add NAME --provider {name}`"
        " reads them from a JSON object and as the block's form shows them in the Prefect UI."
    )
    return f"{intro}\n\n{table(['Field', 'Title', 'Secret', 'Meaning'], rows)}"

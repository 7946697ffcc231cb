"""Subjects: what operations change. Each is registered as an entry point of `skyclust.subjects`.

The journal, the recovery and the decisions of people work on any subject. What is particular to
one (its kinds of operations, their steps, what may be left in the cloud) is in its `Subject`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from skyclust.errors import ConfigurationError
from skyclust.model.operation import NewOperation, Operation
from skyclust.model.resource import ResourceKind
from skyclust.operations.transitions import OperationKind

if TYPE_CHECKING:
    from sqlalchemy import Connection

GROUP: Final = "skyclust.subjects"


def _no_successors(ended: Operation) -> Iterator[NewOperation]:
    del ended
    return iter(())


def _refuse_nothing(
    connection: Connection, workspace_id: str, added: Sequence[NewOperation]
) -> None:
    del connection, workspace_id, added


@dataclass(frozen=True)
class Subject:
    """One kind of subject and its kinds of operations, by name.

    `resource_kind` is the kind that the inventory has of it, None when it has none.
    `removed_at`: the subject no longer exists once an operation ends from these positions.
    `event_fields`: fields of a request that its events carry.
    `what_may_be_left` describes, for people, what an operation that did not end regularly may
    have left in the cloud; "" for nothing.
    `successors` yields the operations that may follow one that has ended, of which the first is
    journalled whose credential exists.
    `refuse` raises an error when operations that are about to be journalled must not be. It reads
    the store in their transaction, which holds the workspace alone: what it reads stays true.
    """

    kind: str
    operations: Mapping[str, OperationKind]
    what_may_be_left: Callable[[Operation], str]
    resource_kind: ResourceKind | None = None
    removed_at: frozenset[str] = frozenset()
    event_fields: tuple[str, ...] = ()
    successors: Callable[[Operation], Iterator[NewOperation]] = _no_successors
    refuse: Callable[[Connection, str, Sequence[NewOperation]], None] = _refuse_nothing


@cache
def subjects() -> dict[str, Subject]:
    """Return every registered subject by its kind, sorted.

    Raises ConfigurationError for an entry point that is no Subject of its own name.
    """
    found: dict[str, Subject] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        subject = entry.load()
        if not isinstance(subject, Subject) or subject.kind != entry.name or entry.name in found:
            raise ConfigurationError(
                f"Entry point {entry.value!r} is not the Subject {entry.name!r}.",
                hint=f"Remove the package that registers it in the group {GROUP}.",
            )
        found[entry.name] = subject
    return found


def subject_of(operation: NewOperation) -> Subject:
    """Return an operation's subject; raises ConfigurationError for one that is not registered."""
    known = subjects().get(operation.subject_kind)
    if known is None:
        raise ConfigurationError(
            f"Operation {operation.id} is on a {operation.subject_kind}, which this installation"
            " does not know.",
            hint="Let the version of SkyClust that wrote it carry it on.",
        )
    return known


def kind_of(operation: Operation) -> OperationKind:
    """Return an operation's kind; raises ConfigurationError for one that is not registered."""
    kind = subject_of(operation).operations.get(operation.kind)
    if kind is None:
        raise ConfigurationError(
            f"Operation {operation.id} is of the unknown kind {operation.kind!r} on a"
            f" {operation.subject_kind}.",
            hint="Let the version of SkyClust that wrote it carry it on.",
        )
    return kind


def operation_kinds() -> list[str]:
    """Return the names of the kinds of operations on all subjects, sorted, each once."""
    return sorted({name for subject in subjects().values() for name in subject.operations})

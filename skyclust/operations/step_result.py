"""The result of a step: the position to write, and what the cloud reported."""

from __future__ import annotations

from dataclasses import dataclass

from skyclust.errors import SkyClustError
from skyclust.model.resource import Resource


@dataclass(frozen=True)
class SubjectIdentity:
    """The subject's id at its cloud, and the proof that the id still means the same subject."""

    id: str
    unique_id: str | None


@dataclass(frozen=True)
class StepResult:
    """The next position of an operation, and what the step learned.

    `subject` is written to the operation when the step learned which subject it is.
    `resources` are the subject and what belongs to it, as the cloud reported them last; the
    inventory takes them over when the operation ends. `removed`: the cloud reports that the subject
    does not exist, so that the inventory has it no longer either, once the operation ends with
    this. `error` is why the operation leaves its path here. `detail` is a text for the operation's
    history.
    """

    position: str
    subject: SubjectIdentity | None = None
    resources: tuple[Resource, ...] = ()
    removed: bool = False
    error: SkyClustError | None = None
    detail: str = ""

"""The parts of a state machine: actions, steps, and kinds of operations on a subject.

A subject (`skyclust.operations.subjects`) registers its kinds of operations. Each has a table
from the position an operation is at to the step that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from skyclust.contract import Provider
from skyclust.model.operation import Operation
from skyclust.operations.step_result import StepResult

StepHandler = Callable[["Step", Operation, Provider], StepResult]
"""Does one step at the cloud: one call or one wait. Writes nothing to the store."""


@dataclass(frozen=True)
class Action:
    """What a step does at the cloud.

    `title` precedes the subject's name in a task run's name: "wait for running". A step that
    `waits` polls the cloud until a deadline of its own. A step that `changes` is one call that
    changes something, and holds a slot of the credential's concurrency limit.
    """

    title: str
    handler: StepHandler
    waits: bool = False
    changes: bool = True

    def __str__(self) -> str:
        """Return the title."""
        return self.title


@dataclass(frozen=True)
class Step:
    """One step: `intent` is written before the action where it has one, `outcome` after it."""

    action: Action
    outcome: str
    intent: str | None = None


@dataclass(frozen=True)
class OperationKind:
    """One kind of operation: its steps, and where errors and cancellations lead.

    `name`: "resize". `event`: the event of its success, without the subject: "resized".
    `steps`: the step at each position.
    `rollback`: the position that follows when a step at this position fails for good; where a
    position has none the operation fails.
    `never_failed_at`: positions at which an error leaves the operation open: failing there would
    leave something in the cloud that nobody requested.
    `restart_owed_at`: positions at which the subject is stopped because of the operation; it is
    retried while the cloud says that the subject is busy.
    `retried_while_busy`: the same at every position.
    `repeatable`: calling the cloud twice has the same effect as once.
    `rolled_back_when_cancelled_at`: positions from which a cancelled operation is rolled back.
    `after_cancel`: further positions after a cancellation; None carries the operation on.
    `arrival`: whether the cloud shows that the request reached it; kinds that have it are not
    requested again once they are cancelled.
    `existing_result`: the result of a creation that the cloud refused, if an earlier request
    with the operation's token had created something; None when nothing was created.
    `abilities`: the abilities of the contract that its steps use.
    """

    name: str
    event: str
    steps: Mapping[str, Step]
    rollback: Mapping[str, str] = field(default_factory=dict)
    never_failed_at: frozenset[str] = frozenset()
    restart_owed_at: frozenset[str] = frozenset()
    retried_while_busy: bool = False
    repeatable: bool = True
    rolled_back_when_cancelled_at: frozenset[str] = frozenset()
    after_cancel: Callable[[Operation], str | None] | None = None
    arrival: Callable[[Operation, Provider], bool] | None = None
    existing_result: Callable[[Operation, Provider], StepResult | None] | None = None
    abilities: tuple[type[object], ...] = ()

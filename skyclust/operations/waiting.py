"""Waiting: polling with a deadline, resumable by any process."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

from skyclust.contract import ComputeProvider
from skyclust.errors import (
    CapacityExhausted,
    NeverReached,
    NotFound,
    QuotaExceeded,
    Terminal,
    Timeout,
    Transient,
)
from skyclust.model.instance import (
    HOPELESS,
    Instance,
    InstanceFailure,
    InstanceReference,
    InstanceState,
)
from skyclust.providerkit.same_instance import require_same_instance

Result = TypeVar("Result")

_interruption: ContextVar[Callable[[], None] | None] = ContextVar("_interruption", default=None)

_FAILURES: Final[dict[InstanceFailure, type[Terminal]]] = {
    InstanceFailure.CAPACITY: CapacityExhausted,
    InstanceFailure.QUOTA: QuotaExceeded,
}


def get_same(provider: ComputeProvider, instance: InstanceReference) -> Instance:
    """Return the instance as it is now.

    Raises NotFound when it does not exist, or when its id belongs to another instance by now.
    """
    seen = provider.get_instance(instance.region, instance.id)
    require_same_instance(instance, seen.unique_id, provider=seen.provider)
    return seen


@contextmanager
def interruptible(check: Callable[[], None]) -> Iterator[None]:
    """Call `check` before each pause of the waits within; what it raises ends the wait.

    So a wait of many minutes ends soon after its operation is cancelled or taken over.
    """
    token = _interruption.set(check)
    try:
        yield
    finally:
        _interruption.reset(token)


def wait_for_state(
    provider: ComputeProvider,
    instance: InstanceReference,
    target: InstanceState,
    *,
    deadline_seconds: float,
    poll_seconds: float = 2.0,
    on_poll: Callable[[Instance], None] | None = None,
) -> Instance | None:
    """Poll until the instance has the target state and return it; None when it no longer exists.

    Only a wait for DELETED may end with None. A Transient error of one poll is retried
    until the deadline. Raises Timeout at the deadline; from a state that cannot lead to the
    target NeverReached, or CapacityExhausted or QuotaExceeded where the instance reports that
    cause; NotFound when the instance disappears while another state is awaited, and any other
    Terminal error at once.
    """
    end = time.monotonic() + deadline_seconds
    seen: Instance | None = None
    last_error: Transient | None = None
    while True:
        try:
            seen = get_same(provider, instance)
            last_error = None
        except NotFound:
            if target is InstanceState.DELETED:
                return None
            raise
        except Transient as error:
            last_error = error
        if seen is not None and last_error is None:
            if on_poll is not None:
                on_poll(seen)
            if seen.state is target:
                return seen
            if seen.state in HOPELESS.get(target, frozenset()):
                raise _hopeless(seen, target)
        remaining = end - time.monotonic()
        if remaining <= 0:
            last = seen.native_state if seen else "never"
            if seen is not None and seen.state_reason:
                last += f" ({seen.state_reason})"
            raise Timeout(
                f"Instance {instance.id} in {instance.region} was not {target}"
                f" after {deadline_seconds:.0f} s; last seen: {last}.",
                hint=f"Last error: {last_error}" if last_error else "",
            ) from last_error
        _pause(remaining, poll_seconds)


def _hopeless(seen: Instance, target: InstanceState) -> Terminal:
    """Return the error of an instance that cannot reach a state, by the cause of its failure."""
    kind = NeverReached if seen.failure is None else _FAILURES[seen.failure]
    return kind(
        f"Instance {seen.id} in {seen.region} is {seen.state} ({seen.native_state})"
        f" and cannot become {target}: {seen.state_reason or 'no reason given'}.",
        provider=seen.provider,
    )


def poll(
    look: Callable[[], Result | None],
    what: str,
    *,
    deadline_seconds: float,
    poll_seconds: float = 2.0,
) -> Result:
    """Call `look` until it returns something else than None, and return that.

    A Transient error is retried until the deadline, any Terminal error is raised at once.
    Raises Timeout at the deadline, with the last look's error as its cause if it had one;
    `what` names what is waited for, for the error.
    """
    end = time.monotonic() + deadline_seconds
    while True:
        last_error: Transient | None = None
        try:
            result = look()
        except Transient as error:
            last_error = error
        else:
            if result is not None:
                return result
        remaining = end - time.monotonic()
        if remaining <= 0:
            raise Timeout(
                f"{what}: not yet, after {deadline_seconds:.0f} s.",
                hint=f"Last error: {last_error}" if last_error else "",
            ) from last_error
        _pause(remaining, poll_seconds)


def _pause(remaining: float, poll_seconds: float) -> None:
    check = _interruption.get()
    if check is not None:
        check()
    # Jitter keeps many waits from polling in step.
    time.sleep(min(remaining, poll_seconds * random.uniform(0.8, 1.2)))  # noqa: S311

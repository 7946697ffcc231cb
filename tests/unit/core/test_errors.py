"""The error tree is the one its docstring draws, and its errors survive a journey."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from skyclust import errors
from skyclust.errors import SkyClustError, Terminal, Throttled, Transient

LINE = re.compile(r"^ {4}(?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)(?: {2,}(?P<meaning>\S.*))?$")


def drawn_parents() -> dict[str, str]:
    """Return the parent of each error that the module's docstring draws."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := LINE.match(line):
            depth = len(match["branches"]) // 4
            del path[depth:]
            parents[match["name"]] = path[-1] if path else "Exception"
            path.append(match["name"])
    return parents


def defined() -> dict[str, type[SkyClustError]]:
    return {
        name: member
        for name, member in vars(errors).items()
        if inspect.isclass(member) and issubclass(member, SkyClustError)
    }


def test_the_tree_is_as_drawn() -> None:
    bases = {name: [b.__name__ for b in member.__bases__] for name, member in defined().items()}
    assert bases == {name: [parent] for name, parent in drawn_parents().items()}


def test_every_leaf_says_whether_to_try_again() -> None:
    undecided = set(defined().values()) - {SkyClustError}
    for error in undecided:
        assert issubclass(error, Transient) != issubclass(error, Terminal)


@pytest.mark.parametrize("error", defined().values(), ids=defined())
def test_an_error_keeps_everything_when_pickled(error: type[SkyClustError]) -> None:
    sent = error("Disk d-1 is busy.", hint="Try later.", provider="aws", code="VolumeInUse")
    received = pickle.loads(pickle.dumps(sent))
    assert type(received) is error
    assert vars(received) == vars(sent)
    assert str(received) == "Disk d-1 is busy. Try later."


def test_a_throttle_keeps_its_wait_when_pickled() -> None:
    received = pickle.loads(pickle.dumps(Throttled("Too fast.", retry_after=2.5)))
    assert received.retry_after == 2.5
    assert Throttled("Too fast.").retry_after is None


def test_an_error_without_a_hint_is_its_message() -> None:
    assert str(SkyClustError("Disk d-1 is busy.")) == "Disk d-1 is busy."

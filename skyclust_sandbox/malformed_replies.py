"""Answers that a cloud's API does not promise, as proxies and faulty versions give them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.faults import Fault, FaultKind

PAGE: Final = "<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>"
"""What a proxy shows to whoever is not signed in to it."""


class OddAnswers:
    """Changes replies as faults want it; remembers what it has to repeat."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], bytes] = {}

    def change(self, reply: Response, fault: Fault | None, action: str, region: str) -> Response:
        """Return the reply, changed by a fault of one of the kinds `faults.ANSWERS`, if any.

        A refusal is changed by those that put something else into its place, and by no other.
        """
        if fault is None or fault.kind is not FaultKind.REPEAT:
            self._first.pop((action, region), None)
        refused = reply.status_code >= 400
        if fault is None or (refused and fault.kind in {FaultKind.REPEAT, FaultKind.OMIT}):
            return reply
        match fault.kind:
            case FaultKind.HTML:
                return Response(PAGE, status=200, mimetype="text/html")
            case FaultKind.NULL:
                return _json("null")
            case FaultKind.EMPTY:
                return _json("{}")
            case FaultKind.REPEAT:
                body = self._first.setdefault((action, region), reply.get_data())
                return Response(body, status=200, mimetype="application/json")
            case _:
                return _json(json.dumps(without(json.loads(reply.get_data()), fault)))


def without(answer: Any, fault: Fault) -> Any:
    """Return a JSON answer without the fault's field in the first object that it is meant for."""
    for found in _objects(answer):
        named = fault.item is None or fault.item in map(str, _plain(found))
        if named and fault.field in found:
            del found[fault.field]
            break
    return answer


def _objects(answer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(answer, dict):
        yield answer
    inner = answer.values() if isinstance(answer, dict) else answer
    if isinstance(answer, (dict, list)):
        for one in inner:
            yield from _objects(one)


def _plain(found: dict[str, Any]) -> Iterator[Any]:
    return (one for one in found.values() if not isinstance(one, (dict, list)))


def _json(text: str) -> Response:
    return Response(text, status=200, mimetype="application/json")

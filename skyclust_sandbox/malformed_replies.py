"""Replies that violate a cloud's API, as proxies and faulty releases send them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.faults import Fault, FaultKind

PAGE: Final = "<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>"
"""The sign-in page of a proxy."""


class MalformedReplies:
    """Change replies by faults; keeps the first reply of each action for `repeat`."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], bytes] = {}

    def change(self, reply: Response, fault: Fault | None, action: str, region: str) -> Response:
        """Return the reply, changed by a fault of one of the kinds in `faults.ANSWERS`, if any.

        An error reply is replaced by the kinds that replace the whole reply, and not changed by the
        others.
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


def without(reply: Any, fault: Fault) -> Any:
    """Return a JSON value without the fault's field in the first object that the fault names."""
    for candidate in _objects(reply):
        named = fault.item is None or fault.item in map(str, _scalars(candidate))
        if named and fault.field in candidate:
            del candidate[fault.field]
            break
    return reply


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, (dict, list)):
        for child in children:
            yield from _objects(child)


def _scalars(parent: dict[str, Any]) -> Iterator[Any]:
    return (value for value in parent.values() if not isinstance(value, (dict, list)))


def _json(text: str) -> Response:
    return Response(text, status=200, mimetype="application/json")

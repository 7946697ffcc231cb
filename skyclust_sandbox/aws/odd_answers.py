"""Answers in XML that AWS does not promise, as proxies and faulty versions give them."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET  # what is read was written here

from werkzeug.wrappers import Response

from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.malformed_replies import PAGE

_NAMESPACE: Final = re.compile(r"\{(.*)\}")


class OddAnswers:
    """Changes replies as faults want it; remembers what it has to repeat."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], bytes] = {}

    def change(self, reply: Response, fault: Fault | None, action: str, region: str) -> Response:
        """Return the reply, changed by a fault of one of the kinds `faults.ANSWERS`, if any."""
        if fault is None or fault.kind is not FaultKind.REPEAT:
            self._first.pop((action, region), None)
        if fault is None:
            return reply
        match fault.kind:
            case FaultKind.HTML:
                return Response(PAGE, status=200, mimetype="text/html")
            case FaultKind.NULL:
                return _xml(b"")
            case FaultKind.REPEAT:
                return _xml(self._first.setdefault((action, region), reply.get_data()))
        root = ET.fromstring(reply.get_data())  # noqa: S314  # as above
        if namespace := _NAMESPACE.match(root.tag):
            ET.register_namespace("", namespace[1])
        if fault.kind is FaultKind.EMPTY:
            for part in _results(root):
                part.clear()
        else:
            omit(root, fault)
        return _xml(ET.tostring(root))


def omit(root: ET.Element, fault: Fault) -> None:
    """Remove the fault's field from the first element that it is meant for."""
    for element in root.iter():
        names = {_local(child.tag): child for child in element}
        texts = {(child.text or "").strip() for child in element}
        if fault.field in names and (fault.item is None or fault.item in texts):
            element.remove(names[fault.field])
            return


def _results(root: ET.Element) -> list[ET.Element]:
    """Return the elements that hold the result: EC2 has it in the root, the others below."""
    below = [child for child in root if _local(child.tag).endswith("Result")]
    return below or [root]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _xml(body: bytes) -> Response:
    return Response(body, status=200, mimetype="text/xml")

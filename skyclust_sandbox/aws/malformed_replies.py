"""Malformed XML replies, as proxies and faulty versions of a service send them."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET  # parses only replies of this process

from werkzeug.wrappers import Response

from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.malformed_replies import PAGE

_NAMESPACE: Final = re.compile(r"\{(.*)\}")


class MalformedReplies:
    """Malforms replies as a fault says; keeps the first replies that it has to repeat."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], bytes] = {}

    def change(self, reply: Response, fault: Fault | None, action: str, region: str) -> Response:
        """Return the reply, malformed by a fault of the kinds in `faults.ANSWERS`."""
        if fault is None or fault.kind is not FaultKind.REPEAT:
            self._first.pop((action, region), None)
        if fault is None:
            return reply
        match fault.kind:
            case FaultKind.HTML:
                return Response(PAGE, status=200, mimetype="text/html")
            case FaultKind.NULL:
                return _xml(b"", reply)
            case FaultKind.REPEAT:
                return _xml(self._first.setdefault((action, region), reply.get_data()), reply)
        if "xml" not in (reply.mimetype or ""):
            return reply  # the content of an object in a bucket
        root = ET.fromstring(reply.get_data())  # noqa: S314  # as above
        if namespace := _NAMESPACE.match(root.tag):
            ET.register_namespace("", namespace[1])
        if fault.kind is FaultKind.EMPTY:
            for part in _results(root):
                part.clear()
        else:
            omit(root, fault)
        return _xml(ET.tostring(root), reply)


def omit(root: ET.Element, fault: Fault) -> None:
    """Remove the fault's field from the first element that has it and that the fault selects."""
    for element in root.iter():
        names = {_local(child.tag): child for child in element}
        texts = {(child.text or "").strip() for child in element}
        if fault.field in names and (fault.item is None or fault.item in texts):
            element.remove(names[fault.field])
            return


def _results(root: ET.Element) -> list[ET.Element]:
    """Return the elements that hold the result: the root in EC2, a child in other services."""
    children = [child for child in root if _local(child.tag).endswith("Result")]
    return children or [root]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _xml(body: bytes, reply: Response) -> Response:
    """Return the body with the request id of S3, which other services send in the body."""
    request_id = reply.headers.get("x-amzn-requestid")
    headers = {"x-amzn-requestid": request_id} if request_id else {}
    return Response(body, status=200, headers=headers, mimetype="text/xml")

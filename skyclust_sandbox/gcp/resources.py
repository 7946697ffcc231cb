"""What all resources have: a name that is free, an id, a link, labels with a fingerprint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.operations import begin, require_idle
from skyclust_sandbox.gcp.responses import Resource, already_exists, invalid, refused
from skyclust_sandbox.gcp.state import Work, World, fingerprint, timestamp

_NAME: Final = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
# https://cloud.google.com/compute/docs/labeling-resources#requirements
_LABEL_KEY: Final = re.compile(r"[^\W\dA-Z_][\w-]{0,62}")
_LABEL_VALUE: Final = re.compile(r"[\w-]{0,63}")
_LABELS: Final = 64


def require_new(work: Work, collection: str) -> Reference:
    """Return where the resource in the body goes; refuses a bad name and one that is taken."""
    name = require_name(work.body.get("name", ""))
    where = work.reference(collection, name)
    if work.world.find(where) is not None:
        raise already_exists(where.path)
    return where


def require_name(name: str, named: str = "resource.name") -> str:
    """Return a name; refuses one that breaks the rules of RFC 1035."""
    if _NAME.fullmatch(name) is None:
        raise invalid(named, name, f"Must be a match of regex '{_NAME.pattern}'")
    return name


def new_resource(world: World, where: Reference, kind: str) -> Resource:
    """Return what every new resource has."""
    return {
        "kind": kind,
        "id": world.new_id(),
        "creationTimestamp": timestamp(),
        "name": where.name,
        "selfLink": where.link,
    }


def with_labels(resource: Resource, labels: Mapping[str, str] | None) -> Resource:
    """Give a resource its labels, and the fingerprint that goes with them."""
    if labels:
        resource["labels"] = dict(labels)
    else:
        resource.pop("labels", None)
    resource["labelFingerprint"] = fingerprint(dict(labels or {}))
    return resource


def require_labels(labels: Mapping[str, str], named: str = "resource.labels") -> None:
    """Refuse labels that break the rules."""
    if len(labels) > _LABELS:
        raise invalid(named, "", f"The number of labels exceeds {_LABELS}.")
    for key, value in labels.items():
        if _LABEL_KEY.fullmatch(key) is None or key != key.lower():
            raise invalid(
                named,
                "",
                f"Label key '{key}' violates format constraints. The key must start with a "
                "lowercase character, can only contain lowercase letters, numeric characters, "
                "underscores and dashes. The key can be at most 63 characters long. "
                "International characters are allowed.",
            )
        if _LABEL_VALUE.fullmatch(value) is None or value != value.lower():
            raise invalid(
                named,
                "",
                f"Label value '{value}' violates format constraints. The value can only contain "
                "lowercase letters, numeric characters, underscores and dashes. The value can "
                "be at most 63 characters long. International characters are allowed.",
            )


def set_labels(work: Work, where: Reference) -> Resource:
    """Replace the labels of a resource, if the caller saw the ones it has."""
    resource = work.world.get(where)
    require_fingerprint(
        work.body.get("labelFingerprint"),
        resource["labelFingerprint"],
        "labelFingerprint",
        "Labels fingerprint either invalid or resource labels have changed",
    )
    labels = work.body.get("labels", {})
    require_labels(labels)
    require_idle(work, where)
    return begin(
        work, "setLabels", where, resource["id"], finish=lambda: _relabel(resource, labels)
    )


def require_fingerprint(given: str | None, now: str, named: str, changed: str) -> None:
    """Refuse a change that was made for a state which is not the one there is."""
    if given is None:
        raise refused(400, "required", f"Required field '{named}' not specified")
    if given != now:
        location = {"location": "If-Match", "locationType": "header"}
        raise refused(412, "conditionNotMet", changed, location=location)


def _relabel(resource: Resource, labels: Mapping[str, str]) -> None:
    with_labels(resource, labels)

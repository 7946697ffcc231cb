"""Fields that all resources have: name, id, self link, and labels with their fingerprint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.operations import require_ready, start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import (
    Resource,
    already_exists,
    fingerprint,
    invalid,
    refused,
    timestamp,
)
from skyclust_sandbox.gcp.state import State

SOURCE_FIELDS: Final = ("architecture", "guestOsFeatures", "licenses")
"""The fields that a disk, image or snapshot takes from its source."""

_NAME: Final = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
# https://cloud.google.com/compute/docs/labeling-resources#requirements
_LABEL_KEY: Final = re.compile(r"[^\W\dA-Z_][\w-]{0,62}")
_LABEL_VALUE: Final = re.compile(r"[\w-]{0,63}")
_MAX_LABELS: Final = 64


def new_reference(context: RequestContext, collection: str) -> Reference:
    """Return the reference of the resource that the request inserts into this call's scope.

    Raises Refused for an invalid name and for the name of an existing resource.
    """
    name = require_name(context.body.get("name", ""))
    reference = context.reference(collection, name)
    if context.state.find(reference) is not None:
        raise already_exists(reference.path)
    return reference


def require_name(name: str, field: str = "resource.name") -> str:
    """Return a resource name; raises Refused for a name that RFC 1035 does not allow."""
    if _NAME.fullmatch(name) is None:
        raise invalid(field, name, f"Must be a match of regex '{_NAME.pattern}'")
    return name


def new_resource(state: State, reference: Reference, kind: str) -> Resource:
    """Return a resource with the fields that all kinds have; it is not stored."""
    return {
        "kind": kind,
        "id": state.new_id(),
        "creationTimestamp": timestamp(),
        "name": reference.name,
        "selfLink": reference.link,
    }


def with_labels(resource: Resource, labels: Mapping[str, str] | None) -> Resource:
    """Set the labels of a resource and their fingerprint, and return the resource."""
    if labels:
        resource["labels"] = dict(labels)
    else:
        resource.pop("labels", None)
    resource["labelFingerprint"] = fingerprint(dict(labels or {}))
    return resource


def require_labels(labels: Mapping[str, str], field: str = "resource.labels") -> None:
    """Raise Refused for labels that break Compute Engine's label requirements."""
    if len(labels) > _MAX_LABELS:
        raise invalid(field, "", f"The number of labels exceeds {_MAX_LABELS}.")
    for key, value in labels.items():
        if _LABEL_KEY.fullmatch(key) is None or key != key.lower():
            raise invalid(
                field,
                "",
                f"Label key '{key}' violates format constraints. The key must start with a "
                "lowercase character, can only contain lowercase letters, numeric characters, "
                "underscores and dashes. The key can be at most 63 characters long. "
                "International characters are allowed.",
            )
        if _LABEL_VALUE.fullmatch(value) is None or value != value.lower():
            raise invalid(
                field,
                "",
                f"Label value '{value}' violates format constraints. The value can only contain "
                "lowercase letters, numeric characters, underscores and dashes. The value can "
                "be at most 63 characters long. International characters are allowed.",
            )


def set_labels(context: RequestContext, reference: Reference) -> Resource:
    """Start the operation that replaces a resource's labels.

    Raises Refused unless the request has the fingerprint of the present labels.
    """
    resource = context.state.get(reference)
    require_fingerprint(
        context.body.get("labelFingerprint"),
        resource["labelFingerprint"],
        "labelFingerprint",
        "Labels fingerprint either invalid or resource labels have changed",
    )
    labels = context.body.get("labels", {})
    require_labels(labels)
    require_ready(context, reference)

    def finish() -> None:
        with_labels(resource, labels)

    return start_operation(context, "setLabels", reference, resource["id"], finish=finish)


def require_fingerprint(given: str | None, current: str, field: str, mismatch: str) -> None:
    """Raise Refused unless a request has the current fingerprint of the content it replaces.

    `field` is the request field of the fingerprint, `mismatch` the message of the error.
    """
    if given is None:
        raise refused(400, "required", f"Required field '{field}' not specified")
    if given != current:
        location = {"location": "If-Match", "locationType": "header"}
        raise refused(412, "conditionNotMet", mismatch, location=location)

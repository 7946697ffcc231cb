"""Asynchronous operations: accepted at once, completed later, polled in between.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from skyclust_sandbox.azure.responses import Document, timestamp


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Operation:
    """An operation of a resource provider in a location; `output` is its result, if any."""

    provider: str
    location: str
    subscription: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=_now)
    ended: datetime | None = None
    error: Document | None = None
    output: Document | None = None

    @property
    def is_in_progress(self) -> bool:
        """Return whether the operation has not ended."""
        return self.ended is None

    def succeed(self, output: Document | None = None) -> None:
        """End the operation with status Succeeded."""
        self.ended, self.output = _now(), output

    def fail(self, code: str, message: str) -> None:
        """End the operation with status Failed and this error."""
        self.ended = _now()
        self.error = {"code": code, "message": message}

    def status_document(self) -> Document:
        """Return the document at the `Azure-AsyncOperation` URL."""
        document: Document = {"startTime": timestamp(self.started)}
        if self.ended is None:
            return {**document, "status": "InProgress", "name": self.id}
        document["endTime"] = timestamp(self.ended)
        if self.error is not None:
            return {**document, "status": "Failed", "error": self.error, "name": self.id}
        if self.output is not None:
            document["properties"] = {"output": self.output}
        return {**document, "status": "Succeeded", "name": self.id}

    def status_url(self, host: str, api_version: str) -> str:
        """Return the `Azure-AsyncOperation` URL, which returns the operation's status."""
        return f"{host}{self._path('operations')}?api-version={api_version}"

    def result_url(self, host: str, api_version: str) -> str:
        """Return the `Location` URL, which returns 202 until the operation has ended."""
        path = self._path("operationResults")
        return f"{host}{path}?monitor=true&api-version={api_version}"

    def _path(self, collection: str) -> str:
        location = f"providers/{self.provider}/locations/{self.location}"
        return f"subscriptions/{self.subscription}/{location}/{collection}/{self.id}"

"""Long-running operations: accepted at once, finished later, asked about in between.

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
    """One operation of a resource provider in a location; `output` is its result, if any."""

    provider: str
    location: str
    subscription: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=_now)
    ended: datetime | None = None
    error: Document | None = None
    output: Document | None = None

    @property
    def is_under_way(self) -> bool:
        """Return whether it has not ended."""
        return self.ended is None

    def succeed(self, output: Document | None = None) -> None:
        """End it well."""
        self.ended, self.output = _now(), output

    def fail(self, code: str, message: str) -> None:
        """End it with an error."""
        self.ended = _now()
        self.error = {"code": code, "message": message}

    def described(self) -> Document:
        """Return what `Azure-AsyncOperation` leads to."""
        told: Document = {"startTime": timestamp(self.started)}
        if self.ended is None:
            return {**told, "status": "InProgress", "name": self.id}
        told["endTime"] = timestamp(self.ended)
        if self.error is not None:
            return {**told, "status": "Failed", "error": self.error, "name": self.id}
        if self.output is not None:
            told["properties"] = {"output": self.output}
        return {**told, "status": "Succeeded", "name": self.id}

    def url(self, host: str, version: str) -> str:
        """Return the address at which its status is asked for."""
        return f"{host}{self._path('operations')}?api-version={version}"

    def result_url(self, host: str, version: str) -> str:
        """Return the address that answers 202 until the operation has ended."""
        return f"{host}{self._path('operationResults')}?monitor=true&api-version={version}"

    def _path(self, noun: str) -> str:
        place = f"providers/{self.provider}/locations/{self.location}/{noun}/{self.id}"
        return f"subscriptions/{self.subscription}/{place}"

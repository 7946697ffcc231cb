"""Answers to changes that come from something else than Azure."""

from __future__ import annotations

from typing import Any, Final

from azure.core.exceptions import DecodeError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

_PAGES: Final = ("text/html", "application/xhtml")


class PlainAnswers(SansIOHTTPPolicy[Any, Any]):
    """Raises for a page of HTML that says that all is well.

    A proxy answers so whatever it is asked. The SDK reads no answer to a change that it does
    not wait for, and would take the page for Azure's word that the change is accepted.
    """

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Look at the type of an answer; raises DecodeError for HTML."""
        answer = response.http_response
        kind = str(answer.headers.get("Content-Type") or "").lower()
        if answer.status_code < 400 and kind.startswith(_PAGES):
            answer.read()  # its connection is free again
            raise DecodeError("The answer is a page of HTML in place of JSON.", response=answer)

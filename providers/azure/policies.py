"""Policies of azure-core's pipeline: bounded retries, API versions, and HTML in place of JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from azure.core.exceptions import DecodeError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy

from providers.azure.api_versions import version_of
from providers.azure.cost_throttling import azure_retry_after

MAX_RETRY_AFTER_SECONDS: Final = 20.0
"""A longer wait is left to the task that makes the call, so that a call ends in bounded time."""

MAX_BACKOFF_SECONDS: Final = 8

_API_VERSION: Final = re.compile(r"(?<=[?&]api-version=)[^&]*")
_HTML: Final = ("text/html", "application/xhtml")


class BoundedRetryPolicy(RetryPolicy[Any, Any]):
    """The SDK's retries, without long waits and without repeating a POST that may have worked.

    The response is returned if its Retry-After is long. A POST (a restart, for example) is
    repeated if it was throttled, but not if the service failed: it may have been carried out.
    """

    repeats_posts: ClassVar[bool] = False

    def __init__(self, **settings: Any) -> None:
        super().__init__(retry_backoff_max=MAX_BACKOFF_SECONDS, **settings)

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Return whether the SDK would repeat the request, and within a short time."""
        retry_after = self.get_retry_after(response)
        if retry_after is not None and retry_after > MAX_RETRY_AFTER_SECONDS:
            return False
        posted = response.http_request.method == "POST" and not self.repeats_posts
        if posted and response.http_response.status_code != 429:
            return False
        retry = bool(super().is_retry(settings, response))
        if retry:
            # The SDK streams responses and drops this one; reading it frees its connection.
            response.http_response.read()
        return retry


class QueryRetryPolicy(BoundedRetryPolicy):
    """Retries of queries, which are POST requests that change nothing.

    Before a throttled query is repeated, the longest wait that Cost Management asks for has passed.
    """

    repeats_posts: ClassVar[bool] = True

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of a request's retries."""
        settings = super().configure_retries(options)
        return {**settings, "methods": frozenset({"POST"})}

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        """Return the seconds to wait, None if the response does not say."""
        return azure_retry_after(response.http_response.headers, datetime.now(UTC))


class ApiVersionPolicy(SansIOHTTPPolicy[Any, Any]):
    """Replaces the SDK's API version of a request by the version in `api_versions`."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Replace the API version in the URL of a request."""
        http_request = request.http_request
        path, mark, query = http_request.url.partition("?")
        http_request.url = path + _API_VERSION.sub(version_of(path), mark + query)


class HtmlResponsePolicy(SansIOHTTPPolicy[Any, Any]):
    """Raises for a successful response that is a page of HTML.

    A proxy may answer any request with such a page. The SDK does not read the response to an
    operation that it does not wait for, and would take the page for an accepted request.
    """

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Check the content type of a response; raises DecodeError for HTML."""
        http_response = response.http_response
        content_type = str(http_response.headers.get("Content-Type") or "").lower()
        if http_response.status_code < 400 and content_type.startswith(_HTML):
            http_response.read()  # frees its connection
            raise DecodeError(
                "The answer is a page of HTML in place of JSON.", response=http_response
            )

"""Requests without the access token: to a storage account, and to the public price list."""

from __future__ import annotations

from collections.abc import Mapping

from azure.core import PipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import policies
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse

from providers.azure.policies import BoundedRetryPolicy


class PublicRequests:
    """Sends requests with the transport of a credential's clients, and without its token."""

    def __init__(self, transport: RequestsTransport, *, user_agent: str, attempts: int) -> None:
        self._pipeline: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            base_url="",
            policies=[
                policies.UserAgentPolicy(user_agent),
                BoundedRetryPolicy(retry_total=attempts - 1),
            ],
            transport=transport,
        )

    def get(self, url: str, query: Mapping[str, str]) -> bytes:
        """Return the body of the response to GET; raises HttpResponseError."""
        request = HttpRequest("GET", url, params=dict(query))
        response = self._pipeline.send_request(request)
        if response.status_code != 200:
            raise HttpResponseError(response=response)
        return response.content

    def download(self, url: str, max_bytes: int) -> bytes:
        """Return the last `max_bytes` bytes of the blob at a SAS URL; raises HttpResponseError."""
        response = self._pipeline.send_request(HttpRequest("GET", url), stream=True)
        with response:
            if response.status_code != 200:
                response.read()
                raise HttpResponseError(response=response)
            tail = bytearray()
            for chunk in response.iter_bytes():
                tail += chunk
                del tail[:-max_bytes]
        return bytes(tail)

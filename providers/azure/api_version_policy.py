"""Changes ask for the API versions that reading asks for, and not for the SDK's own."""

from __future__ import annotations

import re
from typing import Any, Final

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from providers.azure.api_versions import version_of

_VERSION: Final = re.compile(r"(?<=[?&]api-version=)[^&]*")


class PinnedVersions(SansIOHTTPPolicy[Any, Any]):
    """Puts our version of an API in the place of the SDK's."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Change the version in the address of a request."""
        asked = request.http_request
        path, mark, query = asked.url.partition("?")
        asked.url = path + _VERSION.sub(version_of(path), mark + query)

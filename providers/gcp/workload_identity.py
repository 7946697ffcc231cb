"""Workload identity configurations: the sources and the destinations of their tokens.

Source: https://google.aip.dev/auth/4117. A configuration names a file or a URL on the worker's
host that a token is read from, and the URLs that this token is sent to. The sources are checked
against what the operator of the worker allows, the destinations against the hosts that Google
operates.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from typing import Any, Final

from skyclust.errors import ConfigurationError
from skyclust.providerkit.endpoints import check_endpoint, parts_of
from skyclust.providerkit.permissions import OperatorPermissions

DESTINATIONS: Final = ("token_url", "token_info_url", "service_account_impersonation_url")
"""The fields with the URLs that a token is sent to."""

# The global, mutual TLS, regional and Private Service Connect names of the two services
# (https://cloud.google.com/iam/docs/reference/sts/rest,
# https://cloud.google.com/vpc/docs/about-accessing-google-apis-endpoints).
_TOKEN_HOST: Final = re.compile(
    r"(sts|iamcredentials)(\.mtls)?\.googleapis\.com"
    r"|(sts|iamcredentials)\.[a-z0-9-]+\.rep\.googleapis\.com"
    r"|(sts|iamcredentials)-[a-z0-9]+\.p\.googleapis\.com"
)
_COMPUTE_HOST: Final = re.compile(
    r"(compute|www|private|restricted)\.googleapis\.com"
    r"|compute\.[a-z0-9-]+\.rep\.googleapis\.com"
    r"|compute-[a-z0-9]+\.p\.googleapis\.com"
)
_REFUSED_SOURCES: Final = ("executable", "certificate")
_AWS: Final = "aws"


def check_configuration(content: Mapping[str, Any]) -> None:
    """Raise ValueError for a configuration that is invalid or that no operator can allow."""
    if content.get("type") != "external_account":
        raise ValueError("is not a workload identity configuration (it has another type)")
    source = content.get("credential_source")
    if not content.get("audience") or not content.get("token_url") or not source:
        raise ValueError("lacks audience, token_url or credential_source: copy the whole file")
    if not isinstance(source, Mapping):
        message = "has a credential_source that is not an object"
        raise ValueError(message)  # noqa: TRY004 - pydantic does not accept TypeError
    if refused := [name for name in _REFUSED_SOURCES if name in source]:
        raise ValueError(f"takes its token from {refused[0]}: SkyClust reads files and URLs only")
    sources = [name for name in ("file", "url", "environment_id") if source.get(name)]
    if sources not in (["file"], ["url"], ["environment_id"], ["url", "environment_id"]):
        raise ValueError("has a credential_source that is not one of file, url and AWS")
    if "file" in sources:
        path = source["file"]
        if not isinstance(path, str) or not os.path.isabs(path) or os.path.normpath(path) != path:
            raise ValueError(
                "names a token file by a path that is not absolute, or that has . or .."
            )
    for name in ("url", "region_url", "imdsv2_session_token_url"):
        if source.get(name):
            check_endpoint(str(source[name]), query=True)
    if not all(is_token_service(content[name]) for name in DESTINATIONS if content.get(name)):
        raise ValueError("leads to an address that is not Google's")


def check_permitted(content: Mapping[str, Any], permissions: OperatorPermissions) -> None:
    """Raise ConfigurationError for a source or a destination that the operator does not allow."""
    source = content["credential_source"]
    if str(source.get("environment_id", "")).startswith(_AWS):
        permissions.require_worker_identity("the AWS identity of the worker")
    elif source.get("file"):
        permissions.require_source(str(source["file"]))
    else:
        permissions.require_source(str(source["url"]))
    for name in DESTINATIONS:
        if content.get(name):
            require_google(str(content[name]), permissions)


def require_google(url: str, permissions: OperatorPermissions) -> None:
    """Raise ConfigurationError for a loopback URL that the operator does not allow."""
    parts = parts_of(url)
    if not parts.loopback or permissions.allows_loopback(parts.host, parts.port, tls=parts.tls):
        return
    raise ConfigurationError(
        f"The credential would send a token of the worker to {parts.host}, port {parts.port}.",
        hint="Only the operator of the worker can allow that, for a sandbox.",
        provider="gcp",
        code="AddressNotAllowed",
    )


def is_token_service(url: object) -> bool:
    """Return whether a URL belongs to Google's token services, or is loopback for a sandbox."""
    return _has_host(url, _TOKEN_HOST)


def is_compute_service(url: object) -> bool:
    """Return whether a URL belongs to Google's Compute Engine, or is loopback for a sandbox."""
    return _has_host(url, _COMPUTE_HOST)


def _has_host(url: object, hosts: re.Pattern[str]) -> bool:
    try:
        parts = parts_of(check_endpoint(str(url)))
    except ValueError:
        return False
    return parts.loopback or (parts.tls and hosts.fullmatch(parts.host) is not None)

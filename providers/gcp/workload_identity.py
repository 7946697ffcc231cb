"""Workload identity configurations: where they may read a token, and whom they may send it to.

Source: https://google.aip.dev/auth/4117. Such a configuration names a file or a URL of the
worker's own machine, and addresses that what is found there goes to. So every one of them is held
against what Google runs, or against what the operator of the worker allows.
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
"""The fields with the addresses that a token is sent to."""

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
    """Raise ValueError for a configuration that no operator can allow."""
    if content.get("type") != "external_account":
        raise ValueError("is not a workload identity configuration (its type is another)")
    source = content.get("credential_source")
    if not content.get("audience") or not content.get("token_url") or not source:
        raise ValueError("lacks audience, token_url or credential_source: copy the whole file")
    if not isinstance(source, Mapping):
        message = "has a credential_source that is no object"
        raise ValueError(message)  # noqa: TRY004 - pydantic takes no TypeError
    if refused := [name for name in _REFUSED_SOURCES if name in source]:
        raise ValueError(f"takes its token from {refused[0]}: SkyClust reads files and URLs only")
    ways = [name for name in ("file", "url", "environment_id") if source.get(name)]
    if ways not in (["file"], ["url"], ["environment_id"], ["url", "environment_id"]):
        raise ValueError("has a credential_source that is not one of file, url and AWS")
    if "file" in ways:
        path = source["file"]
        if not isinstance(path, str) or not os.path.isabs(path) or os.path.normpath(path) != path:
            raise ValueError("names a token file that is no absolute path without . and ..")
    for name in ("url", "region_url", "imdsv2_session_token_url"):
        if source.get(name):
            check_endpoint(str(source[name]), query=True)
    if not all(is_token_service(content[name]) for name in DESTINATIONS if content.get(name)):
        raise ValueError("leads to an address that is not Google's")


def check_permitted(content: Mapping[str, Any], permissions: OperatorPermissions) -> None:
    """Raise ConfigurationError for what the operator of this process does not allow."""
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


def require_google(address: str, permissions: OperatorPermissions) -> None:
    """Raise ConfigurationError for a loopback address that the operator does not allow."""
    parts = parts_of(address)
    if not parts.loopback or permissions.allows_loopback(parts.host, parts.port, tls=parts.tls):
        return
    raise ConfigurationError(
        f"The credential would send a token of the worker's to {parts.host}, port {parts.port}.",
        hint="Only the operator of the worker can allow that, for a sandbox.",
        provider="gcp",
        code="AddressNotAllowed",
    )


def is_token_service(address: object) -> bool:
    """Return whether an address is that of Google's token services, or loopback for a sandbox."""
    return _leads_to(address, _TOKEN_HOST)


def is_compute_service(address: object) -> bool:
    """Return whether an address is Compute Engine's at Google, or loopback for a sandbox."""
    return _leads_to(address, _COMPUTE_HOST)


def _leads_to(address: object, hosts: re.Pattern[str]) -> bool:
    try:
        parts = parts_of(check_endpoint(str(address)))
    except ValueError:
        return False
    return parts.loopback or (parts.tls and hosts.fullmatch(parts.host) is not None)

"""Whose tokens are used: google-auth's credentials made from ours."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final

import google.auth
from google.auth import identity_pool
from google.auth.aws import Credentials as AwsCredentials
from google.auth.credentials import Credentials
from google.oauth2 import service_account

from providers.gcp.credential import GcpCredential
from skyclust.errors import ConfigurationError
from skyclust.redaction import register_issued

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
"""One scope for all: what may be done is decided by the roles that somebody has."""


class Bearer(Credentials):
    """The tokens of other credentials, and nothing else that those would ask Google for.

    By themselves they ask a public address in the background where their owner may work,
    whatever the endpoint is. Several threads that need a token make one request for it.
    """

    def __init__(self, source: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth's own
        self.source = source
        self._quota_project_id = getattr(source, "quota_project_id", None)
        self._lock = threading.Lock()

    def refresh(self, request: Any) -> None:
        """Get another token, unless another thread has just got one."""
        seen = self.token
        with self._lock:
            if self.token == seen:
                self.source.refresh(request)
                register_issued(self.source.token)
                self.token, self.expiry = self.source.token, self.source.expiry


@dataclass(frozen=True)
class Identified:
    """Google's credentials, the project they work in, and the universe it lies in."""

    credentials: Bearer
    project: str
    universe: str


def open_credentials(credential: GcpCredential) -> Identified:
    """Return exactly the identity that a credential names; asks nobody for a token yet.

    Raises ConfigurationError for a key that cannot be read, and when no project is known.
    """
    if (key := credential.key) is not None:
        made = _from_key(key)
        project = credential.project_id or str(key.get("project_id", ""))
    elif (federation := credential.federation) is not None:
        made = _from_federation(federation)
        project = credential.project_id or ""
    else:
        made, default = google.auth.default(scopes=SCOPES)
        project = credential.project_id or default or ""
    if not project:
        raise ConfigurationError(
            "The application default credentials of this machine name no project.",
            hint="Give project_id.",
            provider="gcp",
        )
    return Identified(Bearer(made), project, str(made.universe_domain))


def _from_key(key: dict[str, Any]) -> Any:
    try:
        return service_account.Credentials.from_service_account_info(key, scopes=SCOPES)
    except ValueError as error:
        raise ConfigurationError(
            f"The service account's key cannot be read: {error}.",
            hint="Copy the whole key file again.",
            provider="gcp",
        ) from error


def _from_federation(configuration: dict[str, Any]) -> Any:
    # https://google.aip.dev/auth/4117: what AWS says of itself is signed, all else is a token.
    source = str(configuration["credential_source"].get("environment_id", ""))
    maker: Any = AwsCredentials if source.startswith("aws") else identity_pool.Credentials
    try:
        return maker.from_info(configuration, scopes=SCOPES)
    except ValueError as error:
        raise ConfigurationError(
            f"The workload identity configuration cannot be used: {error}.", provider="gcp"
        ) from error

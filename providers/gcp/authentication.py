"""Opening a credential: google-auth's credentials, the project and the universe domain."""

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
"""One OAuth scope for all APIs: what is permitted depends on the IAM roles of the principal."""


class AccessTokens(Credentials):
    """Credentials that only pass on the access tokens of other credentials.

    google-auth's own credentials also request a regional access boundary from a public address
    in the background, whatever the endpoint is. Threads that need a token at the same time share
    one request for it.
    """

    def __init__(self, source: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth's own
        self.source = source
        self._quota_project_id = getattr(source, "quota_project_id", None)
        self._lock = threading.Lock()

    def refresh(self, request: Any) -> None:
        """Fetch a new token, unless another thread has fetched one in the meantime."""
        previous = self.token
        with self._lock:
            if self.token == previous:
                self.source.refresh(request)
                register_issued(self.source.token)
                self.token, self.expiry = self.source.token, self.source.expiry


@dataclass(frozen=True)
class Authentication:
    """The credentials of google-auth, the project ID, and the universe domain."""

    credentials: AccessTokens
    project: str
    universe: str


def authenticate(credential: GcpCredential) -> Authentication:
    """Return the identity that a credential names, without requesting a token.

    Raises ConfigurationError for a key that cannot be read, and when no project is known.
    """
    if (key := credential.key) is not None:
        source = _from_key(key)
        project = credential.project_id or str(key.get("project_id", ""))
    elif (workload_identity := credential.workload_identity) is not None:
        source = _from_workload_identity(workload_identity)
        project = credential.project_id or ""
    else:
        source, default_project = google.auth.default(scopes=SCOPES)
        project = credential.project_id or default_project or ""
    if not project:
        raise ConfigurationError(
            "The application default credentials of the worker name no project.",
            hint="Give project_id.",
            provider="gcp",
        )
    return Authentication(AccessTokens(source), project, str(source.universe_domain))


def _from_key(key: dict[str, Any]) -> Any:
    try:
        return service_account.Credentials.from_service_account_info(key, scopes=SCOPES)
    except ValueError as error:
        raise ConfigurationError(
            f"The service account's key cannot be read: {error}.",
            hint="Copy the whole key file again.",
            provider="gcp",
        ) from error


def _from_workload_identity(configuration: dict[str, Any]) -> Any:
    # https://google.aip.dev/auth/4117: an AWS source is a signed request, all others are tokens.
    source = str(configuration["credential_source"].get("environment_id", ""))
    credentials: Any = AwsCredentials if source.startswith("aws") else identity_pool.Credentials
    try:
        return credentials.from_info(configuration, scopes=SCOPES)
    except ValueError as error:
        raise ConfigurationError(
            f"The workload identity configuration cannot be used: {error}.", provider="gcp"
        ) from error

"""The azure-identity credential behind an AzureCredential, and how its requests are sent."""

from __future__ import annotations

import logging
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
)

from providers.azure.credential import CLOUDS, AzureCredential
from providers.azure.policies import BoundedRetryPolicy
from skyclust.errors import ConfigurationError
from skyclust.providerkit.guarded_requests import guarded_session
from skyclust.providerkit.timeouts import CONNECT_SECONDS, LONG_READ_SECONDS

# It warns of what it raises too, which Python prints where a process has no handler.
logging.getLogger("azure.identity").addHandler(logging.NullHandler())

TOKEN_ATTEMPTS: Final = 3
"""Fewer than for other requests: every call needs a token, and a user waits while a credential is
verified."""


class TokenRetryPolicy(BoundedRetryPolicy):
    """Retries of token requests, which raise the last error response.

    MSAL would only report that there is no token.
    """

    repeats_posts: ClassVar[bool] = True

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Return the response; raises HttpResponseError for status 429 and for 5xx."""
        response = super().send(request)
        if response.http_response.status_code == 429 or response.http_response.status_code >= 500:
            raise HttpResponseError(response=response.http_response)
        return response


class PlainHttpTransport(RequestsTransport):  # type: ignore[misc]  # the SDK loads it by name
    """Sends requests for https URLs over http: azure-identity accepts no http authority."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request."""
        if request.url.startswith("https:"):  # a repeated request already has http
            request.url = "http:" + request.url.removeprefix("https:")
        return super().send(request, **options)


def open_identity(
    credential: AzureCredential,
) -> ClientSecretCredential | CertificateCredential | ManagedIdentityCredential:
    """Return the azure-identity credential of a credential; makes no request.

    It never falls back to the environment or to the login of the Azure CLI. Raises
    ConfigurationError if the certificate cannot be read.
    """
    options: dict[str, Any] = {
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": LONG_READ_SECONDS,
    }
    if credential.managed_identity:  # azure-identity has its own retries for it
        return ManagedIdentityCredential(client_id=credential.client_id, **options)
    options["retry_policy_class"] = TokenRetryPolicy
    options["retry_total"] = TOKEN_ATTEMPTS - 1
    tenant, client = credential.tenant_id or "", credential.client_id or ""
    options |= _authority(credential)
    options["transport"] = _transport(credential)
    if credential.client_secret is not None:
        secret = credential.client_secret.get_secret_value()
        return ClientSecretCredential(tenant, client, secret, **options)
    certificate = credential.certificate_data
    password = credential.password.get_secret_value() if credential.password else None
    try:
        return CertificateCredential(
            tenant,
            client,
            certificate_data=certificate.get_secret_value().encode() if certificate else b"",
            password=password,
            **options,
        )
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            "The certificate of the Azure credential cannot be read.",
            hint="It needs an RSA private key; is its password the right one?",
            provider="azure",
        ) from error


def _authority(credential: AzureCredential) -> dict[str, Any]:
    authority = credential.addresses().authority
    parts = urlsplit(authority)
    return {
        "authority": f"https://{parts.netloc}{parts.path}",
        # Instance discovery queries the public cloud, which has no entry for a private cloud.
        "disable_instance_discovery": authority != CLOUDS[credential.cloud].authority,
    }


def _transport(credential: AzureCredential) -> RequestsTransport:
    plain_http = credential.addresses().authority.startswith("http://")
    transport = PlainHttpTransport if plain_http else RequestsTransport
    return transport(
        session=guarded_session(connections=1),
        session_owner=False,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=LONG_READ_SECONDS,
    )

"""Signing in: the identity of azure-identity behind a credential, and the policies around it."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import RetryPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
)

from providers.azure.credential import CLOUDS, AzureCredential
from skyclust.errors import ConfigurationError
from skyclust.providerkit.guarded_requests import guarded_session

CONNECT_SECONDS: Final = 5.0
"""A host that has not answered the TCP handshake by then is not there."""

READ_SECONDS: Final = 60.0
"""Resource Manager itself gives up on a service after 60 seconds
(https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling)."""

ATTEMPTS_WHILE_SOMEONE_WAITS: Final = 3
"""For tokens: without one nothing goes on, and whoever checks a credential waits."""

LONGEST_RETRY_AFTER: Final = 20.0
"""A longer wait is the task's to make, in seconds: a call ends in bounded time."""

LONGEST_BACKOFF: Final = 8


class BoundedRetries(RetryPolicy[Any, Any]):
    """The SDK's retries, less those that take long or do something twice.

    A long Retry-After is handed on and not slept through. A POST (a restart, for example) is
    repeated when it was throttled, and not when its service failed: it may have done it.
    """

    repeats_posts: ClassVar[bool] = False

    def __init__(self, **settings: Any) -> None:
        super().__init__(retry_backoff_max=LONGEST_BACKOFF, **settings)

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Return whether the SDK would try again, and soon."""
        asked = self.get_retry_after(response)
        if asked is not None and asked > LONGEST_RETRY_AFTER:
            return False
        posted = response.http_request.method == "POST" and not self.repeats_posts
        if posted and response.http_response.status_code != 429:
            return False
        again = bool(super().is_retry(settings, response))
        if again:
            # The SDK streams answers, and forgets this one: read, its connection is free again.
            response.http_response.read()
        return again


class TokenRetries(BoundedRetries):
    """Tells at last what keeps a token away: MSAL would tell no more than that it is away."""

    repeats_posts: ClassVar[bool] = True

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Return the answer; raises HttpResponseError for a throttle and for an error 5xx."""
        answer = super().send(request)
        if answer.http_response.status_code == 429 or answer.http_response.status_code >= 500:
            raise HttpResponseError(response=answer.http_response)
        return answer


class WithoutTls(RequestsTransport):  # type: ignore[misc]  # the SDK loads it by name
    """Sends to http what is addressed to https: azure-identity takes no other authority."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request."""
        if request.url.startswith("https:"):  # a repeated request is not any more
            request.url = "http:" + request.url.removeprefix("https:")
        return super().send(request, **options)


def open_identity(
    credential: AzureCredential,
) -> ClientSecretCredential | CertificateCredential | ManagedIdentityCredential:
    """Return the identity of a credential; makes no call.

    Nothing of the environment or of the command line's sign-in can take its place. Raises
    ConfigurationError when the certificate cannot be read.
    """
    options: dict[str, Any] = {
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
    }
    if credential.managed_identity:  # which has retries of its own
        return ManagedIdentityCredential(client_id=credential.client_id, **options)
    options["retry_policy_class"] = TokenRetries
    options["retry_total"] = ATTEMPTS_WHILE_SOMEONE_WAITS - 1
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
        # Microsoft's public cloud is asked about an authority only where it knows it.
        "disable_instance_discovery": authority != CLOUDS[credential.cloud].authority,
    }


def _transport(credential: AzureCredential) -> RequestsTransport:
    without_tls = credential.addresses().authority.startswith("http://")
    transport = WithoutTls if without_tls else RequestsTransport
    return transport(
        session=guarded_session(connections=1),
        session_owner=False,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )

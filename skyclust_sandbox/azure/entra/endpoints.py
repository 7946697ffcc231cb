"""The endpoints of Entra ID: discovery documents, access tokens and managed identity tokens.

Source: https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
and, for managed identities, .../entra/identity/managed-identities-azure-resources/
how-to-use-vm-token. Error codes: .../entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import hmac
import time
import uuid
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Refused
from skyclust_sandbox.azure.entra.access_tokens import LIFETIME_SECONDS, Tokens
from skyclust_sandbox.azure.entra.client_assertions import InvalidAssertion, check_assertion
from skyclust_sandbox.azure.responses import Document, json_response, timestamp
from skyclust_sandbox.azure.tenants import (
    IDENTITY_HEADER,
    MANAGED_IDENTITY,
    PRINCIPALS,
    Principal,
    Tenant,
    find_tenant,
)

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def openid_configuration(request: Request, tenant_name: str) -> Response:
    """Return the OpenID configuration of a tenant; its URLs have https, as MSAL requires."""
    tenant = _require_tenant(tenant_name)
    base = f"https://{request.host}/{tenant.id}"
    return json_response(
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": request.host,
        }
    )


def instance_discovery(request: Request) -> Response:
    """Return the instance metadata of this host, with the URL of the tenant's configuration."""
    endpoint = request.args.get("authorization_endpoint", "")
    tenant = endpoint.split("/")[3] if endpoint.count("/") > 3 else "common"
    base = f"https://{request.host}/{tenant}"
    aliases: Document = {
        "preferred_network": request.host,
        "preferred_cache": request.host,
        "aliases": [request.host],
    }
    return json_response(
        {
            "tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [aliases],
        }
    )


def create_token(
    request: Request, tenant_name: str, tokens: Tokens, certificates: dict[str, list[bytes]]
) -> Response:
    """Return a token for a client that authenticates with a secret or a signed assertion."""
    form = request.form
    tenant = _require_tenant(tenant_name)
    if form.get("grant_type") != "client_credentials":
        raise entra_error(
            400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
        )
    principal = PRINCIPALS.get(form.get("client_id", ""))
    if principal is None or principal.tenant != tenant or principal.secret is None:
        raise entra_error(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{form.get('client_id')}' was not found in the"
            f" directory '{tenant.name}'.",
        )
    _authenticate_client(request, principal, certificates.get(principal.client_id, []))
    scope = form.get("scope", "")
    if not scope.endswith("/.default"):
        raise entra_error(
            400, "invalid_scope", 1002012, f"The provided value for scope {scope} is not valid."
        )
    return json_response(
        {
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "ext_expires_in": LIFETIME_SECONDS,
            "access_token": tokens.issue(principal, scope.removesuffix("/.default")),
        }
    )


def managed_identity_token(request: Request, tokens: Tokens) -> Response:
    """Return a token for the managed identity, as a VM's instance metadata service does.

    `/msi/` is the endpoint of App Service, which requires a secret header instead.
    """
    if request.path.startswith("/msi/"):
        if not hmac.compare_digest(request.headers.get("X-IDENTITY-HEADER", ""), IDENTITY_HEADER):
            raise _managed_identity_error(
                401, "unauthorized", "The X-IDENTITY-HEADER is not valid."
            )
    elif request.headers.get("Metadata") != "true":
        raise _managed_identity_error(
            400, "bad_request_102", "Required metadata header not specified"
        )
    resource = request.args.get("resource")
    if resource is None:
        raise _managed_identity_error(
            400, "invalid_request", "Required query parameter resource missing"
        )
    if request.args.get("client_id", MANAGED_IDENTITY.client_id) != MANAGED_IDENTITY.client_id:
        raise _managed_identity_error(400, "invalid_request", "Identity not found")
    return json_response(
        {
            "access_token": tokens.issue(MANAGED_IDENTITY, resource),
            "client_id": MANAGED_IDENTITY.client_id,
            "expires_in": str(LIFETIME_SECONDS),
            "expires_on": str(int(time.time()) + LIFETIME_SECONDS),
            "ext_expires_in": str(LIFETIME_SECONDS),
            "not_before": str(int(time.time())),
            "resource": resource,
            "token_type": "Bearer",
        }
    )


def entra_error(status: int, error: str, number: int, message: str) -> Refused:
    """Return the error to raise for Entra ID: an OAuth error with an AADSTS number."""
    trace, correlation, when = str(uuid.uuid4()), str(uuid.uuid4()), timestamp()[:19] + "Z"
    description = f"AADSTS{number}: {message} Trace ID: {trace} Correlation ID: {correlation}"
    body: Document = {
        "error": error,
        "error_description": f"{description} Timestamp: {when}",
        "error_codes": [number],
        "timestamp": when,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    return Refused(json_response(body, status))


def _require_tenant(name: str) -> Tenant:
    tenant = find_tenant(name)
    if tenant is None:
        raise entra_error(
            400,
            "invalid_tenant" if "." in name else "invalid_request",
            90002,
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID.",
        )
    return tenant


def _authenticate_client(request: Request, principal: Principal, certificates: list[bytes]) -> None:
    form = request.form
    if form.get("client_assertion_type") == _ASSERTION_TYPE:
        try:
            check_assertion(form.get("client_assertion", ""), principal.client_id, certificates)
        except InvalidAssertion as error:
            raise entra_error(401, "invalid_client", 700027, str(error)) from error
    elif not hmac.compare_digest(form.get("client_secret", "").encode(), _secret(principal)):
        raise entra_error(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the"
            " client secret value, not the client secret ID.",
        )


def _secret(principal: Principal) -> bytes:
    return (principal.secret or "").encode()


def _managed_identity_error(status: int, error: str, description: str) -> Refused:
    return Refused(json_response({"error": error, "error_description": description}, status))

"""The routes of Entra ID, of the managed identity endpoints, and of boot diagnostics blobs."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.router import Route

ROUTES: Final = (
    Route("Tokens_Create", "POST", "/{tenant}/oauth2/v2.0/token", None),
    Route(
        "Tenants_OpenIdConfiguration",
        "GET",
        "/{tenant}/v2.0/.well-known/openid-configuration",
        None,
    ),
    Route("Instances_Discover", "GET", "/common/discovery/instance", None),
    Route("ManagedIdentity_GetToken", "GET", "/metadata/identity/oauth2/token", None),
    Route("ManagedIdentity_GetToken", "GET", "/msi/token", None),
    Route("Blobs_Get", "GET", "/bootdiagnostics/{subscription}/{group}/{name}/{blob}", None),
)

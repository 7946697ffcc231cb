"""Tokens: issue, validate and revoke.

Source: https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.directory import ROLES, Domain
from skyclust_sandbox.openstack.identity.catalog import make_catalog
from skyclust_sandbox.openstack.tokens import Token
from skyclust_sandbox.openstack.wire import Body, empty, reply, token_time


def create_token(context: Context) -> Response:
    """Return the scope of a new token; its id is in the header X-Subject-Token."""
    token = context.cloud.tokens.issue(context.body("auth"))
    response = reply(_token(context, token), 201)
    response.headers["X-Subject-Token"] = token.id
    response.headers["Vary"] = "X-Auth-Token"
    return response


def get_token(context: Context) -> Response:
    """Return the scope of the token in X-Subject-Token; 404 when it is unknown or expired."""
    token = _subject(context)
    response = reply(_token(context, token))
    response.headers["X-Subject-Token"] = token.id
    return response


def delete_token(context: Context) -> Response:
    """Revoke the token in X-Subject-Token."""
    context.cloud.tokens.revoke(_subject(context).id)
    return empty()


def get_catalog(context: Context) -> Response:
    """Return the catalog of the caller's token."""
    links = {"self": f"{context.base_url}/v3/auth/catalog", "next": None, "previous": None}
    return reply({"catalog": make_catalog(context, context.project_id), "links": links})


def _subject(context: Context) -> Token:
    token = context.cloud.tokens.find(context.request.headers.get("X-Subject-Token", ""))
    if token is None:
        raise context.refused(404, "Failed to validate token")
    return token


def _token(context: Context, token: Token) -> Body:
    content: Body = {
        "methods": list(token.methods),
        "user": {
            "id": token.user.id,
            "name": token.user.name,
            "domain": _domain(token.user.domain),
            "password_expires_at": None,
        },
        "audit_ids": [token.audit_id],
        "expires_at": token_time(token.expires),
        "issued_at": token_time(token.issued),
    }
    if token.application_credential is not None:
        credential = token.application_credential
        content["application_credential"] = {
            "id": credential.id,
            "name": credential.name,
            "restricted": True,
        }
    if token.domain is not None:
        content["domain"] = _domain(token.domain)
    if token.project is not None:
        content["is_domain"] = False
        content["project"] = {
            "id": token.project.id,
            "name": token.project.name,
            "domain": _domain(token.project.domain),
        }
    if token.roles:
        content["roles"] = [{"id": ROLES[role], "name": role} for role in token.roles]
        content["catalog"] = make_catalog(context, "" if not token.project else token.project.id)
    return {"token": content}


def _domain(domain: Domain) -> Body:
    return {"id": domain.id, "name": domain.name}

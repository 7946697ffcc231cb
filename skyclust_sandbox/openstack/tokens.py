"""The tokens of keystone, and the authentication that issues them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from skyclust_sandbox.openstack import directory
from skyclust_sandbox.openstack.directory import ApplicationCredential, Domain, Project, User
from skyclust_sandbox.openstack.wire import Body, now, refused

UNAUTHENTICATED = "The request you have made requires authentication."


@dataclass(frozen=True)
class Token:
    """A token: its user, scope, roles and lifetime."""

    id: str
    user: User
    project: Project | None
    domain: Domain | None
    roles: tuple[str, ...]
    methods: tuple[str, ...]
    issued: datetime
    expires: datetime
    audit_id: str
    application_credential: ApplicationCredential | None = None


@dataclass
class Tokens:
    """The valid tokens. `seconds` is the lifetime of a token."""

    seconds: float
    _tokens: dict[str, Token] = field(default_factory=dict)

    def clear(self) -> None:
        """Revoke every token."""
        self._tokens.clear()

    def revoke(self, token_id: str) -> None:
        """Revoke a token."""
        self._tokens.pop(token_id, None)

    def find(self, token_id: str) -> Token | None:
        """Return the token with this id, or None when it is unknown or expired."""
        token = self._tokens.get(token_id)
        return token if token is not None and token.expires > now() else None

    def issue(self, auth: Body) -> Token:
        """Return a new token for the requested identity and scope.

        Refuses others with 400, 401 or 404.
        """
        identity = _object(auth, "identity")
        methods = [str(method) for method in identity.get("methods") or ()]
        if "application_credential" in methods:
            credential = _find_application_credential(_object(identity, "application_credential"))
            token = _make_token(credential.user, methods, credential.roles, self.seconds)
            return self._keep(
                replace(token, project=credential.project, application_credential=credential)
            )
        if "password" in methods:
            user = _find_user(_object(_object(identity, "password"), "user"))
        elif "token" in methods:
            held = self.find(str(_object(identity, "token").get("id")))
            if held is None:
                raise refused("identity", 401, UNAUTHENTICATED)
            user = held.user
        else:
            raise refused("identity", 401, UNAUTHENTICATED)
        project, domain = _scope(auth.get("scope"), user)
        roles = user.roles.get(project.id, ()) if project else _domain_roles(user, domain)
        if (project or domain) and not roles:
            raise refused("identity", 401, UNAUTHENTICATED)
        token = _make_token(user, methods, roles, self.seconds)
        return self._keep(replace(token, project=project, domain=domain))

    def _keep(self, token: Token) -> Token:
        self._tokens[token.id] = token
        return token


def _make_token(
    user: User, methods: Sequence[str], roles: tuple[str, ...], seconds: float
) -> Token:
    issued = now()
    return Token(
        id=f"gAAAAAB{secrets.token_urlsafe(120)}",
        user=user,
        project=None,
        domain=None,
        roles=roles,
        methods=tuple(methods),
        issued=issued,
        expires=issued + timedelta(seconds=seconds),
        audit_id=secrets.token_urlsafe(16),
    )


def _object(parent: Any, key: str) -> Body:
    child = parent.get(key) if isinstance(parent, dict) else None
    if not isinstance(child, dict):
        raise refused("identity", 400, f"Invalid input for field/attribute {key!r}.")
    return child


def _is_domain(domain: Domain, reference: Any) -> bool:
    if not isinstance(reference, dict):
        return False
    return reference.get("id") == domain.id or reference.get("name") == domain.name


def _find_user(reference: Body) -> User:
    for user in directory.USERS:
        is_meant = reference.get("id") == user.id or (
            reference.get("name") == user.name and _is_domain(user.domain, reference.get("domain"))
        )
        if is_meant and reference.get("password") == user.password:
            return user
    raise refused("identity", 401, UNAUTHENTICATED)


def _find_application_credential(reference: Body) -> ApplicationCredential:
    """Return the credential with an id, or with a user and a name; refuses a wrong secret with 401.

    Keystone 29.1 replies 404 for an unknown id or user.
    """
    known = {credential.id for credential in directory.APPLICATION_CREDENTIALS}
    if "id" in reference and reference["id"] not in known:
        raise refused("identity", 404, f"Could not find Application Credential: {reference['id']}.")
    for credential in directory.APPLICATION_CREDENTIALS:
        owner = reference.get("user") or {}
        is_owner = owner.get("id") == credential.user.id or (
            owner.get("name") == credential.user.name
            and _is_domain(credential.user.domain, owner.get("domain"))
        )
        is_meant = reference.get("id") == credential.id or (
            reference.get("name") == credential.name and is_owner
        )
        if is_meant and reference.get("secret") == credential.secret:
            return credential
    raise refused("identity", 401, UNAUTHENTICATED)


def _scope(scope: Any, user: User) -> tuple[Project | None, Domain | None]:
    if not isinstance(scope, dict) or "system" in scope or "unscoped" in scope:
        return None, None
    if "domain" in scope:
        domains = [domain for domain in directory.DOMAINS if _is_domain(domain, scope["domain"])]
        if not domains or domains[0] != user.domain:
            raise refused("identity", 401, UNAUTHENTICATED)
        return None, domains[0]
    reference = _object(scope, "project")
    for project in directory.PROJECTS:
        is_named = reference.get("name") == project.name and _is_domain(
            project.domain, reference.get("domain")
        )
        if reference.get("id") == project.id or is_named:
            return project, None
    raise refused("identity", 401, UNAUTHENTICATED)


def _domain_roles(user: User, domain: Domain | None) -> tuple[str, ...]:
    """Return the roles of a user in a domain; only the administrator has any."""
    if domain is None or user.name != "admin":
        return ()
    return tuple(directory.ROLES)


def claimed_user(content: Any) -> str:
    """Return the user name in a request for a token, empty when the request has none."""
    auth = content.get("auth") if isinstance(content, dict) else None
    identity = auth.get("identity") if isinstance(auth, dict) else None
    if not isinstance(identity, dict):
        return ""
    for credential in directory.APPLICATION_CREDENTIALS:
        reference = identity.get("application_credential") or {}
        if credential.id == reference.get("id") or credential.name == reference.get("name"):
            return credential.user.name
    reference = (identity.get("password") or {}).get("user") or {}
    by_id = directory.find_user(str(reference.get("id")))
    return by_id.name if by_id is not None else str(reference.get("name", ""))

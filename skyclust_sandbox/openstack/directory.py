"""The directory of the sandbox keystone: domains, projects, users and application credentials."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

REGIONS: Final = ("RegionOne", "RegionTwo")


@dataclass(frozen=True)
class Domain:
    """A domain of projects and users."""

    id: str
    name: str


@dataclass(frozen=True)
class Project:
    """An owner of resources; nova and cinder call it a tenant."""

    id: str
    name: str
    domain: Domain


@dataclass(frozen=True)
class User:
    """A user with a password.

    `roles` maps the id of a project to the names of the user's roles there.
    """

    id: str
    name: str
    domain: Domain
    password: str
    roles: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ApplicationCredential:
    """A credential that acts for a user in one project."""

    id: str
    name: str
    secret: str
    user: User
    project: Project
    roles: tuple[str, ...]


def identifier(kind: str, name: str) -> str:
    """Return the id of a resource, 32 hexadecimal digits that are the same in every run."""
    return hashlib.sha256(f"{kind} {name}".encode()).hexdigest()[:32]


def application_credential_id(name: str) -> str:
    """Return the id of an application credential of the sandbox."""
    return identifier("application credential", name)


def _project(name: str, domain: Domain) -> Project:
    return Project(identifier("project", name), name, domain)


def _user(name: str, domain: Domain, roles: Mapping[str, tuple[str, ...]]) -> User:
    return User(identifier("user", name), name, domain, f"{name}-password", roles)


DEFAULT: Final = Domain("default", "Default")
PARTNERS: Final = Domain(identifier("domain", "Partners"), "Partners")
DOMAINS: Final = (DEFAULT, PARTNERS)

SANDBOX: Final = _project("sandbox", DEFAULT)
OTHER: Final = _project("sandbox-other", DEFAULT)
PARTNER: Final = _project("partner", PARTNERS)
PROJECTS: Final = (SANDBOX, OTHER, PARTNER)

_MEMBER: Final = ("member", "reader")
_ADMIN: Final = ("admin", "manager", "member", "reader")
ROLES: Final = {name: identifier("role", name) for name in _ADMIN}
"""The ids of the roles, by name."""

USERS: Final = (
    _user("sandbox", DEFAULT, {SANDBOX.id: _MEMBER}),
    _user("other", DEFAULT, {OTHER.id: _MEMBER}),
    _user("auditor", DEFAULT, {SANDBOX.id: ("reader",)}),
    _user("admin", DEFAULT, {SANDBOX.id: _ADMIN, OTHER.id: _ADMIN}),
    _user("partner", PARTNERS, {PARTNER.id: _MEMBER}),
)


def _application_credential(name: str, owner: str) -> ApplicationCredential:
    [user] = [user for user in USERS if user.name == owner]
    return ApplicationCredential(
        application_credential_id(name),
        name,
        f"{name}-secret",
        user,
        SANDBOX,
        user.roles[SANDBOX.id],
    )


APPLICATION_CREDENTIALS: Final = (
    _application_credential("skyclust", "sandbox"),
    _application_credential("skyclust-admin", "admin"),
)


def find_project(project_id: str) -> Project | None:
    """Return the project with this id, or None."""
    return next((project for project in PROJECTS if project.id == project_id), None)


def find_user(user_id: str) -> User | None:
    """Return the user with this id, or None."""
    return next((user for user in USERS if user.id == user_id), None)

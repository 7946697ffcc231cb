"""The credential of one OpenStack project: its fields and their validation."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from providers.openstack.clouds_yaml import read_cloud
from skyclust.contract import CredentialModel
from skyclust.providerkit.credential_fields import base_address, is_empty, plain_text

Interface = Literal["public", "internal", "admin"]

# The fields that a password needs, and an application credential that is given by its name.
_USER_FIELDS: Final = ("username", "user_id", "user_domain_name", "user_domain_id")
_PROJECT_FIELDS: Final = ("project_name", "project_id", "project_domain_name", "project_domain_id")
_APPLICATION_FIELDS: Final = (
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
)


class OpenStackCredential(CredentialModel):
    """An application credential, a password, or one cloud of a clouds.yaml that contains either.

    Field names are those of the SDK; `endpoint` is its `auth_url`, which is accepted as an alias. A
    parsed clouds.yaml, with its key `clouds`, is accepted as well. Nothing is read from the
    environment, nor from a clouds.yaml on the worker.
    """

    aliases: ClassVar[Mapping[str, str]] = {"auth_url": "endpoint", "region": "region_name"}
    region_field: ClassVar[str] = "region_name"

    destination_fields: ClassVar[frozenset[str] | None] = frozenset(
        {"endpoint", "verify", "cacert", "interface"}
    )

    endpoint: str | None = Field(
        default=None,
        title="Identity endpoint (auth_url)",
        description="URL of Keystone, for example https://cloud.example.com:5000/v3.",
    )
    application_credential_id: str | None = Field(
        default=None,
        title="Application credential ID",
        description="The ID that `openstack application credential create` prints.",
    )
    application_credential_name: str | None = Field(
        default=None,
        title="Application credential name",
        description="In place of the ID; needs the user of the credential.",
    )
    application_credential_secret: SecretStr | None = Field(
        default=None,
        title="Application credential secret",
        description="Shown once, when the application credential is created.",
    )
    username: str | None = Field(
        default=None, title="User name", description="Name of the user; needs the user's domain."
    )
    user_id: str | None = Field(
        default=None, title="User ID", description="In place of the user's name and domain."
    )
    password: SecretStr | None = Field(
        default=None, title="Password", description="The user's password."
    )
    user_domain_name: str | None = Field(
        default=None,
        title="User domain name",
        description="Domain of the user, often Default.",
    )
    user_domain_id: str | None = Field(
        default=None, title="User domain ID", description="In place of the domain's name."
    )
    project_name: str | None = Field(
        default=None,
        title="Project name",
        description="Project to work in, with a password; needs the project's domain.",
    )
    project_id: str | None = Field(
        default=None, title="Project ID", description="In place of the project's name and domain."
    )
    project_domain_name: str | None = Field(
        default=None,
        title="Project domain name",
        description="Domain of the project, often Default.",
    )
    project_domain_id: str | None = Field(
        default=None, title="Project domain ID", description="In place of the domain's name."
    )
    clouds_yaml: SecretStr | None = Field(
        default=None,
        title="clouds.yaml",
        description="Content of a clouds.yaml, in place of all fields above.",
    )
    cloud: str | None = Field(
        default=None,
        title="Cloud",
        description="Which cloud of the clouds.yaml. Empty: the only one in it.",
    )
    region_name: str | None = Field(
        default=None,
        title="Region (region_name)",
        description="The only region to work in, and the default region of requests. Empty: every"
        " region with a compute service.",
    )
    interface: Interface = Field(
        default="public",
        title="Interface",
        description="Which endpoints of the catalog are used: public, internal or admin.",
    )
    cacert: str | None = Field(
        default=None,
        title="CA certificates",
        description="Certificates (PEM text) that sign the cloud's own, in addition to the public"
        " ones.",
    )
    verify: bool = Field(
        default=True,
        title="Verify TLS",
        description="Whether the cloud's certificates are checked. Switch off for tests only.",
    )
    all_projects: bool = Field(
        default=False,
        title="All projects",
        description="Whether inventory lists all projects' resources. Needs an administrator.",
    )

    rating_currency: str | None = Field(
        default=None,
        title="Currency of the rating",
        description="The currency of CloudKitty's prices, which does not name it: three letters,"
        " for example EUR. Needed to read costs.",
        pattern=r"^[A-Z]{3}$",
    )

    @classmethod
    def by_field_names(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values by the names of the fields, and a parsed clouds.yaml as its text."""
        named = super().by_field_names(values)
        clouds = named.pop("clouds", None)
        if clouds is not None:
            named.setdefault("clouds_yaml", json.dumps({"clouds": clouds}, default=str))
        return named

    @model_validator(mode="before")
    @classmethod
    def _read_clouds_yaml(cls, values: object) -> object:
        """Replace a clouds.yaml by the fields of one cloud in it."""
        if not isinstance(values, Mapping):
            return values
        named = cls.by_field_names(values).items()
        given = {name: value for name, value in named if not is_empty(value)}
        text = given.pop("clouds_yaml", None)
        cloud = given.pop("cloud", None)
        if text is None:
            if cloud is not None:
                raise ValueError("cloud is valid only together with clouds_yaml")
            return given
        from_cloud = read_cloud(str(plain_text(text)), None if cloud is None else str(cloud))
        twice = sorted(
            set(from_cloud) & set(given) - {"region_name", "interface", "verify", "cacert"}
        )
        if twice:
            raise ValueError(f"given in clouds_yaml and beside it: {', '.join(twice)}")
        return {**from_cloud, **given}

    @field_validator("*")
    @classmethod
    def _refuse_line_breaks(cls, value: object) -> object:
        content = plain_text(value)
        if not isinstance(content, str) or "-----BEGIN" in content:
            return value
        if content != content.strip() or re.search(r"[\r\n]", content):
            raise ValueError("begins or ends with a blank, or has a line break: copy it again")
        return value

    @field_validator("cacert")
    @classmethod
    def _require_certificates(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ssl.create_default_context(cadata=value)
            except (ssl.SSLError, ValueError) as error:
                raise ValueError("holds no certificate (-----BEGIN CERTIFICATE-----)") from error
        return value

    @field_validator("endpoint")
    @classmethod
    def _keystone_address(cls, value: str | None) -> str | None:
        address = base_address(value)
        if address is not None and address.endswith("/v2.0"):
            raise ValueError("is that of Keystone v2.0, which is not supported: use that of v3")
        return address

    @model_validator(mode="after")
    def _require_one_identity(self) -> Self:
        if self.endpoint is None:
            raise ValueError("endpoint is missing: the URL of Keystone, auth_url in a clouds.yaml")
        if self.cacert is not None and not self.verify:
            raise ValueError("cacert is valid only while verify is on")
        if self.password is not None and any(getattr(self, name) for name in _APPLICATION_FIELDS):
            raise ValueError("give a password or an application credential, not both")
        if self.password is not None:
            self._validate_password()
        elif self.application_credential_secret is not None:
            self._validate_application_credential()
        else:
            raise ValueError(
                "there is no secret: give application_credential_secret, password or clouds_yaml"
            )
        return self

    def _validate_password(self) -> None:
        _exactly_one(self, "username", "user_id", "user")
        _exactly_one(self, "project_name", "project_id", "project")
        if self.username is not None:
            _exactly_one(self, "user_domain_name", "user_domain_id", "user's domain")
        if self.project_name is not None:
            _exactly_one(self, "project_domain_name", "project_domain_id", "project's domain")

    def _validate_application_credential(self) -> None:
        _exactly_one(
            self,
            "application_credential_id",
            "application_credential_name",
            "application credential",
        )
        project = [name for name in _PROJECT_FIELDS if getattr(self, name)]
        if project:
            raise ValueError(
                "an application credential has its project already: leave out " + ", ".join(project)
            )
        if self.application_credential_id is not None:
            user = [name for name in _USER_FIELDS if getattr(self, name)]
            if user:
                raise ValueError(
                    f"application_credential_id identifies the user: leave out {', '.join(user)}"
                )
            return
        _exactly_one(self, "username", "user_id", "user of the application credential")
        if self.username is not None:
            _exactly_one(self, "user_domain_name", "user_domain_id", "user's domain")


def _exactly_one(credential: OpenStackCredential, one: str, other: str, what: str) -> None:
    given = [name for name in (one, other) if getattr(credential, name) is not None]
    if not given:
        raise ValueError(f"the {what} is missing: give {one} or {other}")
    if len(given) > 1:
        raise ValueError(f"give {one} or {other}, not both")

"""Reading one cloud of a clouds.yaml as the fields of a credential.

Source: https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skyclust.plain_yaml import load_plain_yaml

AUTH_TYPES: Final = frozenset({"password", "v3password", "v3applicationcredential"})

_AUTH: Final = frozenset(
    {
        "application_credential_id",
        "application_credential_name",
        "application_credential_secret",
        "username",
        "user_id",
        "password",
        "user_domain_name",
        "user_domain_id",
        "project_name",
        "project_id",
        "project_domain_name",
        "project_domain_id",
    }
)


def read_cloud(text: str, name: str | None) -> dict[str, Any]:
    """Return the credential's fields from one cloud of a clouds.yaml.

    Raises ValueError, which does not quote the content, for a text that is not a clouds.yaml, a
    cloud that is not in it, and an authentication method that SkyClust does not support.
    """
    cloud = _select_cloud(_parse(text), name)
    profile = cloud.get("profile")
    auth = cloud.get("auth")
    if not isinstance(auth, Mapping):
        raise ValueError("the cloud of the clouds.yaml has no `auth`")  # noqa: TRY004 - pydantic
    if profile is not None and "auth_url" not in auth:
        raise ValueError("a vendor's `profile` is not looked up: write auth_url under `auth`")
    auth_type = str(cloud.get("auth_type", "password"))
    if auth_type not in AUTH_TYPES:
        raise ValueError("auth_type is neither password nor v3applicationcredential")
    fields: dict[str, Any] = {}
    for key, value in auth.items():
        fields |= _auth_field(str(key), str(value))
    if "cacert" in cloud:
        raise ValueError("`cacert` names a file: put its text into the field cacert instead")
    if cloud.get("cert") or cloud.get("key"):
        raise ValueError("client certificates (`cert`, `key`) are not supported")
    for key in ("region_name", "interface", "verify"):
        if cloud.get(key) is not None:
            fields[key] = cloud[key]
    return fields


def _parse(text: str) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 - only a credential with a clouds.yaml needs it

    try:
        content = load_plain_yaml(text)
    except yaml.YAMLError:
        content = None  # its message would quote the content
    if not isinstance(content, Mapping):
        raise ValueError("clouds_yaml is not the content of a clouds.yaml")  # noqa: TRY004 - pydantic
    return content


def _select_cloud(content: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    clouds = content.get("clouds")
    if not isinstance(clouds, Mapping) or not clouds:
        raise ValueError("the clouds.yaml has no `clouds`")
    if name is None and len(clouds) > 1:
        raise ValueError(f"cloud is missing: one of {', '.join(sorted(map(str, clouds)))}")
    cloud = clouds.get(name) if name is not None else next(iter(clouds.values()))
    if not isinstance(cloud, Mapping):
        raise ValueError(  # noqa: TRY004 - pydantic
            f"the clouds.yaml has no such cloud: it has {', '.join(sorted(map(str, clouds)))}"
        )
    return cloud


def _auth_field(key: str, value: str) -> dict[str, str]:
    if key == "auth_url":
        return {"endpoint": value}
    if key in {"domain_name", "domain_id", "system_scope"}:
        raise ValueError(f"`{key}` selects no project: servers belong to a project")
    if key in {"tenant_name", "tenant_id"}:
        key = key.replace("tenant", "project")
    if key not in _AUTH:
        raise ValueError(f"`{key}` under `auth` is not supported")
    return {key: value}

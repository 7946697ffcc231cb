"""One Prefect block type a provider, made from the provider's credential model.

A provider that is installed as a plugin gets its block type and its form in the Prefect UI
without a line here. A block's document holds what the form holds; secret fields are
sealed before SkyClust saves it (`skyclust.orchestration.credentials`).
"""

from __future__ import annotations

import types
from functools import cache
from typing import Annotated, Any, Final

from prefect.blocks.core import Block, schema_extra
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from skyclust.contract import CredentialModel, Provider
from skyclust.errors import ConfigurationError
from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.form_schema import form_fields
from skyclust.orchestration.logos import logo_address
from skyclust.registry import provider_class, providers
from skyclust.security.fields import secret_fields

WORKSPACE_FIELD: Final = "workspace"
CAPABILITY: Final = "skyclust-credential"
"""The capability that identifies our block types."""

BLOCK_TYPE_PREFIX: Final = "SkyClust"
"""The names of our block types begin with it, and a blank; events carry no other mark."""

_SECRET: Final = {"type": "string", "format": "password", "writeOnly": True}
"""The schema of every secret field: of a choice between it and null Prefect's form would show what
is typed."""

_OF_THE_FIELD: Final = ("title", "description", "default")

_RESERVED: Final = frozenset({WORKSPACE_FIELD, "block_type_slug"})


def block_type_slug(provider: str) -> str:
    """Return the slug of a provider's block type; it never changes once blocks exist."""
    return f"skyclust-{provider}-credential"


@cache
def block_class(provider: str) -> type[Block]:
    """Return the block class of a provider.

    Raises what `skyclust.registry.provider_class` raises, and ConfigurationError when the
    credential model cannot be a block.
    """
    cls = provider_class(provider)
    model = cls.credential_model
    taken = sorted(_RESERVED & model.model_fields.keys())
    if taken:
        raise ConfigurationError(
            f"The credential of provider {provider!r} must not have a field {taken[0]!r}.",
            hint="SkyClust keeps that name for itself.",
            provider=provider,
        )
    fields = {WORKSPACE_FIELD: _workspace_field(), **_form_fields(model)}
    namespace = {
        "__module__": __name__,
        "__doc__": _description(cls),
        "__annotations__": {name: annotation for name, (annotation, _) in fields.items()},
        **{name: info for name, (_, info) in fields.items()},
        "model_config": ConfigDict(json_schema_extra=_schema_of(model)),
        "_block_type_name": f"{BLOCK_TYPE_PREFIX} {cls.title} credential",
        "_block_type_slug": block_type_slug(provider),
        "_description": _description(cls),
        "_code_example": _code_example(provider),
        "_block_schema_capabilities": [CAPABILITY],
    }
    return types.new_class(model.__name__, (Block,), {}, lambda scope: scope.update(namespace))


def register_block_types() -> list[str]:
    """Make the block type of each usable provider known to the server; return their slugs.

    May be called again at any time: a type that is there is brought up to date. Providers
    that cannot be loaded are left out; `skyclust provider list` says why.
    """
    usable = [entry.name for entry in providers() if entry.problem is None]
    for provider in usable:
        register_block_type(provider, logo=logo_address(provider))
    return [block_type_slug(provider) for provider in usable]


def register_block_type(provider: str, *, logo: str | None = None) -> type[Block]:
    """Make one provider's block type known to the server and return its class, with its ids.

    Without `logo` the block type keeps the logo that it has: only bootstrap need know the address
    of the UI.
    """
    cls = block_class(provider)
    with prefect_client() as client:  # its failures become ours
        cls._logo_url = HttpUrl(logo) if logo else _known_logo(client, provider)
        # Without `_sync` the call would become a coroutine inside an event loop.
        cls.register_type_and_schema(_sync=True)  # type: ignore[call-arg]  # hidden by a decorator
    return cls


def _known_logo(client: SyncPrefectClient, provider: str) -> HttpUrl | None:
    try:
        return client.read_block_type_by_slug(block_type_slug(provider)).logo_url
    except ObjectNotFound:
        return None


def _form_fields(model: type[CredentialModel]) -> dict[str, tuple[Any, Any]]:
    """Return the block's fields: each may be missing, so that old documents still load.

    The form asks for what is required, and a credential is validated by its model in use.
    """
    secret = secret_fields(model)
    forms = form_fields(model)
    fields: dict[str, tuple[Any, Any]] = {}
    for name, info in model.model_fields.items():
        title = info.title or name.replace("_", " ").capitalize()
        if name in secret:
            # A sealed text is longer than the secret: no bound of the model holds for it.
            form = Field(default=None, title=title, description=info.description)
            fields[name] = (Annotated[SecretStr | None, WithJsonSchema(_SECRET)], form)
            continue
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        default = None if default is PydanticUndefined else default
        form = FieldInfo.merge_field_infos(info, default=default, title=title)
        annotation: Any = info.annotation
        shown = {key: value for key, value in forms[name].items() if key not in _OF_THE_FIELD}
        fields[name] = (Annotated[annotation | None, WithJsonSchema(shown)], form)
    return fields


def _workspace_field() -> tuple[Any, Any]:
    return Annotated[str | None, WithJsonSchema({"type": "string"})], Field(
        default=None,
        title="Workspace",
        description="The SkyClust workspace that owns this credential. Empty: the part of the"
        " block's name before `--`, and `default` when it has none.",
    )


def _schema_of(model: type[CredentialModel]) -> Any:
    required = [name for name, info in model.model_fields.items() if info.is_required()]

    def add_to_schema(schema: dict[str, Any], block: type[Block]) -> None:
        schema_extra(schema, block)
        if required:
            schema["required"] = required

    return add_to_schema


def _description(cls: type[Provider]) -> str:
    return (
        f"One account of {cls.title} that SkyClust works with. Name the block like the"
        " credential: lowercase letters, digits and dashes. Secret fields are sealed by"
        " SkyClust at first use; to have them sealed before they reach this server, add"
        " the credential with `skyclust credential add`."
    )


def _code_example(provider: str) -> str:
    return (
        "```bash\n"
        f"skyclust provider show {provider}\n"
        f"skyclust credential add my-account --provider {provider} --from-file account.json\n"
        "```"
    )

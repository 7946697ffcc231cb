"""Finds providers by entry point, and imports an SDK only when its provider is used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final, TypeVar

from skyclust.contract import CONTRACT_CHANGES, CONTRACT_VERSION, Ability, Provider
from skyclust.errors import ConfigurationError, NotFound, Unsupported

GROUP: Final = "skyclust.providers"

_Capability = TypeVar("_Capability")


@dataclass(frozen=True)
class ProviderEntry:
    """A provider as it is installed, loaded or not: `problem` says why it cannot be used."""

    name: str
    distribution: str
    problem: str | None


@cache
def _entry_points() -> dict[str, tuple[EntryPoint, ...]]:
    """Return the entry points by name: several when distributions claim one name."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for entry in entry_points(group=GROUP):
        found[entry.name] = (*found.get(entry.name, ()), entry)
    return found


def provider_names() -> list[str]:
    """Return the names of all registered providers, sorted, importing none of them."""
    return sorted(_entry_points())


@cache
def provider_class(name: str) -> type[Provider]:
    """Import and return a provider's class.

    Raises NotFound for an unknown name, ConfigurationError when its SDK is not installed,
    when two distributions claim the name, when it was written for another contract, or when
    it does not answer to the contract.
    """
    entries = _entry_points().get(name)
    if entries is None:
        known = ", ".join(provider_names()) or "none"
        raise NotFound(f"There is no provider {name!r}.", hint=f"Installed providers: {known}.")
    if len(entries) > 1:  # the other one would be handed the credentials
        raise ConfigurationError(
            f"Provider {name!r} is claimed by {' and by '.join(sorted(map(_owner, entries)))}.",
            hint="Uninstall all but one of them.",
            provider=name,
        )
    return _checked(name, _loaded(name, entries[0]))


def _loaded(name: str, entry: EntryPoint) -> object:
    try:
        return entry.load()
    except ModuleNotFoundError as error:
        owner = _owner(entry)
        package = f"skyclust[{name}]" if owner == "skyclust" else owner
        raise ConfigurationError(
            f"Provider {name!r} cannot be loaded: {error.name} is not installed.",
            hint=f"Install it with: pip install '{package}'",
            provider=name,
        ) from error
    except Exception as error:  # a plugin may fail in any way, and must not take others down
        raise ConfigurationError(
            f"Provider {name!r} cannot be loaded: {type(error).__name__}: {error}", provider=name
        ) from error


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def _checked(name: str, loaded: object) -> type[Provider]:
    if not (isinstance(loaded, type) and issubclass(loaded, Provider)):
        raise ConfigurationError(f"Entry point {name!r} is not a Provider class.", provider=name)
    if loaded.contract_version != CONTRACT_VERSION:
        raise ConfigurationError(
            f"Provider {name!r} is written for contract {loaded.contract_version},"
            f" this SkyClust has contract {CONTRACT_VERSION}.",
            hint=_contract_hint(loaded.contract_version),
            provider=name,
        )
    undeclared = [a for a in ("name", "title", "credential_model") if not hasattr(loaded, a)]
    unanswered = undeclared + sorted(getattr(loaded, "__abstractmethods__", ()))
    if unanswered:
        raise ConfigurationError(f"Provider {name!r} lacks {', '.join(unanswered)}.", provider=name)
    if loaded.name != name:
        raise ConfigurationError(
            f"The provider registered as {name!r} calls itself {loaded.name!r}.", provider=name
        )
    return loaded


def _contract_hint(version: int) -> str:
    if version > CONTRACT_VERSION:
        return "Install a newer SkyClust, or an older version of the provider."
    changes = " ".join(text for number, text in CONTRACT_CHANGES.items() if number > version)
    return (
        "Install a version of the provider for this contract. Its maintainers have to change"
        f" this: {changes}"
    )


def providers() -> list[ProviderEntry]:
    """Try to load every registered provider and return each with its problem, if it has one."""
    found: list[ProviderEntry] = []
    for name, entries in sorted(_entry_points().items()):
        distribution = ", ".join(sorted(map(_owner, entries)))
        try:
            provider_class(name)
        except ConfigurationError as error:
            found.append(ProviderEntry(name, distribution, str(error)))
        else:
            found.append(ProviderEntry(name, distribution, None))
    return found


def abilities(cls: type[Provider]) -> list[type[Ability]]:
    """Return the abilities that a provider's class has, by name.

    An ability is a class with `Ability` among its own bases, of the contract or of a plugin.
    Classes that implement an ability are none, whole or in part.
    """
    declared = [kind for kind in cls.__mro__ if Ability in kind.__bases__]
    return sorted(declared, key=lambda ability: ability.__name__)


def ability_words(ability: type) -> str:
    """Return an ability's name in the contract as words: `account inventory`."""
    name = ability.__name__.removesuffix("Provider")
    return " ".join(re.findall("[A-Z][a-z]*", name)).lower()


def capability(provider: Provider, ability: type[_Capability]) -> _Capability:
    """Return the provider as one that has the ability; raises Unsupported when it has not."""
    if not isinstance(provider, ability):
        raise Unsupported(
            f"Provider {provider.name!r} has no {ability.__name__}.", provider=provider.name
        )
    return provider

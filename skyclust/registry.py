"""Finds providers by entry point, and imports an SDK only when its provider is used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final, TypeVar

from skyclust.contract import CONTRACT_VERSION, Provider
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
def _entry_points() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def provider_names() -> list[str]:
    """Return the names of all registered providers, sorted, importing none of them."""
    return sorted(_entry_points())


@cache
def provider_class(name: str) -> type[Provider]:
    """Import and return a provider's class.

    Raises NotFound for an unknown name, ConfigurationError when its SDK is not installed,
    when it was written for another contract, or when it does not answer to the contract.
    """
    entry = _entry_points().get(name)
    if entry is None:
        known = ", ".join(provider_names()) or "none"
        raise NotFound(f"There is no provider {name!r}.", hint=f"Installed providers: {known}.")
    try:
        loaded = entry.load()
    except ImportError as error:
        missing = error.name or str(error)
        raise ConfigurationError(
            f"Provider {name!r} cannot be loaded: {missing} is not installed.",
            hint=f"Install it with: pip install 'skyclust[{name}]'",
            provider=name,
        ) from error
    except Exception as error:  # a plugin may fail in any way, and must not take others down
        raise ConfigurationError(
            f"Provider {name!r} cannot be loaded: {type(error).__name__}: {error}", provider=name
        ) from error
    return _checked(name, loaded)


def _checked(name: str, loaded: object) -> type[Provider]:
    if not (isinstance(loaded, type) and issubclass(loaded, Provider)):
        raise ConfigurationError(f"Entry point {name!r} is not a Provider class.", provider=name)
    if loaded.contract_version != CONTRACT_VERSION:
        raise ConfigurationError(
            f"Provider {name!r} is written for contract {loaded.contract_version},"
            f" this SkyClust has contract {CONTRACT_VERSION}.",
            hint="Install a matching version of the provider.",
            provider=name,
        )
    unanswered = sorted(getattr(loaded, "__abstractmethods__", ()))
    if unanswered:
        raise ConfigurationError(
            f"Provider {name!r} lacks the methods {', '.join(unanswered)}.", provider=name
        )
    return loaded


def providers() -> list[ProviderEntry]:
    """Try to load every registered provider and return each with its problem, if it has one."""
    found: list[ProviderEntry] = []
    for name, entry in sorted(_entry_points().items()):
        distribution = entry.dist.name if entry.dist else ""
        try:
            provider_class(name)
        except ConfigurationError as error:
            found.append(ProviderEntry(name, distribution, str(error)))
        else:
            found.append(ProviderEntry(name, distribution, None))
    return found


def capability(provider: Provider, ability: type[_Capability]) -> _Capability:
    """Return the provider as one that has the ability; raises Unsupported when it has not."""
    if not isinstance(provider, ability):
        raise Unsupported(
            f"Provider {provider.name!r} has no {ability.__name__}.", provider=provider.name
        )
    return provider

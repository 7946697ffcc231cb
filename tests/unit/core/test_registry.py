"""Providers found by entry point: honest ones, and plugins that fail in every way."""

from __future__ import annotations

import subprocess
import sys
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclust import contract, registry
from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_access import MemoryCredential
from skyclust.contract import (
    CONTRACT_CHANGES,
    CONTRACT_VERSION,
    Ability,
    BucketProvider,
    ComputeProvider,
    CostProvider,
    CostTotalsProvider,
    InventoryProvider,
    MetricsProvider,
    PriceProvider,
    Provider,
)
from skyclust.errors import ConfigurationError, NotFound, Unsupported

PROVIDER = """
from skyclust.conformance.memory import MemoryProvider

class AcmeProvider(MemoryProvider):
    name = "acme"
    title = "Acme Cloud"
"""


class Plugins:
    """Distributions installed in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def install(self, distribution: str, *, provider: str, code: str, points_at: str) -> None:
        """Install a distribution of one module, registered as a provider."""
        module, _, _ = points_at.partition(":")
        (self._folder / f"{module}.py").write_text(code)
        metadata = self._folder / f"{distribution}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        )
        entry_points = f"[{registry.GROUP}]\n{provider} = {points_at}\n"
        (metadata / "entry_points.txt").write_text(entry_points)
        forget()


def forget() -> None:
    """Let the registry look again."""
    registry._entry_points.cache_clear()
    registry.provider_class.cache_clear()


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugins]:
    monkeypatch.syspath_prepend(tmp_path)
    modules = set(sys.modules)
    yield Plugins(tmp_path)
    for module in set(sys.modules) - modules:
        if str(getattr(sys.modules[module], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[module]
    monkeypatch.undo()
    forget()


def install_acme(plugins: Plugins, code: str, points_at: str = "acme_cloud:AcmeProvider") -> None:
    plugins.install("acme-cloud", provider="acme", code=code, points_at=points_at)


OURS = {"aws", "azure", "gcp", "openstack", "proxmox"}


def test_our_own_are_registered() -> None:
    assert set(registry.provider_names()) >= OURS


def test_a_plugin_is_found_and_used(plugins: Plugins) -> None:
    install_acme(plugins, PROVIDER)
    assert set(registry.provider_names()) >= OURS | {"acme"}
    assert registry.provider_names() == sorted(registry.provider_names())
    loaded = registry.provider_class("acme")
    assert issubclass(loaded, MemoryProvider)
    assert loaded.title == "Acme Cloud"


def test_naming_providers_imports_none(plugins: Plugins) -> None:
    install_acme(plugins, PROVIDER)
    assert "acme" in registry.provider_names()
    assert "acme_cloud" not in sys.modules


def test_an_unknown_name_is_told_with_the_known_ones(plugins: Plugins) -> None:
    install_acme(plugins, PROVIDER)
    with pytest.raises(NotFound, match=r"There is no provider 'akme'.*acme, aws"):
        registry.provider_class("akme")


BROKEN = {
    "no SDK": (
        "import acme_sdk",
        r"acme_sdk is not installed.*pip install 'acme-cloud'",
    ),
    "wrong import": (
        "from skyclust.contract import NoSuchName",
        "cannot import name 'NoSuchName'",
    ),
    "raises": ("raise RuntimeError('out of luck')", "RuntimeError: out of luck"),
    "syntax": ("def", "SyntaxError"),
    "no such class": ("", "has no attribute 'AcmeProvider'"),
    "no provider": ("AcmeProvider = dict", "is not a Provider class"),
    "no class": ("AcmeProvider = 42", "is not a Provider class"),
    "old contract": (
        f"{PROVIDER}    contract_version = 1",
        r"written for contract 1.*InstanceReference.*unique_id.*remove_leftovers",
    ),
    "contract before the first": (f"{PROVIDER}    contract_version = 0", "InstanceReference"),
    "new contract": (
        f"{PROVIDER}    contract_version = {CONTRACT_VERSION + 1}",
        "Install a newer SkyClust",
    ),
    "missing methods": (
        """
from skyclust.contract import CredentialModel, Provider

class AcmeProvider(Provider):
    name, title, credential_model = "acme", "Acme Cloud", CredentialModel

    def verify(self):
        raise NotImplementedError
""",
        "lacks __init__, regions",
    ),
    "missing declarations": (
        """
from skyclust.contract import Provider

class AcmeProvider(Provider):
    name = "acme"

    def __init__(self, credential):
        pass

    def verify(self):
        raise NotImplementedError

    def regions(self):
        raise NotImplementedError
""",
        "lacks title, credential_model",
    ),
    "other name": (PROVIDER.replace('"acme"', '"akme"'), "calls itself 'akme'"),
}


@pytest.mark.parametrize(("code", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_reported_and_takes_nobody_down(
    plugins: Plugins, code: str, problem: str
) -> None:
    install_acme(plugins, code)
    with pytest.raises(ConfigurationError, match=problem) as failure:
        registry.provider_class("acme")
    assert failure.value.provider == "acme"
    found = {entry.name: entry for entry in registry.providers()}
    assert found["acme"] == registry.ProviderEntry("acme", "acme-cloud", str(failure.value))
    assert found["aws"].problem is None


def test_our_own_extra_is_named_when_its_sdk_is_missing() -> None:
    # In a process of its own: a module that is imported twice is two modules to later tests.
    without_boto3 = (
        "import sys; sys.modules['boto3'] = None; sys.modules['boto3.session'] = None;"
        "from skyclust import registry; registry.provider_class('aws')"
    )
    command = [sys.executable, "-c", without_boto3]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "ConfigurationError" in done.stderr
    assert "pip install 'skyclust[aws]'" in done.stderr


def test_a_name_claimed_twice_is_nobodys(plugins: Plugins) -> None:
    install_acme(plugins, PROVIDER)
    plugins.install("evil", provider="acme", code=PROVIDER, points_at="evil:AcmeProvider")
    with pytest.raises(ConfigurationError, match="claimed by acme-cloud and by evil"):
        registry.provider_class("acme")
    assert {entry.name for entry in registry.providers() if entry.problem} == {"acme"}


class OnlyLists(Provider, InventoryProvider):
    """A provider that makes no machines."""

    name = "lists"
    title = "Only lists"
    credential_model = MemoryCredential
    kinds = MemoryProvider.kinds
    __init__ = MemoryProvider.__init__
    verify = MemoryProvider.verify
    regions = MemoryProvider.regions
    list_resources = MemoryProvider.list_resources


def test_every_contract_says_what_changed() -> None:
    assert list(CONTRACT_CHANGES) == list(range(2, CONTRACT_VERSION + 1))


class BillingProvider(Ability):
    """An ability that a plugin adds."""

    @abstractmethod
    def list_bills(self) -> list[str]:
        """Return the bills."""


class PartOfBilling(BillingProvider):
    """What a plugin's provider is put together from."""

    def total(self) -> int:
        """Return the sum of the bills."""
        return len(self.list_bills())


class BilledProvider(OnlyLists, PartOfBilling):
    """A provider with an ability that the contract does not know."""

    def list_bills(self) -> list[str]:
        """Return no bills."""
        return []


def test_an_ability_that_a_plugin_adds_is_listed_too() -> None:
    assert registry.abilities(OnlyLists) == [InventoryProvider]
    assert registry.abilities(BilledProvider) == [BillingProvider, InventoryProvider]
    words = [registry.ability_words(ability) for ability in registry.abilities(BilledProvider)]
    assert words == ["billing", "inventory"]


def test_every_ability_of_the_contract_is_marked() -> None:
    exported = {
        kind
        for name, kind in vars(contract).items()
        if name.endswith("Provider") and kind is not Provider
    }
    assert [kind for kind in exported if Ability not in kind.__bases__] == []
    # The cloud in memory bills and measures nothing, and has no buckets and no price list.
    assert exported - set(registry.abilities(MemoryProvider)) == {
        BucketProvider,
        CostProvider,
        CostTotalsProvider,
        MetricsProvider,
        PriceProvider,
    }
    assert not issubclass(Provider, Ability)


def test_abilities_have_words() -> None:
    words = [registry.ability_words(one) for one in registry.abilities(MemoryProvider)]
    assert words == [
        *("account inventory", "catalog", "compute", "console", "deletion", "disk"),
        *("inventory", "placement", "snapshot", "tag"),
    ]


def test_a_capability_that_is_there_is_the_provider_itself() -> None:
    provider = OnlyLists(MemoryCredential.model_validate({"key": "k"}))
    assert registry.capability(provider, InventoryProvider) == provider


def test_a_capability_that_is_not_there_is_unsupported() -> None:
    provider = OnlyLists(MemoryCredential.model_validate({"key": "k"}))
    with pytest.raises(Unsupported, match="'lists' has no ComputeProvider"):
        registry.capability(provider, ComputeProvider)

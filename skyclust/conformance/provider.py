"""The suite of every provider: declarations, credential, identity, regions and errors."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from skyclust.conformance.account import AccountInventorySuite
from skyclust.conformance.buckets import BucketSuite
from skyclust.conformance.catalog import CatalogSuite
from skyclust.conformance.compute import ComputeSuite
from skyclust.conformance.console_and_tags import ConsoleSuite, TagSuite
from skyclust.conformance.costs import CostSuite, CostTotalsSuite
from skyclust.conformance.deletions import DeletionSuite
from skyclust.conformance.disks import DiskSuite
from skyclust.conformance.harness import Failure, ProviderHarness
from skyclust.conformance.inventory import InventorySuite
from skyclust.conformance.metrics import MetricsSuite
from skyclust.conformance.placement import PlacementSuite
from skyclust.conformance.snapshots import SnapshotSuite
from skyclust.conformance.suite import Suite, assert_names_provider_and_cause
from skyclust.contract import (
    CONTRACT_VERSION,
    AccountInventoryProvider,
    BucketProvider,
    CatalogProvider,
    ComputeProvider,
    ConsoleProvider,
    CostProvider,
    CostTotalsProvider,
    CredentialModel,
    DeletionProvider,
    DiskProvider,
    InventoryProvider,
    MetricsProvider,
    PlacementProvider,
    Provider,
    SnapshotProvider,
    TagProvider,
)
from skyclust.errors import (
    AuthenticationFailed,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
)
from skyclust.model.identity import Identity

CAPABILITIES: dict[type, type[Suite]] = {
    InventoryProvider: InventorySuite,
    AccountInventoryProvider: AccountInventorySuite,
    ComputeProvider: ComputeSuite,
    CatalogProvider: CatalogSuite,
    PlacementProvider: PlacementSuite,
    SnapshotProvider: SnapshotSuite,
    DiskProvider: DiskSuite,
    DeletionProvider: DeletionSuite,
    ConsoleProvider: ConsoleSuite,
    TagProvider: TagSuite,
    CostProvider: CostSuite,
    CostTotalsProvider: CostTotalsSuite,
    MetricsProvider: MetricsSuite,
    BucketProvider: BucketSuite,
}

IMPOSSIBLE_ENDPOINTS = (
    "http://cloud.example:99999",
    f"http://{'a' * 64}.example",
    "http://cloud.example\\@127.0.0.1/",
    "http://cloud .example",
    "ftp://cloud.example",
    "cloud.example",
    "http://",
)

# Parts of the names of secret fields, and endings of ids and paths that are not secret.
SECRET = re.compile(r"secret|password|passphrase|token|private_key|external_id")
NOT_SECRET = re.compile(r"(token_id|_url|_uri|_file|_path|_name)$")


class ProviderSuite(Suite):
    """The requirements on any provider."""

    def test_gaps_are_tests_of_the_suite(self) -> None:
        """A gap is declared for a test that exists, with a reason."""
        unknown = [name for name in self.gaps if not hasattr(self, name.partition("[")[0])]
        assert unknown == []
        assert all(reason.strip() for reason in self.gaps.values())

    def test_every_capability_has_its_suite(self) -> None:
        """Each ability of the provider is tested."""
        untested = [
            capability.__name__
            for capability, suite in CAPABILITIES.items()
            if issubclass(self.provider_class, capability) != isinstance(self, suite)
        ]
        assert untested == []

    def test_the_class_declares_itself(self) -> None:
        """Name, title, credential model and contract version are attributes of the class."""
        declared = self.provider_class
        assert re.fullmatch(r"[a-z][a-z0-9-]*", declared.name)
        assert declared.title.strip()
        assert declared.contract_version == CONTRACT_VERSION
        assert issubclass(declared.credential_model, CredentialModel)
        assert not inspect.isabstract(declared)

    def test_signatures_are_the_contracts(self) -> None:
        """Arguments have the contract's names, kinds and defaults."""
        assert list(_signature_differences(self.provider_class)) == []

    def test_credential_fields_explain_themselves(self) -> None:
        """Each field of the credential form has a title and a description."""
        fields = self.provider_class.credential_model.model_fields
        assert [n for n, f in fields.items() if not (f.title and f.description)] == []
        assert "endpoint" in fields
        assert self.provider_class.credential_model.model_json_schema()["properties"]

    def test_credential_secrets_are_secret(self) -> None:
        """A field whose name says that it holds a secret is a SecretStr."""
        fields = self.provider_class.credential_model.model_fields
        plain = [
            name
            for name, field in fields.items()
            if SECRET.search(name) and not NOT_SECRET.search(name) and not _is_secret(field)
        ]
        assert plain == []

    def test_destination_fields_exist(self) -> None:
        """`destination_fields` are fields of the model, include `endpoint`, and are not secret."""
        model = self.provider_class.credential_model
        named = model.destination_fields
        if named is not None:
            assert named <= model.model_fields.keys()
            assert "endpoint" in named
            assert [name for name in named if _is_secret(model.model_fields[name])] == []

    def test_an_unknown_credential_field_is_refused(self, harness: ProviderHarness) -> None:
        """A misspelt field is an error."""
        values = harness.credential().model_dump(exclude_unset=True)
        with pytest.raises(ValidationError, match="no_such_field"):
            self.provider_class.credential_model.model_validate({**values, "no_such_field": "x"})

    def test_nothing_shows_the_secret(self, harness: ProviderHarness) -> None:
        """The texts of credential, provider and error do not contain the secret."""
        refused = self.provider_class(harness.wrong_credential())
        with pytest.raises(AuthenticationFailed) as failure:
            refused.verify()
        accepted = self.provider_class(harness.credential())
        shown = [repr(failure.value), str(failure.value), str(failure.value.__cause__)]
        for value in (harness.credential(), harness.wrong_credential(), accepted, refused):
            shown += [repr(value), str(value)]
        secrets = [*_secrets(harness.credential()), *_secrets(harness.wrong_credential())]
        assert len(secrets) >= 2, "both credentials of the harness need a secret"
        assert [text for text in shown if any(secret in text for secret in secrets)] == []

    def test_making_a_provider_makes_no_call(self, harness: ProviderHarness) -> None:
        """A provider object can be constructed without a network."""
        before = harness.calls()
        self.provider_class(harness.credential())
        self.provider_class(harness.unreachable_credential())
        assert harness.calls() == before

    def test_verify_returns_the_identity(self, provider: Provider) -> None:
        """`verify` returns account and principal."""
        identity = provider.verify()
        assert isinstance(identity, Identity)
        assert identity.provider == provider.name
        assert identity.account
        assert identity.principal

    def test_regions_are_sorted(self, provider: Provider, harness: ProviderHarness) -> None:
        """Each region is named once, in order."""
        regions = list(provider.regions())
        assert harness.region in regions
        assert regions == sorted(set(regions))

    @pytest.mark.parametrize("method", ["verify", "regions"])
    def test_a_refused_credential_raises(self, harness: ProviderHarness, method: str) -> None:
        """A wrong credential raises AuthenticationFailed, with the SDK's error as the cause."""
        provider = self.provider_class(harness.wrong_credential())
        with pytest.raises(AuthenticationFailed) as failure:
            getattr(provider, method)()
        assert_names_provider_and_cause(failure.value, provider.name)

    @pytest.mark.parametrize("method", ["verify", "regions"])
    def test_an_expired_credential_raises(
        self, provider: Provider, harness: ProviderHarness, method: str
    ) -> None:
        """A credential that worked before and has expired raises AuthenticationFailed."""
        provider.verify()
        provider.regions()
        harness.fail(Failure.EXPIRED)
        with pytest.raises(AuthenticationFailed) as failure:
            getattr(provider, method)()
        assert_names_provider_and_cause(failure.value, provider.name)

    def test_a_provider_recovers_with_its_cloud(
        self, provider: Provider, harness: ProviderHarness
    ) -> None:
        """A provider works again once a failure is over."""
        harness.fail(Failure.EXPIRED)
        with pytest.raises(AuthenticationFailed):
            provider.regions()
        harness.recover()
        assert harness.region in provider.regions()

    @pytest.mark.parametrize(
        ("failure", "expected"),
        [(Failure.THROTTLED, Throttled), (Failure.BROKEN, Unavailable)],
        ids=["throttled", "broken"],
    )
    def test_a_failing_cloud_raises(
        self,
        provider: Provider,
        harness: ProviderHarness,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A temporary failure raises a Transient error after the SDK's own attempts."""
        harness.fail(failure)
        with pytest.raises(expected) as raised:
            provider.regions()
        assert_names_provider_and_cause(raised.value, provider.name)

    def test_an_unreachable_cloud_raises(self, harness: ProviderHarness) -> None:
        """A refused connection raises a Transient error: the service may return."""
        provider = self.provider_class(harness.unreachable_credential())
        with pytest.raises((Unavailable, Timeout)) as failure:
            provider.regions()
        assert_names_provider_and_cause(failure.value, provider.name)

    @pytest.mark.parametrize("failure", [Failure.HTML, Failure.NULL])
    @pytest.mark.parametrize("method", ["verify", "regions"])
    def test_an_odd_answer_raises(
        self, provider: Provider, harness: ProviderHarness, method: str, failure: Failure
    ) -> None:
        """An undocumented answer raises, and does not count as an empty list of regions."""
        harness.fail(failure)
        with pytest.raises((UnexpectedAnswer, Unavailable, Timeout)):
            getattr(provider, method)()

    @pytest.mark.parametrize("endpoint", IMPOSSIBLE_ENDPOINTS)
    def test_an_impossible_endpoint_is_refused(
        self, harness: ProviderHarness, endpoint: str
    ) -> None:
        """The credential model refuses an endpoint that is not a valid address."""
        values = {**harness.credential().model_dump(exclude_unset=True), "endpoint": endpoint}
        with pytest.raises(ValidationError, match="endpoint"):
            self.provider_class.credential_model.model_validate(values)

    def test_every_error_is_mapped(self, harness: ProviderHarness) -> None:
        """The provider maps every error of the SDK."""
        assert list(harness.unmapped_errors()) == []


def _is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation)


def _secrets(credential: CredentialModel) -> list[str]:
    values = (getattr(credential, name) for name in type(credential).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def _signature_differences(provider_class: type[Provider]) -> Iterator[str]:
    for capability in (Provider, *CAPABILITIES):
        if not issubclass(provider_class, capability):
            continue
        for method in sorted(getattr(capability, "__abstractmethods__", ())):
            expected = _parameters(getattr(capability, method))
            given = _parameters(getattr(provider_class, method))
            if expected != given:
                yield f"{method}: the contract has {expected}, {provider_class.__name__} {given}"


def _parameters(function: object) -> list[tuple[str, str, object]]:
    assert callable(function)
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind.description, p.default) for p in parameters]

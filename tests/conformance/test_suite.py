"""Tests of the suite: it detects the fault of every faulty provider, and gaps are strict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from skyclust.conformance.memory import MemoryProvider
from tests.conformance.faulty_providers import (
    creation,
    deletions,
    extended,
    lifecycle,
    lists,
    provider,
)

pytest_plugins = ["pytester"]

FAULTS: Mapping[type[MemoryProvider], str] = {
    lists.WrongCredentialsAreAnEmptyCloud: "test_a_refused_credential_raises_in_every_list",
    lists.DeniedRegionIsEmpty: "test_a_denied_region_raises_in_every_list",
    lists.UnknownRegionIsEmpty: "test_an_unknown_region_raises_in_every_list",
    lists.LaterPagesFailSilently: "test_a_failure_between_pages_raises",
    lists.ReadsTheFirstPageOnly: "test_small_pages_give_the_same",
    lists.DropsTheLastPage: "test_small_pages_give_the_same",
    lists.RepeatsAPage: "test_what_exists_is_listed",
    lists.SplitsOnePageIntoMany: "test_small_pages_give_the_same",
    lists.IgnoresThePageSize: "test_small_pages_give_the_same",
    lists.ListsNothingOfAnUnsupportedKind: "test_an_unsupported_kind_raises",
    lists.ListsEveryRegionEverywhere: "test_a_region_lists_its_own",
    lists.SharesItsMarkerBetweenThreads: "test_many_threads_read_the_same",
    lists.ReturnsNaiveTimes: "test_times_are_aware_and_utc",
    lists.PutsObjectsIntoAttributes: "test_resources_are_well_formed",
    lists.DropsTheNativeState: "test_resources_are_well_formed",
    lists.AttachedToIsNoList: "test_resources_are_well_formed",
    lists.ReadsDifferentlyEachTime: "test_reading_twice_gives_the_same",
    lists.ReadsAnOddAnswerAsAnEmptyList: "test_an_odd_answer_is_no_list",
    lists.ReadsAnEndlessList: "test_an_endless_list_is_noticed",
    lists.LeavesOutUnreadableItems: "test_an_unreadable_item_is_named",
    lists.FailsForOneOddItem: "test_an_unreadable_item_is_named",
    lists.ListsWhatIsDeleted: "test_a_deleted_instance_is_not_listed",
    creation.IgnoresTheToken: "test_one_token_makes_one_instance",
    creation.ChecksBeforeItCreates: "test_one_token_at_the_same_time_makes_one_instance",
    creation.RemembersTokensInTheObject: "test_one_token_makes_one_instance_from_another_process",
    creation.RetriesWithANewToken: "test_a_lost_reply_makes_one_instance",
    creation.AcceptsATokenForAnotherSpec: "test_a_token_with_another_spec_is_refused",
    creation.FindsInstancesOfOtherTokens: "test_an_unused_token_finds_nothing",
    creation.FindsNothingWithoutPermission: "test_a_failure_raises_in_every_call",
    creation.FindsRunningInstancesOnly: "test_a_stopped_instance_is_found_by_its_token",
    creation.DropsTheTags: "test_an_instance_is_created_as_specified",
    creation.LeavesDisksBehind: "test_disks_are_created_and_deleted_with_the_instance",
    creation.UsesTheDefaultForAnUnknownName: "test_an_unknown_image_type_or_network_is_refused",
    lifecycle.StartsDeletedInstances: "test_a_deleted_instance_stays_deleted",
    lifecycle.ReportsDeletedInstancesAsBusy: "test_a_deleted_instance_stays_deleted",
    lifecycle.RefusesToStartARunningInstance: "test_a_running_instance_may_be_started",
    lifecycle.DropsAStartDuringAStop: "test_a_start_during_a_stop_is_refused_or_done",
    lifecycle.ResizesWhileRunning: "test_a_running_instance_is_not_resized",
    lifecycle.RefusesTheTypeItHas: "test_an_instance_may_have_the_type_already",
    lifecycle.RefusesToDeleteTwice: "test_a_deleted_instance_may_be_deleted",
    lifecycle.RefusesToDeleteUnknownInstances: "test_an_unknown_instance_may_be_deleted",
    lifecycle.ShowsUnknownInstances: "test_get_of_an_unknown_instance_is_not_found",
    lifecycle.ChangesByIdAlone: "test_a_reused_id_survives",
    lifecycle.DeletesByIdAlone: "test_a_reused_id_survives",
    lifecycle.RemovesLeftoversByIdAlone: "test_removing_leftovers_deletes_no_instance",
    lifecycle.RepeatsAReboot: "test_a_reboot_is_sent_once",
    lifecycle.RefusesToDeleteAfterALostReply: (
        "test_a_lost_reply_of_a_change_is_repeated_without_harm"
    ),
    lifecycle.ReturnsDifferentNamesByGetAndList: "test_inventory_and_get_agree",
    provider.RaisesTheSdksErrors: "test_a_refused_credential_raises",
    provider.HidesTheCause: "test_a_refused_credential_raises",
    provider.ReportsThrottlingAsAnOutage: "test_a_failing_cloud_raises",
    provider.CachesItsIdentity: "test_an_expired_credential_raises",
    provider.CachesARefusal: "test_a_provider_recovers_with_its_cloud",
    provider.ReturnsRegionsUnsorted: "test_regions_are_sorted",
    provider.CallsTheCloudWhenMade: "test_making_a_provider_makes_no_call",
    provider.RenamesAnArgument: "test_signatures_are_the_contracts",
    provider.HasADefaultOfItsOwn: "test_signatures_are_the_contracts",
    provider.ShowsItsSecret: "test_nothing_shows_the_secret",
    provider.PutsTheSecretIntoErrors: "test_nothing_shows_the_secret",
    provider.KeepsAPlainPassword: "test_credential_secrets_are_secret",
    provider.DoesNotExplainAField: "test_credential_fields_explain_themselves",
    provider.OldProvider: "test_the_class_declares_itself",
    extended.LeavesADiskOfARefusedInstance: "test_a_full_cloud_gives_the_reason",
    extended.CreatesAnotherAfterAnInterruption: "test_an_interrupted_create_is_completed",
    extended.ReportsAFullCloudAsThrottling: "test_a_full_cloud_gives_the_reason",
    extended.LeavesOutTheDeniedRegion: ("test_every_list_of_an_account_reports_a_denied_region"),
    extended.ListsHalfAnAccount: "test_an_account_lists_what_its_regions_list",
    extended.ListsTypesTwice: "test_types_are_listed_once",
    extended.ReturnsAnyImageForAFamily: "test_an_unknown_family_has_no_images",
    extended.ForbiddenCatalogIsEmpty: "test_a_failure_raises_in_every_catalog",
    extended.RestoresNothing: "test_an_instance_is_restored_to_its_snapshot",
    extended.TakesASnapshotPerCall: "test_one_token_takes_one_snapshot",
    extended.DeletesAttachedDisks: "test_an_attached_disk_outlives_the_instance",
    extended.NeverDetachesADisk: "test_a_disk_is_attached_and_detached",
    extended.UnknownConsolesAreEmpty: "test_an_unknown_instance_has_no_console",
    extended.ReplacesAllTags: "test_tags_are_set_and_removed",
    deletions.DeletesResourcesByIdAlone: "test_another_resource_with_the_id_is_not_deleted",
    deletions.DetachesADiskToDeleteIt: "test_an_attached_disk_is_not_deleted",
    deletions.DeletesNothing: "test_an_unused_resource_is_deleted",
}


IMPORTS = """
from skyclust.conformance import InventorySuite, ProviderSuite
from skyclust.conformance.memory import MemoryProvider
from tests.conformance import test_memory
from tests.conformance.faulty_providers import (
    creation,
    deletions,
    extended,
    lifecycle,
    lists,
    provider,
)
"""


@dataclass(frozen=True)
class Outcome:
    """How many cases of one test passed, failed, and failed as declared by the gaps."""

    passed: int
    failed: int
    expected_to_fail: int


def run(pytester: pytest.Pytester, joining: str, test: str) -> Outcome:
    """Run one test of the class `TestJoined` that the code defines."""
    module = pytester.makepyfile(test_joined=f"{IMPORTS}\n{joining}\n")
    recorder = pytester.inline_run(
        f"{module}::TestJoined::{test}", "--disable-plugin-autoload", "-p", "no:cacheprovider"
    )
    passed, skipped, failed = recorder.listoutcomes()
    assert all(hasattr(report, "wasxfail") for report in skipped), "the suite skips nothing"
    return Outcome(len(passed), len(failed), len(skipped))


def called(faulty: type[MemoryProvider]) -> str:
    """Return the provider's name in the joining module."""
    return f"{faulty.__module__.rpartition('.')[2]}.{faulty.__name__}"


@pytest.mark.parametrize(
    ("faulty", "test"), FAULTS.items(), ids=[faulty.__name__ for faulty in FAULTS]
)
def test_a_fault_is_detected(
    pytester: pytest.Pytester, faulty: type[MemoryProvider], test: str
) -> None:
    joining = f"class TestJoined(test_memory.TestMemory): provider_class = {called(faulty)}"
    assert run(pytester, joining, test).failed >= 1


@pytest.mark.parametrize("test", sorted(set(FAULTS.values())))
def test_the_honest_provider_passes(pytester: pytest.Pytester, test: str) -> None:
    outcome = run(pytester, "class TestJoined(test_memory.TestMemory): pass", test)
    assert outcome.passed >= 1
    assert outcome.failed == outcome.expected_to_fail == 0


def test_every_faulty_provider_is_tested() -> None:
    providers = {
        member
        for module in (creation, deletions, extended, lifecycle, lists, provider)
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, MemoryProvider)
    }
    assert providers - {MemoryProvider} == set(FAULTS)


DECLARED_GAP = """
class TestJoined(test_memory.TestMemory):
    provider_class = {provider}
    gaps = {{"{name}": "the cloud does not page"}}
"""


def test_a_gap_is_expected_to_fail(pytester: pytest.Pytester) -> None:
    test = "test_small_pages_give_the_same"
    joining = DECLARED_GAP.format(provider="lists.IgnoresThePageSize", name=test)
    kinds = len(MemoryProvider.kinds)
    assert run(pytester, joining, test) == Outcome(passed=0, failed=0, expected_to_fail=kinds)


def test_a_gap_may_be_one_case_of_a_test(pytester: pytest.Pytester) -> None:
    test = "test_small_pages_give_the_same"
    joining = DECLARED_GAP.format(provider="lists.IgnoresThePageSize", name=f"{test}[disk]")
    others = len(MemoryProvider.kinds) - 1
    assert run(pytester, joining, test) == Outcome(passed=0, failed=others, expected_to_fail=1)


def test_a_gap_that_closed_is_a_failure(pytester: pytest.Pytester) -> None:
    joining = DECLARED_GAP.format(provider="MemoryProvider", name="test_regions_are_sorted")
    assert run(pytester, joining, "test_regions_are_sorted").failed == 1


def test_a_gap_of_no_test_is_a_failure(pytester: pytest.Pytester) -> None:
    joining = DECLARED_GAP.format(provider="MemoryProvider", name="test_of_something_else")
    assert run(pytester, joining, "test_gaps_are_tests_of_the_suite").failed == 1


def test_a_capability_without_its_suite_is_a_failure(pytester: pytest.Pytester) -> None:
    joining = """
class TestJoined(ProviderSuite, InventorySuite):
    provider_class = MemoryProvider
"""
    assert run(pytester, joining, "test_every_capability_has_its_suite").failed == 1


def test_an_unmapped_error_is_a_failure(pytester: pytest.Pytester) -> None:
    joining = """
class Harness(test_memory.MemoryHarness):
    def unmapped_errors(self):
        return ["QuotaReached"]

class TestJoined(test_memory.TestMemory):
    harness_class = Harness
"""
    assert run(pytester, joining, "test_every_error_is_mapped").failed == 1


def test_a_class_without_a_harness_is_a_failure(pytester: pytest.Pytester) -> None:
    joining = """
class TestJoined(ProviderSuite):
    provider_class = MemoryProvider
"""
    assert run(pytester, joining, "test_regions_are_sorted").failed == 1

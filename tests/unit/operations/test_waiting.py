"""Waiting for machines of a cloud in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from skyclust.conformance.harness import Failure
from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_access import CLOUDS, MemoryCredential
from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    NeverReached,
    NotFound,
    QuotaExceeded,
    SkyClustError,
    Timeout,
    Unavailable,
)
from skyclust.model.instance import (
    Instance,
    InstanceFailure,
    InstanceReference,
    InstanceSpec,
    InstanceState,
)
from skyclust.operations.waiting import poll, wait_for_state

REGION = "east-1"
ENDPOINT = "http://waiting.memory"
POLL_SECONDS = 0.002


@pytest.fixture
def cloud() -> Iterator[MemoryCloud]:
    CLOUDS[ENDPOINT] = MemoryCloud(transition_seconds=0.02)
    yield CLOUDS[ENDPOINT]
    del CLOUDS[ENDPOINT]


@pytest.fixture
def slow_cloud() -> Iterator[MemoryCloud]:
    CLOUDS[ENDPOINT] = MemoryCloud(transition_seconds=3600)
    yield CLOUDS[ENDPOINT]
    del CLOUDS[ENDPOINT]


def provider_of() -> MemoryProvider:
    values = {"endpoint": ENDPOINT, "key": "memory-key"}
    return MemoryProvider(MemoryCredential.model_validate(values))


def reference(instance_id: str) -> InstanceReference:
    return InstanceReference(region=REGION, id=instance_id, unique_id=instance_id)


def machine_in(cloud: MemoryCloud) -> str:
    cloud.add(REGION, "network", "default")
    image = cloud.add(REGION, "image", "debian-13")
    spec = InstanceSpec(name="web", region=REGION, type="small", image=image.id)
    return provider_of().create_instance(spec, "token").id


def wait(instance_id: str, state: InstanceState, deadline_seconds: float = 5.0) -> Instance | None:
    return wait_for_state(
        provider_of(),
        reference(instance_id),
        state,
        deadline_seconds=deadline_seconds,
        poll_seconds=POLL_SECONDS,
    )


def test_the_machine_is_returned_in_the_awaited_state(cloud: MemoryCloud) -> None:
    instance_id = machine_in(cloud)
    running = wait(instance_id, InstanceState.RUNNING)
    assert running is not None
    assert (running.id, running.state) == (instance_id, InstanceState.RUNNING)


def test_every_look_is_told(cloud: MemoryCloud) -> None:
    instance_id = machine_in(cloud)
    seen: list[InstanceState] = []
    wait_for_state(
        provider_of(),
        reference(instance_id),
        InstanceState.RUNNING,
        deadline_seconds=5,
        poll_seconds=POLL_SECONDS,
        on_poll=lambda machine: seen.append(machine.state),
    )
    assert set(seen[:-1]) == {InstanceState.PENDING}
    assert seen[-1] is InstanceState.RUNNING


def test_the_deadline_ends_the_wait_and_another_process_may_go_on(slow_cloud: MemoryCloud) -> None:
    instance_id = machine_in(slow_cloud)
    began = time.monotonic()
    with pytest.raises(Timeout, match=f"{instance_id} in {REGION} was not running.*building"):
        wait(instance_id, InstanceState.RUNNING, deadline_seconds=0.05)
    assert 0.05 <= time.monotonic() - began < 2
    slow_cloud._set(REGION, instance_id, "active", then="active")
    assert wait(instance_id, InstanceState.RUNNING) is not None


def test_a_state_that_is_there_at_the_deadline_counts(cloud: MemoryCloud) -> None:
    instance_id = machine_in(cloud)
    wait(instance_id, InstanceState.RUNNING)
    assert wait(instance_id, InstanceState.RUNNING, deadline_seconds=0) is not None


@pytest.mark.parametrize("awaited", [InstanceState.RUNNING, InstanceState.STOPPED])
def test_a_machine_being_deleted_is_not_waited_for(
    slow_cloud: MemoryCloud, awaited: InstanceState
) -> None:
    instance_id = machine_in(slow_cloud)
    provider_of().delete_instance(reference(instance_id))
    with pytest.raises(NeverReached, match=f"{instance_id} in {REGION} is deleting"):
        wait(instance_id, awaited)


def test_an_outage_is_ridden_out(cloud: MemoryCloud) -> None:
    instance_id = machine_in(cloud)
    cloud.fail(Failure.BROKEN, REGION)
    end = threading.Timer(0.1, cloud.recover)
    end.start()
    assert wait(instance_id, InstanceState.RUNNING) is not None
    end.join()


def test_an_outage_until_the_deadline_is_the_cause(cloud: MemoryCloud) -> None:
    instance_id = machine_in(cloud)
    cloud.fail(Failure.BROKEN, REGION)
    with pytest.raises(Timeout, match="last seen: never") as failure:
        wait(instance_id, InstanceState.RUNNING, deadline_seconds=0.02)
    assert isinstance(failure.value.__cause__, Unavailable)
    assert "something broke" in failure.value.hint


def test_what_cannot_pass_is_raised_at_once(cloud: MemoryCloud) -> None:
    instance_id = machine_in(cloud)
    cloud.fail(Failure.EXPIRED, REGION)
    with pytest.raises(AuthenticationFailed):
        wait(instance_id, InstanceState.RUNNING, deadline_seconds=60)


def test_a_machine_that_is_gone_was_deleted(cloud: MemoryCloud) -> None:
    assert wait("server-999999", InstanceState.DELETED) is None


def test_a_machine_that_is_gone_will_not_run(cloud: MemoryCloud) -> None:
    with pytest.raises(NotFound):
        wait("server-999999", InstanceState.RUNNING)


class FailedProvider(MemoryProvider):
    """A cloud that accepts machines and fails to place them."""

    failure: InstanceFailure | None = None

    def get_instance(self, region: str, instance_id: str) -> Instance:
        found = super().get_instance(region, instance_id)
        broken = {"state": InstanceState.ERROR, "failure": self.failure, "state_reason": "no room"}
        return found.model_copy(update=broken)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (InstanceFailure.CAPACITY, CapacityExhausted),
        (InstanceFailure.QUOTA, QuotaExceeded),
        (None, NeverReached),
    ],
)
def test_a_failed_machine_says_why_it_has_no_place(
    cloud: MemoryCloud, failure: InstanceFailure | None, expected: type[SkyClustError]
) -> None:
    instance_id = machine_in(cloud)
    values = {"endpoint": ENDPOINT, "key": "memory-key"}
    provider = FailedProvider(MemoryCredential.model_validate(values))
    provider.failure = failure
    with pytest.raises(expected, match=r"is error .* and cannot become running: no room") as failed:
        wait_for_state(provider, reference(instance_id), InstanceState.RUNNING, deadline_seconds=5)
    assert type(failed.value) is expected
    assert failed.value.provider == "memory"


def polled(answers: list[object], deadline_seconds: float = 5.0) -> object:
    """Poll something that answers so, one after the other, and then the last for ever."""

    def look() -> object:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, SkyClustError):
            raise answer
        return answer

    return poll(look, "The thing", deadline_seconds=deadline_seconds, poll_seconds=POLL_SECONDS)


def test_polling_ends_with_what_was_found_and_rides_outages_out() -> None:
    assert polled([None, Unavailable("away"), None, "found"]) == "found"
    with pytest.raises(NotFound):
        polled([None, NotFound("gone"), "found"])


def test_polling_ends_at_its_deadline_with_the_last_trouble() -> None:
    with pytest.raises(Timeout, match="The thing: not yet, after 0 s") as quiet:
        polled([None], deadline_seconds=0.02)
    assert quiet.value.__cause__ is None
    with pytest.raises(Timeout, match="Last error: away") as troubled:
        polled([None, Unavailable("away")], deadline_seconds=0.02)
    assert isinstance(troubled.value.__cause__, Unavailable)


def test_another_machine_of_the_same_id_is_not_the_one_that_is_waited_for(
    cloud: MemoryCloud,
) -> None:
    instance_id = machine_in(cloud)
    wait(instance_id, InstanceState.RUNNING)
    gone = InstanceReference(region=REGION, id=instance_id, unique_id="of an earlier machine")
    states = (InstanceState.DELETED, InstanceState.STOPPED)
    assert wait_for_state(provider_of(), gone, states[0], deadline_seconds=1) is None
    with pytest.raises(NotFound, match="another instance has its id"):
        wait_for_state(provider_of(), gone, states[1], deadline_seconds=1)

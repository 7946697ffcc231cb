"""Discovery documents of the sandbox GCP: validation of bodies and routing of paths."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from skyclust_sandbox.gcp.discovery import api, normalised, violations

SCHEMAS = api("compute.v1").schemas


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"name": "web", "colour": "red"}, ""),
        ({"name": 3}, "name"),
        ({"disks": {}}, "disks"),
        ({"disks": [{"boot": "yes"}]}, "disks[0].boot"),
        ({"disks": [{"diskSizeGb": "ten"}]}, "disks[0].diskSizeGb"),
        ({"labels": {"team": 3}}, "labels.team"),
        ({"status": "ASLEEP"}, "status"),
        ([], ""),
    ],
)
def test_a_violation_has_the_path_of_the_field(content: object, path: str) -> None:
    assert [field for field, _ in violations(SCHEMAS, "Instance", content)] == [path]


def test_64_bit_integers_are_strings_in_responses_and_either_in_requests() -> None:
    content: dict[str, Any] = {"disks": [{"diskSizeGb": 10}]}
    assert list(violations(SCHEMAS, "Instance", content)) == []
    assert list(violations(SCHEMAS, "Instance", content, strict=True))
    body = normalised(SCHEMAS, "Instance", content | {"status": "RUNNING"})
    assert body == {"disks": [{"diskSizeGb": "10"}]}


def test_paths_match_methods() -> None:
    matched = api("compute.v1").match("POST", "/compute/v1/projects/p/zones/z/instances/i/stop")
    assert matched is not None
    assert matched[0].id == "compute.instances.stop"
    assert matched[1] == {"project": "p", "zone": "z", "instance": "i"}
    assert api("compute.v1").match("POST", "/compute/v1/projects/p/zones/z/instances/i") is None


def test_the_sandbox_loads_no_sdk() -> None:
    statement = "import sys, skyclust_sandbox.gcp.__main__; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", statement], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert not {"google.cloud.compute_v1", "google.auth", "googleapiclient.discovery"} & set(loaded)

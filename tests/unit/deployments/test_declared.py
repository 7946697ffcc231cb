"""What prefect.yaml may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.prefect_yaml import prefect_file, read_declared
from skyclust.errors import ConfigurationError


def test_our_own_file_can_be_applied() -> None:
    names = [one.name for one in read_declared(prefect_file())]
    assert {"sync-inventory", "provision-instances", "recover-operations"} <= set(names)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("deployments: [{name: a}]", "entrypoint"),
        (
            "deployments: [{name: a, entrypoint: b, description: c, work_pool: {name: d}, e: f}]",
            "e",
        ),
        ("deployments: {", "cannot be applied"),
        ("name: skyclust", "deployments"),
    ],
)
def test_a_file_that_cannot_be_applied_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "prefect.yaml"
    path.write_text(content)

    with pytest.raises(ConfigurationError, match=said):
        read_declared(path)

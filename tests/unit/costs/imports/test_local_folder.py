"""A folder as an object store: nothing outside of it, and nothing that was changed meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skyclust.costs.imports.folder import deliveries_in
from skyclust.costs.imports.local_folder import LocalFolder
from skyclust.costs.imports.reading import read_batches
from skyclust.errors import Conflict, InvalidRequest, NotFound
from tests.unit.costs.imports.exports import csv_bytes, focus_row, write, write_aws_export


def test_data_files_and_manifests_are_listed_by_their_paths(tmp_path: Path) -> None:
    for name in (
        "b/2.csv",
        "a.csv.gz",
        "b/1.parquet",
        "b/notes.txt",
        "m.json",
        "b/._2.csv",
        ".x/3.csv",
    ):
        write(tmp_path / name, b"x" * 3)
    folder = LocalFolder(tmp_path)

    assert [item.name for item in folder.list()] == ["a.csv.gz", "b/1.parquet", "b/2.csv", "m.json"]
    assert [(item.name, item.size) for item in folder.list("b/2")] == [("b/2.csv", 3)]


@pytest.mark.parametrize("target", ["secret.csv", "missing.csv", "."])
def test_a_link_that_leads_out_is_refused(tmp_path: Path, target: str) -> None:
    write(tmp_path / "outside" / "secret.csv", csv_bytes([focus_row("2026-07-01")]))
    write(tmp_path / "bills" / "a.csv", csv_bytes([focus_row("2026-07-01")]))
    (tmp_path / "bills" / "b.csv").symlink_to(tmp_path / "outside" / target)

    with pytest.raises((InvalidRequest, NotFound), match=r"leads out of the folder|cannot be"):
        list(deliveries_in(tmp_path / "bills", source="s"))


def test_a_part_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    write_aws_export(tmp_path / "bills", [[focus_row("2026-07-01")]])
    part = next((tmp_path / "bills").rglob("*.csv.gz"))
    part.rename(tmp_path / "elsewhere.csv.gz")
    part.symlink_to(tmp_path / "elsewhere.csv.gz")

    with pytest.raises(InvalidRequest, match="leads out of the folder"):
        list(deliveries_in(tmp_path / "bills", source="s"))


def test_a_link_within_the_folder_is_a_file_of_it(tmp_path: Path) -> None:
    write(tmp_path / "bills" / "kept" / "a.data", csv_bytes([focus_row("2026-07-01")]))
    (tmp_path / "bills" / "a.csv").symlink_to(tmp_path / "bills" / "kept" / "a.data")

    (delivery,) = deliveries_in(tmp_path / "bills", source="s")

    assert sum(batch.num_rows for batch in read_batches(delivery.files[0])) == 1


def test_a_file_that_became_a_link_out_is_not_opened(tmp_path: Path) -> None:
    file = write(tmp_path / "bills" / "a.csv", csv_bytes([focus_row("2026-07-01")]))
    secret = write(tmp_path / "secret.csv", b"secret")
    folder = LocalFolder(tmp_path / "bills")
    (item,) = folder.list()
    file.unlink()
    file.symlink_to(secret)

    with pytest.raises(InvalidRequest, match="leads out of the folder"), folder.open(item):
        pass


def test_a_file_that_was_changed_since_it_was_listed_is_a_conflict(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", csv_bytes([focus_row("2026-07-01")]))
    (delivery,) = deliveries_in(tmp_path, source="s")
    file.write_bytes(csv_bytes([focus_row("2026-07-02")]))

    with pytest.raises(Conflict, match="changed while it was imported"):
        list(read_batches(delivery.files[0]))


def test_a_file_that_is_gone_is_not_found(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", csv_bytes([focus_row("2026-07-01")]))
    (delivery,) = deliveries_in(tmp_path, source="s")
    file.unlink()

    with pytest.raises(NotFound):
        list(read_batches(delivery.files[0]))


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", csv_bytes([focus_row("2026-07-01")]))
    os.mkfifo(tmp_path / "b.csv")

    assert [item.name for item in LocalFolder(tmp_path).list()] == ["a.csv"]

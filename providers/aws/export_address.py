"""The address of an export of AWS Data Exports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExportAddress:
    """The bucket of an export, its region, and the path of the export in the bucket."""

    bucket: str
    path: str
    region: str

    @property
    def source(self) -> str:
        """The name of the export as a source of costs."""
        return f"aws-data-exports:{self.bucket}/{self.path}"

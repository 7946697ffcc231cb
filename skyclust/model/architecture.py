"""Processor architectures. Apart from the catalog, since its models take time to build."""

from __future__ import annotations

from enum import StrEnum


class Architecture(StrEnum):
    """The processor architecture of an instance type, or that an image is built for."""

    X86_64 = "x86_64"
    ARM64 = "arm64"

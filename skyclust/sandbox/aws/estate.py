"""The seeded estate: an account that a company has used for some years."""

from __future__ import annotations

from collections.abc import Mapping

from moto.ec2.models import EC2Backend


def build_estate(backend: EC2Backend, images: Mapping[str, str]) -> None:
    """Fill one region with what the company has there; `images` is image id by architecture."""

"""The regions of the sandbox AWS, and the initial resources of an account in each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.amis import Ami
from moto.moto_api._internal import mock_random

from skyclust_sandbox.aws.accounts import MAIN_ACCOUNT
from skyclust_sandbox.aws.estate_builder import build_estate
from skyclust_sandbox.seeds import Seed

ENABLED_REGIONS: Final = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
"""The regions that are enabled in every account by default; all others are opt-in regions.

Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""


@dataclass(frozen=True)
class _PublicImage:
    name: str
    owner_id: str
    owner_alias: str | None
    architecture: str
    root_device: str
    created_at: datetime
    description: str


_AMAZON: Final = "137112412989"
_CANONICAL: Final = "099720109477"
_DEBIAN: Final = "136693071363"

PUBLIC_IMAGES: Final = (
    _PublicImage(
        "al2023-ami-2023.8.20250915.0-kernel-6.1-x86_64",
        _AMAZON,
        "amazon",
        "x86_64",
        "/dev/xvda",
        datetime(2025, 9, 12, 18, 4, tzinfo=UTC),
        "Amazon Linux 2023 AMI x86_64 HVM kernel-6.1",
    ),
    _PublicImage(
        "al2023-ami-2023.8.20250915.0-kernel-6.1-arm64",
        _AMAZON,
        "amazon",
        "arm64",
        "/dev/xvda",
        datetime(2025, 9, 12, 18, 9, tzinfo=UTC),
        "Amazon Linux 2023 AMI arm64 HVM kernel-6.1",
    ),
    _PublicImage(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250821",
        _CANONICAL,
        None,
        "x86_64",
        "/dev/sda1",
        datetime(2025, 8, 21, 7, 31, tzinfo=UTC),
        "Canonical, Ubuntu, 24.04, amd64 noble image",
    ),
    _PublicImage(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20250821",
        _CANONICAL,
        None,
        "arm64",
        "/dev/sda1",
        datetime(2025, 8, 21, 7, 44, tzinfo=UTC),
        "Canonical, Ubuntu, 24.04, arm64 noble image",
    ),
    _PublicImage(
        "debian-12-amd64-20250814-2204",
        _DEBIAN,
        None,
        "x86_64",
        "/dev/xvda",
        datetime(2025, 8, 14, 12, 15, tzinfo=UTC),
        "Debian 12 (20250814-2204)",
    ),
)


def public_image_id(name: str, region: str) -> str:
    """Return the id of a public image in a region, the same in every run."""
    return "ami-" + hashlib.sha256(f"{region}/{name}".encode()).hexdigest()[:17]


def create_region(account: str, region: str, seed: Seed) -> None:
    """Create the default network, the public images, and the estate of the seed."""
    with _reproducible_ids(f"{account}/{region}"):
        backend = ec2_backends[account][region]
        for image in PUBLIC_IMAGES:
            _add_public_image(backend, image)
        if seed is Seed.ESTATE and account == MAIN_ACCOUNT.id:
            images = {
                image.architecture: public_image_id(image.name, region)
                for image in PUBLIC_IMAGES
                if image.owner_id == _AMAZON
            }
            build_estate(backend, images)


@contextmanager
def _reproducible_ids(seed: str) -> Iterator[None]:
    """Seed moto's random ids, so that they do not depend on the order in which regions are used."""
    before = mock_random.getstate()
    mock_random.seed(seed)
    try:
        yield
    finally:
        mock_random.setstate(before)


def _add_public_image(backend: EC2Backend, image: _PublicImage) -> None:
    image_id = public_image_id(image.name, backend.region_name)
    backend.amis[image_id] = Ami(
        backend,
        image_id,
        name=image.name,
        description=image.description,
        owner_id=image.owner_id,
        owner_alias=image.owner_alias,
        public=True,
        virtualization_type="hvm",
        architecture=image.architecture,
        creation_date=image.created_at,
        root_device_type="ebs",
        root_device_name=image.root_device,
        image_location=f"{image.owner_alias or image.owner_id}/{image.name}",
        hypervisor="xen",
        region_name=f"{backend.region_name}a",
    )

"""The credentials that the sandbox clouds accept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from skyclust_sandbox.aws import credential as aws
from skyclust_sandbox.azure import credential as azure
from skyclust_sandbox.gcp import credential as gcp
from skyclust_sandbox.openstack import credential as openstack
from skyclust_sandbox.proxmox import credential as proxmox

CREDENTIALS: Final[dict[str, Callable[[str], dict[str, str]]]] = {
    "aws": aws.credential,
    "azure": azure.credential,
    "gcp": gcp.credential,
    "openstack": openstack.credential,
    "proxmox": proxmox.credential,
}
"""By cloud: a function from the endpoint to the fields of a credential of its seeded account."""

ACCESS_KEYS: Final = {
    "aws": aws.ACCESS_KEY,
    "azure": azure.ACCESS_KEY,
    "gcp": gcp.ACCESS_KEY,
    "openstack": openstack.ACCESS_KEY,
    "proxmox": proxmox.ACCESS_KEY,
}
"""By cloud: the caller of that credential, as the `access_key` of faults names it."""

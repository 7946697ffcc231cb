"""Fixtures shared by all tests, one module a part of the product."""

pytest_plugins = [
    "tests.fixtures.lock_order",
    "tests.fixtures.loopback",
    "tests.fixtures.no_network",
    "tests.fixtures.sampling",
    "tests.fixtures.time_limit",
    "tests.fixtures.store",
    "tests.fixtures.sandbox",
    "tests.fixtures.azure",
    "tests.fixtures.gcp",
    "tests.fixtures.openstack",
    "tests.fixtures.proxmox",
    "tests.fixtures.prefect",
]

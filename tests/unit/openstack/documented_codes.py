"""The error codes that OpenStack documents for the calls of the provider.

Sources: https://docs.openstack.org/api-guide/compute/faults.html (faults of Nova, also
used by Cinder) and
https://docs.openstack.org/neutron-lib/latest/reference/modules/neutron_lib.exceptions.html (types
of Neutron for networks, subnets, ports, security groups and floating IPs).
"""

from __future__ import annotations

import inspect
from types import ModuleType

import keystoneauth1.exceptions
import openstack.exceptions

from providers.openstack.error_codes import CLASSES, ENDINGS, FAULTS, TYPES

FAULT_NAMES = """
    backupOrResizeInProgress badMediaType badMethod badRequest buildInProgress computeFault
    conflictingRequest forbidden itemNotFound notImplemented overLimit resizeNotAllowed
    serverCapacityUnavailable serviceUnavailable unauthorized volumeFault
"""

NEUTRON_TYPES = """
    AdminRequired AllowedAddressPairExhausted DNSNameServersExhausted DeviceIDNotOwnedByProject
    DeviceIDNotOwnedByTenant ExternalDNSOverQuota ExternalGatewayForFloatingIPNotFound
    ExternalIpAddressExhausted FloatingIPNotFound FloatingIPPortAlreadyAssociated
    GatewayConflictWithAllocationPools HostMacAddressGenerationFailure HostRoutesExhausted
    InvalidIpForNetwork InvalidIpForSubnet InvalidSharedSetting IpAddressAlreadyAllocated
    IpAddressGenerationFailure IpAddressInUse MacAddressInUse NetworkInUse NetworkNotFound
    NoNetworkAvailable NoNetworkFoundInMaximumAllowedAttempts NotAuthorized OverQuota
    OverlappingAllocationPools PolicyNotAuthorized PortBindingAlreadyExists PortInUse
    PortNotFound ResourceExhausted RouterNotFound SecurityGroupInUse SecurityGroupNotFound
    StateInvalid SubnetInUse SubnetNotFound SubnetPoolQuotaExceeded UnsupportedPortDeviceOwner
"""

DOCUMENTED = frozenset(f"{FAULT_NAMES} {NEUTRON_TYPES}".split())


def unmapped_codes(codes: frozenset[str] = DOCUMENTED) -> list[str]:
    """Return the codes that are in no table; those are mapped by the HTTP status alone."""
    endings = tuple(ending for ending, _ in ENDINGS)
    return sorted(
        name
        for name in codes
        if name not in TYPES and name not in FAULTS and not name.endswith(endings)
    )


def unmapped_classes() -> list[str]:
    """Return the exception classes of openstacksdk and keystoneauth that are in no table."""
    modules: tuple[ModuleType, ...] = (openstack.exceptions, keystoneauth1.exceptions)
    return sorted(
        name
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__.startswith(("openstack.", "keystoneauth1."))
        and kind.__name__ not in CLASSES
    )

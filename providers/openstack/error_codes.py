"""The names of OpenStack's errors, and of the SDK's, and where each belongs in our tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    ConfigurationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
    Unsupported,
)

_Table = Mapping[type[SkyClustError], tuple[str, ...]]


def _flat(table: _Table) -> dict[str, type[SkyClustError]]:
    return {name: ours for ours, names in table.items() for name in names}


# The types of Neutron that its status says too little of, or something else than it means.
# Source: https://docs.openstack.org/neutron-lib/latest/reference/modules/neutron_lib.exceptions.html
_TYPES: Final[_Table] = {
    QuotaExceeded: ("OverQuota", "SubnetPoolQuotaExceeded", "ExternalDNSOverQuota"),
    CapacityExhausted: (
        "ExternalIpAddressExhausted", "HostMacAddressGenerationFailure",
        "IpAddressGenerationFailure", "NoNetworkAvailable",
        "NoNetworkFoundInMaximumAllowedAttempts", "ResourceExhausted",
    ),
    Conflict: ("FloatingIPPortAlreadyAssociated", "PortBindingAlreadyExists", "StateInvalid"),
    PermissionDenied: ("AdminRequired", "NotAuthorized", "PolicyNotAuthorized"),
    InvalidRequest: (
        "AllowedAddressPairExhausted", "DNSNameServersExhausted", "DeviceIDNotOwnedByProject",
        "DeviceIDNotOwnedByTenant", "ExternalGatewayForFloatingIPNotFound",
        "GatewayConflictWithAllocationPools", "HostRoutesExhausted", "InvalidIpForNetwork",
        "InvalidIpForSubnet", "InvalidSharedSetting", "IpAddressAlreadyAllocated",
        "IpAddressInUse", "MacAddressInUse", "OverlappingAllocationPools",
        "UnsupportedPortDeviceOwner",
    ),
}  # fmt: skip
TYPES: Final = _flat(_TYPES)

# Neutron builds most of its types from a noun and one of these endings.
ENDINGS: Final[tuple[tuple[str, type[SkyClustError]], ...]] = (
    ("NotFound", NotFound),
    ("InUse", Conflict),
    ("OverQuota", QuotaExceeded),
    ("QuotaExceeded", QuotaExceeded),
)

# The faults of Nova, which Cinder has taken over. They go by their status; these names stand in
# where a proxy has changed it. Source: https://docs.openstack.org/api-guide/compute/faults.html
_FAULTS: Final[_Table] = {
    InvalidRequest: ("badMediaType", "badRequest", "resizeNotAllowed"),
    AuthenticationFailed: ("unauthorized",),
    PermissionDenied: ("forbidden",),
    NotFound: ("itemNotFound",),
    Unsupported: ("badMethod", "notImplemented"),
    Conflict: (
        "backupOrResizeInProgress", "buildInProgress", "conflictingRequest", "inProgress",
    ),
    Throttled: ("overLimit", "rateLimit"),
    CapacityExhausted: ("serverCapacityUnavailable",),
    Unavailable: ("computeFault", "serviceUnavailable", "volumeFault", "cloudServersFault"),
}  # fmt: skip
FAULTS: Final = _flat(_FAULTS)

# The classes of openstack.exceptions and keystoneauth1.exceptions, by name: the SDK is not
# imported for a table. Those that carry an answer go by the answer.
_CLASSES: Final[_Table] = {
    Throttled: ("TooManyRequests",),
    Timeout: (
        "ConnectTimeout", "GatewayTimeout", "RequestTimeout", "ResourceTimeout",
        "OidcDeviceAuthorizationTimeOut",
    ),
    Unavailable: (
        "BadGateway", "ConnectFailure", "ConnectionError", "DiscoveryFailure", "HttpError",
        "HttpException", "HttpServerError", "InternalServerError",
        "RetriableConnectionFailure", "SSLError", "ServiceDiscoveryException",
        "ServiceUnavailable", "UnknownConnectionError",
        # What requests raises while an answer is read, past keystoneauth.
        "ChunkedEncodingError", "RequestException",
    ),
    UnexpectedAnswer: (
        "ContentDecodingError", "InvalidJSONError", "InvalidResponse", "JSONDecodeError",
    ),
    Conflict: ("Conflict", "ConflictException", "PreconditionFailed",
               "PreconditionFailedException"),
    AuthenticationFailed: ("AuthorizationFailure", "MissingAuthMethods", "Unauthorized"),
    PermissionDenied: ("Forbidden", "ForbiddenException", "PaymentRequired"),
    NotFound: ("Gone", "NotFound", "NotFoundException", "ResourceNotFound"),
    QuotaExceeded: ("RequestEntityTooLarge",),
    Unsupported: (
        "CatalogException", "EmptyCatalog", "EndpointNotFound", "HttpNotImplemented",
        "HttpVersionNotSupported", "ImpliedMaxVersionMismatch", "ImpliedMinVersionMismatch",
        "ImpliedVersionMismatch", "MethodNotAllowed", "MethodNotSupported", "NotAcceptable",
        "NotSupported", "ServiceDisabledException", "ServiceProviderNotFound",
        "VersionNotAvailable",
    ),
    ConfigurationError: (
        "AuthPluginException", "ClientException", "ConfigException", "InvalidDiscoveryEndpoint",
        "InvalidOidcDiscoveryDocument", "MissingAuthPlugin", "MissingRequiredOptions",
        "NoMatchingPlugin", "OidcAccessTokenEndpointNotFound",
        "OidcAuthorizationEndpointNotFound", "OidcDeviceAuthorizationEndpointNotFound",
        "OidcInvalidCodeChallengeMethod", "OidcPluginNotSupported", "OptionError",
        "ProxyAuthenticationRequired", "UnsupportedParameters",
    ),
    InvalidRequest: (
        "BadRequest", "BadRequestException", "DuplicateResource", "ExpectationFailed",
        "HTTPClientError", "InvalidRequest", "InvalidResourceQuery", "LengthRequired",
        "RequestUriTooLong", "RequestedRangeNotSatisfiable", "ResourceFailure", "SDKException",
        "UnprocessableEntity", "UnsupportedMediaType", "ValidationException",
    ),
}  # fmt: skip
CLASSES: Final = _flat(_CLASSES)

"""The error codes of OpenStack's services and the SDK's exceptions, each with its error class."""

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


def _by_code(table: _Table) -> dict[str, type[SkyClustError]]:
    return {code: kind for kind, codes in table.items() for code in codes}


# The error types of Neutron whose HTTP status is ambiguous or misleading.
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
TYPES: Final = _by_code(_TYPES)

# Neutron forms most of its error types from a noun and one of these endings.
ENDINGS: Final[tuple[tuple[str, type[SkyClustError]], ...]] = (
    ("NotFound", NotFound),
    ("InUse", Conflict),
    ("OverQuota", QuotaExceeded),
    ("QuotaExceeded", QuotaExceeded),
)

# The faults of Nova and Cinder. Their HTTP status takes precedence; the names are used where a
# proxy has changed the status. Source: https://docs.openstack.org/api-guide/compute/faults.html
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
FAULTS: Final = _by_code(_FAULTS)

# The classes of openstack.exceptions and keystoneauth1.exceptions, by name, so that the SDK is not
# imported for a table. An exception with an HTTP response is mapped by the response instead.
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
        # Raised by requests while a response is read, which keystoneauth does not convert.
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
CLASSES: Final = _by_code(_CLASSES)

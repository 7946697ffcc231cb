"""The mapping of error replies of AWS and exceptions of botocore to the errors of SkyClust.

Three lookups, most exact first: the service's error code, the ending of the code, the HTTP
status. Exceptions that botocore raises without a reply from AWS are looked up by class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

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
from skyclust.providerkit.error_context import ErrorContext
from skyclust.providerkit.retry_after import retry_after_seconds

_ERRORS: Final = ErrorContext("aws", "AWS")

# Sources: https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html,
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, and the `error` traits
# of botocore's own models of sts, iam, elb, elbv2 and ce; for buckets
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
_CODES: Final[dict[type[SkyClustError], tuple[str, ...]]] = {
    Throttled: (
        "BandwidthLimitExceeded", "DependencyThrottle", "EC2ThrottledException",
        "LimitExceededException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "SlowDown", "SnapshotCreationPerVolumeRateExceeded",
        "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException",
        "TransactionInProgressException",
    ),
    Unavailable: (
        "DataUnavailableException", "HealthUnavailable", "IDPCommunicationError", "InternalError",
        "InternalFailure", "InternalServiceError", "PolicyEvaluation", "ServerInternal",
        "ServiceFailure", "ServiceUnavailable", "ServiceUnavailableException", "Unavailable",
    ),
    Timeout: ("PriorRequestTimeout", "RequestTimeout", "RequestTimeoutException"),
    Conflict: (
        "BundlingInProgress", "CapacityReservationPending", "ConcurrentModification",
        "ConcurrentTagAccess", "DependencyViolation", "EntityTemporarilyUnmodifiable",
        "IncorrectInstanceState", "IncorrectModificationState", "IncorrectSpotRequestState",
        "IncorrectState", "IncorrectStateException", "InvalidState", "InvalidStateTransition",
        "InvalidVpcState", "OperationAborted", "OperationInProgress", "PreconditionFailed",
        "ResourceInUse", "RoleModified", "TrustStoreInUse", "TrustStoreNotReady", "VolumeInUse",
        "VolumeModificationInProgress",
    ),
    AuthenticationFailed: (
        "AuthFailure", "ExpiredToken", "ExpiredTokenException", "ExpiredTradeInTokenException",
        "IDPRejectedClaim", "IncompleteSignature", "IncompleteSignatureException",
        "InvalidAccessKeyId", "InvalidAuthenticationCode", "InvalidAuthorizationMessageException",
        "InvalidClientTokenId", "InvalidContextAssertion", "InvalidIdentityToken",
        "InvalidSecurity.RequestHasExpired", "InvalidSignatureException", "InvalidToken",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized",
        "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "TokenRefreshRequired",
        "UnrecognizedClientException", "X509ParseError",
    ),
    PermissionDenied: (
        "AccessDenied", "AccessDeniedException", "AccountProblem", "AllAccessDisabled",
        "AuthFailure.ServiceLinkedRoleCreationNotPermitted", "Blocked", "FeatureDisabled",
        "KMSAccessDenied", "OptInRequired", "OutboundWebIdentityFederationDisabledException",
        "PendingVerification", "RegionDisabledException", "SessionDurationEscalationException",
        "UnauthorizedOperation",
    ),
    # A malformed instance id is the id of an instance that does not exist.
    NotFound: (
        "InvalidInstanceID.Malformed", "InvalidPlacementGroup.Unknown", "NoSuchBucket",
        "NoSuchEntity", "NoSuchKey", "NoSuchVersion", "ResourceNotFoundException",
        "UnknownVolumeType",
    ),
    QuotaExceeded: (
        "CapacityUnitsLimitExceeded", "LimitExceeded", "PendingSnapshotLimitExceeded",
        "RequestResourceCountExceeded", "ResourceCountExceeded", "TargetGroupAssociationLimit",
    ),
    CapacityExhausted: (
        "InsufficientAddressCapacity", "InsufficientCapacity", "InsufficientCapacityOnHost",
        "InsufficientFreeAddressesInSubnet", "InsufficientHostCapacity",
        "InsufficientInstanceCapacity", "InsufficientReservedInstanceCapacity",
        "InsufficientReservedInstancesCapacity", "InsufficientVolumeCapacity",
        "ReservationCapacityExceeded", "UnfulfillableCapacity", "VolumeTypeNotAvailableInRegion",
        "VolumeTypeNotAvailableInZone",
    ),
    ConfigurationError: (
        "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect",
    ),
    Unsupported: ("InvalidAction", "NotImplemented", "UnknownOperationException"),
    InvalidRequest: (
        "BillExpirationException", "BillingViewHealthStatusException", "CannotDelete",
        "DiskImageSizeTooLarge", "DryRunOperation", "EncryptedVolumesNotSupported",
        "FilterLimitExceeded", "Gateway.NotAttached", "IdempotentParameterMismatch",
        "InstanceAlreadyLinked", "InvalidAMIAttributeItemValue", "InvalidAMIID.Unavailable",
        "InvalidAvailabilityZone", "InvalidBlockDeviceMapping", "InvalidBucketName",
        "InvalidCharacter", "InvalidFilter", "InvalidFormat", "InvalidGroup.Reserved", "InvalidID",
        "InvalidInput", "InvalidInstanceAttributeValue", "InvalidInstanceID",
        "InvalidInstanceID.NotLinkable", "InvalidInstanceType", "InvalidInterface",
        "InvalidKey.Format", "InvalidKeyPair.Format", "InvalidManifest", "InvalidNextToken",
        "InvalidNextTokenException", "InvalidObjectState", "InvalidOption.Conflict",
        "InvalidPaginationToken", "InvalidParameter", "InvalidParameterCombination",
        "InvalidParameterDependency", "InvalidParameterValue", "InvalidQueryParameter",
        "InvalidRange", "InvalidRequest", "InvalidSubnet", "InvalidSubnet.Conflict",
        "InvalidTagKey.Malformed", "InvalidUserData.Malformed", "InvalidVolume.ZoneMismatch",
        "InvalidVolumeID.ZoneMismatch", "InvalidVpcRange", "KeyTooLongError", "LegacySecurityGroup",
        "MalformedHttpRequestException", "MalformedPolicyDocument", "MalformedQueryString",
        "MissingAction", "MissingParameter", "NonEBSInstance", "NotExportable",
        "OperationNotPermitted", "PackedPolicyTooLarge", "RequestAbortedException",
        "RequestChangedException", "RequestEntityTooLargeException", "Resource.AlreadyAssociated",
        "TagPolicyViolation", "UnknownParameter", "Unsupported",
        "UnsupportedHibernationConfiguration", "UnsupportedHostConfiguration",
        "UnsupportedInstanceAttribute", "UnsupportedOperation", "UnsupportedProtocol",
        "UnsupportedTenancy", "VPCIdNotSpecified", "VPCResourceNotSpecified", "ValidationError",
        "ValidationException", "VpcCidrConflict",
    ),
}  # fmt: skip
ERROR_CODES: Final = {code: ours for ours, codes in _CODES.items() for code in codes}

# Most codes of EC2 are a noun with one of these endings.
CODE_ENDINGS: Final[tuple[tuple[str, type[SkyClustError]], ...]] = (
    ("NotFound", NotFound),
    ("AlreadyExists", InvalidRequest),
    (".Malformed", InvalidRequest),
    (".Duplicate", InvalidRequest),
    (".InUse", Conflict),
    ("CountExceeded", QuotaExceeded),
    ("LimitExceeded", QuotaExceeded),
)

# The classes of botocore.exceptions, and botocore.parsers.ResponseParserError (a reply that is not
# from AWS, for example the page of a proxy), by name, so that botocore need not be imported.
_CLASSES: Final[dict[type[SkyClustError], tuple[str, ...]]] = {
    Throttled: ("CapacityNotAvailableError",),
    Timeout: ("ConnectTimeoutError", "ReadTimeoutError", "WaiterError"),
    Unavailable: (
        "AwsChunkedWrapperError", "ChecksumError", "ConnectionClosedError", "ConnectionError",
        "EndpointConnectionError", "EventStreamError", "FlexibleChecksumError", "HTTPClientError",
        "IncompleteReadError", "MetadataRetrievalError", "ProxyConnectionError",
        "ResponseStreamingError", "SSLError",
    ),
    UnexpectedAnswer: ("PaginationError", "ResponseParserError"),
    AuthenticationFailed: (
        "CredentialRetrievalError", "LoginAuthorizationCodeError", "LoginError",
        "LoginRefreshRequired", "LoginTokenLoadError", "NoAuthTokenError", "NoCredentialsError",
        "PartialCredentialsError", "RefreshWithMFAUnsupportedError", "SSOError",
        "SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError",
    ),
    PermissionDenied: ("LoginInsufficientPermissions",),
    Unsupported: (
        "ServiceNotInRegionError", "UnknownClientMethodError", "UnsupportedServiceProtocolsError",
    ),
    ConfigurationError: (
        "ApiVersionNotFoundError", "BaseEndpointResolverError", "ConfigNotFound",
        "ConfigParseError", "DataNotFoundError", "EndpointProviderError",
        "EndpointResolutionError", "EndpointVariantError", "InfiniteLoopConfigError",
        "InvalidChecksumConfigError", "InvalidConfigError", "InvalidDefaultsMode",
        "InvalidEndpointConfigurationError", "InvalidEndpointDiscoveryConfigurationError",
        "InvalidIMDSEndpointError", "InvalidIMDSEndpointModeError", "InvalidMaxRetryAttemptsError",
        "InvalidProxiesConfigError", "InvalidRetryConfigurationError", "InvalidRetryModeError",
        "InvalidS3AddressingStyleError", "InvalidS3UsEast1RegionalEndpointConfigError",
        "InvalidSTSRegionalEndpointsConfigError", "MD5UnavailableError",
        "MissingDependencyException", "MissingServiceIdError", "NoRegionError", "ProfileNotFound",
        "UndefinedModelAttributeError", "UnknownCredentialError", "UnknownEndpointError",
        "UnknownEndpointResolutionBuiltInName", "UnknownFIPSEndpointError", "UnknownRegionError",
        "UnknownServiceError", "UnknownServiceStyle", "UnknownSignatureVersionError",
        "UnknownTokenProviderError", "UnsupportedS3ConfigurationError",
        "UnsupportedS3ControlConfigurationError", "UnsupportedSignatureVersionError",
    ),
    InvalidRequest: (
        "AliasConflictParameterError", "BotoCoreError", "InvalidDNSNameError",
        "InvalidExpressionError", "InvalidHostLabelError", "InvalidRegionError",
        "MissingParametersError", "OperationNotPageableError", "ParamValidationError",
        "RangeError", "StubAssertionError", "StubResponseError", "UnStubbedResponseError",
        "UnknownKeyError", "UnknownParameterError", "UnseekableStreamError",
        "UnsupportedOutpostResourceError", "UnsupportedS3AccesspointConfigurationError",
        "UnsupportedS3ArnError", "UnsupportedS3ControlArnError", "ValidationError",
        "WaiterConfigError",
    ),
}  # fmt: skip
ERROR_CLASSES: Final = {name: ours for ours, names in _CLASSES.items() for name in names}

_CLOCK: Final = (
    "Check the secret key, and the clock of the machine that runs the worker: AWS refuses"
    " requests that were signed more than five minutes before or after its own time."
)

_BUCKET_REGION: Final = "Name the region of the bucket in cost_export_region of the credential."

HINTS: Final[Mapping[str, str]] = {
    "AuthorizationHeaderMalformed": _BUCKET_REGION,
    "DataUnavailableException": "Is Cost Explorer enabled? Its first data come after 24 hours.",
    "IdempotentParameterMismatch": "The token was used for another request: use a new token.",
    "InstanceLimitExceeded": "Ask AWS for a higher quota, or choose another type or region.",
    "InsufficientInstanceCapacity": "Choose another zone or type, or try again later.",
    "OperationNotPermitted": "Is termination or stop protection on? Switch it off first.",
    "NoSuchBucket": "Check its name, in the address that is imported or in the credential's"
    " cost_export.",
    "OptInRequired": "Enable the service or region for the account, or leave the region out.",
    "PermanentRedirect": _BUCKET_REGION,
    "PendingVerification": "AWS has not yet verified the account in this region.",
    "ProfileNotFound": "The profile must exist on the machine that runs the worker.",
    "RequestExpired": _CLOCK,
    "SSLError": "Is the certificate of a private endpoint trusted? AWS_CA_BUNDLE names its file.",
    "SignatureDoesNotMatch": _CLOCK,
    "Unsupported": "The type may not be offered in this zone: choose another zone or type.",
    "VcpuLimitExceeded": "Ask AWS for a higher quota, or choose another type or region.",
}
# A kilobyte for `aws sts decode-authorization-message` follows; the cause keeps it.
_ENCODED: Final = "Encoded authorization failure message"
_AUTHENTICATION_HINT: Final = "Check that the credential is complete, active and not expired."


def class_for(code: str, status: int) -> type[SkyClustError]:
    """Return our class for an error code of AWS and the HTTP status of the reply."""
    if exact := ERROR_CODES.get(code):
        return exact
    for ending, ours in CODE_ENDINGS:
        if code.endswith(ending):
            return ours
    if status == 429:  # RFC 6585 section 4
        return Throttled
    return Unavailable if status >= 500 or status < 400 else InvalidRequest


def translated(error: Exception, doing: str) -> SkyClustError | None:
    """Return our error for an exception of botocore; None for any other exception.

    `doing` completes "Could not ...". The message of AWS is removed from an authentication error,
    also in the cause: it may quote the signed request with its session token.
    """
    classes = type(error).__mro__
    names = [cls.__name__ for cls in classes if cls.__module__.startswith("botocore.")]
    response: Any = getattr(error, "response", None)
    if "ClientError" in names and isinstance(response, dict):
        return _from_response(error, response, doing)
    for name in names:
        if ours := ERROR_CLASSES.get(name):
            return _to_error(ours, names[0], str(error), doing)
    return None


def _from_response(error: Exception, response: dict[str, Any], doing: str) -> SkyClustError:
    metadata = response.get("ResponseMetadata", {})
    code = str(response.get("Error", {}).get("Code", ""))
    ours = class_for(code, int(metadata.get("HTTPStatusCode", 0)))
    if ours is AuthenticationFailed:
        response["Error"]["Message"] = ""
        error.args = (f"{code} answered to {getattr(error, 'operation_name', 'a request')}",)
    built = _to_error(ours, code, str(response.get("Error", {}).get("Message", "")), doing)
    if isinstance(built, Throttled):
        headers = metadata.get("HTTPHeaders", {})
        built.retry_after = retry_after_seconds(headers, datetime.now(UTC))
    return built


def _to_error(ours: type[SkyClustError], code: str, message: str, doing: str) -> SkyClustError:
    hint = HINTS.get(code, "")
    if ours is AuthenticationFailed:
        return _ERRORS.credential_refused(doing, code=code, hint=hint or _AUTHENTICATION_HINT)
    return _ERRORS.error(ours, doing, message.partition(_ENCODED)[0], code=code, hint=hint)


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Raise exceptions of the block as errors of our tree, with the exception as the cause.

    An exception that is neither botocore's nor ours is an UnexpectedAnswer: reading the reply
    failed, so it is not the documented one.
    """
    with _ERRORS.translating(doing, translated):
        yield

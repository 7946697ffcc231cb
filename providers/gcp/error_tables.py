"""The tables that `errors` reads: reasons, HTTP statuses, exception classes and hints."""

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
    Unsupported,
)

# Sources: https://cloud.google.com/compute/docs/reference/rest/v1/errors,
# https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation,
# https://cloud.google.com/compute/docs/operations-quota,
# https://cloud.google.com/bigquery/docs/error-messages,
# https://developers.google.com/webmaster-tools/v1/errors (reasons that all of Google's APIs
# share) and the enumeration google.api.ErrorReason.
_REASONS: Final[dict[type[SkyClustError], tuple[str, ...]]] = {
    Throttled: (
        "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", "OPERATION_RATE_EXCEEDED", "RATE_LIMIT_EXCEEDED",
        "RESOURCE_EXHAUSTED", "RESOURCE_OPERATION_RATE_EXCEEDED", "concurrentLimitExceeded",
        "jobRateLimitExceeded", "rateLimitExceededUnreg", "servingLimitExceeded", "tooManyRequests",
        "userRateLimitExceeded", "userRateLimitExceededUnreg", "variableTermLimitExceeded",
    ),
    Unavailable: (
        "INTERNAL_ERROR", "SERVICE_UNAVAILABLE_FOR_LOCATION", "UNAVAILABLE", "UNREACHABLE",
        "backendError", "backendNotConnected", "badGateway", "internal", "jobBackendError",
        "jobInternalError", "notReady", "serviceUnavailable", "stopped", "tableUnavailable",
    ),
    Timeout: ("OPERATION_TIMEOUT", "TIMEOUT", "deadlineExceeded", "gatewayTimeout"),
    Conflict: (
        "ABORTED", "CONDITION_NOT_MET", "OPERATION_CANCELED_BY_USER", "RESOURCE_IN_USE",
        "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "RESOURCE_NOT_READY", "conflict",
        "preconditionRequired",
    ),
    AuthenticationFailed: (
        "ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_TYPE_UNSUPPORTED", "ACCOUNT_STATE_INVALID",
        "ACCOUNT_TYPE_UNSUPPORTED", "CREDENTIALS_MISSING", "CREDENTIAL_ANDROID_APP_INVALID",
        "CREDENTIAL_TYPE_UNSUPPORTED", "INVALID_CREDENTIALS", "JWT_TOKEN_INVALID",
        "OVERLOADED_CREDENTIALS",
        "SESSION_COOKIE_INVALID", "UNAUTHENTICATED", "accountDeleted", "accountDisabled",
        "accountUnverified", "authError", "expired", "invalid_grant", "lockedDomainExpired",
        "unauthorized", "unknownAuth",
    ),
    PermissionDenied: (
        "ACCESS_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "API_KEY_ANDROID_APP_BLOCKED",
        "API_KEY_HTTP_REFERRER_BLOCKED", "API_KEY_INVALID", "API_KEY_IOS_APP_BLOCKED",
        "API_KEY_IP_ADDRESS_BLOCKED", "API_KEY_SERVICE_BLOCKED", "BILLING_DISABLED",
        "CONSUMER_INVALID", "CONSUMER_SUSPENDED", "ENDPOINT_USAGE_RESTRICTION_VIOLATED",
        "FORBIDDEN", "GCP_SUSPENDED",
        "IAM_PERMISSION_DENIED", "LOCATION_ORG_POLICY_VIOLATED", "LOCATION_POLICY_VIOLATED",
        "LOCATION_TAX_POLICY_VIOLATED", "ORG_RESTRICTION_HEADER_INVALID",
        "ORG_RESTRICTION_VIOLATION", "PERMISSIONS_ERROR", "PERMISSION_DENIED",
        "RESOURCE_PROJECT_INVALID", "RESOURCE_USAGE_RESTRICTION_VIOLATED",
        "SECURITY_POLICY_VIOLATED", "SERVICE_DISABLED", "SERVICE_NOT_VISIBLE",
        "TLS_CIPHER_RESTRICTION_VIOLATED", "TLS_ORG_POLICY_VIOLATED",
        "TLS_ORG_RESTRICTION_VIOLATED",
        "USER_BLOCKED_BY_ADMIN", "USER_PROJECT_DENIED", "accessNotConfigured",
        "billingNotEnabled", "blocked", "conditionPolicyViolation", "downloadServiceForbidden",
        "insufficientAudience", "insufficientAuthorizedParty", "insufficientPermissions",
        "keyExpired", "keyInvalid", "lockedDomainForbidden", "sslRequired",
    ),
    NotFound: (
        "EXTERNAL_RESOURCE_NOT_FOUND", "NETWORK_NOT_FOUND", "NOT_FOUND", "PROJECT_NOT_FOUND",
        "RESOURCE_NOT_FOUND", "SUBNET_NOT_FOUND_FOR_VPC", "VPC_NOT_FOUND", "deleted",
    ),
    QuotaExceeded: (
        "EMULATOR_QUOTA_EXCEEDED", "QUOTA_EXCEEDED", "RESOURCE_QUOTA_EXCEEDED",
        "dailyLimitExceeded", "dailyLimitExceeded402", "dailyLimitExceededUnreg",
        # Compute Engine returns it for the limits of one resource: "Exceeded limit
        # 'maximum_persistent_disks' on resource 'web'. Limit: 16".
        "limitExceeded",
        "quotaExceeded402", "user402", "variableTermExpiredDailyExceeded",
    ),
    CapacityExhausted: (
        "GPU_STOCKOUT", "INSUFFICIENT_CAPACITY", "IP_SPACE_EXHAUSTED",
        "IP_SPACE_EXHAUSTED_WITH_DETAILS", "REGION_RESOURCE_POOL_EXHAUSTED",
        "RESERVATION_CAPACITY_EXCEEDED", "RESOURCE_POOL_EXHAUSTED", "STOCKOUT",
        "VM_MIN_COUNT_NOT_REACHED", "ZONE_RESOURCE_POOL_EXHAUSTED",
        "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
    ),
    Unsupported: (
        "MCP_SERVER_DISABLED", "NOT_IMPLEMENTED", "httpMethodNotAllowed", "unknownApi",
        "unsupportedMethod", "unsupportedProtocol",
    ),
    InvalidRequest: (
        "ALREADY_EXISTS", "BAD_REQUEST", "FAILED_PRECONDITION", "FIELD_SIZE_TOO_LARGE",
        "INVALID_ARGUMENT", "INVALID_FIELD_VALUE", "INVALID_USAGE",
        "IP_IN_USE_BY_ANOTHER_RESOURCE", "MISSING_ORIGIN", "MISSING_REQUIRED_FIELD",
        "RESOURCE_ALREADY_EXISTS",
        "SYSTEM_PARAMETER_UNSUPPORTED", "UNSUPPORTED_OPERATION", "attributeError",
        "backendRequestTooLarge", "badBinaryDomainRequest", "badContent",
        "badLockedDomainRequest", "batchSizeTooLarge", "billingTierLimitExceeded",
        "bytesBilledLimitExceeded", "corsRequestWithXOrigin", "duplicate",
        "endpointConstraintMismatch", "invalid", "invalidAltValue", "invalidHeader",
        "invalidParameter", "invalidQuery", "invalidUser",
        "lockedDomainCreationFailure", "notDownload", "notUpload", "operationNotSupported",
        "parseError", "required", "resourcesExceeded", "responseTooLarge",
        "tooManyParts",
        "unsupportedMediaProtocol", "unsupportedOutputFormat", "uploadTooLarge",
        "wrongUrlForUpload",
    ),
}  # fmt: skip
REASONS: Final = {
    reason.replace("_", "").lower(): error_class
    for error_class, reasons in _REASONS.items()
    for reason in reasons
}

STATUSES: Final[Mapping[int, type[SkyClustError]]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    405: Unsupported,
    408: Timeout,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    429: Throttled,
    499: Timeout,
    501: Unsupported,
}
"""Any other status is Unavailable from 500 on, and InvalidRequest below."""

_CLASSES: Final[dict[str, dict[type[SkyClustError], tuple[str, ...]]]] = {
    "google.auth.exceptions": {
        Timeout: ("TimeoutError",),
        Unavailable: ("ResponseError", "TransportError"),
        AuthenticationFailed: (
            "DefaultCredentialsError", "GoogleAuthError", "OAuthError", "ReauthFailError",
            "ReauthSamlChallengeFailError", "RefreshError", "UserAccessTokenError",
        ),
        ConfigurationError: (
            "ClientCertError", "InvalidOperation", "InvalidResource", "InvalidType",
            "InvalidValue", "MalformedError", "MutualTLSChannelError", "OSError",
        ),
    },
    "google.api_core.exceptions": {
        Timeout: ("RetryError",),
        # Classes with an HTTP status are mapped by it; these have none.
        Unavailable: (
            "DataLoss", "GoogleAPICallError", "GoogleAPIError", "MissingStatusHeaderError",
            "Redirection", "ResumableTransferError", "ServerError", "TransferStalledError",
            "Unknown",
        ),
        InvalidRequest: ("ClientError", "UnseekableStreamError", "UploadCancelledError"),
        ConfigurationError: ("AsyncRestUnsupportedParameterError", "DuplicateCredentialArgs"),
    },
    "requests.exceptions": {
        Timeout: ("ConnectTimeout", "ReadTimeout", "Timeout"),
        Unavailable: (
            "ChunkedEncodingError", "ConnectionError", "ContentDecodingError", "HTTPError",
            "InvalidJSONError", "JSONDecodeError", "ProxyError", "RequestException", "RetryError",
            "SSLError", "StreamConsumedError", "TooManyRedirects", "UnrewindableBodyError",
        ),
        ConfigurationError: (
            "InvalidHeader", "InvalidProxyURL", "InvalidSchema", "InvalidURL", "MissingSchema",
            "URLRequired",
        ),
    },
}  # fmt: skip
CLASSES: Final = {
    f"{module}.{name}": error_class
    for module, groups in _CLASSES.items()
    for error_class, names in groups.items()
    for name in names
}

_CAPACITY_HINT: Final = "Choose another zone or type, or try again later."
_HINTS: Final = {
    "accessNotConfigured": "Enable the Compute Engine API in the project.",
    "alreadyExists": "Choose another name.",
    "DefaultCredentialsError": "Give a key, or set up application default credentials.",
    "BILLING_DISABLED": "Link the project to a billing account.",
    "bytesBilledLimitExceeded": "Raise the credential's field billing_query_gib.",
    "IP_SPACE_EXHAUSTED": "Choose another subnet, or widen this one.",
    "quotaExceeded": "Request a higher quota from Google, or choose another type or region.",
    "rateLimitExceeded": "Google counts calls by project and minute.",
    "SERVICE_DISABLED": "Enable the Compute Engine API in the project.",
    "SSLError": "Is a private endpoint's certificate trusted? REQUESTS_CA_BUNDLE names its file.",
    "ZONE_RESOURCE_POOL_EXHAUSTED": _CAPACITY_HINT,
    "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": _CAPACITY_HINT,
}
HINTS: Final = {reason.replace("_", "").lower(): hint for reason, hint in _HINTS.items()}

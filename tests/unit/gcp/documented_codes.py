"""Reasons and error codes that Google documents for the calls we make.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/errors,
https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation,
https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-resource-availability,
https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-bulk-vm-creation,
https://cloud.google.com/compute/docs/operations-quota (Compute Engine),
https://cloud.google.com/bigquery/docs/error-messages (BigQuery), and
https://developers.google.com/webmaster-tools/v1/errors (reasons that all of Google's APIs share).
The reasons of the API front end are read from `google.api.ErrorReason` by the test. Codes are
separated by blanks.
"""

from __future__ import annotations

import inspect
from types import ModuleType

import google.api_core.exceptions
import google.auth.exceptions
import requests.exceptions
from google.api.error_reason_pb2 import ErrorReason

from providers.gcp.error_tables import CLASSES, REASONS
from providers.gcp.errors import normalize_reason

COMPUTE = """
    CONCURRENT_OPERATIONS_QUOTA_EXCEEDED CONDITION_NOT_MET EXTERNAL_RESOURCE_NOT_FOUND
    FIELD_SIZE_TOO_LARGE INTERNAL_ERROR INVALID_FIELD_VALUE INVALID_USAGE
    IP_IN_USE_BY_ANOTHER_RESOURCE IP_SPACE_EXHAUSTED IP_SPACE_EXHAUSTED_WITH_DETAILS
    MISSING_REQUIRED_FIELD NETWORK_NOT_FOUND OPERATION_CANCELED_BY_USER PERMISSIONS_ERROR
    PROJECT_NOT_FOUND QUOTA_EXCEEDED RATE_LIMIT_EXCEEDED RESOURCE_ALREADY_EXISTS RESOURCE_IN_USE
    RESOURCE_IN_USE_BY_ANOTHER_RESOURCE RESOURCE_NOT_FOUND RESOURCE_NOT_READY
    RESOURCE_OPERATION_RATE_EXCEEDED RESOURCE_POOL_EXHAUSTED SERVICE_UNAVAILABLE_FOR_LOCATION
    UNSUPPORTED_OPERATION VM_MIN_COUNT_NOT_REACHED ZONE_RESOURCE_POOL_EXHAUSTED
    ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS alreadyExists conditionNotMet insufficientCapacity
    notReady quotaExceeded rateLimitExceeded resourceInUseByAnotherResource resourceNotReady
"""

COMMON = """
    accessNotConfigured accountDeleted accountDisabled accountUnverified authError backendError
    backendNotConnected backendRequestTooLarge badBinaryDomainRequest badContent
    badLockedDomainRequest badRequest batchSizeTooLarge concurrentLimitExceeded conditionNotMet
    conflict corsRequestWithXOrigin dailyLimitExceeded dailyLimitExceeded402
    dailyLimitExceededUnreg deleted downloadServiceForbidden duplicate
    endpointConstraintMismatch expired forbidden httpMethodNotAllowed insufficientAudience
    insufficientAuthorizedParty insufficientPermissions internalError invalid invalidAltValue
    invalidHeader invalidParameter invalidQuery keyExpired keyInvalid limitExceeded
    lockedDomainCreationFailure lockedDomainExpired lockedDomainForbidden notDownload notFound
    notImplemented notReady notUpload parseError preconditionRequired quotaExceeded
    quotaExceeded402 rateLimitExceeded rateLimitExceededUnreg required responseTooLarge
    serviceUnavailable servingLimitExceeded sslRequired tooManyParts unauthorized unknownApi
    unknownAuth unsupportedMediaProtocol unsupportedMethod unsupportedOutputFormat
    unsupportedProtocol uploadTooLarge user402 userRateLimitExceeded userRateLimitExceededUnreg
    variableTermExpiredDailyExceeded variableTermLimitExceeded wrongUrlForUpload
"""

BIGQUERY = """
    accessDenied attributeError backendError badRequest billingNotEnabled billingTierLimitExceeded
    blocked bytesBilledLimitExceeded duplicate internalError invalid invalidQuery invalidUser
    jobBackendError jobInternalError jobRateLimitExceeded notFound notImplemented quotaExceeded
    rateLimitExceeded resourceInUse resourcesExceeded responseTooLarge stopped tableUnavailable
    timeout
"""

FRONT_END = frozenset(ErrorReason.keys()) - {"ERROR_REASON_UNSPECIFIED"}
DOCUMENTED = frozenset(f"{COMPUTE} {COMMON} {BIGQUERY}".split()) | FRONT_END
LIBRARIES = (google.api_core.exceptions, google.auth.exceptions, requests.exceptions)


def unmapped_codes(codes: frozenset[str] = DOCUMENTED) -> list[str]:
    """Return the reasons that are in no table, which are mapped by the HTTP status alone."""
    return sorted(code for code in codes if normalize_reason(code) not in REASONS)


def unmapped_classes() -> list[str]:
    """Return the libraries' exception classes that are in no table and have no HTTP status."""
    return [name for library in LIBRARIES for name in _unmapped(library)]


def _unmapped(library: ModuleType) -> list[str]:
    classes = inspect.getmembers(library, inspect.isclass)
    return [
        f"{library.__name__}.{name}"
        for name, kind in classes
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__ == library.__name__
        and f"{library.__name__}.{name}" not in CLASSES
        and not isinstance(getattr(kind, "code", None), int)
    ]

"""The class of SkyClust's error tree for each error code of Azure."""

from __future__ import annotations

from typing import Final

from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
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

# Sources, all under https://learn.microsoft.com/en-us/:
# azure/azure-resource-manager/troubleshooting/common-deployment-errors (Resource Manager),
# troubleshoot/azure/virtual-machines/windows/error-messages (Compute),
# azure/virtual-network/virtual-network-troubleshoot-nva and the error tables of
# rest/api/virtualnetwork (Network), and rest/api/storageservices/common-rest-api-error-codes
# (the console log, which is in a storage account).
_CODES: Final[dict[type[SkyClustError], tuple[str, ...]]] = {
    Throttled: (
        "OperationThrottled", "ServerBusy", "StorageAccountTooBusy", "TooManyRequests",
        "TooManyVMRedeploymentRequests",
    ),
    Unavailable: (
        "BadGateway", "DiagnosticsOperationInternalError", "DiskProcessingError",
        "InternalError", "InternalExecutionError", "InternalOperationError",
        "InternalServerError", "NetworkingInternalOperationError", "OSProvisioningInternalError",
        "ServiceUnavailable", "VMAgentStatusCommunicationError", "VMRedeploymentFailed",
    ),
    Timeout: ("GatewayTimeout", "OperationTimedOut", "ServerTimeout"),
    Conflict: (
        "AcquireDiskLeaseFailed", "AttachDiskWhileBeingDetached", "Canceled", "Conflict",
        "ConflictingConcurrentWriteNotAllowed", "ContainerAlreadyOnLease",
        "DeploymentActiveAndUneditable", "DeploymentActive", "DiskImageNotReady",
        "InUseSubnetCannotBeDeleted", "MoveResourcesHavePendingOperations",
        "NicReservedForAnotherVm", "OperationPreempted", "PreconditionFailed",
        "PrivateIPAddressIsBeingCleanedUp", "PublicIPAddressCannotBeDeleted",
        "ReferencedResourceNotProvisioned", "ResourceUpdateBlockedOnPlatformUpdate",
        "RetryableError", "StorageAccountIsNotProvisioned",
    ),
    AuthenticationFailed: (
        "AuthenticationFailed", "AuthenticationFailedInvalidHeader",
        "AuthenticationFailedMissingToken", "ExpiredAuthenticationToken",
        "InvalidAuthenticationInfo", "InvalidAuthenticationToken",
        "InvalidAuthenticationTokenAudience", "InvalidAuthenticationTokenTenant",
    ),
    # Azure reports a subscription that the credential may not see as not found. This must not be
    # taken as a proof that a resource in it is gone.
    PermissionDenied: (
        "AccountIsDisabled", "AuthorizationFailed", "AuthorizationPermissionMismatch",
        "DisallowedOperation", "Forbidden", "InsufficientAccountPermissions",
        "LinkedAuthorizationFailed", "ReadOnlyDisabledSubscription", "RequestDisallowedByPolicy",
        "ScopeLocked", "SubscriptionDisabled", "SubscriptionNotAuthorizedForImage",
        "SubscriptionNotFound",
    ),
    NotFound: ("NotFound",),
    QuotaExceeded: ("DeploymentQuotaExceeded", "OperationNotAllowedQuota", "QuotaExceeded"),
    CapacityExhausted: (
        "AllocationFailed", "OutOfCapacity", "OverconstrainedAllocationRequest",
        "OverconstrainedZonalAllocationRequest", "SkuNotAvailable", "SubnetIsFull",
        "SubnetWithoutFreeAddresses", "ZonalAllocationFailed",
    ),
    Unsupported: ("NotImplemented", "NoRegisteredProviderFound"),
    InvalidRequest: (
        "AccountNameInvalid", "AccountPropertyCannotBeSet", "BadRequest",
        "CertificateImproperlyFormatted", "ConflictingUserInput",
        "CrossSubscriptionMoveWithKeyVaultResources", "DeploymentFailed",
        "DeploymentFailedCleanUp", "DeploymentNameInvalidCharacters",
        "DeploymentNameLengthLimitExceeded", "DiskBlobAlreadyInUseByAnotherDisk",
        "DiskEncryptionKeySecretMissingTags", "DiskEncryptionKeySecretUnwrapFailed",
        "DiskPreparationError", "IncorrectDiskBlobType", "IncorrectImageBlobType",
        "InvalidAccountType", "InvalidApiVersionParameter", "InvalidContentLink",
        "InvalidDeploymentLocation", "InvalidParameter", "InvalidRequestContent",
        "InvalidRequestFormat", "InvalidResourceLocation", "InvalidResourceName",
        "InvalidResourceNamespace", "InvalidResourceReference", "InvalidResourceType",
        "InvalidSubscriptionId", "InvalidSubscriptionRegistrationState", "InvalidTemplate",
        "InvalidTemplateCircularDependency", "JobSizeExceeded", "LinkedInvalidPropertyId",
        "LocationNotAvailableForResourceType", "LocationRequired", "MissingApiVersionParameter",
        "MissingMoveDependentResources", "MissingRegistrationForLocation",
        "MissingSubscriptionRegistration", "MoveResourcesHaveInvalidState", "NotSupported",
        "OSProvisioningClientError", "OperationNotAllowed", "PasswordTooLong",
        "PrivateIPAddressInReservedRange", "PrivateIPAddressIsAllocated",
        "PrivateIPAddressNotInSubnet", "PropertyChangeNotAllowed", "PublicIPAndLBSkuDoNotMatch",
        "ReservedResourceName", "StorageAccountInAnotherResourceGroup",
        "StorageAccountLimitation", "StorageAccountNotRecognized", "SubnetsNotInSameVnet",
        "SubscriptionNotRegistered", "TooManyTargetResourceGroups", "VHDSizeInvalid",
        "VMExtensionHandlerNonTransientError", "VMExtensionProvisioningError",
        "VMMarketplaceInvalidInput",
    ),
}  # fmt: skip
# Compute and Network may spell the same code with different capitals.
ERROR_CODES: Final = {code.lower(): ours for ours, codes in _CODES.items() for code in codes}

# Azure builds many codes from a noun and one of these endings.
CODE_ENDINGS: Final[tuple[tuple[str, type[SkyClustError]], ...]] = (
    ("notfound", NotFound),
    ("alreadyexists", InvalidRequest),
    ("alreadytaken", InvalidRequest),
    ("mismatch", InvalidRequest),
    ("notsupported", InvalidRequest),
    ("inuse", Conflict),
    ("inprogress", Conflict),
    ("beingdeleted", Conflict),
    ("quotaexceeded", QuotaExceeded),
    ("limitreached", QuotaExceeded),
    ("limitexceeded", QuotaExceeded),
    ("throttled", Throttled),
    ("timedout", Timeout),
    ("timeout", Timeout),
    ("internalerror", Unavailable),
)

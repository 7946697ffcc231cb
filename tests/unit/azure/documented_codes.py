"""Error codes that Azure documents for the services that the provider calls.

Sources, under https://learn.microsoft.com/en-us/: Resource Manager's
azure/azure-resource-manager/troubleshooting/common-deployment-errors, Compute's
troubleshoot/azure/virtual-machines/windows/error-messages, the codes that Network's reference and
troubleshooting pages list for interfaces, addresses and subnets, and storage's
rest/api/storageservices/common-rest-api-error-codes for reading a blob. Codes are separated by
blanks.
"""

from __future__ import annotations

import inspect
from typing import Final

import azure.core.exceptions
import azure.identity

from providers.azure.error_codes import CODE_ENDINGS, ERROR_CODES
from providers.azure.errors import ERROR_CLASSES

RESOURCE_MANAGER: Final = """
    AccountNameInvalid AccountPropertyCannotBeSet AllocationFailed AnotherOperationInProgress
    AuthorizationFailed BadRequest Conflict DeploymentActiveAndUneditable DeploymentFailed
    DeploymentFailedCleanUp DeploymentNameInvalidCharacters DeploymentNameLengthLimitExceeded
    DeploymentQuotaExceeded DnsRecordInUse ExpiredAuthenticationToken Forbidden ImageNotFound
    InUseSubnetCannotBeDeleted InternalServerError InvalidApiVersionParameter
    InvalidAuthenticationToken InvalidAuthenticationTokenAudience
    InvalidAuthenticationTokenTenant InvalidContentLink InvalidDeploymentLocation
    InvalidParameter InvalidRequestContent InvalidRequestFormat InvalidResourceLocation
    InvalidResourceNamespace InvalidResourceReference InvalidResourceType InvalidSubscriptionId
    InvalidSubscriptionRegistrationState InvalidTemplate InvalidTemplateCircularDependency
    JobSizeExceeded LinkedAuthorizationFailed LinkedInvalidPropertyId
    LocationNotAvailableForResourceType
    LocationRequired MissingApiVersionParameter MissingRegistrationForLocation
    MissingSubscriptionRegistration NoRegisteredProviderFound NotFound OperationNotAllowed
    OutOfCapacity OverconstrainedAllocationRequest OverconstrainedZonalAllocationRequest
    ParentResourceNotFound PasswordTooLong PreconditionFailed PrivateIPAddressInReservedRange
    PrivateIPAddressNotInSubnet PropertyChangeNotAllowed PublicIPCountLimitReached
    ReadOnlyDisabledSubscription RequestDisallowedByPolicy ReservedResourceName
    ResourceGroupBeingDeleted ResourceGroupNotFound ResourceNotFound ResourceQuotaExceeded
    ResourceRequestsThrottled ScopeLocked ServiceUnavailable SkuNotAvailable
    StorageAccountAlreadyExists StorageAccountAlreadyTaken StorageAccountInAnotherResourceGroup
    StorageAccountNotFound SubnetIsFull SubnetsNotInSameVnet SubscriptionNotFound
    SubscriptionNotRegistered SubscriptionRequestsThrottled TenantRequestsThrottled
    TooManyRequests TooManyTargetResourceGroups ZonalAllocationFailed
"""

COMPUTE: Final = """
    AcquireDiskLeaseFailed AllocationFailed ArtifactNotFound ArtifactVersionNotFound
    AttachDiskWhileBeingDetached BadRequest CertificateImproperlyFormatted Conflict
    ConflictingUserInput ContainerAlreadyOnLease CrossSubscriptionMoveWithKeyVaultResources
    DiagnosticsOperationInternalError DiskBlobAlreadyInUseByAnotherDisk DiskBlobNotFound
    DiskEncryptionKeySecretMissingTags DiskEncryptionKeySecretUnwrapFailed DiskImageNotReady
    DiskPreparationError DiskProcessingError ImageBlobNotFound IncorrectDiskBlobType
    IncorrectImageBlobType InternalExecutionError InternalOperationError InvalidAccountType
    InvalidParameter MissingMoveDependentResources MoveResourcesHaveInvalidState
    MoveResourcesHavePendingOperations MoveResourcesNotFound NetworkingInternalOperationError
    NotFound NotSupported OSProvisioningClientError OSProvisioningInternalError
    OSProvisioningTimedOut OperationNotAllowed OverConstrainedAllocationRequest
    PlatformImageNotFound QuotaExceeded ResourceUpdateBlockedOnPlatformUpdate
    StorageAccountLimitation StorageAccountLocationMismatch StorageAccountNotFound
    StorageAccountNotRecognized StorageAccountOperationInternalError
    StorageAccountSubscriptionMismatch StorageAccountTooBusy StorageAccountTypeNotSupported
    SubscriptionNotAuthorizedForImage TargetDiskBlobAlreadyExists TooManyVMRedeploymentRequests
    VHDSizeInvalid VMAgentStatusCommunicationError VMArtifactRepositoryInternalError
    VMExtensionHandlerNonTransientError VMExtensionManagementInternalError
    VMExtensionProvisioningError VMExtensionProvisioningTimeout VMMarketplaceInvalidInput
    VMNotFound VMRedeploymentFailed VMRedeploymentTimedOut VMStartTimedOut
"""

NETWORK: Final = """
    AnotherOperationInProgress Canceled InUseSubnetCannotBeDeleted InternalServerError
    InvalidRequestFormat InvalidResourceName InvalidResourceReference NicInUse
    NicReservedForAnotherVm NotFound OperationNotAllowed PrivateIPAddressInReservedRange
    PrivateIPAddressIsAllocated PrivateIPAddressIsBeingCleanedUp PrivateIPAddressNotInSubnet
    PublicIPAddressCannotBeDeleted PublicIPAddressInUse PublicIPAndLBSkuDoNotMatch
    PublicIPCountLimitReached ReferencedResourceNotProvisioned ResourceNotFound RetryableError
    SubnetIsFull
"""

STORAGE: Final = """
    AccountIsDisabled AuthenticationFailed AuthorizationPermissionMismatch BlobNotFound
    ContainerNotFound InsufficientAccountPermissions InternalError InvalidAuthenticationInfo
    OperationTimedOut ServerBusy
"""

DOCUMENTED: Final = frozenset(f"{RESOURCE_MANAGER} {COMPUTE} {NETWORK} {STORAGE}".split())


def unmapped_codes(codes: frozenset[str] = DOCUMENTED) -> list[str]:
    """Return the codes that are in no table, which only the HTTP status would classify."""
    endings = tuple(ending for ending, _ in CODE_ENDINGS)
    return sorted(
        code
        for code in codes
        if code.lower() not in ERROR_CODES and not code.lower().endswith(endings)
    )


def unmapped_classes() -> list[str]:
    """Return the SDK's exception classes that are in no table."""
    classes = [
        *inspect.getmembers(azure.core.exceptions, inspect.isclass),
        *inspect.getmembers(azure.identity, inspect.isclass),
    ]
    return sorted(
        {
            name
            for name, exception in classes
            if issubclass(exception, Exception)
            and exception.__module__.startswith("azure.")
            and name not in ERROR_CLASSES
        }
    )

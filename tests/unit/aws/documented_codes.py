"""Error codes that AWS documents for the services we call.

Sources: https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html (common codes,
codes of single actions as far as instances, disks, snapshots, images, networks, firewalls and
addresses are concerned, and server codes) and
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html. The codes of sts, iam,
elb and elbv2 are read from botocore's own models by the test. A blank stands between two codes.
"""

from __future__ import annotations

import inspect

import botocore.exceptions

from providers.aws.errors import CODE_ENDINGS, ERROR_CLASSES, ERROR_CODES

EC2_COMMON = """
    AuthFailure Blocked DryRunOperation IdempotentParameterMismatch IncompleteSignature
    InvalidAction InvalidCharacter InvalidClientTokenId InvalidPaginationToken InvalidParameter
    InvalidParameterCombination InvalidParameterDependency InvalidParameterValue
    InvalidQueryParameter MalformedQueryString MissingAction MissingAuthenticationToken
    MissingParameter OptInRequired PendingVerification RequestExpired UnauthorizedOperation
    UnknownParameter UnsupportedInstanceAttribute UnsupportedOperation UnsupportedProtocol
    ValidationError
"""

EC2_ACTIONS = """
    ActiveVpcPeeringConnectionPerVpcLimitExceeded AddressLimitExceeded AttachmentLimitExceeded
    AuthFailure.ServiceLinkedRoleCreationNotPermitted BundlingInProgress CannotDelete
    ConcurrentSnapshotLimitExceeded ConcurrentTagAccess CustomerGatewayLimitExceeded
    DependencyViolation DiskImageSizeTooLarge EncryptedVolumesNotSupported FilterLimitExceeded
    Gateway.NotAttached IncorrectInstanceState IncorrectModificationState
    IncorrectSpotRequestState IncorrectState InstanceAlreadyLinked InstanceLimitExceeded
    InsufficientCapacityOnHost InsufficientFreeAddressesInSubnet
    InsufficientReservedInstancesCapacity InternetGatewayLimitExceeded
    InvalidAMIAttributeItemValue InvalidAMIID.Malformed InvalidAMIID.NotFound
    InvalidAMIID.Unavailable InvalidAMIName.Duplicate InvalidAMIName.Malformed
    InvalidAddress.NotFound InvalidAddressID.NotFound InvalidAllocationID.NotFound
    InvalidAssociationID.NotFound InvalidAttachment.NotFound InvalidAttachmentID.NotFound
    InvalidAvailabilityZone InvalidBlockDeviceMapping InvalidBundleID.NotFound
    InvalidDevice.InUse InvalidDhcpOptionsID.NotFound InvalidFilter InvalidFormat
    InvalidGatewayID.NotFound InvalidGroup.Duplicate InvalidGroup.InUse InvalidGroup.NotFound
    InvalidGroup.Reserved InvalidGroupId.Malformed InvalidID InvalidIPAddress.InUse InvalidInput
    InvalidInstanceAttributeValue InvalidInstanceID InvalidInstanceID.Malformed
    InvalidInstanceID.NotFound InvalidInstanceID.NotLinkable InvalidInstanceType
    InvalidInterface.IpAddressLimitExceeded InvalidInternetGatewayID.NotFound InvalidKey.Format
    InvalidKeyPair.Duplicate InvalidKeyPair.Format InvalidKeyPair.NotFound InvalidManifest
    InvalidNetworkAclID.NotFound InvalidNetworkInterface.InUse
    InvalidNetworkInterfaceAttachmentID.Malformed InvalidNetworkInterfaceID.NotFound
    InvalidNetworkInterfaceId.Malformed InvalidNextToken InvalidOption.Conflict
    InvalidPermission.Duplicate InvalidPermission.Malformed InvalidPermission.NotFound
    InvalidPlacementGroup.Duplicate InvalidPlacementGroup.InUse InvalidPlacementGroup.Unknown
    InvalidRequest InvalidReservationID.Malformed InvalidReservationID.NotFound
    InvalidRoute.NotFound InvalidRouteTableID.NotFound InvalidSecurity.RequestHasExpired
    InvalidSecurityGroupID.NotFound InvalidSnapshot.InUse InvalidSnapshot.NotFound
    InvalidSnapshotID.Malformed InvalidState InvalidStateTransition InvalidSubnet
    InvalidSubnet.Conflict InvalidSubnetID.NotFound InvalidTagKey.Malformed
    InvalidUserData.Malformed InvalidUserID.Malformed InvalidVolume.NotFound
    InvalidVolume.ZoneMismatch InvalidVolumeID.Duplicate InvalidVolumeID.Malformed
    InvalidVolumeID.ZoneMismatch InvalidVpcID.NotFound InvalidVpcRange InvalidVpcState
    InvalidZone.NotFound LegacySecurityGroup MaxIOPSLimitExceeded MaxSpotInstanceCountExceeded
    NetworkAclLimitExceeded NonEBSInstance NotExportable OperationNotPermitted
    OutstandingVpcPeeringConnectionLimitExceeded PendingSnapshotLimitExceeded
    PrivateIpAddressLimitExceeded RequestResourceCountExceeded ReservationCapacityExceeded
    ReservedInstancesLimitExceeded Resource.AlreadyAssociated ResourceCountExceeded
    ResourceLimitExceeded RouteLimitExceeded RouteTableLimitExceeded
    RulesPerSecurityGroupLimitExceeded SecurityGroupLimitExceeded
    SecurityGroupsPerInstanceLimitExceeded SecurityGroupsPerInterfaceLimitExceeded
    SignatureDoesNotMatch SnapshotCreationPerVolumeRateExceeded SnapshotLimitExceeded
    SubnetLimitExceeded TagLimitExceeded TagPolicyViolation UnfulfillableCapacity
    UnknownVolumeType Unsupported UnsupportedHibernationConfiguration
    UnsupportedHostConfiguration UnsupportedTenancy VPCIdNotSpecified VPCResourceNotSpecified
    VcpuLimitExceeded VolumeInUse VolumeLimitExceeded VolumeModificationInProgress
    VolumeTypeNotAvailableInZone VpcCidrConflict VpcLimitExceeded VpcPeeringConnectionAlreadyExists
    VpnConnectionLimitExceeded VpnGatewayLimitExceeded
"""

EC2_SERVER = """
    BandwidthLimitExceeded InsufficientAddressCapacity InsufficientCapacity
    InsufficientHostCapacity InsufficientInstanceCapacity InsufficientReservedInstanceCapacity
    InsufficientVolumeCapacity InternalError InternalFailure RequestLimitExceeded ServerInternal
    ServiceUnavailable Unavailable
"""

COMMON = """
    AccessDenied AccessDeniedException ExpiredToken ExpiredTokenException IncompleteSignature
    InternalFailure MalformedHttpRequestException NotAuthorized OptInRequired
    RequestAbortedException RequestEntityTooLargeException RequestExpired
    RequestTimeoutException ServiceUnavailable Throttling ThrottlingException
    UnrecognizedClientException UnknownOperationException ValidationError ValidationException
"""

BUCKETS = """
    AccessDenied AccountProblem AllAccessDisabled AuthorizationHeaderMalformed ExpiredToken
    IllegalLocationConstraintException InternalError InvalidAccessKeyId InvalidBucketName
    InvalidObjectState InvalidRange InvalidRequest InvalidToken KeyTooLongError NoSuchBucket
    NoSuchKey NoSuchVersion OperationAborted PermanentRedirect PreconditionFailed RequestTimeout
    RequestTimeTooSkewed ServiceUnavailable SignatureDoesNotMatch SlowDown
"""
"""Of reading objects: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

DOCUMENTED = frozenset(f"{EC2_COMMON} {EC2_ACTIONS} {EC2_SERVER} {COMMON} {BUCKETS}".split())


def unmapped_codes(codes: frozenset[str] = DOCUMENTED) -> list[str]:
    """Return the codes that are in no table; unknown codes are mapped by the HTTP status alone."""
    endings = tuple(ending for ending, _ in CODE_ENDINGS)
    return sorted(c for c in codes if c not in ERROR_CODES and not c.endswith(endings))


def unmapped_classes() -> list[str]:
    """Return botocore's exception classes that are not mapped; ClientError is mapped by code."""
    classes = inspect.getmembers(botocore.exceptions, inspect.isclass)
    return [
        name
        for name, kind in classes
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__ == "botocore.exceptions"
        and name not in ERROR_CLASSES
        and name != "ClientError"
    ]

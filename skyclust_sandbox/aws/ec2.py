"""EC2 as moto has it, with client tokens, the instance's life and pages as EC2 has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.availability_zones_and_regions import Region
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.responses import EC2Response
from moto.elbv2.models import elbv2_backends

from skyclust_sandbox.aws import launches, machines, volumes
from skyclust_sandbox.aws.cloud import AwsCloud, cloud_of
from skyclust_sandbox.aws.lag import LAG, listed
from skyclust_sandbox.aws.paging import InvalidCursor, Page, listing_of, page_of
from skyclust_sandbox.aws.regions import ENABLED_REGIONS

_LARGEST_PAGE: Final = 1000
"""MaxResults of most EC2 lists may be 5 to 1000 (API reference, DescribeInstances)."""

_NEEDS_STOPPED: Final = ("InstanceType", "UserData", "Kernel", "Ramdisk", "EbsOptimized")
"""Attributes that only a stopped instance lets be changed (ModifyInstanceAttribute)."""


class SandboxEc2(EC2Response):
    """The EC2 API."""

    RESPONSE_KEY_PATH_TO_TRANSFORMER = {  # noqa: RUF012 - the base class's own convention
        name: transformer
        for name, transformer in EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        # moto says "pending" in every reply to RunInstances; a repeated one tells the truth.
        if name != "RunInstances.Reservation.Instances.Instance.State"
    }

    cloud: AwsCloud
    lag_seconds: float = 0.0

    def setup_class(self, request: Any, *arguments: Any, **named: Any) -> None:
        """Read the request, and bring every instance of the region to its state of now."""
        super().setup_class(request, *arguments, **named)
        self.cloud = cloud_of(request.environ)
        self.lag_seconds = request.environ.get(LAG, 0.0)
        self.cloud.machines.settle(self.ec2_backend)

    # Launching

    def run_instances(self) -> ActionResult:
        """Launch instances, once a client token."""
        token = self._get_param("ClientToken")
        place = (self.current_account, self.region)
        if token:
            before = self.cloud.tokens.launched_before(*place, token, self.params)
            if before is not None:
                self.error_on_dryrun()
                return ActionResult(before)
        asked = dict(self.params)
        launches.check_launch(self.ec2_backend, self.params)
        launches.complete_launch(self.ec2_backend, self.params)
        reservation = super().run_instances().result
        if not isinstance(reservation, Reservation):
            raise TypeError(f"RunInstances of moto answered {reservation!r}.")
        launches.tie_interfaces(reservation.instances, asked)
        for instance in reservation.instances:
            instance.client_token = token
        self.cloud.machines.launched(self.ec2_backend, reservation.instances)
        if token:
            self.cloud.tokens.remember(*place, token, asked, reservation)
        return ActionResult(reservation)

    # The instance's life

    def start_instances(self) -> ActionResult:
        """Start stopped instances."""
        return self._change("StartingInstances", self.cloud.machines.start)

    def stop_instances(self) -> ActionResult:
        """Stop running instances."""
        return self._change("StoppingInstances", self.cloud.machines.stop)

    def terminate_instances(self) -> ActionResult:
        """Terminate instances."""
        result = self._change("TerminatingInstances", self.cloud.machines.terminate)
        balancers = elbv2_backends[self.current_account][self.region]
        balancers.notify_terminate_instances(self._get_param("InstanceIds", []))
        return result

    def reboot_instances(self) -> ActionResult:
        """Reboot running instances; terminated ones are ignored (RebootInstances)."""
        found = machines.find(self.ec2_backend, self._get_param("InstanceIds", []))
        machines.require_running([one for one in found if one.state != "terminated"])
        self.error_on_dryrun()
        return EmptyResult()

    def modify_instance_attribute(self) -> ActionResult:
        """Change an attribute; some only when the instance is stopped."""
        [instance] = machines.find(self.ec2_backend, [self._get_param("InstanceId")])
        if any(self._get_param(f"{name}.Value") is not None for name in _NEEDS_STOPPED):
            machines.require_stopped(instance)
        wanted = self._get_param("InstanceType.Value")
        if wanted is not None:
            launches.check_type(wanted, self.region, instance.placement.zone)
            launches.check_architecture(wanted, instance.architecture)
        return super().modify_instance_attribute()

    def _change(
        self,
        name: str,
        change: Callable[[Any, list[str]], list[machines.StateChange]],
    ) -> ActionResult:
        instance_ids = self._get_param("InstanceIds", [])
        machines.find(self.ec2_backend, instance_ids)
        self.error_on_dryrun()
        return ActionResult({name: [_told(one) for one in change(self.ec2_backend, instance_ids)]})

    # Volumes

    def create_volume(self) -> ActionResult:
        """Create a volume, once a client token."""
        token = self._get_param("ClientToken")
        before = volumes.made_before(self.ec2_backend, token) if token else None
        if before is not None:
            return ActionResult(before)
        result = super().create_volume()
        if token:
            volumes.remember(result.result, token)
        return result

    def attach_volume(self) -> ActionResult:
        """Attach a volume that is free to a free device."""
        names = ("VolumeId", "InstanceId", "Device")
        volumes.check_attach(self.ec2_backend, *map(self._get_param, names))
        return super().attach_volume()

    def detach_volume(self) -> ActionResult:
        """Detach a volume; a running instance keeps its root."""
        volumes.check_detach(self.ec2_backend, self._get_param("VolumeId"))
        return super().detach_volume()

    # Lists

    def describe_instances(self) -> ActionResult:
        """List instances; MaxResults counts instances, not reservations."""
        self.error_on_dryrun()
        instance_ids = self._get_param("InstanceIds", [])
        self._refuse_ids_with_size(instance_ids, "instancesSet")
        machines.find(self.ec2_backend, instance_ids)
        reservations = self.ec2_backend.describe_instances(self._filters_from_querystring())
        pairs = [
            (reservation, instance)
            for reservation in reservations
            for instance in reservation.instances
            if not instance_ids or instance.id in instance_ids
        ]
        page = self._page(pairs, lambda pair: pair[1].id)
        return self._paged("Reservations", Page(_grouped(page.items), page.last_id))

    def describe_instance_types(self) -> ActionResult:
        """List instance types, at most 100 a page (DescribeInstanceTypes).

        A limit on pages leaves them alone: they are hundreds, the same for everybody.
        """
        types = _listed(super().describe_instance_types(), "InstanceTypes")
        page = self._page(types, lambda one: one["InstanceType"], largest=100, limited=False)
        return self._paged("InstanceTypes", page)

    def describe_volumes(self) -> ActionResult:
        """List volumes."""
        return self._page_by_id("Volumes", "VolumeIds", super().describe_volumes())

    def describe_snapshots(self) -> ActionResult:
        """List snapshots; OwnerIds may name the caller's account as `self`."""
        snapshots = _listed(super().describe_snapshots(), "Snapshots")
        owners = {
            self.current_account if owner == "self" else owner
            for owner in self._get_param("OwnerIds", [])
        }
        found = [one for one in snapshots if not owners or one.owner_id in owners]
        found = listed(found, self.lag_seconds)
        return self._page_by_id("Snapshots", "SnapshotIds", ActionResult({"Snapshots": found}))

    def describe_images(self) -> ActionResult:
        """List images."""
        return self._page_by_id("Images", "ImageIds", super().describe_images())

    def describe_vpcs(self) -> ActionResult:
        """List networks."""
        return self._page_by_id("Vpcs", "VpcIds", super().describe_vpcs())

    def describe_subnets(self) -> ActionResult:
        """List subnets."""
        return self._page_by_id("Subnets", "SubnetIds", super().describe_subnets())

    def describe_security_groups(self) -> ActionResult:
        """List security groups."""
        return self._page_by_id("SecurityGroups", "GroupIds", super().describe_security_groups())

    def describe_regions(self) -> ActionResult:
        """List the regions that the account may use; AllRegions shows the others as well."""
        self.error_on_dryrun()
        names = self._get_param("RegionNames", [])
        everything = bool(self._get_param("AllRegions"))
        regions = [
            Region(one.name, one.endpoint, _opt_in_status(one.name))
            for one in self.ec2_backend.describe_regions(names)
            if one.endpoint.endswith(".amazonaws.com") and "-gov-" not in one.name
        ]
        unknown = set(names) - {one.name for one in regions}
        if unknown:
            raise EC2ClientError("InvalidParameterValue", f"Invalid region name: {min(unknown)}")
        shown = [one for one in regions if everything or one.name in ENABLED_REGIONS]
        return ActionResult({"Regions": shown})

    def _page_by_id(self, name: str, ids: str, result: ActionResult) -> ActionResult:
        self.error_on_dryrun()
        self._refuse_ids_with_size(self._get_param(ids, []), ids)
        return self._paged(name, self._page(_listed(result, name), lambda one: str(one.id)))

    def _refuse_ids_with_size(self, ids: list[str], name: str) -> None:
        if ids and self._get_param("MaxResults") is not None:
            raise EC2ClientError(
                "InvalidParameterCombination",
                f"The parameter {name} cannot be used with the parameter maxResults",
            )

    def _page(
        self,
        items: Iterable[Any],
        identify: Callable[[Any], str],
        *,
        largest: int = _LARGEST_PAGE,
        limited: bool = True,
    ) -> Page[Any]:
        size = self._get_int_param("MaxResults", largest)
        if not self.cloud.settings.minimum_page_size <= size <= largest:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between"
                f" {self.cloud.settings.minimum_page_size} and {largest}.",
            )
        token = self._get_param("NextToken")
        try:
            after = self.cloud.cursors.read(self._listing(), token) if token else None
        except InvalidCursor as error:
            raise EC2ClientError(
                "InvalidNextToken", "The specified NextToken is not valid."
            ) from error
        limit = self.cloud.conditions.largest_page if limited else None
        return page_of(items, identify, size=size, after=after, largest=limit)

    def _paged(self, name: str, page: Page[Any]) -> ActionResult:
        result = {name: page.items}
        if page.last_id is None:
            return ActionResult(result)
        return ActionResult(
            result | {"NextToken": self.cloud.cursors.make(self._listing(), page.last_id)}
        )

    def _listing(self) -> str:
        asked = {"Action": self._get_action(), **self.params}
        return listing_of(self.current_account, self.region, asked)


def _listed(result: ActionResult, name: str) -> list[Any]:
    if not isinstance(result.result, dict):
        raise TypeError(f"moto answered {result.result!r} where {name} were expected.")
    return list(result.result[name])


def _told(change: machines.StateChange) -> dict[str, object]:
    return {
        "InstanceId": change.instance_id,
        "CurrentState": {"Code": machines.CODES[change.current], "Name": change.current},
        "PreviousState": {"Code": machines.CODES[change.previous], "Name": change.previous},
    }


def _grouped(pairs: Iterable[tuple[Reservation, Instance]]) -> list[Reservation]:
    """Return reservations that hold just the instances of one page."""
    grouped: dict[str, Reservation] = {}
    for whole, instance in pairs:
        part = grouped.get(whole.id)
        if part is None:
            part = Reservation(whole.id, whole.owner_id)
            part.groups = whole.groups
            grouped[whole.id] = part
        part.instances.append(instance)
    return list(grouped.values())


def _opt_in_status(region: str) -> str:
    return "opt-in-not-required" if region in ENABLED_REGIONS else "not-opted-in"

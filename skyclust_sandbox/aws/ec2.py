"""The EC2 API: moto, with client tokens, instance states and pages added."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.availability_zones_and_regions import Region
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.responses import EC2Response
from moto.elbv2.models import elbv2_backends

from skyclust_sandbox.aws import instance_states, launches, volumes
from skyclust_sandbox.aws.cloud import AwsCloud, cloud_of
from skyclust_sandbox.aws.eventual_consistency import LAG, visible
from skyclust_sandbox.aws.paging import InvalidCursor, Page, listing_of, page_of
from skyclust_sandbox.aws.regions import ENABLED_REGIONS

_LARGEST_PAGE: Final = 1000
"""MaxResults of most EC2 lists may be 5 to 1000 (API reference, DescribeInstances)."""

_NEEDS_STOPPED: Final = ("InstanceType", "UserData", "Kernel", "Ramdisk", "EbsOptimized")
"""Attributes that can be changed only while an instance is stopped (ModifyInstanceAttribute)."""


class SandboxEc2(EC2Response):
    """The EC2 API."""

    RESPONSE_KEY_PATH_TO_TRANSFORMER = {  # noqa: RUF012 - the base class's own convention
        name: transformer
        for name, transformer in EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        # moto returns "pending" in every reply to RunInstances; a repeated call has the real state.
        if name != "RunInstances.Reservation.Instances.Instance.State"
    }

    cloud: AwsCloud
    lag_seconds: float = 0.0

    def setup_class(self, request: Any, *arguments: Any, **named: Any) -> None:
        """Read the request, and execute the state transitions of the region that are due."""
        super().setup_class(request, *arguments, **named)
        self.cloud = cloud_of(request.environ)
        self.lag_seconds = request.environ.get(LAG, 0.0)
        self.cloud.instance_states.settle(self.ec2_backend)

    # Launches

    def run_instances(self) -> ActionResult:
        """Launch instances; a repeated client token returns the same instances."""
        token = self._get_param("ClientToken")
        region = (self.current_account, self.region)
        if token:
            previous = self.cloud.client_tokens.find(*region, token, self.params)
            if previous is not None:
                self.error_on_dryrun()
                return ActionResult(previous)
        parameters = dict(self.params)
        launches.check_launch(self.ec2_backend, self.params)
        launches.complete_launch(self.ec2_backend, self.params)
        reservation = super().run_instances().result
        if not isinstance(reservation, Reservation):
            raise TypeError(f"RunInstances of moto returned {reservation!r}.")
        launches.set_delete_on_termination(reservation.instances, parameters)
        for instance in reservation.instances:
            instance.client_token = token
        self.cloud.instance_states.launched(self.ec2_backend, reservation.instances)
        if token:
            self.cloud.client_tokens.store(*region, token, parameters, reservation)
        return ActionResult(reservation)

    # Instance states

    def start_instances(self) -> ActionResult:
        """Start stopped instances."""
        return self._change("StartingInstances", self.cloud.instance_states.start)

    def stop_instances(self) -> ActionResult:
        """Stop running instances."""
        return self._change("StoppingInstances", self.cloud.instance_states.stop)

    def terminate_instances(self) -> ActionResult:
        """Terminate instances."""
        result = self._change("TerminatingInstances", self.cloud.instance_states.terminate)
        balancers = elbv2_backends[self.current_account][self.region]
        balancers.notify_terminate_instances(self._get_param("InstanceIds", []))
        return result

    def reboot_instances(self) -> ActionResult:
        """Reboot running instances; terminated instances are ignored (RebootInstances)."""
        instances = instance_states.find(self.ec2_backend, self._get_param("InstanceIds", []))
        instance_states.require_running([i for i in instances if i.state != "terminated"])
        self.error_on_dryrun()
        return EmptyResult()

    def modify_instance_attribute(self) -> ActionResult:
        """Change an attribute; some attributes require a stopped instance."""
        [instance] = instance_states.find(self.ec2_backend, [self._get_param("InstanceId")])
        if any(self._get_param(f"{name}.Value") is not None for name in _NEEDS_STOPPED):
            instance_states.require_stopped(instance)
        instance_type = self._get_param("InstanceType.Value")
        if instance_type is not None:
            launches.check_type(instance_type, self.region, instance.placement.zone)
            launches.check_architecture(instance_type, instance.architecture)
        return super().modify_instance_attribute()

    def _change(
        self,
        name: str,
        change: Callable[[Any, list[str]], list[instance_states.StateChange]],
    ) -> ActionResult:
        instance_ids = self._get_param("InstanceIds", [])
        instance_states.find(self.ec2_backend, instance_ids)
        self.error_on_dryrun()
        changes = change(self.ec2_backend, instance_ids)
        return ActionResult({name: [_to_entry(state_change) for state_change in changes]})

    # Volumes

    def create_volume(self) -> ActionResult:
        """Create a volume; a repeated client token returns the same volume."""
        token = self._get_param("ClientToken")
        previous = volumes.find_by_token(self.ec2_backend, token) if token else None
        if previous is not None:
            return ActionResult(previous)
        result = super().create_volume()
        if token:
            volumes.store_token(result.result, token)
        return result

    def attach_volume(self) -> ActionResult:
        """Attach an available volume at a free device."""
        names = ("VolumeId", "InstanceId", "Device")
        volumes.check_attach(self.ec2_backend, *map(self._get_param, names))
        return super().attach_volume()

    def detach_volume(self) -> ActionResult:
        """Detach a volume; the root volume only of a stopped instance."""
        volumes.check_detach(self.ec2_backend, self._get_param("VolumeId"))
        return super().detach_volume()

    # Lists

    def describe_instances(self) -> ActionResult:
        """List instances; MaxResults counts instances, not reservations."""
        self.error_on_dryrun()
        instance_ids = self._get_param("InstanceIds", [])
        self._check_no_size_with_ids(instance_ids, "instancesSet")
        instance_states.find(self.ec2_backend, instance_ids)
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

        The page limit of tests does not apply: there are hundreds of types, which never change.
        """
        types = _items_of(super().describe_instance_types(), "InstanceTypes")
        page = self._page(types, lambda info: info["InstanceType"], largest=100, limited=False)
        return self._paged("InstanceTypes", page)

    def describe_volumes(self) -> ActionResult:
        """List volumes."""
        return self._page_by_id("Volumes", "VolumeIds", super().describe_volumes())

    def describe_snapshots(self) -> ActionResult:
        """List snapshots; OwnerIds may name the caller's account as `self`."""
        snapshots = _items_of(super().describe_snapshots(), "Snapshots")
        owners = {
            self.current_account if owner == "self" else owner
            for owner in self._get_param("OwnerIds", [])
        }
        owned = [s for s in snapshots if not owners or s.owner_id in owners]
        result = ActionResult({"Snapshots": visible(owned, self.lag_seconds)})
        return self._page_by_id("Snapshots", "SnapshotIds", result)

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
        """List the regions enabled for the account; with AllRegions also all others."""
        self.error_on_dryrun()
        names = self._get_param("RegionNames", [])
        everything = bool(self._get_param("AllRegions"))
        regions = [
            Region(region.name, region.endpoint, _opt_in_status(region.name))
            for region in self.ec2_backend.describe_regions(names)
            if region.endpoint.endswith(".amazonaws.com") and "-gov-" not in region.name
        ]
        unknown = set(names) - {region.name for region in regions}
        if unknown:
            raise EC2ClientError("InvalidParameterValue", f"Invalid region name: {min(unknown)}")
        shown = [r for r in regions if everything or r.name in ENABLED_REGIONS]
        return ActionResult({"Regions": shown})

    def _page_by_id(self, name: str, ids: str, result: ActionResult) -> ActionResult:
        self.error_on_dryrun()
        self._check_no_size_with_ids(self._get_param(ids, []), ids)
        return self._paged(name, self._page(_items_of(result, name), lambda item: str(item.id)))

    def _check_no_size_with_ids(self, ids: list[str], name: str) -> None:
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
            result | {"NextToken": self.cloud.cursors.create(self._listing(), page.last_id)}
        )

    def _listing(self) -> str:
        parameters = {"Action": self._get_action(), **self.params}
        return listing_of(self.current_account, self.region, parameters)


def _items_of(result: ActionResult, name: str) -> list[Any]:
    if not isinstance(result.result, dict):
        raise TypeError(f"moto returned {result.result!r} in place of {name}.")
    return list(result.result[name])


def _to_entry(change: instance_states.StateChange) -> dict[str, object]:
    return {
        "InstanceId": change.instance_id,
        "CurrentState": {"Code": instance_states.CODES[change.current], "Name": change.current},
        "PreviousState": {"Code": instance_states.CODES[change.previous], "Name": change.previous},
    }


def _grouped(pairs: Iterable[tuple[Reservation, Instance]]) -> list[Reservation]:
    """Return the reservations of the instances of one page, with those instances only."""
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

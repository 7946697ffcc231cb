"""The methods addAccessConfig and deleteAccessConfig of instances."""

from __future__ import annotations

from skyclust_sandbox.gcp.instances import ready_instance
from skyclust_sandbox.gcp.network_interfaces import (
    assign_external_addresses,
    new_access_config,
    release_external_addresses,
)
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import Resource, invalid


def add_access_config(context: RequestContext) -> Resource:
    """Start the operation that adds an access config to a network interface.

    Raises Refused for an interface that has one already.
    """
    reference, instance = ready_instance(context)
    interface = _interface(context, instance)
    if interface.get("accessConfigs"):
        message = "At most one access config currently supported."
        raise invalid("resource.accessConfigs", "", message)
    access_config = new_access_config(context, context.body, "resource")

    def finish() -> None:
        interface["accessConfigs"] = [access_config]
        if instance["status"] == "RUNNING":
            assign_external_addresses(context.project, instance)

    return start_operation(context, "addAccessConfig", reference, instance["id"], finish=finish)


def delete_access_config(context: RequestContext) -> Resource:
    """Start the operation that removes an access config and releases its address."""
    reference, instance = ready_instance(context)
    interface = _interface(context, instance)
    name = context.query.get("accessConfig", "")
    if not any(config["name"] == name for config in interface.get("accessConfigs", ())):
        raise invalid("accessConfig", name, "No access config of that name.")

    def finish() -> None:
        only_this = {"networkInterfaces": [interface], "selfLink": reference.link}
        release_external_addresses(context.project, only_this, static_too=True)
        del interface["accessConfigs"]

    return start_operation(context, "deleteAccessConfig", reference, instance["id"], finish=finish)


def _interface(context: RequestContext, instance: Resource) -> Resource:
    """Return the network interface that the query names; raises Refused when there is none."""
    name = context.query.get("networkInterface", "")
    for interface in instance["networkInterfaces"]:
        if interface["name"] == name:
            matched: Resource = interface
            return matched
    raise invalid("networkInterface", name, "No network interface of that name.")

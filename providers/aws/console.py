"""The serial console output of an instance.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.aws.regions import regional_errors
from skyclust.contract import ConsoleProvider

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


class AwsConsole(ConsoleProvider):
    """Console output of EC2 instances."""

    _clients: AwsClients

    def console_log(self, region: str, instance_id: str) -> str:
        """Return the newest 64 KiB of console output, which EC2 collects shortly after a boot.

        Raises NotFound for an unknown instance.
        """
        doing = f"read the console of instance {instance_id} in {region}"
        with regional_errors(self._clients, region, doing):
            reply = self._clients.ec2(region).get_console_output(InstanceId=instance_id)
        return reply.get("Output", "")

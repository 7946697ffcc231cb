"""What an instance wrote to its serial console.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.aws.regions import calling

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


def get_console_log(clients: AwsClients, region: str, instance_id: str) -> str:
    """Return the newest 64 KiB of the console; EC2 collects them shortly after each boot."""
    with calling(clients, region, f"read the console of instance {instance_id} in {region}"):
        answer = clients.ec2(region).get_console_output(InstanceId=instance_id)
    return answer.get("Output", "")

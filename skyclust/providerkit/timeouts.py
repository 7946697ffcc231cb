"""Time-outs that are the same at every cloud, in seconds.

A provider whose cloud needs another value has it in its own client.py, with the reason.
"""

from __future__ import annotations

from typing import Final

CONNECT_SECONDS: Final = 5.0
"""For the TCP handshake; a host that has not answered by then counts as unreachable."""

READ_SECONDS: Final = 30.0
"""Between two reads of an answer. The largest page of EC2 (1,000 instances) and of Compute Engine
(500) comes within a few seconds, RunInstances within ten; pveproxy itself gives up on another
node after 30 s (status 595)."""

LONG_READ_SECONDS: Final = 60.0
"""For services that work on a request for longer: Azure Resource Manager gives up on a resource
provider after 60 s (https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling)."""

WAIT_SECONDS: Final = 60.0
"""How long one call of the contract polls for what the cloud does within seconds, such as making
a network interface or resizing a stopped instance. What takes longer raises Timeout, and the
repeated call continues from there."""

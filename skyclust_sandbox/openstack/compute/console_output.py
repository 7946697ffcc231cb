"""The console output of servers.

Source: https://docs.openstack.org/api-ref/compute/#show-console-output-os-getconsoleoutput-action
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.wire import reply


def get_console_output(context: Context, server: Server, details: Any) -> Response:
    """Return the last `length` lines of a server's console output, all of them by default."""
    if server.host is None:
        raise context.refused(409, f"Instance {server.id} is not ready")
    length = (details or {}).get("length")
    lines = _lines(server)
    if length is not None and int(length) >= 0:
        lines = lines[len(lines) - min(int(length), len(lines)) :]
    return reply({"output": "".join(f"{line}\n" for line in lines)})


def _lines(server: Server) -> list[str]:
    lines = []
    for start in range(server.starts):
        lines += [
            "[    0.000000] Linux version 6.8.0-45-generic (buildd@lcy02-amd64-115)",
            f"[    0.000000] Command line: BOOT_IMAGE=/vmlinuz root=LABEL=cloudimg-rootfs #{start}",
            f"[    4.812007] cloud-init[612]: Cloud-init v. 24.1 running on {server.hostname}",
            "[    9.402114] cloud-init[880]: Cloud-init finished. Datasource DataSourceOpenStack.",
            f"{server.hostname} login: ",
        ]
    return lines

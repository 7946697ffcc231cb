"""An AWS that answers at once: every instance is written out as XML before the first call.

It serves the lists of an inventory and nothing else: instances in pages, and none of any
other kind. `python -m benchmarks.cloud` prints its address and serves until SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import parse_qs

from benchmarks.measuring import report

# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html: those that
# an account has from its first day, all 17 of them.
REGIONS: Final = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
    "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2",
    "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip

REQUEST_ID: Final = "00000000-0000-0000-0000-000000000000"
LARGEST_PAGE: Final = 1000
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html"""

EMPTY_SETS: Final = {
    "DescribeVolumes": "volumeSet",
    "DescribeSnapshots": "snapshotSet",
    "DescribeImages": "imagesSet",
    "DescribeVpcs": "vpcSet",
    "DescribeSubnets": "subnetSet",
    "DescribeSecurityGroups": "securityGroupInfo",
    "DescribeAddresses": "addressesSet",
}
"""The EC2 lists that stay empty, and the element that holds their items."""

EMPTY_BALANCERS: Final = {
    "2012-06-01": "LoadBalancerDescriptions",
    "2015-12-01": "LoadBalancers",
}
"""The same for DescribeLoadBalancers, by the version of the API: elb and elbv2."""

Items = Mapping[str, Sequence[bytes]]


def written_instances(count: int, regions: Sequence[str]) -> Items:
    """Return the reservations of each region as XML; the instances are spread evenly."""
    text = (Path(__file__).parent / "instance.xml").read_text().replace("\n", "")
    template = Template(text)
    items: dict[str, list[bytes]] = {region: [] for region in regions}
    for number in range(count):
        region = regions[number % len(regions)]
        address = str(IPv4Address("10.0.0.0") + number)
        item = template.substitute(
            id=f"{number:017x}",
            region=region,
            name=f"web-{number}",
            address=address,
            dashes=address.replace(".", "-"),
            month=1 + number % 9,
            minute=f"{number % 60:02d}",
        )
        items[region].append(item.encode())
    return items


def answer(items: Items, region: str, parameters: Mapping[str, str]) -> bytes | None:
    """Return the XML that answers a call; None for an action that is not known."""
    action = parameters.get("Action", "")
    if action == "DescribeInstances":
        return _page(items.get(region, ()), parameters)
    if action == "DescribeRegions":
        names = "".join(
            f"<item><regionName>{name}</regionName><optInStatus>opt-in-not-required</optInStatus>"
            f"</item>"
            for name in items
        )
        return _response(action, f"<regionInfo>{names}</regionInfo>")
    if action in EMPTY_SETS:
        return _response(action, f"<{EMPTY_SETS[action]}/>")
    if action == "DescribeLoadBalancers":
        empty = EMPTY_BALANCERS[parameters["Version"]]
        metadata = f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
        return _response(action, f"<{action}Result><{empty}/></{action}Result>{metadata}")
    return None


def _page(items: Sequence[bytes], parameters: Mapping[str, str]) -> bytes:
    begin = int(parameters.get("NextToken", 0))
    end = begin + min(int(parameters.get("MaxResults", LARGEST_PAGE)), LARGEST_PAGE)
    token = f"<nextToken>{end}</nextToken>" if end < len(items) else ""
    content = b"".join(items[begin:end]).decode()
    return _response("DescribeInstances", f"<reservationSet>{content}</reservationSet>{token}")


def _response(action: str, content: str) -> bytes:
    return (
        f"<{action}Response><requestId>{REQUEST_ID}</requestId>{content}</{action}Response>"
    ).encode()


async def serve(items: Items) -> None:
    """Serve on a free loopback port until SIGTERM; prints the address when ready."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await _exchange(items, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    report({"endpoint": f"http://127.0.0.1:{port}"})
    await stopped.wait()
    server.close()


async def _exchange(
    items: Items, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Read one request and answer it; boto3 sends every call as a form, with its length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(_found(r"(?im)^content-length: *(\d+)", head))
    form = parse_qs((await reader.readexactly(length)).decode())
    # The scope of a signature: key, date, region, service.
    region = _found(r"Credential=[^/]+/\d+/([^/]+)/", head)
    body = answer(items, region, {name: values[0] for name, values in form.items()})
    status = "200 OK" if body is not None else "400 Bad Request"
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(body or b'')}\r\n\r\n".encode()
    )
    writer.write(body or b"")
    await writer.drain()


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise ConnectionError(f"The request has no {pattern}.")
    return match[1]


def main(arguments: Sequence[str]) -> None:
    """Serve as many instances and regions as the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cloud", description=__doc__)
    parser.add_argument("--instances", type=int, required=True)
    parser.add_argument("--regions", type=int, required=True)
    options = parser.parse_args(arguments)
    asyncio.run(serve(written_instances(options.instances, REGIONS[: options.regions])))


if __name__ == "__main__":
    main(sys.argv[1:])

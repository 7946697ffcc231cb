"""A cloud that answers at once: every answer of a sandbox is kept, and given again from memory.

`python -m benchmarks.replay ENDPOINT` prints its own address and serves until SIGTERM. The
first GET of a path is passed on to the sandbox; every further one costs neither side more
than the bytes. All else (signing in, say) is always passed on. So what is measured is the
client, whatever the sandbox needs to make an answer.
"""

from __future__ import annotations

import asyncio
import http.client
import signal
import sys
from typing import Final
from urllib.parse import urlsplit

from benchmarks.measuring import report

UPSTREAM_SECONDS: Final = 120.0
PASSED_ON: Final = frozenset({"content-type", "openstack-api-version", "x-subject-token", "etag"})
"""Headers of an answer that clients look at."""


class Replay:
    """Repeats the responses to earlier requests from memory."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self._kept: dict[bytes, bytes] = {}

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until its client closes it."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, _, fields = head.partition(b"\r\n")
                headers = _headers(fields)
                length = int(headers.get("content-length", "0"))
                body = await reader.readexactly(length) if length else b""
                writer.write(await self._answer(line, headers, body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, line: bytes, headers: dict[str, str], body: bytes) -> bytes:
        kept = self._kept.get(line)
        if kept is not None:
            return kept
        answer, repeatable = await asyncio.to_thread(self._ask, line.decode(), headers, body)
        if repeatable:
            self._kept[line] = answer
        return answer

    def _ask(self, line: str, headers: dict[str, str], body: bytes) -> tuple[bytes, bool]:
        """Return the sandbox's answer, and whether it may be given again."""
        method, path, _ = line.split(" ", 2)
        connection = http.client.HTTPConnection(self._upstream, timeout=UPSTREAM_SECONDS)
        # The Host stays ours: links in an answer lead here, not past us.
        sent = {k: v for k, v in headers.items() if k not in {"accept-encoding", "connection"}}
        try:
            connection.request(method, path, body or None, sent)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        shown = [f"{k}: {v}" for k, v in response.getheaders() if k.lower() in PASSED_ON]
        head = [f"HTTP/1.1 {response.status} {response.reason}", *shown]
        head.append(f"Content-Length: {len(content)}")
        answer = "\r\n".join(head).encode() + b"\r\n\r\n" + content
        return answer, method == "GET" and response.status == 200


def _headers(fields: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in fields.decode().splitlines() if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def serve(upstream: str) -> None:
    """Serve on a free loopback port until SIGTERM; prints the address when ready."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    server = await asyncio.start_server(Replay(upstream).converse, "127.0.0.1", 0, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    report({"endpoint": f"http://127.0.0.1:{port}"})
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))

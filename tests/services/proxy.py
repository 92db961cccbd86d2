"""A line between two programs that can be made slow, cut, or dead: what networks do.

    with Proxy() as line:                        # its address is known before its target
        line.target = ("127.0.0.1", 5432)
        line.delay, line.bytes_per_second = 0.05, 1 << 20
        line.cut()

All that happens to bytes happens on one thread of its own.
"""
import asyncio
import contextlib
import random
import socket
import struct
import threading

PIECE = 16 << 10


class _Link:
    """One connection that was taken, and the one to the target. Confined to the proxy's thread."""

    def __init__(self, near, far):
        self.near, self.far, self.dead, self.gone = near, far, False, asyncio.Event()

    def reset(self):
        """Both ends hear that the connection is gone, whatever is still under way."""
        self.gone.set()
        for _, writer in (self.near, self.far):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Listens on a loopback port and passes on what comes. Settings hold from the next piece of bytes on, for both directions.

    `delay`: seconds that each piece takes, give or take half of it; `bytes_per_second`: None, or how fast; `silent`: nothing passes,
    connections are taken and stay. Thread-safe.
    """

    def __init__(self, seed=7):
        self.target, self.delay, self.bytes_per_second, self.silent = None, 0.0, None, False
        self._draw, self._links, self._loop = random.Random(seed), set(), asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.taken = 0  # connections
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def cut(self):
        """Every connection there is ends with a reset, wherever its bytes are."""
        self._call(self._cut)

    def forget(self):
        """Every connection there is goes silent for good, and neither end is told; new ones pass. So does a router that lost its table."""
        self._call(self._forget)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._call(self._cut)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _call(self, deed):
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (deed(), done.set()))
        assert done.wait(10), "the proxy's thread does not answer"

    def _cut(self):
        for link in list(self._links):
            link.reset()

    def _forget(self):
        for link in self._links:
            link.dead = True

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._take, sock=self._socket))
        self._loop.run_forever()
        under_way = asyncio.all_tasks(self._loop)
        for task in under_way:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*under_way, return_exceptions=True))
        self._loop.close()

    async def _take(self, reader, writer):
        self.taken += 1
        try:
            far = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link((reader, writer), far)
        self._links.add(link)
        try:
            await asyncio.gather(self._pass(link, reader, far[1]), self._pass(link, far[0], writer))
        except OSError:
            link.reset()  # one end went with bytes under way
        finally:
            self._links.discard(link)
            writer.close()
            far[1].close()

    async def _pass(self, link, reader, writer):
        while piece := await reader.read(PIECE):
            if self.delay:
                await asyncio.sleep(self._draw.uniform(0.5, 1.5) * self.delay)
            if self.bytes_per_second:
                await asyncio.sleep(len(piece) / self.bytes_per_second)
            await self._may_pass(link)
            writer.write(piece)
            await writer.drain()
        await self._may_pass(link)
        with contextlib.suppress(OSError):
            writer.write_eof()

    async def _may_pass(self, link):
        while self.silent and not link.dead:
            await asyncio.sleep(0.02)
        if link.dead:
            await link.gone.wait()
            raise ConnectionResetError

"""How long after its start the daemon answers GET /health with 200."""
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from contenders import service
from daemon import Daemon, binary

REQUEST = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
DEADLINE = 20.0


def _libraries():
    """The program and what it is linked with."""
    listed = subprocess.run(["ldd", binary()], capture_output=True, text=True, check=True).stdout
    return [binary(), *re.findall(r"(/\S+) \(0x", listed)]


def forget(paths):
    """Asks the kernel to drop these files from its cache. What another process has mapped stays: `cold` is a machine that runs other
    things, but not us."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def _answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(REQUEST)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _time_one(bench, directory):
    daemon, pause = Daemon(service(bench), directory), threading.Event()
    began = time.monotonic()
    try:
        daemon.start(wait=False)
        while not _answers(daemon.port):
            if time.monotonic() - began > DEADLINE or not daemon.running:
                raise AssertionError(f"no 200 from /health:\n{daemon.log[-2000:]}")
            pause.wait(0.0005)
        took = time.monotonic() - began
        assert daemon.terminate() == 0, daemon.log[-2000:]
        return took
    finally:
        daemon.kill()
        shutil.rmtree(directory, ignore_errors=True)


def measure(bench, tries):
    """Milliseconds, `tries` of each: {"cold": [...], "warm": [...]}."""
    took, libraries = {"cold": [], "warm": []}, _libraries()
    for number in range(tries):
        forget(libraries)
        for name in took:  # right after the cold start everything is in the cache
            took[name].append(1000 * _time_one(bench, bench.directory / f"health-{name}-{number}"))
    return took

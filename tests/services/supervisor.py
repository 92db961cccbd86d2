"""Plays the service manager that started a daemon: hears what is sent to $NOTIFY_SOCKET."""
import os
import socket
import time


class Supervisor:
    """A datagram socket, abstract or in `directory`. Caller synchronises."""

    def __init__(self, directory=None, watchdog_seconds=None):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"{directory}/notify" if directory else f"@laketide-test-{os.getpid()}-{time.monotonic_ns()}"
        self._socket.bind(name if directory else "\0" + name[1:])
        self.environment = {"NOTIFY_SOCKET": name}
        if watchdog_seconds:
            self.environment["WATCHDOG_USEC"] = str(round(watchdog_seconds * 1e6))

    def hear(self, seconds):
        """The next message as {name: value}; None if there is none in time."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            text = self._socket.recv(65536).decode()
        except TimeoutError:
            return None
        return dict(line.split("=", 1) for line in text.splitlines())

    def wait_for(self, name, seconds=20):
        """The messages up to the first that says `name`."""
        deadline, heard = time.monotonic() + seconds, []
        while time.monotonic() < deadline:
            message = self.hear(deadline - time.monotonic())
            if message is not None:
                heard.append(message)
                if name in message:
                    return heard
        raise AssertionError(f"no {name} within {seconds} s; heard: {heard}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

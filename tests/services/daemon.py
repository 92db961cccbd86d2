"""The real `laketide serve`, started with a service file of its own and driven over HTTP."""
import ctypes
import json
import os
import random
import signal
import socket
import subprocess
from pathlib import Path

import requests

from servers import own_directory
from waiting import NotInTime, wait_until

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def free_port():
    """A loopback port outside the range that outgoing connections take theirs from."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", random.randrange(20000, 32000)))
                return probe.getsockname()[1]
            except OSError:
                continue


def binary():
    """The program under test: LAKETIDE_BINARY."""
    path = os.environ.get("LAKETIDE_BINARY")
    assert path and os.access(path, os.X_OK), "set LAKETIDE_BINARY to the built program"
    return path


class Daemon:
    """One daemon: its directory (state, lake, pipelines, log), its service file, and at most one process at a time.

    `config` is merged over a service file that keeps everything inside `directory`. A started process dies with the test.
    Caller synchronises.
    """

    def __init__(self, config=None, directory=None):
        self.directory = Path(directory) if directory else own_directory("daemon")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lake = self.directory / "lake"
        self.state = self.directory / "state"
        self.pipelines = self.directory / "pipelines"
        self.log_path = self.directory / "daemon.log"
        self.pipelines.mkdir(parents=True, exist_ok=True)
        self.config = {"server": {"listen": f"127.0.0.1:{self.port}"}, "state": {"dir": str(self.state)},
                       "lake": {"root": str(self.lake)}, "pipelines": [str(self.pipelines / "*.yaml")]}
        for section, value in (config or {}).items():
            if isinstance(value, dict) and isinstance(self.config.get(section), dict):
                self.config[section].update(value)
            else:
                self.config[section] = value
        self.process = None

    def write_pipeline(self, document):
        """A pipeline file named as the pipeline. JSON is YAML."""
        path = self.pipelines / f"{document['name']}.yaml"
        path.write_text(json.dumps(document, indent=1))
        return path

    def start(self, failpoints="", env=None, arguments=(), wait=True, seconds=20, within=None):
        """Starts the process with armed failpoints; with `wait`, returns when /ready answers 200. `within`: called in the child."""
        assert not self.running, "runs already"
        file = self.directory / "laketide.yaml"
        file.write_text(json.dumps(self.config, indent=1))
        environment = {**os.environ, **(env or {}), "LAKETIDE_FAILPOINTS": failpoints}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([binary(), "serve", "--config", str(file), *arguments], cwd=self.directory,
                                            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=lambda: (_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), within and within()))
        if wait:
            self._until(self.ready, "/ready to answer 200", seconds)
        return self

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def request(self, method, path, body=None, timeout=60, **options):
        """Any request; the answer as `requests` gives it, whatever its status."""
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        return requests.request(method, self.url + path, data=data, timeout=timeout, **options)

    def get(self, path, expect=200, **options):
        return self._checked("GET", path, None, expect, **options)

    def post(self, path, body=None, expect=200, **options):
        return self._checked("POST", path, body, expect, **options)

    def stream(self, name):
        """GET /stream/{name}, or None while the daemon does not answer or does not know it."""
        try:
            answer = self.request("GET", f"/stream/{name}", timeout=5)
        except requests.RequestException:
            return None
        return answer.json() if answer.status_code == 200 else None

    def wait_for(self, condition, what, seconds=60):
        """As wait_until, but fails at once, with the log's end, if the daemon ends meanwhile."""
        return self._until(condition, what, seconds)

    def wait_for_state(self, name, state, seconds=60):
        """Returns the stream's document once it has that state."""
        def there():
            stream = self.stream(name)
            return stream if stream and stream["state"] == state else None
        return self._until(there, f"stream {name} to be {state}", seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """SIGKILL, and wait. True if it was still running."""
        was = self.running
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        return was

    def wait_exit(self, seconds=30):
        """The exit code; negative: minus the signal that ended it (a failpoint's kill is -9)."""
        return self.process.wait(seconds)

    def terminate(self, seconds=30):
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.wait_exit(seconds)

    def __enter__(self):
        return self if self.running else self.start()

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"--- end of {self.log_path}\n" + self.log[-6000:])
        self.kill()

    def healthy(self):
        return self._answers("/health")

    def ready(self):
        return self._answers("/ready")

    def _answers(self, path):
        try:
            return self.request("GET", path, timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def _until(self, condition, what, seconds):
        def done():
            if not self.running:
                raise AssertionError(f"the daemon ended ({self.process.returncode}) while waiting for {what}:\n{self.log[-4000:]}")
            return condition()
        try:
            return wait_until(done, what, seconds)
        except NotInTime as error:
            raise NotInTime(f"{error}\n--- end of {self.log_path}\n{self.log[-4000:]}") from None

    def _checked(self, method, path, body, expect, **options):
        answer = self.request(method, path, body, **options)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text

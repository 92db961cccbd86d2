"""The first command of the README, as a newcomer runs it: to the end with --once, and until Ctrl-C."""
import os
import pty
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from daemon import binary
from servers import own_directory
from waiting import wait_until

REPO = Path(os.environ["LAKETIDE_SOURCE_DIR"])
SCRIPT = REPO / "conf/quickstart/run.sh"


@pytest.fixture
def run_dir():
    directory = own_directory("quickstart")
    yield directory
    shutil.rmtree(directory)


def environment(run_dir):
    preset = Path(binary()).resolve().parent.name
    return {**os.environ, "LAKETIDE_RUN_DIR": str(run_dir), "LAKETIDE_PRESET": preset}


def left_running(run_dir):
    """Command lines of processes that know the run's directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(run_dir) in line:
            found.append(line)
    return found


class Terminal:
    """The script on a terminal of its own, in the foreground, so that Ctrl-C reaches it as a person's does."""

    def __init__(self, run_dir):
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            os.execvpe("bash", ["bash", str(SCRIPT)], environment(run_dir))
        os.set_blocking(self._screen, False)
        self.text = ""

    def read(self):
        try:
            while data := os.read(self._screen, 65536):
                self.text += data.decode(errors="replace")
        except (BlockingIOError, OSError):
            pass
        return self.text

    def press_ctrl_c(self):
        os.write(self._screen, b"\x03")

    def ended(self):
        self.read()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return None if pid == 0 else [os.waitstatus_to_exitcode(status)]


def test_once_compares_and_stops(run_dir):
    done = subprocess.run(["bash", str(SCRIPT), "--once"], env=environment(run_dir), stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "All 20000 records of the topic stand in the table exactly once" in done.stdout
    wait_until(lambda: not left_running(run_dir), "what it started to end", 10)


def test_ctrl_c_stops_all_it_started(run_dir):
    terminal = Terminal(run_dir)
    try:
        wait_until(lambda: "Ctrl-C stops" in terminal.read() or terminal.ended(), "the quick start to be up", 240)
        assert re.search(r"\d+ rows at version \d+", terminal.text), terminal.text
        assert left_running(run_dir)
        terminal.press_ctrl_c()
        assert wait_until(terminal.ended, "the quick start to end", 60) == [130], terminal.text
    finally:
        try:
            os.kill(terminal.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert "Stopped." in terminal.text
    wait_until(lambda: not left_running(run_dir), "what it started to end", 10)


def test_what_it_started_ends_with_it(run_dir):
    terminal = Terminal(run_dir)
    wait_until(lambda: "Ctrl-C stops" in terminal.read() or terminal.ended(), "the quick start to be up", 240)
    assert left_running(run_dir)
    os.kill(terminal.pid, signal.SIGKILL)
    wait_until(lambda: not left_running(run_dir), "what it started to end", 30)


def test_a_directory_with_something_in_it_is_not_touched(run_dir):
    (run_dir / "thesis.txt").write_text("mine")
    done = subprocess.run(["bash", str(SCRIPT), "--once"], env=environment(run_dir), stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 1 and "LAKETIDE_RUN_DIR" in done.stdout, done.stdout
    assert (run_dir / "thesis.txt").read_text() == "mine"

"""The first command of the README, as a newcomer runs it: to the end with --once, and until Ctrl-C, with every line it prints pasted."""
import json
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


def run_once(run_dir, *arguments, **env):
    return subprocess.run(["bash", str(SCRIPT), "--once", *arguments], env={**environment(run_dir), **env}, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)


def assert_all_stand(done, records):
    assert done.returncode == 0, done.stdout
    assert f"All {records} records of the topic stand exactly once in the Delta table and in the PostgreSQL table" in done.stdout, done.stdout


def made(folder):
    """What downloads and builds leave behind, with the time each was written."""
    return {file: file.stat().st_mtime_ns for file in (Path(binary()), folder / "venv/.installed")}


def alive(run_dir):
    """Which of its servers the quick start has running now."""
    parts = {"kafka.Kafka": "broker", "/bin/postgres -D": "PostgreSQL", " serve ": "daemon"}
    lines = left_running(run_dir)
    return {name for word, name in parts.items() if any(word in line for line in lines)}


def left_running(word):
    """Command lines with that word in them: the run's directory, or the broker's address, which the generator knows."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(word) in line:
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
        self._status = None

    def read(self):
        try:
            while data := os.read(self._screen, 65536):
                self.text += data.decode(errors="replace")
        except (BlockingIOError, OSError):
            pass
        return self.text

    def press_ctrl_c(self):
        os.write(self._screen, b"\x03")

    def kill(self):
        """Ends the script as kill -9 does, unless it has ended."""
        if self.ended() is None:
            os.kill(self.pid, signal.SIGKILL)
            wait_until(self.ended, "the killed script to be gone", 10)

    def ended(self):
        """The exit code in a list, or None while it runs."""
        self.read()
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = None if pid == 0 else [os.waitstatus_to_exitcode(status)]
        return self._status

    def wait_until_up(self):
        wait_until(lambda: "Ctrl-C stops" in self.read() or self.ended(), "the quick start to be up", 240)
        assert self.ended() is None, (self.ended(), self.text)


def test_once_compares_and_stops_and_keeps_when_told(run_dir):
    assert_all_stand(run_once(run_dir), 20000)
    wait_until(lambda: not left_running(run_dir), "what it started to end", 10)
    before = made(REPO / "build")
    assert_all_stand(run_once(run_dir, "--keep"), 40000)
    wait_until(lambda: not left_running(run_dir), "what it started to end", 10)
    assert made(REPO / "build") == before, "a second run neither downloads nor builds"


def paste(lines, word):
    """Runs the one printed line that has the word in it, as typed into another terminal; its output."""
    [line] = [line for line in lines if word in line]
    done = subprocess.run(["bash", "-c", line], cwd="/", stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "", (line, done.stdout, done.stderr)
    lines.remove(line)
    return done.stdout


def assert_lines_work(text):
    lines = [line[2:].rstrip() for line in text.split("It is yours.")[1].splitlines() if line.startswith("  ")]
    by_id = r"^ +(\d) \| +\d+ \| +[\d.]+ \| \d{4}-"
    assert [one["sinks"] for one in [json.loads(paste(lines, "/stream/events/epochs"))["epochs"][-1]]] != [[]]
    stopped = json.loads(paste(lines, "/stream/stop"))["streams"]
    assert [(one["pipeline"], one["state"]) for one in stopped] == [("events", "STOPPED")]
    rows = int(re.search(r"(\d+) rows in", paste(lines, "table show"))[1])
    assert rows == sum(end["committed"] for end in stopped[0]["partitions"]), "the table holds what the stopped stream says it committed"
    assert f"[{rows} rows x 4 columns]" in paste(lines, "DeltaTable")
    assert re.findall(by_id, paste(lines, "GROUP BY"), re.MULTILINE) == [str(number) for number in range(10)]
    assert len(paste(lines, "table cat").splitlines()) == 11
    assert re.findall(r"events +\| (\S+)", paste(lines, "laketide.progress")) == ["postgres:public.events"]
    assert json.loads(paste(lines, "start -d '{\"pipeline\""))["pipeline"] == "events"
    assert json.loads(paste(lines, "\"name\""))["pipeline"] == "high"
    assert "plan" not in paste(lines, " check ") and json.loads(paste(lines, "/stream/events"))["pipeline"] == "events"
    assert re.search(r"high\| *(STARTING|RUNNING)", paste(lines, " status "))
    assert "1000 records written" in paste(lines, " produce ")
    assert lines == [], "every printed line was tried"


def test_every_printed_line_works_and_ctrl_c_stops_all_postgres_last(run_dir):
    terminal = Terminal(run_dir)
    order = []

    def ended():
        now = alive(run_dir)
        if not order or order[-1] != now:
            order.append(now)
        return terminal.ended()

    try:
        terminal.wait_until_up()
        assert len(re.findall(r"Delta (\d+) rows at version \d+, PostgreSQL \1 rows", terminal.text)) == 3, terminal.text
        assert_lines_work(terminal.text)
        refused = run_once(run_dir)
        assert refused.returncode == 1 and "Another quick start runs" in refused.stdout, refused.stdout
        assert alive(run_dir) == {"broker", "PostgreSQL", "daemon"}, "the refused one stopped nothing"
        terminal.press_ctrl_c()
        assert wait_until(ended, "the quick start to end", 60) == [130], terminal.text
    finally:
        terminal.kill()
    assert "Stopped." in terminal.text
    wait_until(lambda: not left_running(run_dir), "what it started to end", 10)
    assert left_running(re.search(r"--brokers (\S+)", terminal.text)[1]) == []
    assert all("PostgreSQL" in now for now in order if now), order
    log = (run_dir / "postgres/log").read_text()
    assert "database system is shut down" in log and "terminating connection" not in log, "no client was left when it stopped"
    again = run_once(run_dir, "--keep")
    assert again.returncode == 0, again.stdout
    assert int(re.search(r"All (\d+) records", again.stdout)[1]) > 21000, "what was there, and 20000 more"


def test_what_it_started_ends_with_it(run_dir):
    terminal = Terminal(run_dir)
    try:
        terminal.wait_until_up()
        assert left_running(run_dir)
    finally:
        terminal.kill()
    assert_all_stand(run_once(run_dir), 20000)  # and nothing of the killed one's data
    wait_until(lambda: not left_running(run_dir), "what it started to end", 30)


def test_a_failing_step_says_which_where_and_what_to_do(run_dir, tmp_path):
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'the tide is out' >&2\nexit 3\n")
    java.chmod(0o755)
    done = run_once(run_dir, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 1, done.stdout
    assert "[6/9] Start Kafka ... FAILED" in done.stdout and 'Step "Start Kafka" failed. The end of its log, ' in done.stdout
    assert "the tide is out" in done.stdout and f"The broker's log is {run_dir}/kafka/log." in done.stdout
    wait_until(lambda: not left_running(run_dir), "the PostgreSQL it had started to end", 10)


def test_the_build_shows_how_far_it_is_while_it_goes():
    script = f'. {REPO}/conf/quickstart/setup.sh && progress 4>&1 > /dev/null'
    with subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shown:
        shown.stdin.write("[0/2] Re-checking globbed directories...\n" + "".join(f"[{number}/64] Building CXX object\n" for number in range(17)))
        shown.stdin.flush()
        assert shown.stdout.read(4) == "25% ", "while the build still goes on"
        shown.stdin.write("".join(f"[{number}/64] Building CXX object\n" for number in range(17, 65)))
        shown.stdin.close()
        assert shown.stdout.read() == "50% 75% 100% "


def test_a_directory_with_something_in_it_is_not_touched(run_dir):
    (run_dir / "thesis.txt").write_text("mine")
    done = run_once(run_dir)
    assert done.returncode == 1 and "LAKETIDE_RUN_DIR" in done.stdout, done.stdout
    assert (run_dir / "thesis.txt").read_text() == "mine"


@pytest.mark.skipif(os.getuid() != 0, reason="only root runs PostgreSQL as another user")
def test_a_directory_that_postgres_could_not_reach_is_refused_at_once(tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    done = run_once(hidden / "run")
    assert done.returncode == 1 and "nobody cannot reach" in done.stdout and "[1/" not in done.stdout, done.stdout

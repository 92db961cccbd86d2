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

from deltalake import DeltaTable

from daemon import binary
from servers import own_directory
from waiting import wait_until

REPO = Path(os.environ["LAKETIDE_SOURCE_DIR"])
SCRIPT = REPO / "conf/quickstart/run.sh"
HISTORY = 1_000_000  # records that each run's jobs are over


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


def assert_all_stand(done, records, runs=1):
    """The stream's records stand in both tables; those of the jobs of so many runs in theirs, and who had what was shown."""
    assert done.returncode == 0, done.stdout
    assert f"All {records} records of the topic stand exactly once in the Delta table and in the PostgreSQL table" in done.stdout, done.stdout
    half = runs * HISTORY // 2
    assert f"hold exactly their ranges, value for value: {half} rows in Delta, {half} in PostgreSQL, " in done.stdout, done.stdout
    assert_jobs_shown(done.stdout, runs * HISTORY)


def shown_end(text, name):
    """What was read, filtered and written by the job, and into what."""
    return re.search(rf"job-[0-9a-f]+ {name} SUCCEEDED: (\d+) records in, (\d+) filtered, (\d+) rows into (\S+)", text).groups()


def assert_jobs_shown(text, records):
    """Jobs at work beside each other with the pools' shares meanwhile, how each ended, and the broker's real range for the one that failed."""
    share = re.search(r"of the last minute's CPU time: .*batch-pool (\d+)\.\d%", text)
    assert share and int(share[1]) > 50, text
    half = str(HISTORY // 2)
    assert shown_end(text, "history_early") == (half, "0", half, "delta:history_early"), text
    assert shown_end(text, "history_late") == (half, "0", half, "postgres:public.history_late"), text
    read, filtered, written, sink = shown_end(text, "history_high")
    assert (read, int(filtered) + int(written), sink) == (str(HISTORY), HISTORY, "delta:history_high"), text
    assert 0.08 < int(written) / HISTORY < 0.12, "about one in ten is above 90"
    assert re.search(r"history_missing FAILED: 0 records in.*\n +offset_out_of_range: ", text), text
    available = json.loads(re.search(r"The broker has (\{.*\})", text)[1])
    assert sorted(available) == ["0", "1", "2", "3"] and sum(end for _, end in available.values()) == records, text


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
    assert_all_stand(run_once(run_dir, "--keep"), 40000, runs=2)
    wait_until(lambda: not left_running(run_dir), "what it started to end", 10)
    assert made(REPO / "build") == before, "a second run neither downloads nor builds"
    damage(run_dir)
    done = run_once(run_dir, "--keep")
    assert done.returncode == 1, done.stdout
    found = re.search(r"The table history_early lacks (\d+) rows, such as (.*)\n *The table history_late has too many 1 rows, such as \{'id': 77, ", done.stdout)
    assert found and found[1] == "1" and "'value': -5.0" in done.stdout, done.stdout


def damage(run_dir):
    """One row of a job's Delta table goes, and one comes into PostgreSQL's."""
    table = DeltaTable(str(run_dir / "lake/history_early"))
    [row] = table.to_pyarrow_dataset().head(1, columns=["ts", "id", "value"]).to_pylist()
    gone = table.delete(f"ts = '{row['ts'].isoformat()}' AND id = {row['id']} AND value = {row['value']!r}")
    assert gone["num_deleted_rows"] == 1, gone
    server = REPO / "tests/services/postgres.sh"
    script = (f"set -e; bash {server} start {run_dir}/postgres > /dev/null; "
              f"$(bash {server} psql {run_dir}/postgres) -c \"INSERT INTO public.history_late VALUES (77, now(), -5)\"; bash {server} stop {run_dir}/postgres")
    done = subprocess.run(["bash", "-c", script], env={**os.environ, "LAKETIDE_OWNER": str(os.getpid())}, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert done.returncode == 0 and "INSERT 0 1" in done.stdout, done.stdout


def paste(lines, word, first=False):
    """Runs the one printed line that has the word in it, or the first of several, as typed into another terminal; its output."""
    line, *others = [line for line in lines if word in line]
    assert first or not others, (word, line, others)
    done = subprocess.run(["bash", "-c", line], cwd="/", stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "", (line, done.stdout, done.stderr)
    lines.remove(line)
    return done.stdout


def assert_job_lines_work(lines):
    early = json.loads(paste(lines, "/batch/status/job-", first=True))
    assert (early["status"], early["pipeline"], early["rowsOut"]) == ("SUCCEEDED", "history_early", HISTORY // 2)
    failed, code = paste(lines, "/batch/status/job-").splitlines()
    failed = json.loads(failed)
    assert (code, failed["status"], failed["pipeline"], failed["error"]["code"]) == ("500", "FAILED", "history_missing", "offset_out_of_range")
    assert sum(end for _, end in failed["error"]["available"].values()) == HISTORY
    [receipt] = json.loads(paste(lines, "/receipt"))["epochs"]
    assert receipt["rowsIn"] == receipt["rowsOut"] == HISTORY // 2
    low = json.loads(paste(lines, "batch/run?wait="))
    assert (low["status"], low["pipeline"], low["rowsIn"]) == ("SUCCEEDED", "low", HISTORY) and 0 < low["rowsOut"] == HISTORY - low["filtered"]
    cancelled = json.loads(paste(lines, "/batch/cancel/"))
    listed = json.loads(paste(lines, "/batch?status=SUCCEEDED"))["jobs"]
    assert {"low", "history_early", "history_late", "history_high"} <= {job["pipeline"] for job in listed}
    assert {job["status"] for job in listed} == {"SUCCEEDED"}
    assert cancelled["jobId"] in paste(lines, " batch list ")
    assert json.loads(paste(lines, "PUT"))["weight"] == 2
    pools = {pool["name"]: pool for pool in json.loads(paste(lines, "/pools"))["pools"]}
    assert (pools["batch-pool"]["weight"], pools["streaming-pool"]["weight"]) == (2, 3) and pools["batch-pool"]["cpuSeconds"] > 0
    assert "batch-pool" in paste(lines, " pool list ")
    counts = re.findall(r"^ +\d \| +(\d+) \|", paste(lines, "public.history_late"), re.MULTILINE)
    assert len(counts) == 10 and sum(map(int, counts)) == HISTORY // 2


def assert_lines_work(text):
    lines = [line[2:].rstrip() for line in text.split("It is yours.")[1].splitlines() if line.startswith("  ")]
    assert_job_lines_work(lines)
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
        assert_jobs_shown(terminal.text, HISTORY)
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


def test_ctrl_c_while_jobs_run_leaves_all_of_each_or_nothing(run_dir):
    terminal = Terminal(run_dir)
    try:
        wait_until(lambda: re.search(r"history_\w+ RUNNING", terminal.read()) or terminal.ended(), "a job to run", 240)
        assert terminal.ended() is None, terminal.text
        terminal.press_ctrl_c()
        assert wait_until(terminal.ended, "the quick start to end", 60) == [130], terminal.text
    finally:
        terminal.kill()
    assert "Traceback" not in terminal.text and "It is yours" not in terminal.text and "Stopped." in terminal.text, terminal.text
    wait_until(lambda: not left_running(run_dir), "what it started to end", 10)
    again = run_once(run_dir, "--keep")  # takes up again what was cut, and compares every job's table
    assert again.returncode == 0 and "All jobs' tables hold exactly their ranges" in again.stdout, again.stdout


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
    assert "[6/10] Start Kafka ... FAILED" in done.stdout and 'Step "Start Kafka" failed. The end of its log, ' in done.stdout
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

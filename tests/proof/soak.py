"""The soak: hours without a fault, under steady and bursty load, with jobs and pipelines that come and go. Nothing may grow.

Sampled: resident memory, descriptors, threads, temporary files, sizes of ledger and state and log. Judged: the mean of
the last quarter of the samples against that of the second quarter, so that the warm-up counts for nothing, and a single
burst for little. The checker judges each job and each passing pipeline as it ends; at the end everything must have caught up, and
it has the word on the two that stayed.
"""

import os
import pathlib
import random
import re
import shutil
import statistics
import threading
import time

import workload
from campaign import Servers, make_daemon
from feed import Layout
from record import RecordSpec

SAMPLE_S = 5.0
STEADY, BURST = 300, 3000  # records per second
PATIENCE_S = 600  # the machine may have other work
# Of the lines that stay: shorter than the default, and long enough for the checker to read every version of hours in minutes.
EPOCH = "2s"
# What may be larger in the last quarter than in the second: (share, absolute). The engine's io threads are told and not judged: one is made
# when all others are busy, up to a fixed number, and stays.
IO_THREAD = "lt-io"
MAY_GROW = {
    "rss_mib": (0.05, 4),
    "heap_mib": (0.05, 4),
    "ledger_mib": (0.05, 1),
    "descriptors": (0.0, 2),
    "threads_but_io": (0.0, 1),
    "temporary_files": (0.0, 2),
    "state_mib": (0.05, 2),
    "log_mib": (0.05, 1),
}


class Transient(workload.Line):
    """A pipeline that is made, runs for a moment, is stopped and deleted, again and again under new names."""

    kind = "transient"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.document["trigger"]["epoch"] = "100ms"

    def _layout(self, draw):
        return Layout()

    def _rate(self, draw):
        return STEADY


class Bursty(workload.Twins):
    """Steady for a while, then ten times as much for a moment; one record in a thousand is none."""

    kind = "bursty"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.document["trigger"]["epoch"] = EPOCH

    def _spec(self, draw):
        return RecordSpec(draw.randrange(1 << 30), malformed=0.001)

    def _layout(self, draw):
        return Layout()

    def _rate(self, draw):
        return STEADY


class Steady(workload.Windowed):
    """Windows that end soon, so that what is remembered of them stays the same."""

    kind = "soaked"
    sizes_s = (10,)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.document["trigger"]["epoch"] = EPOCH
        self.document["sources"]["events"]["event_time"]["delay"] = "1 minute"

    def _spec(self, draw):
        return RecordSpec(draw.randrange(1 << 30))

    def _layout(self, draw):
        return Layout()

    def _rate(self, draw):
        return STEADY


def metric(text, name):
    """A gauge without labels, in MiB."""
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(found[1]) / 2**20 if found else 0.0


def files_below(directory):
    """(path, bytes) of each file; what comes and goes meanwhile is there or not."""
    for folder, _, names in os.walk(directory):
        for name in names:
            path = pathlib.Path(folder, name)
            try:
                yield path, path.stat().st_size
            except FileNotFoundError:
                continue


def thread_names(pid):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            yield (task / "comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue


def sample(daemon):
    metrics = daemon.get("/metrics")
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    number = lambda name: int(re.search(rf"{name}:\s+(\d+)", status)[1])
    state = dict(files_below(daemon.state))
    threads = list(thread_names(daemon.process.pid))
    return {
        "rss_mib": number("VmRSS") / 1024,
        "anonymous_mib": number("RssAnon") / 1024,
        "heap_mib": metric(metrics, "laketide_heap_allocated_bytes"),
        "heap_resident_mib": metric(metrics, "laketide_heap_resident_bytes"),
        "columns_mib": metric(metrics, "laketide_column_bytes"),
        "threads_io": threads.count(IO_THREAD),
        "threads_kafka": sum(name.startswith("rdk:") for name in threads),
        "threads_but_io": len(threads) - threads.count(IO_THREAD),
        "descriptors": len(list(pathlib.Path(f"/proc/{daemon.process.pid}/fd").iterdir())),
        "temporary_files": sum(path.name.endswith(".tmp") for path, _ in files_below(daemon.directory)),
        "ledger_mib": sum(size for path, size in state.items() if path.name.startswith("ledger.sqlite")) / 2**20,
        "state_mib": sum(state.values()) / 2**20,
        "log_mib": daemon.log_path.stat().st_size / 2**20,
    }


def judge(samples, seconds):
    """What grew, by name: (second quarter, last quarter, per hour). Only those of MAY_GROW are judged; the others are told."""
    quarter = len(samples) // 4
    grown, told = {}, {}
    for name in samples[0]:
        early = statistics.fmean(one[name] for one in samples[quarter : 2 * quarter])
        late = statistics.fmean(one[name] for one in samples[-quarter:])
        told[name] = {
            "second_quarter": round(early, 2),
            "last_quarter": round(late, 2),
            "per_hour": round((late - early) / (seconds * 0.5) * 3600, 3),
        }
        share, absolute = MAY_GROW.get(name, (float("inf"), 0))
        if late > early * (1 + share) + absolute:
            grown[name] = told[name]
    return grown, told


class Soak:
    """One soak: a daemon, the two lines that stay, and what comes and goes beside them. Confined to one thread."""

    def __init__(self, seed, servers, log):
        self._draw, self._servers, self._log = random.Random(seed), servers, log
        self._lines = [
            kind(servers.kafka, servers.postgres, f"soak{seed % 10_000}_{kind.kind}", self._draw)
            for kind in (Steady, Bursty)
        ]
        self._daemon = make_daemon({**servers.config(), "engine": {"memory": "512MiB"}}, None)
        self._job = self._transient = None
        self.samples, self.problems = [], []
        self.counts = {"jobs": 0, "pipelines": 0, "bursts": 0, "records": 0, "rows_judged": 0, "versions_judged": 0}

    def run(self, seconds):
        """Lives for so long, then lets all catch up and be judged. Returns what was measured."""
        try:
            self._daemon.start()
            for line in self._lines:
                line.begin(self._daemon)
                line.load.start()
            self._live(seconds)
            ends = {line.name: line.load.stop() for line in self._lines}
            grown, measured = judge(self.samples, seconds)
            self.problems += [f"{name} grew: {how}" for name, how in grown.items()]
            self._log(f"measured: {measured}")
            self._settle(ends)
        finally:
            for line in filter(None, (*self._lines, self._transient)):
                line.load.stop()
            self._daemon.kill()
        return measured

    def _live(self, seconds):
        pause, began = threading.Event(), time.monotonic()
        turns = {
            1: lambda: self._lines[1].load.at_rate(BURST),
            2: self._end_transient,
            3: lambda: self._lines[1].load.at_rate(STEADY),
            4: self._begin_job,
            5: self._begin_transient,
        }
        while time.monotonic() - began < seconds:
            pause.wait(SAMPLE_S)
            if not self._daemon.running:
                raise AssertionError(f"the daemon ended: {self._daemon.log[-2000:]}")
            self.samples.append(sample(self._daemon))
            if len(self.samples) % 30 == 0:
                minutes = (time.monotonic() - began) / 60
                self._log(f"{minutes:.0f} min: {self.samples[-1]}; {self.counts}, problems: {self.problems}")
            turn = len(self.samples) % 6
            self.counts["bursts"] += turn == 1
            turns.get(turn, lambda: None)()
        self._end_transient()

    def _begin_job(self):
        self._end_job()
        upto = min(self._lines[1].load.acknowledged().values())
        self._job = workload.Job(self._lines[1], self.counts["jobs"], min(upto, 5000))
        self._job.submit(self._daemon)
        self.counts["jobs"] += 1

    def _end_job(self):
        job, self._job = self._job, None
        if job is not None:
            document = self._daemon.wait_for(lambda: job.ended(self._daemon), f"{job.name} to end", PATIENCE_S)
            self._take(job.verdict(self._daemon.lake, document))
            self._clear(job.name)

    def _begin_transient(self):
        name = f"{self._lines[0].name}_{self.counts['pipelines']}"
        self._transient = Transient(self._servers.kafka, self._servers.postgres, name, self._draw)
        self._transient.begin(self._daemon)
        self._transient.load.start()
        self.counts["pipelines"] += 1

    def _end_transient(self):
        line, self._transient = self._transient, None
        if line is None:
            return
        line.load.stop()
        self._daemon.post("/stream/stop", {"pipeline": line.name})
        self._daemon.wait_for_state(line.name, "STOPPED", PATIENCE_S)
        self._take(line.verdict(self._daemon.lake, {}))  # wherever it has come to, nothing is missing and nothing lies about
        answer = self._daemon.request("DELETE", f"/pipelines/{line.name}")
        assert answer.status_code < 300, answer.text
        line.forget()
        self._clear(line.name)

    def _clear(self, name):
        for place in (name, f"_quarantine/{name}"):
            shutil.rmtree(self._daemon.lake / place, ignore_errors=True)

    def _settle(self, ends):
        self._end_job()
        for line in self._lines:
            self._daemon.wait_for(
                lambda line=line: line.caught_up(self._daemon.lake, ends[line.name]), f"{line.name} to catch up", PATIENCE_S
            )
        if self._daemon.terminate(PATIENCE_S) != 0:
            self.problems.append("it did not stop with exit code 0")
        for line in self._lines:
            began = time.monotonic()
            self._take(line.verdict(self._daemon.lake, ends[line.name]))
            self._log(f"{line.name} was judged in {time.monotonic() - began:.0f} s: {self.counts}, problems: {self.problems[:5]}")

    def _take(self, verdict):
        self.problems += verdict.violations
        for name, number in verdict.counts.items():
            what = name.split(".")[-1]
            if what in ("rows", "versions") and not name.startswith("accounts"):
                self.counts[f"{what}_judged"] += number
        self.counts["records"] = sum(line.load.records() for line in self._lines)


def soak(seed, seconds, log):
    # The broker stays; that it gets no time for a moment, on a machine with other work, must not count as its death.
    with Servers({"broker.session.timeout.ms": "60000"}) as servers:
        one = Soak(seed, servers, log)
        measured = one.run(seconds)
    return {
        "ok": not one.problems,
        "seed": seed,
        "seconds": round(seconds),
        **one.counts,
        "samples": len(one.samples),
        "measured": measured,
        "problems": one.problems,
    }

"""The soak: hours without a fault, under steady and bursty load, with jobs and pipelines that come and go. Nothing may grow.

Sampled: resident memory, descriptors, threads, temporary files, sizes of ledger and state and log. Judged: the median of
the last quarter of the samples against that of the second quarter, so that the warm-up and a single burst count for
nothing. At the end everything must have caught up, and the checker has the word.
"""

import pathlib
import random
import re
import statistics
import threading
import time

import workload
from campaign import Servers, make_daemon

SAMPLE_S = 5.0
BURST_S = 8.0
# What may be larger in the last quarter than in the second: (share, absolute).
MAY_GROW = {
    "rss_mib": (0.05, 4),
    "heap_mib": (0.05, 4),
    "ledger_mib": (0.05, 1),
    "descriptors": (0.0, 2),
    "threads": (0.0, 1),
    "temporary_files": (0.0, 2),
}


class Transient(workload.Line):
    """A pipeline that is made, runs for a moment, is stopped and deleted, again and again under new names."""

    kind = "transient"

    def _layout(self, draw):
        return workload.Layout()

    def _rate(self, draw):
        return 500


class Bursty(workload.Twins):
    """Steady for a while, then ten times as much for a moment."""

    kind = "bursty"

    def _layout(self, draw):
        return workload.Layout()

    def _rate(self, draw):
        return 500


class Steady(workload.Windowed):
    """Windows that end soon, so that what is remembered of them stays the same."""

    kind = "soaked"

    def _document(self, draw):
        document = super()._document(draw)
        document["sources"]["events"]["event_time"]["delay"] = "1 minute"
        return document

    def _layout(self, draw):
        return workload.Layout()

    def _rate(self, draw):
        return 500


def metric(text, name):
    """A gauge without labels, in MiB."""
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(found[1]) / 2**20 if found else 0.0


def sample(daemon):
    metrics = daemon.get("/metrics")
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    number = lambda name: int(re.search(rf"{name}:\s+(\d+)", status)[1])
    return {
        "rss_mib": number("VmRSS") / 1024,
        "anonymous_mib": number("RssAnon") / 1024,
        "heap_mib": metric(metrics, "laketide_heap_allocated_bytes"),
        "heap_resident_mib": metric(metrics, "laketide_heap_resident_bytes"),
        "columns_mib": metric(metrics, "laketide_column_bytes"),
        "threads": number("Threads"),
        "descriptors": len(list(pathlib.Path(f"/proc/{daemon.process.pid}/fd").iterdir())),
        "temporary_files": sum(path.name.endswith(".tmp") for path in daemon.directory.rglob("*")),
        "ledger_mib": sum(path.stat().st_size for path in daemon.state.glob("ledger.sqlite*")) / 2**20,
        "state_mib": sum(p.stat().st_size for p in daemon.state.rglob("*") if p.is_file()) / 2**20,
        "log_mib": daemon.log_path.stat().st_size / 2**20,
    }


def judge(samples, seconds):
    """What grew, by name: (second quarter, last quarter, per hour). Only those of MAY_GROW are judged; the others are told."""
    quarter = len(samples) // 4
    grown, told = {}, {}
    for name in samples[0]:
        early = statistics.median(one[name] for one in samples[quarter : 2 * quarter])
        late = statistics.median(one[name] for one in samples[-quarter:])
        told[name] = {
            "second_quarter": round(early, 2),
            "last_quarter": round(late, 2),
            "per_hour": round((late - early) / (seconds * 0.5) * 3600, 3),
        }
        share, absolute = MAY_GROW.get(name, (float("inf"), 0))
        if late > early * (1 + share) + absolute:
            grown[name] = told[name]
    return grown, told


def soak(seed, seconds, log):
    draw = random.Random(seed)
    samples, counts = [], {"jobs": 0, "pipelines": 0, "bursts": 0}
    with Servers() as servers:
        lines = [
            kind(servers.kafka, servers.postgres, f"soak{seed % 10_000}_{kind.kind}", draw)
            for kind in (Steady, Bursty)
        ]
        config = {**servers.config(), "engine": {"memory": "512MiB"}}
        daemon = make_daemon(config, None).start()
        jobs = []
        try:
            for line in lines:
                line.begin(daemon)
                line.load.start()
            _live(daemon, servers, lines, draw, seconds, samples, jobs, counts, log)
            ends = {line.name: line.load.stop() for line in lines}
            grown, told = judge(samples, seconds)
            log(f"measured: {told}")  # the checker reads every version of every table, which takes its time
            problems = [f"{name} grew: {how}" for name, how in grown.items()]
            problems += _settle(daemon, lines, ends, jobs)
        finally:
            for line in lines:
                line.load.stop()
            daemon.kill()
    return {
        "ok": not problems,
        "seed": seed,
        "seconds": round(seconds),
        "records": sum(sum(one.values()) for one in ends.values()),
        **counts,
        "samples": len(samples),
        "measured": told,
        "problems": problems,
    }


def _live(daemon, servers, lines, draw, seconds, samples, jobs, counts, log):
    pause, began, transient = threading.Event(), time.monotonic(), None
    while time.monotonic() - began < seconds:
        pause.wait(SAMPLE_S)
        if not daemon.running:
            raise AssertionError(f"the daemon ended: {daemon.log[-2000:]}")
        samples.append(sample(daemon))
        if len(samples) % 30 == 0:
            log(f"{(time.monotonic() - began) / 60:.0f} min: {samples[-1]}")
        turn = len(samples) % 6
        if turn == 1:
            counts["bursts"] += 1
            lines[1].load.at_rate(5000)
        elif turn == 3:
            lines[1].load.at_rate(500)
        elif turn == 4:
            upto = min(lines[1].load.acknowledged().values())
            job = workload.Job(lines[1], counts["jobs"], min(upto, 5000))
            counts["jobs"] += job.submit(daemon)
            jobs[:] = [*jobs[-20:], job]
        elif turn == 5 and transient is None:
            name = f"{lines[0].name}_{counts['pipelines']}"
            transient = Transient(servers.kafka, servers.postgres, name, draw)
            transient.begin(daemon)
            transient.load.start()
            counts["pipelines"] += 1
        elif turn == 2 and transient is not None:
            transient.load.stop()
            daemon.post("/stream/stop", {"pipeline": transient.name})
            daemon.wait_for_state(transient.name, "STOPPED")
            assert daemon.request("DELETE", f"/pipelines/{transient.name}").status_code < 300
            transient.forget()
            transient = None
    if transient is not None:
        transient.load.stop()


def _settle(daemon, lines, ends, jobs):
    problems = []
    for line in lines:
        daemon.wait_for(
            lambda line=line: line.caught_up(daemon.lake, ends[line.name]), f"{line.name} to catch up", 120
        )
    for job in jobs:
        document = daemon.wait_for(lambda job=job: job.ended(daemon), f"{job.name} to end", 60)
        problems += job.verdict(daemon.lake, document).violations
    if daemon.terminate() != 0:
        problems.append("it did not stop with exit code 0")
    for line in lines:
        problems += line.verdict(daemon.lake, ends[line.name]).violations
    return problems

"""Whether the scheduler gives each pool its share, what choosing costs, and what a stream feels of three jobs that would take all."""
import re
import shutil
import subprocess
import time
from datetime import datetime

from contenders import WORKS, document, service
from daemon import Daemon, binary
from meter import own_cpu

HEAVY, LIGHT = 3, 1  # weights
LIVE_RATE = 20_000
OVERHEAD = re.compile(r"^laketide_scheduler_overhead_cpu_seconds_total ([0-9.e+-]+)$", re.MULTILINE)


def _job(bench, name, pool=None):
    job = {**document(bench, WORKS["delta"]), "name": name, "sinks": [{"delta": {"path": name}}], **({"pool": pool} if pool else {})}
    del job["trigger"]
    return job


def _submit(daemon, bench, name, pool=None):
    return daemon.post("/batch/run", _job(bench, name, pool), expect=202)["jobId"]


def _wait_flowing(daemon, jobs):
    daemon.wait_for(lambda: all(daemon.get(f"/batch/{job}")["progress"] > 0 for job in jobs), "the jobs to flow", 120)


def _pool_share(daemon, name):
    return next(pool["share"] for pool in daemon.get("/pools")["pools"] if pool["name"] == name)


def _overhead(daemon):
    return float(OVERHEAD.search(daemon.get("/metrics")).group(1))


def _weighed(bench, directory, seconds):
    """Two pools, 3 to 1, four jobs each, all in want of more: the share of each second, and the CPU that goes to no job."""
    pools = {"heavy": {"weight": HEAVY}, "light": {"weight": LIGHT}}
    with Daemon({**service(bench), "pools": pools}, directory).start() as daemon:
        jobs = [_submit(daemon, bench, f"{pool}-{number}", pool) for pool in pools for number in range(4)]
        _wait_flowing(daemon, jobs)
        seen, pid = [], daemon.process.pid
        cpu, overhead, look = own_cpu(pid), _overhead(daemon), time.monotonic() + 1
        while len(seen) < seconds and all(daemon.get(f"/batch/{job}")["status"] == "RUNNING" for job in jobs):
            daemon.wait_for(lambda at=look: time.monotonic() >= at, "a second to pass")
            seen.append(_pool_share(daemon, "heavy"))
            look += 1
        cpu, overhead = own_cpu(pid) - cpu, _overhead(daemon) - overhead
        for job in jobs:
            daemon.request("POST", f"/batch/cancel/{job}")
        daemon.terminate(60)
    seen = seen[:-1]  # in the last second a job may have ended
    assert seen, "the jobs ended before a share could be looked at: use more records"
    wanted = HEAVY / (HEAVY + LIGHT)
    return {"shares": seen, "share_error_percent": max(100 * abs(share - wanted) for share in seen), "overhead_percent": 100 * overhead / cpu}


def _moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _delays(daemon, begin, end):
    """Milliseconds from an epoch's opening to its commit, of those committed in [begin, end)."""
    epochs = [one for one in daemon.get("/stream/live/epochs?limit=1000")["epochs"] if begin <= _moment(one["committedAt"]) < end]
    assert epochs, "the stream committed nothing while it was watched"
    return sorted(1000 * (_moment(one["committedAt"]) - _moment(one["openedAt"])) for one in epochs)


def _p99(ordered):
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def _beside(bench, directory, seconds):
    """A stream with epochs of 100 ms, alone and beside three jobs."""
    bench.kafka.create_topic("live", 4)
    stream = {**document(bench, WORKS["delta"]), "name": "live", "trigger": {"epoch": "100ms"}, "sinks": [{"delta": {"path": "live"}}]}
    stream["source"] = {"kafka": {"topic": "live", "start": "earliest"}, "format": {"json": {"schema": "id int, ts timestamptz, value double, source text"}}}
    with Daemon(service(bench), directory).start() as daemon:
        produce = [binary(), "produce", "--brokers", bench.kafka.address, "--topic", "live", "--rate", str(LIVE_RATE)]
        with subprocess.Popen(produce, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as writer:
            try:
                daemon.post("/stream/start", stream)
                daemon.wait_for(lambda: daemon.stream("live")["rowsOut"] > LIVE_RATE, "the stream to flow")

                def watched(jobs=()):
                    begin = time.time()
                    until = begin + seconds
                    daemon.wait_for(lambda: time.time() >= until or any(daemon.get(f"/batch/{job}")["status"] != "RUNNING" for job in jobs), "time to pass", seconds + 60)
                    return _delays(daemon, begin, time.time())
                alone = watched()
                jobs = [_submit(daemon, bench, f"past-{number}") for number in range(3)]
                _wait_flowing(daemon, jobs)
                beside = watched(jobs)
            finally:
                writer.terminate()
        daemon.terminate(60)
    return {"epoch_p99_alone_ms": _p99(alone), "epoch_p99_beside_ms": _p99(beside), "epochs": [len(alone), len(beside)],
            "epoch_delay_ratio": _p99(beside) / _p99(alone)}


def measure(bench, seconds):
    directory = bench.directory / "shares"
    try:
        return {**_weighed(bench, directory / "weighed", seconds), **_beside(bench, directory / "beside", seconds)}
    finally:
        shutil.rmtree(directory, ignore_errors=True)

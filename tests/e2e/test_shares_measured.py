"""What a stream keeps beside batch jobs that would take the whole machine. Measures time: it runs alone."""
import subprocess
import time
from datetime import datetime

from daemon import binary
from jobs import ended, submit
from proven import started

RATE = 20_000
SECONDS = 20
PAST = 12_000_000  # so many that three jobs over them saturate the workers for most of that time, and their last acts are a small part of it


def produce(kafka, topic, *arguments):
    return subprocess.Popen([binary(), "produce", "--brokers", kafka.address, "--topic", topic, *map(str, arguments)],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def document(topic, name, **more):
    return {"name": name, **more, "source": {"kafka": {"topic": topic}, "format": {"json": {"schema": "id int, ts timestamptz, value double, source text"}}},
            "sinks": [{"delta": {"path": name}}]}


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def observed(daemon, begin, end):
    """Rows per second and the epochs' times in seconds, of those that were committed in [begin, end)."""
    epochs = [e for e in daemon.get("/stream/live/epochs?limit=1000")["epochs"] if begin <= moment(e["committedAt"]) < end]
    times = sorted(moment(e["committedAt"]) - moment(e["openedAt"]) for e in epochs)
    return sum(e["rowsIn"] for e in epochs) / (end - begin), times


def p99(times):
    return times[min(len(times) - 1, int(len(times) * 0.99))]


def shares(daemon):
    return {pool["name"]: pool for pool in daemon.get("/pools")["pools"]}


def test_a_stream_keeps_its_rate_and_its_latency_beside_saturating_jobs(kafka):
    kafka.create_topic("live", 4)
    kafka.create_topic("past", 4)
    assert produce(kafka, "past", "--count", PAST, "--rate", 2_000_000).wait(240) == 0
    with started(kafka, stream_defaults={"epoch": "100ms"}) as daemon:
        writer = produce(kafka, "live", "--rate", RATE)
        try:
            daemon.post("/stream/start", document("live", "live"))
            daemon.wait_for(lambda: daemon.stream("live")["rowsOut"] > RATE, "the stream to flow")
            begin = time.time()
            time_is_up = begin + SECONDS
            daemon.wait_for(lambda: time.time() >= time_is_up, "the stream to be watched alone", SECONDS + 5)
            alone, alone_times = observed(daemon, begin, time_is_up)
            jobs = [submit(daemon, document("past", f"past-{n}")) for n in range(3)]
            daemon.wait_for(lambda: all(daemon.get(f"/batch/{job['jobId']}")["progress"] > 0 for job in jobs), "the jobs to flow")
            begin, busy = time.time(), []
            while any(daemon.get(f"/batch/{job['jobId']}")["status"] == "RUNNING" for job in jobs) and time.time() < begin + SECONDS:
                busy.append(shares(daemon)["batch-pool"]["share"])
            end = time.time()
            beside, beside_times = observed(daemon, begin, end)
            ends = [ended(daemon, job, 180) for job in jobs]
        finally:
            writer.terminate()
            writer.wait()
        print(f"alone {alone:.0f} rows/s, p99 {p99(alone_times) * 1000:.0f} ms; beside jobs for {end - begin:.1f} s {beside:.0f} rows/s, "
              f"p99 {p99(beside_times) * 1000:.0f} ms; batch-pool had up to {max(busy):.0%} of the CPU; longest wait "
              f"{shares(daemon)['streaming-pool']['longestWaitMs']} ms; {sum(job['rowsIn'] for job in ends)} rows by jobs")
        assert [job["status"] for job in ends] == ["SUCCEEDED"] * 3
        assert [job["rowsOut"] for job in ends] == [PAST] * 3
        assert beside >= 0.95 * alone
        assert p99(beside_times) <= 2 * p99(alone_times)


# So much for each record that the workers are what there is too little of, also where others slow the broker: a pool that waits for input
# leaves its share to the other.
COSTLY = """SELECT id, ts, value, regexp_replace(regexp_replace(source, '[a-z]*([0-9]+)', 'x\\1', 'g'), '[^0-9]+|[02468]', '-', 'g') AS source FROM weighed"""


def test_two_pools_share_by_their_weights_and_follow_a_change(kafka):
    kafka.create_topic("weighed", 4)
    assert produce(kafka, "weighed", "--count", 8_000_000, "--rate", 0).wait(120) == 0
    with started(kafka, pools={"heavy": {"weight": 3}, "light": {"weight": 1}}) as daemon:
        jobs = [submit(daemon, document("weighed", f"{pool}-{n}", pool=pool, sql=COSTLY)) for pool in ("heavy", "light") for n in range(4)]
        daemon.wait_for(lambda: all(daemon.get(f"/batch/{job['jobId']}")["progress"] > 0.01 for job in jobs), "the jobs to flow")

        def watched(seconds):
            seen, next_look = [], time.time() + 1
            while len(seen) < seconds:
                daemon.wait_for(lambda: time.time() >= next_look, "a second to pass")
                seen.append(shares(daemon)["heavy"]["share"])
                next_look += 1
            return seen
        before = watched(4)
        daemon.request("PUT", "/pools/heavy", {"weight": 1})
        after = watched(3)
        assert all(daemon.get(f"/batch/{job['jobId']}")["status"] == "RUNNING" for job in jobs)
        print(f"share of the heavy pool at 3 to 1: {before}; at 1 to 1: {after}")
        for job in jobs:
            daemon.post(f"/batch/cancel/{job['jobId']}", expect=202)
        assert all(abs(share - 0.75) <= 0.02 for share in before), before
        assert all(abs(share - 0.5) <= 0.02 for share in after[1:]), after

"""State of a size: killed again and again in the middle of it, and what it takes in memory. Measures time: it runs alone.

Sizes are small here. Those of the product's promise are run by hand, and their figures stand in tests/README.md:

    LAKETIDE_STATE_KEYS=1000000 LAKETIDE_LIVE_KEYS=10000000 ctest --test-dir build/ci -R e2e_state_measured -V
"""
import math
import os
import random
import time
from datetime import datetime, timedelta, timezone

import pyarrow.compute as pc
from confluent_kafka import Producer
from deltalake import DeltaTable

from daemon import Daemon

KEYS = int(os.environ.get("LAKETIDE_STATE_KEYS", 20_000))
LIVE_KEYS = int(os.environ.get("LAKETIDE_LIVE_KEYS", 400_000))
FULL = KEYS >= 1_000_000
EPOCH = 5.0 if FULL else 1.0
KILLS = 10
WINDOWS = 4
PARTITIONS = 4
STRIDE = 7919  # has no divisor in common with the keys, so that every key comes once before one comes again
RECORDS = WINDOWS * KEYS * 5 // 4
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


def value_of(i):
    return i * 31 % 1009


def produce(kafka, topic, values):
    """(partition, text) each; acknowledged when this returns."""
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True, "linger.ms": 20, "compression.type": "lz4",
                         "queue.buffering.max.messages": 2_000_000, "queue.buffering.max.kbytes": 1_000_000})
    for n, (partition, text) in enumerate(values):
        producer.produce(topic, value=text, partition=partition)
        if n % 10_000 == 0:
            producer.poll(0)
    assert producer.flush(120) == 0


def readings(first, end):
    """Event time goes on evenly, so that each minute has every key at least once."""
    for i in range(first, end):
        when = START + timedelta(microseconds=i * WINDOWS * 60_000_000 // RECORDS)
        yield i % PARTITIONS, f'{{"k":{i * STRIDE % KEYS},"ts":"{when.isoformat()}","v":{value_of(i)}}}'


def document(name):
    key = ["window_start", "k"]
    return {"name": name,
            "sources": {"events": {"kafka": {"topic": "sized"}, "format": {"json": {"schema": "k bigint not null, ts timestamptz not null, v int"}},
                                   "event_time": {"column": "ts", "delay": "30s"}}},
            "sql": "SELECT window_start, k, count(*) AS n, sum(v) AS s FROM events GROUP BY tumble(ts, INTERVAL '1 minute'), k",
            "output_mode": "update", "trigger": {"epoch": f"{EPOCH}s"},
            "sinks": [{"postgres": {"table": f"public.{name}", "mode": "upsert", "key": key}}, {"delta": {"path": name, "mode": "upsert", "key": key}}]}


def rows_in_postgres(postgres, table):
    if postgres.query(f"SELECT to_regclass('public.{table}')") == [(None,)]:
        return None, None
    return postgres.query(f"SELECT sum(n)::bigint, sum(s)::bigint FROM {table}")[0]


def delta_rows(daemon, name):
    rows = DeltaTable(str(daemon.lake / name)).to_pyarrow_table(columns=["window_start", "k", "n", "s"])
    return rows.sort_by([("window_start", "ascending"), ("k", "ascending")]).combine_chunks()


def memory_peak(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


def test_a_windowed_aggregation_is_killed_ten_times(kafka, postgres):
    assert math.gcd(STRIDE, KEYS) == 1
    seed = int(os.environ.get("LAKETIDE_SEED", random.SystemRandom().randrange(2**31)))
    rng = random.Random(seed)
    print(f"LAKETIDE_SEED={seed} keys={KEYS} records={RECORDS}")
    kafka.create_topic("sized", PARTITIONS)
    ready_after, running_after, remembered = [], [], []
    daemon = Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}).start()
    with daemon:
        daemon.post("/stream/start", document("killed"))
        for kill in range(KILLS):
            if kill % 2 == 1:  # so that much is remembered; the other kills meet a stream that has hardly begun
                daemon.wait_for(lambda: daemon.stream("killed")["lagRecords"] == 0, "what was sent before to be committed", 300)
            produce(kafka, "sized", readings(RECORDS * kill // (KILLS + 1), RECORDS * (kill + 1) // (KILLS + 1)))
            fatal = time.monotonic() + EPOCH * rng.uniform(0.3, 2)
            daemon.wait_for(lambda: time.monotonic() >= fatal, "the time of the kill")
            remembered.append((daemon.stream("killed") or {"stateRows": 0})["stateRows"])
            daemon.kill()
            begun = time.monotonic()
            daemon.start(wait=False)
            daemon.wait_for(daemon.ready, "/ready to answer 200", 60)
            ready_after.append(time.monotonic() - begun)
            daemon.wait_for(lambda: (daemon.stream("killed") or {}).get("state") == "RUNNING", "the stream to run", 120)
            running_after.append(time.monotonic() - begun)
        produce(kafka, "sized", readings(RECORDS * KILLS // (KILLS + 1), RECORDS))
        whole = (RECORDS, sum(map(value_of, range(RECORDS))))
        daemon.wait_for(lambda: rows_in_postgres(postgres, "killed") == whole, "every record to be counted", 600)
        begun = time.monotonic()
        daemon.post("/stream/start", document("unharmed"))
        daemon.wait_for(lambda: rows_in_postgres(postgres, "unharmed") == whole, "the uninterrupted run", 600)
        daemon.wait_for(lambda: all(daemon.stream(name)["lagRecords"] == 0 for name in ("killed", "unharmed")), "the last epochs", 120)
        took = time.monotonic() - begun
        for one, other in (("killed", "unharmed"), ("unharmed", "killed")):
            assert postgres.query(f"SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other} LIMIT 5") == []
        rows = delta_rows(daemon, "killed")
        assert rows.equals(delta_rows(daemon, "unharmed"))
        assert rows.num_rows == WINDOWS * KEYS and (pc.sum(rows["n"]).as_py(), pc.sum(rows["s"]).as_py()) == whole
        assert max(remembered) > KEYS / 4, "too little was restored"
        print(f"ready after {min(ready_after):.2f} to {max(ready_after):.2f} s, running after {min(running_after):.2f} to {max(running_after):.2f} s; "
              f"groups remembered at the kills: {remembered}; the uninterrupted run took {took:.1f} s; peak memory {memory_peak(daemon) >> 20} MiB")
        assert not FULL or max(ready_after) <= 5
        assert daemon.terminate() == 0


def test_live_keys_take_what_they_are_promised_to(kafka):
    """10 million keys of (bigint -> count, sum) within 2 GiB."""
    kafka.create_topic("keys", PARTITIONS)
    produce(kafka, "keys", ((i % PARTITIONS, f'{{"k":{i * 1_000_003},"v":{value_of(i)}}}') for i in range(LIVE_KEYS)))
    spec = {"name": "keys", "sources": {"events": {"kafka": {"topic": "keys"}, "format": {"json": {"schema": "k bigint not null, v int"}}}},
            "sql": "SELECT k, count(*) AS n, sum(v) AS s FROM events GROUP BY k", "output_mode": "update", "trigger": {"epoch": "1s"},
            "sinks": [{"console": {"rows": 1}}]}
    with Daemon({"kafka": {"brokers": kafka.address}, "engine": {"memory": "2GiB"}}) as daemon:
        daemon.post("/stream/start", spec)
        def all_there():
            stream = daemon.stream("keys")
            assert stream["state"] not in ("FAILED", "STALLED"), stream["error"]
            return stream["stateRows"] == LIVE_KEYS and stream
        stream = daemon.wait_for(all_there, "every key to be remembered", 600)
        peak = memory_peak(daemon)
        print(f"{LIVE_KEYS} keys: {stream['stateBytes'] / LIVE_KEYS:.0f} bytes each, peak memory of the process {peak >> 20} MiB")
        assert stream["stateBytes"] <= (2 << 30) / 10_000_000 * LIVE_KEYS
        assert peak <= 2 << 30
        daemon.kill()
        daemon.start()
        produce(kafka, "keys", [(0, '{"k":0,"v":1}')])
        daemon.wait_for(lambda: daemon.stream("keys")["rowsIn"] == 1 and daemon.stream("keys")["stateRows"] == LIVE_KEYS, "the keys to be there again", 120)
        assert daemon.terminate() == 0

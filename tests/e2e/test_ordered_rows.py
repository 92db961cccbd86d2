"""The first rows of each key, late rows in a table of their own, ORDER BY in jobs: over HTTP on a real broker."""
import json
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

import requests
from confluent_kafka import Producer
from deltalake import DeltaTable

from daemon import Daemon
from waiting import wait_until

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
SCHEMA = "id int not null, ts timestamptz not null, value double"


def send(kafka, topic, rows):
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True})
    for row in rows:
        producer.produce(topic, value=json.dumps(row), partition=row["id"] % 2)
    assert producer.flush(30) == 0


def row(number, seconds, value):
    return {"id": number, "ts": (START + timedelta(seconds=seconds)).isoformat(), "value": value}


def source(topic, **more):
    return {"events": {"kafka": {"topic": topic}, "format": {"json": {"schema": SCHEMA}}, **more}}


def rows_of(path):
    return DeltaTable(str(path)).to_pyarrow_table().to_pylist()


def test_duplicates_go_once_into_the_table_over_a_kill(kafka):
    kafka.create_topic("twice", 2)
    spec = {"name": "once_each", "sources": source("twice", event_time={"column": "ts", "delay": "5s"}, deduplicate={"key": ["id"], "within": "10m"}),
            "trigger": {"epoch": "200ms"}, "sinks": [{"delta": {"path": "once_each"}}]}
    with Daemon({"kafka": {"brokers": kafka.address}}) as daemon:
        daemon.post("/stream/start", spec)
        first = [row(n, n, n) for n in range(100)]
        send(kafka, "twice", first + first[:50])
        daemon.wait_for(lambda: daemon.stream("once_each")["rowsIn"] == 150, "the first rows")
        daemon.kill()
        daemon.start()
        send(kafka, "twice", first[50:] + [row(n, n, -1) for n in range(90, 120)])
        daemon.wait_for(lambda: daemon.stream("once_each")["rowsIn"] == 80, "the rest, which is all that this process has read")
        assert Counter(r["id"] for r in rows_of(daemon.lake / "once_each")) == Counter(range(120))
        assert {r["id"]: r["value"] for r in rows_of(daemon.lake / "once_each")} == {n: n if n < 100 else -1 for n in range(120)}
        assert daemon.terminate() == 0


def test_late_rows_and_the_stream_together_are_the_batch(kafka):
    kafka.create_topic("tardy", 2)
    query = "SELECT window_start, window_end, id % 3 AS k, count(*) AS n, sum(value) AS s FROM events GROUP BY tumble(ts, INTERVAL '10 seconds'), id % 3"
    spec = {"name": "tardy", "sources": source("tardy", event_time={"column": "ts", "delay": "0s", "idle_after": "500ms"}), "sql": query,
            "late_rows": {"delta": {"path": "tardy_late"}}, "trigger": {"epoch": "200ms"}, "sinks": [{"delta": {"path": "tardy"}}]}
    with Daemon({"kafka": {"brokers": kafka.address}}) as daemon:
        daemon.post("/stream/start", spec)
        # The same without a place for late rows: they are counted all the same.
        daemon.post("/stream/start", {**{k: v for k, v in spec.items() if k != "late_rows"}, "name": "tardy_plain", "sinks": [{"delta": {"path": "tardy_plain"}}]})
        sent = 0
        for epoch in range(6):  # each goes on by 60 s, and has rows of the one before
            send(kafka, "tardy", [row(n, 60 * epoch + n % 50 - (60 if epoch and n % 7 == 0 else 0), n) for n in range(100)])
            sent += 100
            daemon.wait_for(lambda: {daemon.stream(name)["rowsIn"] for name in ("tardy", "tardy_plain")} == {sent}, "an epoch's rows")
        send(kafka, "tardy", [row(0, 10_000, 1), row(1, 10_000, 1)])  # moves the watermark past every window but its own
        wait_until(lambda: any(r["window_start"] >= START + timedelta(seconds=340) for r in rows_of(daemon.lake / "tardy")), "the last windows")
        last = START + timedelta(seconds=10_000)
        found = defaultdict(lambda: [0, 0.0])
        late = rows_of(daemon.lake / "tardy_late")
        assert len(late) > 0 and {"window_start", "window_end", "id", "ts", "value", "_partition", "_offset"} <= set(late[0])
        for r in rows_of(daemon.lake / "tardy"):
            found[(r["window_start"], r["k"])][0] += r["n"]
            found[(r["window_start"], r["k"])][1] += r["s"]
        for r in late:
            assert r["window_start"] <= r["ts"] < r["window_end"]
            found[(r["window_start"], r["id"] % 3)][0] += 1
            found[(r["window_start"], r["id"] % 3)][1] += r["value"]
        job = daemon.post("/batch/run?wait=60s", {**{k: v for k, v in spec.items() if k not in ("late_rows", "trigger")}, "name": "tardy_batch", "sinks": [{"delta": {"path": "tardy_batch"}}]})
        assert job["status"] == "SUCCEEDED", job
        batch = {(r["window_start"], r["k"]): [r["n"], r["s"]] for r in rows_of(daemon.lake / "tardy_batch") if r["window_start"] != last}
        assert dict(found) == batch
        text = requests.get(daemon.url + "/metrics", timeout=10).text

        def counted(name):
            found = re.findall(rf'laketide_late_rows_total{{partition="(.)",pipeline="{name}",source="events",topic="tardy"}} (\d+)', text)
            shown = daemon.stream(name)
            assert {str(p["partition"]): p["lateRows"] for p in shown["partitions"]} == {p: int(rows) for p, rows in found}
            assert shown["lateRows"] == sum(int(rows) for _, rows in found)
            return {int(p): int(rows) for p, rows in found}

        assert counted("tardy") == Counter(r["_partition"] for r in late) and len(counted("tardy")) == 2, "a row of a tumbling window is late once"
        wait_until(lambda: any(r["window_start"] >= START + timedelta(seconds=340) for r in rows_of(daemon.lake / "tardy_plain")), "the last windows of the other")
        in_windows = sum(r["n"] for r in rows_of(daemon.lake / "tardy_plain") if r["window_start"] != last)
        assert sum(counted("tardy_plain").values()) == sent - in_windows > 0
        assert daemon.terminate() == 0


def test_order_and_first_rows(kafka, postgres):
    kafka.create_topic("races", 2)
    rows = [row(n % 10, n, (n * 37) % 101) for n in range(300)]
    send(kafka, "races", rows)
    top = "SELECT id, rn, value FROM (SELECT id, value, row_number() OVER (PARTITION BY id ORDER BY value DESC, ts) AS rn FROM events) x WHERE rn <= 3"
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}) as daemon:
        wanted = [(r["id"], r["value"]) for r in sorted(rows, key=lambda r: (-r["value"], r["ts"]))][2:12]
        job = daemon.post("/batch/run?wait=60s", {"name": "fastest", "sources": source("races"), "sql": "SELECT id, value FROM events ORDER BY value DESC, ts LIMIT 10 OFFSET 2",
                                                  "sinks": [{"delta": {"path": "fastest"}}]})
        assert job["status"] == "SUCCEEDED", job
        assert [(r["id"], r["value"]) for r in rows_of(daemon.lake / "fastest")] == wanted
        job = daemon.post("/batch/run?wait=60s", {"name": "counted", "sources": source("races"), "sql": "SELECT id, count(*) AS n FROM events GROUP BY id",
                                                  "sinks": [{"delta": {"path": "counted"}}]})
        assert job["status"] == "SUCCEEDED", job
        assert {r["id"]: r["n"] for r in rows_of(daemon.lake / "counted")} == {n: 30 for n in range(10)}
        daemon.post("/stream/start", {"name": "podium", "sources": source("races"), "sql": top, "output_mode": "update", "trigger": {"epoch": "200ms"},
                                      "sinks": [{"postgres": {"table": "public.podium", "mode": "upsert"}}]})
        def podium(of):
            best = defaultdict(list)
            for r in sorted(of, key=lambda r: (-r["value"], r["ts"])):
                if len(best[r["id"]]) < 3:
                    best[r["id"]].append(r["value"])
            return {(key, place): value for key, values in best.items() for place, value in enumerate(values, 1)}
        seen = lambda: {(key, place): value for key, place, value in postgres.query("SELECT id, rn, value FROM podium")}
        daemon.wait_for(lambda: daemon.stream("podium")["rowsIn"] == len(rows), "the first epoch, which makes the table")
        wait_until(lambda: seen() == podium(rows), "the first podium")
        more = [row(n % 10, 300 + n, 90 + n % 13) for n in range(50)]
        daemon.kill()
        send(kafka, "races", more)
        daemon.start()
        wait_until(lambda: seen() == podium(rows + more), "the podium after the kill")
        assert daemon.terminate() == 0

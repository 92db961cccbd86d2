"""Queries that remember, over HTTP on a real broker: windows and word counts into console, PostgreSQL and Delta."""
import json
import re
import signal
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import requests
from confluent_kafka import Producer
from deltalake import DeltaTable

from daemon import Daemon
from waiting import wait_until

STATE_POINTS = ["state.clear.before", "state.clear.after", "state.write.before", "state.write.after", "state.forget.before", "state.forget.after"]
# Between the state's version and the sinks' commits, and between these.
PROTOCOL_POINTS = ["epoch.prepared", "epoch.planned", "delta.commit.before", "delta.commit.after", "postgres.commit.sent", "epoch.sink_committed", "ledger.committed.before"]

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


def send(kafka, topic, records):
    """(partition, value) each; acknowledged when this returns."""
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True})
    for partition, value in records:
        producer.produce(topic, value=value, partition=partition)
    assert producer.flush(30) == 0


def readings(count, seed=0):
    """Records of ten ids over ten minutes, a little out of order in each partition."""
    out = []
    for i in range(count):
        jitter = ((i * 7919 + seed) % 11) - 5
        when = START + timedelta(seconds=600 * i / count + jitter)
        row = {"id": i % 10, "ts": when.isoformat(), "value": (i * 37 % 1000) / 10, "source": f"s{i % 3}"}
        out.append((i % 2, row))
    return out


def averages(rows):
    """{(window_start, id): (average, count)} as a person would compute it."""
    groups = defaultdict(list)
    for row in rows:
        when = datetime.fromisoformat(row["ts"])
        window = when.replace(second=when.second - when.second % 10, microsecond=0)
        groups[(window, row["id"])].append(row["value"])
    return {key: (sum(values) / len(values), len(values)) for key, values in groups.items()}


def delta_averages(path):
    return {(row["window_start"].astimezone(timezone.utc), row["id"]): (row["avg_value"], row["n"]) for row in DeltaTable(str(path)).to_pyarrow_table().to_pylist()}


def postgres_averages(postgres, table):
    return {(start.astimezone(timezone.utc), key): (average, count)
            for start, key, average, count in postgres.query(f"SELECT window_start, id, avg_value, n FROM {table}")}


def close_to(found, wanted):
    return found.keys() == wanted.keys() and all(abs(found[k][0] - wanted[k][0]) < 1e-9 and found[k][1] == wanted[k][1] for k in wanted)


def metrics(daemon):
    return requests.get(daemon.url + "/metrics", timeout=10).text


def delay_told(daemon):
    told = re.search(r'laketide_watermark_delay_seconds\{pipeline="averages"\} (\S+)', metrics(daemon))
    return float(told[1]) if told else 0.0


def document(topic, name, **more):
    return {"name": name,
            "sources": {"events": {"kafka": {"topic": topic}, "format": {"json": {"schema": "id int not null, ts timestamptz not null, value double, source text"}},
                                   "event_time": {"column": "ts", "delay": "30s"}}},
            "sql": "SELECT window_start, window_end, id, avg(value) AS avg_value, count(*) AS n FROM events GROUP BY tumble(ts, INTERVAL '10 seconds'), id",
            "output_mode": "update", "trigger": {"epoch": "200ms"},
            "sinks": [{"postgres": {"table": f"public.{name}", "mode": "upsert", "key": ["window_start", "id"]}},
                      {"delta": {"path": name, "mode": "upsert", "key": ["window_start", "id"]}},
                      {"console": {"rows": 3}},
                      {"delta": {"path": f"{name}_raw"}, "select": "SELECT id, ts, value, source FROM events", "output_mode": "append"}],
            **more}


def test_tumbling_averages_in_update_mode_into_every_sink_with_the_raw_rows_beside(kafka, postgres):
    kafka.create_topic("readings", 2)
    records = readings(4000)
    rows = [row for _, row in records]
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}) as daemon:
        daemon.post("/stream/start", document("readings", "averages"))
        half = len(records) // 2
        send(kafka, "readings", [(p, json.dumps(row)) for p, row in records[:half]])
        daemon.wait_for(lambda: daemon.stream("averages")["rowsIn"] == half, "the first half")
        daemon.kill()
        daemon.start()
        send(kafka, "readings", [(p, json.dumps(row)) for p, row in records[half:]])
        wanted = averages(rows)
        wait_until(lambda: close_to(postgres_averages(postgres, "averages"), wanted), "PostgreSQL to have every average")
        wait_until(lambda: close_to(delta_averages(daemon.lake / "averages"), wanted), "Delta to have every average")
        raw = DeltaTable(str(daemon.lake / "averages_raw")).to_pyarrow_table().to_pylist()
        assert sorted((r["id"], r["ts"], r["value"], r["source"]) for r in raw) == \
            sorted((r["id"], datetime.fromisoformat(r["ts"]), r["value"], r["source"]) for r in rows)
        # How far event time has come: the least of the partitions' newest, less the delay.
        newest = [max(datetime.fromisoformat(row["ts"]) for place, row in records if place == partition) for partition in (0, 1)]
        seen = daemon.wait_for(lambda: (now := daemon.stream("averages"))["lagRecords"] == 0 and now["watermark"] and now, "the last epoch")
        watermark = min(newest) - timedelta(seconds=30)
        assert datetime.fromisoformat(seen["watermark"]) == watermark
        assert datetime.fromisoformat(seen["progress"]["eventTime"]["watermark"]) == watermark
        assert 0 < seen["stateRows"] < len(wanted) and seen["stateBytes"] > 0, "the windows that may still change"
        assert [one["numRowsTotal"] for one in seen["progress"]["stateOperators"]] == [seen["stateRows"]]
        assert f'laketide_state_rows{{pipeline="averages"}} {seen["stateRows"]}\n' in metrics(daemon)
        assert re.search(r'laketide_aggregate_late_records_total\{operator="[^"]+",pipeline="averages"\} 0\n', metrics(daemon))
        # The gauge is told with the topic's ends, every few seconds; until then it may still speak of the first half.
        wait_until(lambda: abs(datetime.now(timezone.utc).timestamp() - watermark.timestamp() - delay_told(daemon)) < 60, "the delay of this watermark")
        # The same query over the same records as one job gives the same table.
        job = daemon.post("/batch/run?wait=60s", {**document("readings", "averages_once"), "sinks": [
            {"postgres": {"table": "public.averages_once", "mode": "upsert", "key": ["window_start", "id"]}}]})
        assert job["status"] == "SUCCEEDED", job
        assert close_to(postgres_averages(postgres, "averages_once"), wanted), "but for the last bits of a sum of doubles"
        assert daemon.terminate() == 0
        assert "window_start" in daemon.log, "the console's table"


def test_word_count_in_complete_mode(kafka, postgres):
    kafka.create_topic("lines", 2)
    lines = ["to be or not to be", "that is the question", "to sleep", "", "perchance to dream"]
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}) as daemon:
        daemon.post("/stream/start", {
            "name": "words", "source": {"kafka": {"topic": "lines"}, "format": "text"},
            "sql": "SELECT word, count(*) AS n FROM (SELECT unnest(string_to_array(value, ' ')) AS word FROM source) AS w GROUP BY word",
            "output_mode": "complete", "trigger": {"epoch": "200ms"},
            "sinks": [{"postgres": {"table": "public.words", "mode": "overwrite"}}, {"delta": {"path": "words", "mode": "overwrite"}}]})
        counts = defaultdict(int)
        for n, line in enumerate(lines):
            send(kafka, "lines", [(n % 2, line)])
            for word in line.split(" ") if line else []:
                counts[word] += 1
            wait_until(lambda: dict(postgres.query("SELECT word, n FROM words")) == counts, f"the counts after {line!r}")
        wait_until(lambda: {r["word"]: r["n"] for r in DeltaTable(str(daemon.lake / "words")).to_pyarrow_table().to_pylist()} == counts, "Delta's")
        assert daemon.terminate() == 0


def test_a_stream_that_remembers_too_much_fails_alone_and_says_what_to_raise(kafka):
    kafka.create_topic("hoarded", 2)
    kafka.create_topic("modest", 2)
    keys = 600_000  # of some 80 bytes each; what its pool has it shares with the other stream, and with the clients of both
    schema = {"json": {"schema": "id bigint not null, v int"}}
    hoarding = {"name": "hoarding", "source": {"kafka": {"topic": "hoarded"}, "format": schema}, "sql": "SELECT id, count(*) AS n, sum(v) AS s FROM source GROUP BY id",
                "output_mode": "update", "trigger": {"epoch": "200ms"}, "sinks": [{"delta": {"path": "hoarding", "mode": "upsert", "key": ["id"]}}]}
    modest = {**hoarding, "name": "modest", "source": {"kafka": {"topic": "modest"}, "format": schema}, "sinks": [{"delta": {"path": "modest", "mode": "upsert", "key": ["id"]}}]}
    with Daemon({"kafka": {"brokers": kafka.address}, "engine": {"memory": "144MiB"}, "pools": {"streaming-pool": {"memory": 0.5}}}) as daemon:
        daemon.post("/stream/start", modest)
        daemon.post("/stream/start", hoarding)
        for n in range(12):
            send(kafka, "modest", [(i % 2, json.dumps({"id": i, "v": n})) for i in range(10)])
            send(kafka, "hoarded", [(i % 2, json.dumps({"id": i, "v": 1})) for i in range(keys * n // 12, keys * (n + 1) // 12)])
        failed = daemon.wait_for_state("hoarding", "FAILED")
        assert failed["error"]["code"] == "memory_exceeded" and "raise engine.memory" in failed["error"]["detail"], failed
        send(kafka, "modest", [(i % 2, json.dumps({"id": i, "v": 100})) for i in range(10)])

        def sums():
            table = daemon.lake / "modest"
            return {row["id"]: (row["n"], row["s"]) for row in DeltaTable(str(table)).to_pyarrow_table().to_pylist()} if DeltaTable.is_deltatable(str(table)) else {}
        daemon.wait_for(lambda: sums() == {i: (13, 166) for i in range(10)}, "the other stream to have all of its rows")
        assert daemon.stream("modest")["state"] == "RUNNING"
        assert daemon.terminate() == 0


def test_averages_survive_a_kill_at_every_step_of_their_state(kafka, postgres):
    kafka.create_topic("cut", 2)
    points = STATE_POINTS + PROTOCOL_POINTS
    records = readings(500 * (len(points) + 1), seed=3)
    daemon = Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}, "stream_defaults": {"epoch": "50ms"}})
    spec = document("cut", "cut", trigger={"epoch": "50ms"})
    sent = 0
    for number, point in enumerate(points):
        with daemon.start(f"{point}=kill", wait=False):
            wait_until(lambda: not daemon.running or daemon.ready(), "requests to be taken, or the kill")
            if number < 2:  # before the first epoch; later the stream goes on by itself
                try:
                    daemon.post("/stream/start", spec)
                except (requests.RequestException, AssertionError):
                    pass  # killed while it was asked
            for chunk in range(5):
                send(kafka, "cut", [(p, json.dumps(row)) for p, row in records[sent:sent + 100]])
                sent += 100
            assert daemon.wait_exit(30) == -signal.SIGKILL, point
    with daemon.start():
        send(kafka, "cut", [(p, json.dumps(row)) for p, row in records[sent:]])
        wanted = averages([row for _, row in records])
        wait_until(lambda: close_to(postgres_averages(postgres, "cut"), wanted), "PostgreSQL to have every average")
        wait_until(lambda: close_to(delta_averages(daemon.lake / "cut"), wanted), "Delta to have every average")
        raw = DeltaTable(str(daemon.lake / "cut_raw")).to_pyarrow_table()
        assert sorted(zip(raw["id"].to_pylist(), raw["ts"].to_pylist())) == sorted((r["id"], datetime.fromisoformat(r["ts"])) for _, r in records)
        assert daemon.terminate() == 0

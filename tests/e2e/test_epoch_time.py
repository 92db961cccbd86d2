"""now(), random(), gen_random_uuid(), _epoch and _pipeline: what a killed process had given to one sink, the next gives to the other."""
import json
import signal
from collections import defaultdict
from datetime import datetime, timezone

import psycopg
from confluent_kafka import Producer
from deltalake import DeltaTable
from proven import started

COLUMNS = ["id", "p", "o", "e", "pipeline", "at", "r", "u"]
SQL = "SELECT id, _partition AS p, _offset AS o, _epoch AS e, _pipeline AS pipeline, now() AS at, random() AS r, gen_random_uuid() AS u FROM source WHERE now() > '2020-01-01'"
RECORDS = 400


def produce(kafka, topic):
    kafka.create_topic(topic, 2)
    producer = Producer({"bootstrap.servers": kafka.address})
    for number in range(RECORDS):
        producer.produce(topic, value=json.dumps({"id": number}), partition=number % 2)
    assert producer.flush(30) == 0


def document(name, topic, sinks):
    return {"name": name, "sql": SQL, "sinks": sinks, "lanes": 2,
            "source": {"kafka": {"topic": topic, "max_offsets_per_epoch": 60}, "format": {"json": {"schema": "id int"}}}}


def of_delta(path):
    if not path.exists():
        return []
    return sorted(tuple(row[name] for name in COLUMNS) for row in DeltaTable(str(path)).to_pyarrow_table().to_pylist())


def of_postgres(server, table):
    with psycopg.connect(server.url) as connection:
        rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM public.{table}").fetchall()
    return sorted(tuple(value.astimezone(timezone.utc) if isinstance(value, datetime) else value for value in row) for row in rows)


def test_a_replayed_epoch_has_the_time_and_the_random_values_that_it_had(kafka, postgres):
    produce(kafka, "moments")
    daemon = started(kafka, postgres=postgres)
    # The third commit of a sink is Delta's of the second epoch: PostgreSQL gets that epoch from the next process.
    with daemon.start("epoch.sink_committed=kill@3"):
        daemon.post("/stream/start", document("moments", "moments", [{"delta": {"path": "moments"}}, {"postgres": {"table": "public.moments"}}]))
        assert daemon.wait_exit(60) == -signal.SIGKILL
    before = of_delta(daemon.lake / "moments")
    assert {row[3] for row in before} == {0, 1}
    with daemon.start():
        daemon.wait_for(lambda: len(of_delta(daemon.lake / "moments")) >= RECORDS, "all records in Delta", 120)
        daemon.wait_for(lambda: len(of_postgres(postgres, "moments")) >= RECORDS, "all records in PostgreSQL", 120)
        daemon.wait_for(lambda: daemon.stream("moments")["lagRecords"] == 0, "the last epoch in the ledger", 120)
        receipts = daemon.get("/stream/moments/epochs")["epochs"]
        job = daemon.post("/batch/run?wait=300s", document("again", "moments", [{"delta": {"path": "again"}}]))
        assert job["status"] == "SUCCEEDED", job
        again = of_delta(daemon.lake / "again")
        assert daemon.terminate() == 0
    rows = of_delta(daemon.lake / "moments")
    assert len(rows) == RECORDS
    assert rows == of_postgres(postgres, "moments")
    assert set(before) < set(rows)

    opened = {receipt["epoch"]: datetime.fromisoformat(receipt["openedAt"]) for receipt in receipts}
    times = defaultdict(set)
    for row in rows:
        times[row[3]].add(row[5])
    assert {epoch: {opened[epoch]} for epoch in times} == times, "one time in each epoch, the one of its receipt"
    assert {row[4] for row in rows} == {"moments"}
    assert len({row[6] for row in rows}) == RECORDS and all(0 <= row[6] < 1 for row in rows)
    assert len({row[7] for row in rows}) == RECORDS and all(row[7][14] == "4" and row[7][19] in "89ab" for row in rows)

    # A job over the same records: the same random values, at another time.
    chosen = [COLUMNS.index(name) for name in ("id", "p", "o", "r", "u")]
    assert [[row[i] for i in chosen] for row in again] == [[row[i] for i in chosen] for row in rows]
    assert len({row[5] for row in again}) == 1 and {row[5] for row in again}.isdisjoint(set().union(*times.values()))

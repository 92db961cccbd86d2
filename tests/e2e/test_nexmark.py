"""Nexmark: each query as a job and as a stream, against plain Python."""
import json
import os
import sys
from datetime import timedelta, timezone
from pathlib import Path

from confluent_kafka import Producer
from deltalake import DeltaTable

from daemon import Daemon
from waiting import wait_until

sys.path.insert(0, str(Path(os.environ["LAKETIDE_SOURCE_DIR"]) / "bench"))
import nexmark  # noqa: E402

RECORDED = json.loads(nexmark.RECORDED.read_text())
COUNT = RECORDED["events"]
AHEAD = nexmark.BASE + timedelta(days=30)  # records of this time only move the watermark


def cell(value):
    return value.astimezone(timezone.utc) if hasattr(value, "astimezone") else value


def rows_of(daemon, name):
    """Without what came of the records far ahead."""
    table = daemon.lake / name
    if not (table / "_delta_log" / f"{0:020}.json").exists():
        return []
    rows = [tuple(cell(value) for value in row.values()) for row in DeltaTable(str(table)).to_pyarrow_table().to_pylist()]
    def ahead(value):
        return value == -1 or (hasattr(value, "astimezone") and value > AHEAD - timedelta(days=2))
    return sorted((row for row in rows if not any(ahead(value) for value in row)), key=str)


def move_watermark(kafka):
    when = AHEAD.isoformat()
    rows = {"person": {"id": -1, "date_time": when}, "auction": {"id": -1, "seller": -2, "date_time": when}, "bid": {"auction": -1, "bidder": -1, "date_time": when}}
    producer = Producer({"bootstrap.servers": kafka.address})
    for topic, row in rows.items():
        for partition in range(2):
            producer.produce(topic, value=json.dumps(row), partition=partition)
    assert producer.flush(30) == 0


def test_every_query_gives_the_same_rows_as_a_job_as_a_stream_and_in_python(kafka, postgres):
    for topic in nexmark.SCHEMAS:
        kafka.create_topic(topic, 2)
    nexmark.fill(kafka.address, COUNT, RECORDED["seed"])
    wanted = {name: sorted(rows, key=str) for name, rows in nexmark.answers(nexmark.events(COUNT, RECORDED["seed"])).items()}
    assert all(wanted.values()), "every query has rows to show"
    assert nexmark.checksums(wanted) == RECORDED["queries"]
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}, "stream_defaults": {"epoch": "200ms"}}) as daemon:
        for name in nexmark.QUERIES:
            once = nexmark.document(name)
            once["name"] = once["sinks"][0]["delta"]["path"] = name + "_once"
            job = daemon.post("/batch/run?wait=120s", once)
            assert job["status"] == "SUCCEEDED", (name, job)
            rows = rows_of(daemon, name + "_once")
            assert rows == wanted[name] and nexmark.checksums({name: rows})[name] == RECORDED["queries"][name], name
        for name in nexmark.QUERIES:
            daemon.post("/stream/start", nexmark.document(name, lanes=1))
        move_watermark(kafka)
        for name in nexmark.QUERIES:
            wait_until(lambda: rows_of(daemon, name) == wanted[name], f"the stream of {name}", 120)
        assert daemon.terminate() == 0

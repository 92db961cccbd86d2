"""Jobs that start from the largest time in their table: nothing is missed, nothing stands there twice."""
from datetime import datetime, timedelta, timezone

import pytest
from confluent_kafka import Producer

from jobs import ended, succeeded
from proven import started

BEGIN = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
SCHEMA = "id int, ts timestamptz, value int"


def produce(kafka, topic, ids, value, partitions=2):
    """Record `i` is from `i` minutes after BEGIN, in its column as in Kafka's time."""
    producer = Producer({"bootstrap.servers": kafka.address})
    for i in ids:
        at = BEGIN + timedelta(minutes=i)
        text = f'{{"id":{i},"ts":"{at.isoformat()}","value":{value}}}'
        producer.produce(topic, text, partition=i % partitions, timestamp=int(at.timestamp() * 1000))
    assert producer.flush(30) == 0


def document(name, sink, **more):
    return {"name": name, "source": {"kafka": {"topic": name}, "format": {"json": {"schema": SCHEMA}}}, "sinks": [sink], **more}


def upsert(name):
    return {"postgres": {"table": f"public.{name}", "mode": "upsert", "key": ["id"]}}


def test_goes_on_from_the_largest_time_of_a_postgres_table(kafka, postgres):
    kafka.create_topic("newest", 2)
    produce(kafka, "newest", range(100), 1)
    with started(kafka, postgres=postgres) as daemon:
        body = document("newest", upsert("newest"), startOffset="sink:max(ts)", overlap="10m")
        first = succeeded(daemon, daemon.post("/batch/run", body, expect=202))
        assert first["range"] == {"0": [0, 50], "1": [0, 50]}, "no table yet: from the first record"
        assert "resume" in first["advice"]
        produce(kafka, "newest", range(100, 130), 2)
        second = succeeded(daemon, daemon.post("/batch/run", body, expect=202))
        # The largest is of minute 99, ten minutes before it is 89.
        assert second["range"] == {"0": [45, 65], "1": [44, 65]}
        rows = postgres.query("SELECT id, value FROM public.newest ORDER BY id")
        assert rows == [(i, 1 if i < 100 else 2) for i in range(130)]
        third = succeeded(daemon, daemon.post("/batch/run", body | {"overlap": "0s"}, expect=202))
        assert third["range"] == {"0": [65, 65], "1": [64, 65]}
        assert postgres.query("SELECT count(*), count(DISTINCT id) FROM public.newest") == [(130, 130)]


def test_a_table_that_would_hold_rows_twice_needs_a_word(kafka):
    kafka.create_topic("appended", 2)
    produce(kafka, "appended", range(20), 1)
    with started(kafka) as daemon:
        body = document("appended", {"delta": {"path": "appended"}}, startOffset="sink:max(ts)", overlap="4m")
        refused = daemon.request("POST", "/batch/run", body)
        assert refused.status_code == 422 and refused.json()["code"] == "max_needs_upsert"
        assert refused.json()["field"] == "startOffset"
        allowed = body | {"allowRepeats": True}
        assert succeeded(daemon, daemon.post("/batch/run", allowed, expect=202))["rowsIn"] == 20
        produce(kafka, "appended", range(20, 24), 2)
        again = succeeded(daemon, daemon.post("/batch/run", allowed, expect=202))
        assert again["range"] == {"0": [8, 12], "1": [7, 12]}, "from minute 15 on"
        wrong = ended(daemon, daemon.post("/batch/run", allowed | {"startOffset": "sink:max(value)"}, expect=202))
        assert wrong["status"] == "FAILED" and wrong["error"]["code"] == "bad_column"


@pytest.mark.parametrize("start", ["sink:max()", "sink:max(ts", "sink:min(ts)"])
def test_other_words_are_refused(kafka, start):
    with started(kafka) as daemon:
        refused = daemon.request("POST", "/batch/run", {"topic": "any", "startOffset": start})
        assert refused.status_code == 422 and refused.json()["code"] == "bad_offsets"

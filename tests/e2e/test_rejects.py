"""What the query or a sink refuses stands in the quarantine with bytes, place and reason (PRODUCT §8)."""
import base64
import json

from confluent_kafka import Producer
from proven import started
import readers

SCHEMA = "id bigint, divisor bigint, name text"
GOOD = b'{"id": 1, "divisor": 2, "name": "a"}'
BY_ZERO = b'{"id": 2, "divisor": 0, "name": "b"}'
NUL = b'{"id": 3, "divisor": 1, "name": "c\\u0000"}'
BOTH = b'{"id": 4, "divisor": 0, "name": "d\\u0000"}'


def rows_of(path):
    return [dict(row) for row in readers.read_delta_rs(path)]


def produce(kafka, topic, values):
    producer = Producer({"bootstrap.servers": kafka.address})
    for offset, value in enumerate(values):
        producer.produce(topic, value, key=f"key {offset}".encode(), partition=0, timestamp=1_700_000_000_000 + offset,
                         headers=[("trace", b"\x00\xff%d" % offset), ("none", None)])
    assert producer.flush(30) == 0


def test_rows_refused_by_the_query_and_by_the_encoder_keep_key_value_and_headers(kafka, postgres):
    kafka.create_topic("refused", 1)
    values = [GOOD, BY_ZERO, NUL, GOOD, BOTH]
    produce(kafka, "refused", values)
    document = {"name": "refused", "source": {"kafka": {"topic": "refused"}, "format": {"json": {"schema": SCHEMA}}},
                "sql": "SELECT id, 10 / divisor AS part, name FROM refused",
                "sinks": [{"delta": {"path": "refused"}}, {"postgres": {"table": "public.refused"}}], "bad_records": {"max_ratio": 1.0}}
    with started(kafka, postgres=postgres) as daemon:
        daemon.post("/stream/start", document)
        daemon.wait_for(lambda: (daemon.stream("refused") or {}).get("rowsIn") == len(values), "all records")
        receipts = daemon.get("/stream/refused/epochs")["epochs"]
        assert daemon.terminate() == 0
        rows = {row["offset"]: row for row in rows_of(daemon.lake / "_quarantine" / "refused")}
        assert {offset: (row["stage"], row["code"]) for offset, row in rows.items()} == {
            1: ("evaluate", "division_by_zero"), 2: ("write", "zero_byte"), 4: ("evaluate", "division_by_zero")}
        for offset, row in rows.items():
            assert bytes(row["value"]) == values[offset], row
            assert bytes(row["key"]) == f"key {offset}".encode(), row
            assert [tuple(dict(one).values()) for one in row["headers"]] == [("trace", b"\x00\xff%d" % offset), ("none", None)], row
            assert (row["topic"], row["partition"], row["timestamp"]) == ("refused", 0, (1_700_000_000_000 + offset) * 1000), row
            assert row["reason"], row
        assert sorted(row["id"] for row in rows_of(daemon.lake / "refused")) == [1, 1, 3]
        assert postgres.query("SELECT id, part FROM public.refused") == [(1, 5), (1, 5)]
        for receipt in receipts:
            assert receipt["rowsIn"] == receipt["rowsOut"] + receipt["filtered"] + receipt["quarantined"], receipt
            assert receipt["filtered"] == 0, json.dumps(receipt)
        assert sum(receipt["quarantined"] for receipt in receipts) == 3


def test_rows_that_the_server_refuses_are_read_again_with_all_that_the_record_has(kafka, postgres):
    kafka.create_topic("unwanted", 1)
    large, null = b'{"id": 200, "name": "large"}', b'{"id": null, "name": "null"}'
    values = [b'{"id": 1, "name": "one"}', large, b'{"id": 2, "name": "two"}', null]
    produce(kafka, "unwanted", values)
    postgres.query("CREATE TABLE public.unwanted (id bigint NOT NULL CHECK (id < 100), name text)")
    document = {"name": "unwanted", "source": {"kafka": {"topic": "unwanted"}, "format": {"json": {"schema": "id bigint, name text"}}},
                "sinks": [{"postgres": {"table": "public.unwanted"}}], "bad_records": {"max_ratio": 1.0}}
    with started(kafka, postgres=postgres) as daemon:
        daemon.post("/stream/start", document)
        daemon.wait_for(lambda: (daemon.stream("unwanted") or {}).get("rowsIn") == len(values), "all records")
        receipts = daemon.get("/stream/unwanted/epochs")["epochs"]
        assert [sum(receipt[name] for receipt in receipts) for name in ("rowsIn", "rowsOut", "filtered", "quarantined")] == [4, 2, 0, 2]
        assert daemon.terminate() == 0
    assert postgres.query("SELECT id, name FROM public.unwanted ORDER BY id") == [(1, "one"), (2, "two")]
    rows = postgres.query("""SELECT "offset", code, stage, key, value, headers, topic, partition,
                             (extract(epoch FROM "timestamp") * 1000)::bigint FROM laketide.quarantine WHERE pipeline = 'unwanted' ORDER BY 1""")
    headers = [[{"key": "trace", "base64": base64.b64encode(b"\x00\xff%d" % offset).decode()}, {"key": "none", "value": None}]
               for offset in (1, 3)]
    assert rows == [
        (1, "check_violation", "write", b"key 1", large, headers[0], "unwanted", 0, 1_700_000_000_001),
        (3, "not_null_violation", "write", b"key 3", null, headers[1], "unwanted", 0, 1_700_000_000_003)]


def test_rows_of_a_pattern_keep_their_topics(kafka, postgres):
    """A refused row is found again in its own topic, and of one key the row of an epoch's last topic stays, whichever was read first."""
    refused = b'{"id": 7, "name": null}'
    kafka.create_topic("shops-b", 1)
    kafka.create_topic("shops-a", 1)
    produce(kafka, "shops-b", [b'{"id": 1, "name": "of b"}'])
    produce(kafka, "shops-a", [b'{"id": 1, "name": "of a, early"}', b'{"id": 1, "name": "of a"}', refused])
    postgres.query("CREATE TABLE public.shops (id bigint PRIMARY KEY, name text NOT NULL)")
    document = {"name": "shops", "source": {"kafka": {"pattern": "^shops-.*"}, "format": {"json": {"schema": "id bigint, name text"}}}, "trigger": "once",
                "sinks": [{"postgres": {"table": "public.shops", "mode": "upsert", "key": ["id"]}}], "bad_records": {"max_ratio": 1.0}}
    with started(kafka, postgres=postgres) as daemon:
        daemon.post("/stream/start", document)
        daemon.wait_for_state("shops", "FINISHED")
        assert daemon.terminate() == 0
    assert postgres.query("SELECT id, name FROM public.shops") == [(1, "of b")]
    assert postgres.query('SELECT topic, partition, "offset", value FROM laketide.quarantine WHERE pipeline = \'shops\'') == [("shops-a", 0, 2, refused)]

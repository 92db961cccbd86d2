"""Tests of the generator: records are a pure function, malformed ones are malformed, Kafka holds what was announced.

The tests against Kafka need a broker: PROOF_BROKERS=host:port. Without it they are skipped.
"""

import json
import os
import uuid

import numpy as np
import pytest

import generator
import record
from feed import Feed, Layout
from record import KINDS, RecordSpec


def test_a_record_is_the_same_alone_and_in_a_range():
    spec = RecordSpec(seed=3, size=300, malformed=0.2)
    together = spec.values(2, 100, 400)
    assert together == [spec.value(2, i) for i in range(100, 400)]
    assert together == RecordSpec(seed=3, size=300, malformed=0.2).values(2, 100, 400)


def test_seed_and_partition_change_the_record():
    assert RecordSpec(3).value(0, 5) != RecordSpec(4).value(0, 5)
    hashes = {
        json.loads(RecordSpec(s).value(p, i))["h"] for s in range(5) for p in range(5) for i in range(5)
    }
    assert len(hashes) == 125


def test_json_and_columns_say_the_same():
    spec = RecordSpec(seed=11, size=500)
    f = spec.fields(1, np.arange(3000))
    for n, text in enumerate(spec.values(1, 0, 3000)):
        row = json.loads(text)
        assert len(text) == 500
        assert (row["p"], row["i"], row["id"]) == (1, n, n % 10)
        assert row["value"] == f.value[n] and row["source"] == record.SOURCES[f.source[n]]
        assert np.datetime64(row["ts"][:-1], "us").astype(int) == f.ts[n] and row["ts"].endswith("Z")
        assert int(row["h"], 16) == f.h[n] and row["pad"] == spec.pad_text(n, f.pad[n])


def test_values_need_all_their_digits_sometimes():
    values = RecordSpec(seed=1).fields(0, np.arange(10_000)).value
    long = [v for v in values.tolist() if len(repr(v)) > 12]
    assert 400 < len(long) < 900


@pytest.mark.parametrize("kind", KINDS)
def test_malformed_records_are_malformed(kind):
    spec = RecordSpec(seed=5, malformed=1.0, kinds=(kind,))
    for value in spec.values(0, 0, 500):
        if kind == "tombstone":
            assert value is None
            continue
        if kind == "empty":
            assert value == b""
            continue
        try:
            decoded = json.loads(value.decode("utf-8"))
        except ValueError:
            assert kind in ("truncated", "bad_utf8")
        else:
            assert (kind == "not_object" and not isinstance(decoded, dict)) or (
                kind == "wrong_type" and decoded["value"] == "not a number"
            )


def test_the_malformed_ratio_is_kept_and_starts_where_asked():
    spec = RecordSpec(seed=5, malformed=0.1, malformed_from=1000)
    kinds = spec.kind(0, np.arange(101_000))
    assert not kinds[:1000].any()
    assert 9_000 < (kinds > 0).sum() < 11_000
    assert set(kinds.tolist()) == set(range(len(KINDS) + 1))


def test_layout_of_transactions():
    layout = Layout(size=10, abort_ratio=0.5, seed=1)
    indexes = np.arange(1000)
    offsets = layout.offset(indexes)
    assert (layout.index(offsets) == indexes).all()
    assert layout.index([10, 21]).tolist() == [-1, -1]
    assert [layout.below(o) for o in (0, 9, 10, 11, 12)] == [0, 9, 10, 10, 11]
    aborted = np.zeros(1000, dtype=bool)
    for a, b in layout.aborted_ranges(0, 1000):
        aborted[a:b] = True
    assert (aborted == layout.aborted(indexes)).all() and 0.3 < aborted.mean() < 0.7


def test_tally_counts_what_a_reader_sees():
    feed = Feed(RecordSpec(2, malformed=0.2), 1, layout=Layout(10, 0.3, 2), starts={0: 15})
    seen = [i for i in range(100) if feed.layout.offset([i])[0] >= 15 and not feed.layout.aborted([i])[0]]
    values = {i: feed.kind(0, [i])[0] for i in seen}
    tally = feed.tally(0, 0, 110)
    assert tally["good"] == sum(kind == 0 for kind in values.values())
    assert tally["tombstones"] == sum(kind == record.TOMBSTONE for kind in values.values())
    assert sum(tally.values()) == len(seen)


brokers = os.environ.get("PROOF_BROKERS")
needs_kafka = pytest.mark.skipif(not brokers, reason="set PROOF_BROKERS=host:port to run against Kafka")


@pytest.fixture
def topic():
    from confluent_kafka.admin import AdminClient, NewTopic

    admin, name = AdminClient({"bootstrap.servers": brokers}), f"proof-{uuid.uuid4()}"
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(30)
    yield name
    admin.delete_topics([name])[name].result(30)


def drain(topic, partition, end):
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "proof-test",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0)])
    found = []
    while True:
        message = consumer.poll(30)
        assert message is not None, "no answer from Kafka within 30 s"
        if message.error():
            consumer.close()
            return found
        found.append((message.offset(), message.key(), message.value()))


@needs_kafka
def test_kafka_holds_exactly_the_records(topic, capsys):
    arguments = ["--brokers", brokers, "--topic", topic, "--seed", "6", "--malformed", "0.3"]
    assert generator.main([*arguments, "--to", "3000"]) == 0
    assert generator.main([*arguments, "--to", "5000", "--resume", "--rate", "50000"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["acknowledged"] == {"0": 5000, "1": 5000} and said["records"] == 4000
    spec = RecordSpec(6, malformed=0.3)
    for p in range(2):
        assert drain(topic, p, 5000) == [(i, spec.key(i), v) for i, v in enumerate(spec.values(p, 0, 5000))]


@needs_kafka
def test_a_topic_with_other_records_is_refused(topic, capsys):
    arguments = ["--brokers", brokers, "--topic", topic, "--seed", "6", "--to", "100"]
    assert generator.main(arguments) == 0
    assert generator.main(arguments) == 1
    assert "use a fresh topic" in capsys.readouterr().err


@needs_kafka
def test_aborted_transactions_stand_where_the_layout_says(topic, capsys):
    assert (
        generator.main(
            [
                "--brokers",
                brokers,
                "--topic",
                topic,
                "--seed",
                "6",
                "--to",
                "2000",
                "--transaction-size",
                "100",
                "--abort-ratio",
                "0.4",
            ]
        )
        == 0
    )
    said = json.loads(capsys.readouterr().out)
    layout, spec = Layout(100, 0.4, 6), RecordSpec(6)
    assert said["aborted"] == layout.aborted_ranges(0, 2000) != []
    seen = np.arange(2000)[~layout.aborted(np.arange(2000))].tolist()
    for p in range(2):
        assert drain(topic, p, 2000) == [(i + i // 100, spec.key(i), spec.value(p, i)) for i in seen]

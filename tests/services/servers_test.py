"""The servers keep address and data over stop, crash and freeze, and leave nothing behind."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from servers import KafkaBroker, PostgresServer, own_directory
from waiting import NotInTime, wait_until


def produce(broker, topic, values):
    producer = Producer({"bootstrap.servers": broker.address, "log_level": 0})
    for value in values:
        producer.produce(topic, value=value, partition=0)
    assert producer.flush(30) == 0


def read(broker, topic, count):
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "reader", "log_level": 0})
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        return [record.value() for record in consumer.consume(count, timeout=30)]
    finally:
        consumer.close()


def test_kafka_keeps_records_over_crash_freeze_and_stop():
    with KafkaBroker(settings={"log.flush.interval.messages": 1}) as broker:
        address = broker.address
        broker.create_topic("events", partitions=3, configs={"retention.ms": -1})
        produce(broker, "events", [b"one"])
        broker.kill()
        assert broker.start().address == address
        produce(broker, "events", [b"two"])
        broker.pause()
        broker.resume()
        broker.stop()
        broker.start()
        assert read(broker, "events", 2) == [b"one", b"two"]
        broker.add_partitions("events", 5)
        broker.delete_topic("events")


def test_postgres_keeps_rows_over_crash_freeze_and_stop():
    with PostgresServer() as server:
        url = server.url
        server.query("CREATE TABLE t (n int)")
        server.query("INSERT INTO t VALUES (%s)", 1)
        server.kill()
        assert server.start().url == url
        server.pause()
        with pytest.raises(psycopg.OperationalError):
            server.connect(connect_timeout=2)
        server.resume()
        server.stop()
        server.start()
        assert server.query("SELECT n FROM t") == [(1,)]


def test_a_server_ends_with_its_owner():
    directory = own_directory("orphan")
    script = f"import sys, os; sys.path.insert(0, {str(Path(__file__).parent)!r})\n" \
             f"from servers import PostgresServer\nPostgresServer({str(directory)!r}).start()\nos.kill(os.getpid(), 9)\n"
    subprocess.run([sys.executable, "-c", script], check=False)
    pid = int((directory / "pid").read_text())
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the orphaned server to end", 15)
    shutil.rmtree(directory)


def test_waiting_gives_up():
    with pytest.raises(NotInTime, match="the tide: not within 0.1 s; last seen: 0"):
        wait_until(lambda: 0, "the tide", 0.1)

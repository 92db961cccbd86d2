"""The servers keep address and data over stop, crash and freeze, and leave nothing behind."""
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from proxy import Proxy
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


@pytest.fixture
def echo():
    """(proxy, connect): a server behind a proxy that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                taken = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=answer, args=(taken,), daemon=True).start()

    def answer(taken):
        with taken:
            try:
                while piece := taken.recv(4096):
                    taken.sendall(piece)
            except OSError:
                pass  # cut

    threading.Thread(target=serve, daemon=True).start()
    with Proxy() as proxy:
        proxy.target = listener.getsockname()
        yield proxy, lambda: socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    listener.close()


def ask(connection, text):
    connection.sendall(text)
    answer = b""
    while len(answer) < len(text):
        answer += connection.recv(4096)
    return answer


def test_a_proxy_passes_on_what_comes_and_takes_its_time(echo):
    proxy, connect = echo
    with connect() as connection:
        assert ask(connection, b"x" * 100_000) == b"x" * 100_000
        proxy.delay = 0.1
        began = time.monotonic()
        assert ask(connection, b"late") == b"late"
        assert time.monotonic() - began >= 0.1, "half of it in each direction at least"


def test_a_proxy_cuts_and_serves_those_who_come_again(echo):
    proxy, connect = echo
    with connect() as connection:
        assert ask(connection, b"one") == b"one"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with connect() as connection:
        assert ask(connection, b"two") == b"two"
    assert proxy.taken == 2


def test_a_proxy_that_is_silent_holds_back_and_one_that_forgets_loses(echo):
    proxy, connect = echo
    with connect() as old:
        assert ask(old, b"one") == b"one"
        proxy.silent = True
        old.sendall(b"two")
        old.settimeout(0.3)
        with pytest.raises(TimeoutError):
            old.recv(1)
        proxy.silent = False
        old.settimeout(10)
        assert old.recv(3) == b"two"
        proxy.forget()
        old.sendall(b"three")
        old.settimeout(0.3)
        with pytest.raises(TimeoutError):
            old.recv(1)
    with connect() as new:
        assert ask(new, b"four") == b"four"

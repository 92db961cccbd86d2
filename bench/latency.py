"""From produced to visible: 10,000 records a second into PostgreSQL with epochs of 5 ms, by Laketide and by the same loop by hand, and
into Delta with epochs of 100 ms."""
import bisect
import json
import os
import subprocess
import sys
import threading
import time

import psycopg
import results
from confluent_kafka import Producer
from contenders import COLUMNS, SCHEMA, service
from daemon import Daemon
from psycopg.pq import ExecStatus
from rounds import median_of_rounds

PER_SECOND = 10_000
ROUNDS = 5  # of PostgreSQL, in turn
STEP = 0.001  # of the producer's clock; ten records each
TABLE = "public.latency"


# All that a record needs besides its number: what measures is not to take the machine from what is measured.
RECORD = json.dumps({"id": 0, "event_type": "view", "ts": "2026-01-01T00:00:00Z", "value": 1.5, "source": "s", "user_id": 1}, separators=(",", ":"))
BEFORE_ID, BEHIND_ID = (part.encode() for part in RECORD.split("0", 1))


class Ticker:
    """Produces records 0, 1, … at their times, and remembers when each step's last one was given to the client. Confined to its thread."""

    def __init__(self, kafka, topic, seconds):
        self._producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 1, "acks": "all", "queue.buffering.max.messages": 1_000_000})
        self._topic, self._steps = topic, int(seconds / STEP)
        self.ids, self.when = [], []
        self._thread = threading.Thread(target=self._run, name="ticker")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()

    def _run(self):
        began, pause, number = time.monotonic(), threading.Event(), 0
        for step in range(self._steps):
            left = began + step * STEP - time.monotonic()
            if left > 0:
                pause.wait(left)
            for _ in range(int(PER_SECOND * STEP)):
                self._producer.produce(self._topic, b"%b%d%b" % (BEFORE_ID, number, BEHIND_ID), partition=number % 4)
                number += 1
            self._producer.poll(0)
            self.ids.append(number - 1)
            self.when.append(time.monotonic())
        self._producer.flush(30)

    @property
    def last(self):
        return self._steps * int(PER_SECOND * STEP) - 1


def _watch(ticker, visible, warm, deadline):
    """Latencies in ms of all steps after the first `warm` seconds: `visible()` answers how many records can be seen. Partitions are read side
    by side, so a count of n + 1 stands for records 0 to n."""
    took, seen, pause = [], 0, threading.Event()
    end = time.monotonic() + deadline
    while seen <= ticker.last:
        if time.monotonic() > end:
            raise AssertionError(f"only {seen} of {ticker.last + 1} records became visible")
        count, now = visible(), time.monotonic()
        if count == seen:
            pause.wait(0.0005)
            continue
        ids, when = ticker.ids, ticker.when  # they only grow
        first, behind = bisect.bisect_left(ids, seen), bisect.bisect_left(ids, count)
        took += [1000 * (now - moment) for moment in when[first:behind] if moment - when[0] >= warm]
        seen = count
    return took


def _percentiles(took):
    ordered = sorted(took)
    return {"p50_ms": ordered[len(ordered) // 2], "p99_ms": ordered[int(len(ordered) * 0.99)], "max_ms": ordered[-1]}


def _laketide(bench, topic, sink, epoch, lanes, visible, seconds):
    bench.kafka.create_topic(topic, 4)
    document = {"name": topic, "trigger": {"epoch": epoch}, "lanes": lanes, "sinks": [sink],
                "source": {"kafka": {"topic": topic, "start": "earliest"}, "format": {"json": {"schema": SCHEMA}}}}
    with Daemon(service(bench), bench.directory / topic).start() as daemon:
        daemon.post("/stream/start", document)
        daemon.wait_for_state(topic, "RUNNING")
        with Ticker(bench.kafka, topic, seconds) as ticker:
            took = _watch(ticker, lambda: visible(daemon), seconds / 4, seconds + 60)
        daemon.terminate()
    return _percentiles(took)


def _asked(connection, name, sql):
    """A function that answers the one cell that `sql` finds, as bytes; None as long as there is no such table. It is asked a thousand times a second:
    prepared once, and without the cursors that stand between psycopg and libpq."""
    server, is_prepared = connection.pgconn, False

    def answer():
        nonlocal is_prepared
        if not is_prepared:
            is_prepared = server.prepare(name.encode(), sql.encode()).status == ExecStatus.COMMAND_OK
        found = server.exec_prepared(name.encode(), None) if is_prepared else None
        return found.get_value(0, 0) if found and found.ntuples == 1 else None
    return answer


def _postgres_rows(connection, topic):
    """Progress stands in the rows' own transaction; counting the rows themselves would take longer the more there are."""
    ask = _asked(connection, topic, "select next from laketide.progress")
    return lambda _: _leaves(json.loads(ask() or b"0"))


def _leaves(next_offsets):
    """All offsets of a document of sources, topics and partitions."""
    if isinstance(next_offsets, int):
        return next_offsets
    return sum(map(_leaves, next_offsets.values()))


def _delta_rows():
    """Rows of all versions so far; reads each log file once."""
    state = {"version": 0, "rows": 0}

    def visible(daemon):
        while (file := daemon.lake / "latency" / "_delta_log" / f"{state['version']:020}.json").exists():
            actions = [json.loads(line) for line in file.read_text().splitlines()]
            state["rows"] += sum(json.loads(action["add"]["stats"])["numRecords"] for action in actions if "add" in action)
            state["version"] += 1
        return state["rows"]
    return visible


def _by_hand(bench, topic, connection, seconds):
    """straight_line's loop: what is there is copied every 5 ms, with the number of rows so far in the same transaction."""
    bench.kafka.create_topic(topic, 4)
    connection.execute(f"drop table if exists {TABLE}, {TABLE}_progress")
    connection.execute(f"create table {TABLE} ({', '.join(f'{name} {kind} not null' for name, kind in COLUMNS)})")
    connection.execute(f"create table {TABLE}_progress as select 0::bigint as next")
    ask = _asked(connection, topic, f"select next from {TABLE}_progress")
    with Ticker(bench.kafka, topic, seconds) as ticker:
        command = [str(bench.binaries / "bench/straight_line"), "--brokers", bench.kafka.address, "--topic", topic, "--sink", "follow", "--postgres",
                   bench.postgres.url, "--table", TABLE, "--records", str(ticker.last + 1), "--interval-ms", "5"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as loop:
            took = _watch(ticker, lambda: int(ask()), seconds / 4, seconds + 60)
            assert loop.wait(30) == 0, "the loop by hand did not end well"
    return _percentiles(took)


def _disk(bench, seconds):
    """How long 4 KiB take to be on the disk, asked for every 5 ms while the broker takes the same records and nobody reads them: what is below
    each transaction, whoever commits it."""
    topic = "latency-unread"
    bench.kafka.create_topic(topic, 4)
    took, pause = [], threading.Event()
    with Ticker(bench.kafka, topic, seconds) as ticker, open(bench.directory / "synced", "wb", buffering=0) as file:
        due = time.monotonic()
        while len(ticker.ids) * STEP < seconds:
            began = time.monotonic()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append(1000 * (time.monotonic() - began))
            due = max(due + 0.005, began)
            pause.wait(max(0, due - time.monotonic()))
    return _percentiles(took)


def measure(bench, seconds):
    # What other rows left behind is not to be vacuumed or written back meanwhile.
    bench.postgres.query(f"drop table if exists {results.TABLE}")
    bench.postgres.query("checkpoint")
    subprocess.run(["sync", "--file-system", str(bench.directory)], check=True)
    sys.setswitchinterval(0.0005)  # who looks does not wait five milliseconds for who produces
    disk = _disk(bench, seconds)
    with psycopg.connect(bench.postgres.url, autocommit=True) as connection:
        def by_hand(topic):
            return _by_hand(bench, topic, connection, seconds)

        def laketide(lanes):
            def run(topic):
                connection.execute(f"drop table if exists {TABLE}")
                connection.execute("drop schema if exists laketide cascade")
                sink = {"postgres": {"table": TABLE, "mode": "append"}}
                return _laketide(bench, topic, sink, "5ms", lanes, _postgres_rows(connection, topic), seconds)
            return run

        into_postgres = _in_turn({"PostgreSQL by hand": by_hand, "postgres": laketide(1), "postgres with lanes: auto": laketide("auto")})
    into_postgres["postgres"]["p50_above_hand_ms"] = into_postgres["postgres"]["p50_ms"] - into_postgres["PostgreSQL by hand"]["p50_ms"]
    delta = _laketide(bench, "latency-delta", {"delta": {"path": "latency", "compression": "snappy"}}, "100ms", "auto", _delta_rows(), seconds)
    return {"seconds": seconds, "disk": disk, **into_postgres, "delta": delta}


def _in_turn(runs):
    """Each of `runs` with a topic of its own, ROUNDS times, another first each time: the medians of their percentiles, and the most of all."""
    found = {name: [] for name in runs}
    names = list(runs)
    for number in range(ROUNDS):
        first = number % len(names)
        for at, name in enumerate(names[first:] + names[:first]):
            found[name].append(runs[name](f"latency-{at}-{number}"))
    return {name: median_of_rounds(rounds) for name, rounds in found.items()}

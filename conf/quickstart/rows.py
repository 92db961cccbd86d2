"""Looks at what the quick start's stream wrote, with readers that share no code with the daemon: delta-rs and psycopg.

    rows.py watch  TABLES [--daemon PID]                                a line each time both tables have grown alike, three times
    rows.py sample TABLES                                               a few rows of each
    rows.py count  --brokers B --topic T                                how many records the topic holds
    rows.py verify TABLES --brokers B --topic T --records N             each of the topic's N records stands in each table exactly once

TABLES: --delta PATH --postgres URL --table NAME
"""
import argparse
import collections
import json
import os
import signal
import sys
import time
from datetime import datetime, timezone

import psycopg
from confluent_kafka import Consumer, KafkaError, TopicPartition
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

FIELDS = ("id", "ts", "value", "source")


class Delta:
    """The Delta table of PATH as it is now; no rows while there is none."""

    def __init__(self, arguments):
        self.name = f"Delta table {arguments.delta}"
        try:
            self._table = DeltaTable(arguments.delta)
        except TableNotFoundError:
            self._table = None

    def count(self):
        return self._table.to_pyarrow_dataset().count_rows() if self._table else 0

    def rows(self, limit=None):
        if not self._table:
            return []
        data = self._table.to_pyarrow_dataset()
        return (data.head(limit, columns=list(FIELDS)) if limit else data.to_table(columns=list(FIELDS))).to_pylist()

    def described(self, count):
        return f"Delta {count} rows at version {self._table.version()}"


class Postgres:
    """The PostgreSQL table; no rows while there is none."""

    def __init__(self, arguments):
        self.name = f"PostgreSQL table {arguments.table}"
        self._url, self._table = arguments.postgres, arguments.table

    def count(self):
        answer = self._ask("SELECT count(*)")
        return answer[0][0] if answer else 0

    def rows(self, limit=None):
        return [dict(zip(FIELDS, row)) for row in self._ask(f"SELECT {', '.join(FIELDS)}", limit)]

    def described(self, count):
        return f"PostgreSQL {count} rows"

    def _ask(self, select, limit=None):
        with psycopg.connect(self._url, autocommit=True) as connection:
            try:
                return connection.execute(f"{select} FROM {self._table}{f' LIMIT {limit}' if limit else ''}").fetchall()
            except psycopg.errors.UndefinedTable:
                return []


def tables(arguments):
    return Delta(arguments), Postgres(arguments)


def watch(arguments):
    shown, last, deadline = 0, 0, time.monotonic() + arguments.seconds
    while shown < 3:
        now = tables(arguments)
        counts = [table.count() for table in now]
        # One commits a moment after the other: shown is what both hold.
        if min(counts) > last and counts[0] == counts[1]:
            print("  " + ", ".join(table.described(count) for table, count in zip(now, counts)), flush=True)
            shown, last = shown + 1, counts[0]
        if arguments.daemon and not os.path.exists(f"/proc/{arguments.daemon}"):
            raise SystemExit("the daemon ended")
        if time.monotonic() > deadline:
            raise SystemExit(f"no more rows came within {arguments.seconds:.0f} s: Delta holds {counts[0]}, PostgreSQL {counts[1]}")
        time.sleep(0.2)


def sample(arguments):
    for table in tables(arguments):
        print(f"\n{table.name}:")
        for row in table.rows(5):
            print("  " + "  ".join(f"{name} {row[name]}" for name in FIELDS))


def comparable(row):
    """An event as it is compared: instants as microseconds of UTC, whatever they were written as."""
    ts = row["ts"]
    if isinstance(ts, str):
        ts = datetime.fromisoformat(ts.replace("Z", "+00:00"))
    ts = ts if ts.tzinfo else ts.replace(tzinfo=timezone.utc)
    return row["id"], round(ts.timestamp() * 1e6), row["value"], row["source"]


def events_in_topic(brokers, topic):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "laketide-quickstart-verify", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True})
    unread = set(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in unread])
    events, deadline = collections.Counter(), time.monotonic() + 120
    while unread and time.monotonic() < deadline:
        for record in consumer.consume(10000, timeout=0.2):
            if record.error() is None:
                events[comparable(json.loads(record.value()))] += 1
            elif record.error().code() == KafkaError._PARTITION_EOF:
                unread.discard(record.partition())
    consumer.close()
    if unread:
        raise SystemExit(f"the topic {topic} could not be read to its end")
    return events


def count(arguments):
    print(events_in_topic(arguments.brokers, arguments.topic).total())


def differences(table, expected):
    """What is wrong with the table, as lines; none if each expected event is in it exactly as often as expected."""
    rows = collections.Counter(map(comparable, table.rows()))
    missing, unexpected = expected - rows, rows - expected
    if missing:
        yield f"{table.name} lacks {missing.total()} records of the topic, such as {list(missing)[:3]}"
    if unexpected:
        yield f"{table.name} holds {unexpected.total()} rows more than the topic has records, such as {list(unexpected)[:3]}"


def verify(arguments):
    expected = events_in_topic(arguments.brokers, arguments.topic)
    if expected.total() != arguments.records:
        raise SystemExit(f"the topic {arguments.topic} holds {expected.total()} records, expected {arguments.records}")
    deadline = time.monotonic() + arguments.seconds
    while any(table.count() < arguments.records for table in tables(arguments)) and time.monotonic() < deadline:
        time.sleep(0.2)
    wrong = [line for table in tables(arguments) for line in differences(table, expected)]
    if wrong:
        raise SystemExit("\n".join(wrong))
    print(f"All {arguments.records} records of the topic stand exactly once in the Delta table and in the PostgreSQL table, value for value.")


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is answered by the script that runs this
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for command in (watch, sample, count, verify):
        one = commands.add_parser(command.__name__)
        one.set_defaults(run=command)
        if command is not count:
            for option in ("--delta", "--postgres", "--table"):
                one.add_argument(option, required=True)
        if command in (count, verify):
            for option in ("--brokers", "--topic"):
                one.add_argument(option, required=True)
        if command is watch:
            one.add_argument("--daemon", type=int)
        if command is verify:
            one.add_argument("--records", type=int, required=True)
        one.add_argument("--seconds", type=float, default=60, help="how long rows may take to arrive")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())

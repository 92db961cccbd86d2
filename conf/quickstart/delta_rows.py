"""Looks into a Delta table with delta-rs, a reader that shares no code with the daemon.

    delta_rows.py count PATH                                          "<rows> rows at version <v>"; 0 while there is no table
    delta_rows.py sample PATH                                         a few rows, as pandas prints them
    delta_rows.py verify PATH --brokers B --topic T --records N       each of the topic's N records stands in the table exactly once
"""
import argparse
import collections
import json
import sys
import time
from datetime import datetime, timezone

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

FIELDS = ("id", "ts", "value", "source")


def open_table(path):
    try:
        return DeltaTable(path)
    except TableNotFoundError:
        return None


def rows_of(table):
    return 0 if table is None else table.to_pyarrow_dataset().count_rows()


def count(arguments):
    table = open_table(arguments.path)
    print(f"{rows_of(table)} rows at version {'-' if table is None else table.version()}")


def sample(arguments):
    print(open_table(arguments.path).to_pyarrow_dataset().head(5).to_pandas().to_string(index=False))


def comparable(row):
    """An event as it is compared: instants as microseconds of UTC, whatever they were written as."""
    ts = row["ts"]
    if isinstance(ts, str):
        ts = datetime.fromisoformat(ts.replace("Z", "+00:00"))
    ts = ts if ts.tzinfo else ts.replace(tzinfo=timezone.utc)
    return row["id"], round(ts.timestamp() * 1e6), row["value"], row["source"]


def events_in_topic(brokers, topic, records):
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "laketide-quickstart-verify", "enable.auto.commit": False,
                         "isolation.level": "read_committed"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    events = collections.Counter()
    while (batch := consumer.consume(10000, timeout=5)):
        events.update(comparable(json.loads(record.value())) for record in batch if record.error() is None)
    consumer.close()
    if events.total() != records:
        raise SystemExit(f"the topic {topic} holds {events.total()} records, expected {records}")
    return events


def verify(arguments):
    deadline = time.monotonic() + arguments.seconds
    while rows_of(open_table(arguments.path)) < arguments.records and time.monotonic() < deadline:
        time.sleep(0.2)
    table = open_table(arguments.path)
    if table is None:
        raise SystemExit(f"no Delta table appeared in {arguments.path} within {arguments.seconds} s")
    rows = collections.Counter(map(comparable, table.to_pyarrow_table(columns=list(FIELDS)).to_pylist()))
    expected = events_in_topic(arguments.brokers, arguments.topic, arguments.records)
    missing, unexpected = expected - rows, rows - expected
    if missing or unexpected:
        print(f"missing from the table: {missing.total()}, such as {list(missing)[:3]}")
        print(f"in the table but not so often in the topic: {unexpected.total()}, such as {list(unexpected)[:3]}")
        raise SystemExit(1)
    print(f"All {arguments.records} records of the topic stand in the table exactly once (version {table.version()}).")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for command in (count, sample, verify):
        one = commands.add_parser(command.__name__)
        one.add_argument("path")
        one.set_defaults(run=command)
    one.add_argument("--brokers", required=True)
    one.add_argument("--topic", required=True)
    one.add_argument("--records", type=int, required=True)
    one.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())

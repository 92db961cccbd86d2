"""Upserts over HTTP on a real broker, killed at every step: the last row of each key stands in Delta and PostgreSQL, once."""
import json
import random
import signal
from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pytest
from confluent_kafka import Producer
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from proven import started
from waiting import wait_until

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
SCHEMA = "id int, ts timestamptz not null, value bigint"
IDS = 40
PARTITIONS = 2
# Reached by upserts and overwrites alone; test_failpoints leaves them to this file.
UPSERT_POINTS = ["delta.rework.before", "delta.rework.written", "delta.rework.after", "delta.sweep.before"]
OTHER_POINTS = ["delta.prepare.after", "epoch.planned", "delta.commit.before", "lake.commit.before", "lake.commit.after", "delta.commit.after",
                "postgres.prepare.after", "postgres.commit.before", "postgres.commit.after", "epoch.committed"]


class Updates:
    """Records whose ids come back again and again; a few have none. An id keeps to its partition, so that its last record is one."""

    def __init__(self, kafka, topic, seed):
        kafka.create_topic(topic, PARTITIONS)
        self._producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True})
        self._topic, self._random = topic, random.Random(seed)
        self.last, self.largest, self.sent = {}, {}, 0

    def send(self, count):
        for _ in range(count):
            key = self._random.randrange(IDS + 1)
            row = {"id": key or None, "ts": START + timedelta(seconds=self.sent), "value": self._random.randrange(1000)}
            self._producer.produce(self._topic, json.dumps(row | {"ts": row["ts"].isoformat()}), partition=key % PARTITIONS)
            found = (row["ts"], row["value"])
            self.last[row["id"]] = found
            # Of two rows with the larger value the later one stays.
            if row["id"] not in self.largest or self.largest[row["id"]][1] <= row["value"]:
                self.largest[row["id"]] = found
            self.sent += 1
        assert self._producer.flush(30) == 0


def document(name, **more):
    return {"name": name, "source": {"kafka": {"topic": name}, "format": {"json": {"schema": SCHEMA}}}, "sql": "SELECT id, ts, value FROM source",
            "sinks": [{"delta": {"path": f"{name}_last", "mode": "merge", "key": ["id"], "retain": "0s"}},
                      {"delta": {"path": f"{name}_largest", "mode": "upsert", "key": ["id"], "order_by": "value"}},
                      {"postgres": {"table": f"public.{name}", "mode": "upsert", "key": ["id"]}}], **more}


def by_id(rows):
    found = {row["id"]: (row["ts"], row["value"]) for row in rows}
    assert len(found) == len(rows), "a key stands there twice"
    return found


def delta(daemon, path, version=None):
    root = daemon.lake / path
    return by_id(DeltaTable(str(root), version=version).to_pyarrow_table().to_pylist()) if DeltaTable.is_deltatable(str(root)) else None


def in_postgres(postgres, table):
    if not postgres.query(f"SELECT to_regclass('public.{table}') IS NOT NULL")[0][0]:
        return None
    return by_id([dict(zip(("id", "ts", "value"), row)) for row in postgres.query(f"SELECT id, ts, value FROM public.{table}")])


def wait_equal(daemon, postgres, name, updates):
    def equal():
        return (delta(daemon, f"{name}_last") == updates.last and delta(daemon, f"{name}_largest") == updates.largest
                and in_postgres(postgres, name) == updates.last)
    daemon.wait_for(equal, f"the tables of {name} to hold the last row of each id", 90)


def test_the_last_row_of_each_id_stands_in_every_table_whatever_dies(kafka, postgres):
    name = "upserted"
    updates = Updates(kafka, name, seed=11)
    updates.send(300)
    daemon = started(kafka, postgres=postgres, stream_defaults={"epoch": "50ms"})
    for point in UPSERT_POINTS + OTHER_POINTS:
        with daemon.start(f"{point}=kill@{3 if point != 'delta.sweep.before' else 1}", wait=False):
            daemon.wait_for(lambda: not daemon.running or daemon.ready(), "requests to be taken")
            if daemon.running:
                try:
                    daemon.post("/stream/start", document(name))
                except Exception:  # noqa: BLE001 the process may end while it answers
                    assert not daemon.ready()
            def died():
                updates.send(20)
                return not daemon.running
            wait_until(died, f"a kill at {point}", 60)
            assert daemon.wait_exit() == -signal.SIGKILL, point
    with daemon.start():
        daemon.post("/stream/start", document(name))
        updates.send(200)
        wait_equal(daemon, postgres, name, updates)
        assert daemon.terminate() == 0
    every_version_reads(daemon, f"{name}_largest")
    orphans(daemon, f"{name}_largest")


def every_version_reads(daemon, path):
    """Each version has each key once, and an id once seen stays (nothing is deleted here)."""
    seen = set()
    for version in range(DeltaTable(str(daemon.lake / path)).version() + 1):
        found = delta(daemon, path, version)
        assert seen <= found.keys(), version
        seen = found.keys()
    assert None in seen and len(seen) == IDS + 1


def orphans(daemon, path):
    """Every file below the table is named by its log."""
    root = daemon.lake / path
    named = set()
    for log in (root / "_delta_log").glob("*.json"):
        for line in log.read_text().splitlines() if log.name[0].isdigit() else ():
            action = json.loads(line)
            named |= {action[kind]["path"] for kind in ("add",) if kind in action}
    assert {file.name for file in root.rglob("*.parquet") if "_delta_log" not in file.parts} <= named


def test_replaced_files_go_where_nothing_is_to_be_retained(kafka, postgres):
    name = "swept"
    updates = Updates(kafka, name, seed=12)
    with started(kafka, postgres=postgres, stream_defaults={"epoch": "50ms"}) as daemon:
        daemon.post("/stream/start", document(name))
        def swept():
            updates.send(50)
            root = daemon.lake / f"{name}_last"
            return (root / "_delta_log" / f"{40:020}.json").exists() and len(list(root.glob("*.parquet"))) < 15
        daemon.wait_for(swept, "files to be removed")
        wait_equal(daemon, postgres, name, updates)


def test_two_lines_upsert_into_one_table(kafka, postgres):
    """A stream, and jobs over the same records: each key stands there once, with one of its rows."""
    name = "shared"
    updates = Updates(kafka, name, seed=13)
    updates.send(500)
    one = {**document(name), "sinks": document(name)["sinks"][:1]}
    with started(kafka, postgres=postgres) as daemon:
        daemon.post("/stream/start", one)
        jobs = [daemon.post("/batch/run", {**one, "allowRepeats": True}, expect=202)["jobId"] for _ in range(3)]
        updates.send(500)
        for job in jobs:
            daemon.wait_for(lambda job=job: daemon.request("GET", f"/batch/{job}").json()["status"] in ("SUCCEEDED", "FAILED"), "the job to end")
            assert daemon.request("GET", f"/batch/{job}").json()["status"] == "SUCCEEDED", daemon.request("GET", f"/batch/{job}").text
        daemon.wait_for(lambda: (delta(daemon, f"{name}_last") or {}).keys() == updates.last.keys(), "all ids to be there")


@pytest.mark.parametrize("sink, field", [({"delta": {"path": "refused", "mode": "upsert"}}, "key"), ({"delta": {"path": "refused", "mode": "overwrite"}}, "output_mode")])
def test_what_a_sink_cannot_do_is_refused(kafka, sink, field):
    with started(kafka) as daemon:
        answer = daemon.request("POST", "/stream/start", {"name": "refused", "source": {"kafka": {"topic": "refused"}}, "sinks": [sink]})
        assert answer.status_code == 422 and field in answer.text, answer.text


def test_a_row_for_which_delete_when_holds_ends_its_key(kafka, postgres):
    """As a change feed has it: a record that says `gone` ends the row, a later one begins it anew."""
    name = "ended"
    kafka.create_topic(name, 1)
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True})
    more = {"mode": "upsert", "key": ["id"], "delete_when": "gone OR value < 0"}
    body = {"name": name, "source": {"kafka": {"topic": name}, "format": {"json": {"schema": "id int not null, ts timestamptz not null, value bigint, gone boolean"}}},
            "sinks": [{"delta": {"path": name, **more}}, {"postgres": {"table": f"public.{name}", **more}},
                      {"delta": {"path": f"{name}_selected", "select": "SELECT id, ts, value FROM result", **more, "delete_when": "value < 0"}}]}
    rows, picked = random.Random(14), {}
    with started(kafka, postgres=postgres, stream_defaults={"epoch": "100ms"}) as daemon:
        daemon.post("/stream/start", body)
        for number in range(600):
            row = {"id": rows.randrange(30), "ts": (START + timedelta(seconds=number)).isoformat(), "value": rows.randrange(-2, 8), "gone": rows.choice([True, False, None, None])}
            producer.produce(name, json.dumps(row))
            picked[row["id"]] = row
            if number % 150 == 149:
                assert producer.flush(30) == 0
        def wanted(ended):
            return {i: (datetime.fromisoformat(row["ts"]), row["value"]) for i, row in picked.items() if not ended(row)}
        last = wanted(lambda row: row["gone"] or row["value"] < 0)
        assert 0 < len(last) < 30
        daemon.wait_for(lambda: delta(daemon, name) == last and in_postgres(postgres, name) == last
                        and delta(daemon, f"{name}_selected") == wanted(lambda row: row["value"] < 0), "the rows that did not end")


def test_a_foreign_merge_beside_the_stream_loses_nothing(kafka, postgres):
    """delta-rs merges other keys into the table all the while; both sides' rows stand there at the end."""
    name = "foreign"
    updates = Updates(kafka, name, seed=15)
    updates.send(100)
    one = {**document(name), "sinks": document(name)["sinks"][1:2]}
    with started(kafka, stream_defaults={"epoch": "50ms"}) as daemon:
        daemon.post("/stream/start", one)
        daemon.wait_for(lambda: delta(daemon, f"{name}_largest") is not None, "the table to be made")
        path, theirs, lost = str(daemon.lake / f"{name}_largest"), {}, 0
        for turn in range(25):
            updates.send(20)
            source = {1000 + turn: (START, turn), 1001 + turn: (START, turn)}
            table = pa.table({"id": pa.array(source, pa.int32()), "ts": pa.array([ts for ts, _ in source.values()], pa.timestamp("us", "UTC")),
                              "value": pa.array([value for _, value in source.values()], pa.int64())})
            try:
                DeltaTable(path).merge(table, "t.id = s.id", source_alias="s", target_alias="t").when_matched_update_all().when_not_matched_insert_all().execute()
                theirs |= source
            except DeltaError:  # its own commit lost to ours too often
                lost += 1
        assert len(theirs) > 5, lost
        daemon.wait_for(lambda: delta(daemon, f"{name}_largest") == updates.largest | theirs, "both sides' rows to stand there")


def test_the_key_of_an_aggregate_is_its_groups(kafka, postgres):
    """mode: upsert without a key, in update mode: the group's columns tell rows apart."""
    name = "keyed"
    updates = Updates(kafka, name, seed=16)
    updates.send(200)
    body = {**document(name), "sql": "SELECT id, count(*) AS n, max(value) AS largest FROM source GROUP BY id", "output_mode": "update",
            "sinks": [{"delta": {"path": name, "mode": "upsert"}}, {"postgres": {"table": f"public.{name}", "mode": "upsert"}}]}
    with started(kafka, postgres=postgres, stream_defaults={"epoch": "100ms"}) as daemon:
        daemon.post("/stream/start", body)
        for _ in range(5):
            updates.send(100)
        def largest(rows):
            assert len({row[0] for row in rows}) == len(rows), "a key stands there twice"
            return sum(row[1] for row in rows), {row[0]: row[2] for row in rows}
        wanted = (updates.sent, {i: value for i, (_, value) in updates.largest.items()})
        def equal():
            root = daemon.lake / name
            if not DeltaTable.is_deltatable(str(root)):
                return False
            in_lake = [(row["id"], row["n"], row["largest"]) for row in DeltaTable(str(root)).to_pyarrow_table().to_pylist()]
            return largest(in_lake) == wanted and largest(postgres.query(f"SELECT id, n, largest FROM public.{name}")) == wanted
        daemon.wait_for(equal, "both tables to hold the groups")

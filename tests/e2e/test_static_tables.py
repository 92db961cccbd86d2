"""Streams and jobs joined with tables of PostgreSQL: each epoch sees one version of a table, and a replay the same one."""
import json
import signal

import pytest
from confluent_kafka import Producer
from deltalake import DeltaTable

from daemon import Daemon
from waiting import wait_until


def send(kafka, topic, rows):
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True})
    for n, row in enumerate(rows):
        producer.produce(topic, json.dumps(row), partition=n % 2)
    assert producer.flush(30) == 0


def document(name, table, **more):
    return {"name": name,
            "sources": {"events": {"kafka": {"topic": name}, "format": {"json": {"schema": "id int not null, code text"}}}},
            "tables": {"products": {"postgres": {"table": f"public.{table}"}, "refresh": "200ms"}},
            "sql": "SELECT e.id, e.code, p.price, p.tags, p.mood FROM events e LEFT JOIN products p ON e.code = p.code",
            "trigger": {"epoch": "100ms"}, "sinks": [{"delta": {"path": name}}], **more}


def make_products(postgres, table, price):
    postgres.query(f"CREATE TYPE mood_{table} AS ENUM ('calm', 'wild')")
    postgres.query(f"CREATE TABLE {table} (code text, price numeric(10,2), tags text[], mood mood_{table})")
    postgres.query(f"INSERT INTO {table} VALUES ('a', {price}, '{{x,y}}', 'calm'), ('b', {price} + 1, NULL, 'wild'), (NULL, 0, '{{}}', 'calm')")


def rows_of(daemon, path, version=None):
    root = daemon.lake / path
    if not (root / "_delta_log").exists():
        return {}
    rows = DeltaTable(str(root), version=version).to_pyarrow_table().to_pylist()
    found = {row["id"]: (row["code"], None if row["price"] is None else float(row["price"]), row["tags"], row["mood"]) for row in rows}
    assert len(found) == len(rows), "a row stands there twice"
    return found


def first_rows(daemon, path):
    """Of the first epoch that had any."""
    versions = range(DeltaTable(str(daemon.lake / path)).version() + 1)
    return next(rows for rows in (rows_of(daemon, path, version) for version in versions) if rows)


def events(first, count):
    return [{"id": i, "code": "abc"[i % 3]} for i in range(first, first + count)]


def wanted(rows, price):
    of_code = {"a": (price, ["x", "y"], "calm"), "b": (price + 1, None, "wild"), "c": (None, None, None)}
    return {row["id"]: (row["code"], *of_code[row["code"]]) for row in rows}


def loaded_at(daemon, name):
    return daemon.stream(name)["tables"][0]["loadedAt"]


def versions_on_disk(daemon, name):
    return sorted((daemon.state / "tables" / name / "products").glob("*.table"))


def test_a_stream_sees_the_table_as_it_was_refreshed_and_a_job_as_it_is(kafka, postgres):
    name = "enriched"
    kafka.create_topic(name, 2)
    make_products(postgres, name, 10)
    first, second = events(0, 60), events(60, 60)
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}) as daemon:
        send(kafka, name, first)
        daemon.post("/stream/start", document(name, name))
        expected = wanted(first, 10)
        wait_until(lambda: rows_of(daemon, name) == expected, "the first rows with their prices")
        before = loaded_at(daemon, name)
        assert daemon.stream(name)["tables"] == [{"table": "products", "loadedAt": before, "rows": 3, "error": None}]
        postgres.query(f"UPDATE {name} SET price = price + 10")
        daemon.wait_for(lambda: loaded_at(daemon, name) > before, "the table to be loaded again")
        # An epoch that was open when the new version came still sees the old one; this one is not.
        send(kafka, name, [{"id": -1, "code": "c"}])
        daemon.wait_for(lambda: -1 in rows_of(daemon, name), "an epoch to pass")
        send(kafka, name, second)
        expected |= wanted(second, 20) | {-1: ("c", None, None, None)}
        wait_until(lambda: rows_of(daemon, name) == expected, "the second rows with the new prices")
        # Nobody needs the first version any more.
        daemon.wait_for(lambda: len(versions_on_disk(daemon, name)) == 1, "the old version to go")
        job = daemon.post("/batch/run?wait=60s", document("enriched-job", name, sinks=[{"delta": {"path": "job"}}],
                                                          sources={"events": {"kafka": {"topic": name}, "format": {"json": {"schema": "id int not null, code text"}}}}))
        assert job["status"] == "SUCCEEDED", job
        assert rows_of(daemon, "job") == wanted(first + second, 20) | {-1: ("c", None, None, None)}
        assert daemon.terminate() == 0


@pytest.mark.parametrize("point", ["epoch.planned", "delta.commit.before"])
def test_an_epoch_that_is_run_again_sees_what_it_saw(kafka, postgres, point):
    name = "replayed_" + point.replace(".", "_")
    kafka.create_topic(name, 2)
    make_products(postgres, name, 1)
    rows = events(0, 300)
    daemon = Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}})
    with daemon.start(f"{point}=kill@1", wait=False):
        send(kafka, name, rows)
        daemon.wait_for(lambda: daemon.ready(), "requests to be taken")
        # One epoch has everything that is there.
        daemon.post("/stream/start", document(name, name, trigger={"epoch": "2s"}))
        assert daemon.wait_exit() == -signal.SIGKILL
    assert len(versions_on_disk(daemon, name)) >= 1
    postgres.query(f"UPDATE {name} SET price = price + 499")
    postgres.query(f"ALTER TABLE {name} ADD COLUMN later int")
    with daemon.start():
        later = events(1000, 30)
        send(kafka, name, later)
        daemon.wait_for(lambda: len(rows_of(daemon, name)) == 330, "all rows")
        replayed = first_rows(daemon, name)
        assert replayed and replayed == {i: row for i, row in wanted(rows, 1).items() if i in replayed}, "the prices that the planned epoch saw"
        expected = {i: row for i, row in wanted(rows + later, 500).items() if i not in replayed}
        assert {i: row for i, row in rows_of(daemon, name).items() if i not in replayed} == expected, "the prices of today"
        assert daemon.terminate() == 0


def test_a_table_that_cannot_be_loaded(kafka, postgres):
    name = "troubled"
    kafka.create_topic(name, 2)
    rows = events(0, 30)
    send(kafka, name, rows)
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}) as daemon:
        daemon.post("/stream/start", document(name, name))
        daemon.wait_for_state(name, "FAILED")
        assert "troubled" in daemon.stream(name)["error"]["detail"]
        make_products(postgres, name, 7)
        daemon.post("/stream/start", document(name, name))
        wait_until(lambda: rows_of(daemon, name) == wanted(rows, 7), "the rows once the table is there")
        postgres.query(f"ALTER TABLE {name} RENAME TO elsewhere")
        daemon.wait_for(lambda: daemon.stream(name)["tables"][0]["error"] is not None, "the status to say so")
        assert daemon.stream(name)["state"] == "RUNNING"
        more = events(30, 30)
        send(kafka, name, more)
        wait_until(lambda: rows_of(daemon, name) == wanted(rows + more, 7), "rows joined with what was there before")
        postgres.query(f"ALTER TABLE elsewhere RENAME TO {name}")
        daemon.wait_for(lambda: daemon.stream(name)["tables"][0]["error"] is None, "the table to be well again")
        assert daemon.terminate() == 0


def test_a_server_that_is_away_stalls_the_first_start(kafka, postgres):
    name = "stalled"
    kafka.create_topic(name, 2)
    rows = events(0, 10)
    send(kafka, name, rows)
    make_products(postgres, name, 3)
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}) as daemon:
        postgres.stop()
        daemon.post("/stream/start", document(name, name))
        daemon.wait_for_state(name, "STALLED")
        postgres.start()
        wait_until(lambda: rows_of(daemon, name) == wanted(rows, 3), "the rows once the server is there")
        assert daemon.terminate() == 0

"""Streams and jobs joined with tables of PostgreSQL, Delta tables and files: each epoch sees one version of a table, and a replay the same one."""
import json
import signal
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer
from deltalake import DeltaTable, write_deltalake

from daemon import Daemon
from waiting import wait_until


def send(kafka, topic, rows):
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True})
    for n, row in enumerate(rows):
        producer.produce(topic, json.dumps(row), partition=n % 2)
    assert producer.flush(30) == 0


def document(name, table, **more):
    """`table`: in PostgreSQL, or what stands under the table's name."""
    table = {"postgres": {"table": f"public.{table}"}} if isinstance(table, str) else table
    return {"name": name,
            "sources": {"events": {"kafka": {"topic": name}, "format": {"json": {"schema": "id int not null, code text"}}}},
            "tables": {"products": {**table, "refresh": "200ms"}},
            "sql": "SELECT e.id, e.code, p.price, p.tags, p.mood FROM events e LEFT JOIN products p ON e.code = p.code",
            "trigger": {"epoch": "100ms"}, "sinks": [{"delta": {"path": name}}], **more}


def make_products(postgres, table, price):
    postgres.query(f"CREATE TYPE mood_{table} AS ENUM ('calm', 'wild')")
    postgres.query(f"CREATE TABLE {table} (code text, price numeric(10,2), tags text[], mood mood_{table})")
    postgres.query(f"INSERT INTO {table} VALUES ('a', {price}, '{{x,y}}', 'calm'), ('b', {price} + 1, NULL, 'wild'), (NULL, 0, '{{}}', 'calm')")


def write_products(daemon, price, **more):
    """The same as a Delta table, by another engine, in a version of its own; the file of each version before stays."""
    write_deltalake(str(daemon.lake / "products"), pa.table({
        "code": ["a", "b", None], "price": pa.array([Decimal(price), Decimal(price + 1), Decimal(0)], pa.decimal128(10, 2)),
        "tags": pa.array([["x", "y"], None, []], pa.list_(pa.string())), "mood": ["calm", "wild", "calm"], **more}), mode="overwrite", schema_mode="overwrite")


PRODUCTS = {"delta": {"path": "products"}}


def rows_of(daemon, path, version=None):
    root = daemon.lake / path
    if not DeltaTable.is_deltatable(str(root)):
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


def check_replayed(daemon, name, rows, more):
    """The planned epoch saw the first prices, whatever the table holds by now; all that came after it sees today's."""
    daemon.wait_for(lambda: len(rows_of(daemon, name)) == len(rows) + len(more), "all rows")
    replayed = first_rows(daemon, name)
    assert replayed and replayed == {i: row for i, row in wanted(rows, 1).items() if i in replayed}, "the prices that the planned epoch saw"
    expected = {i: row for i, row in wanted(rows + more, 500).items() if i not in replayed}
    assert {i: row for i, row in rows_of(daemon, name).items() if i not in replayed} == expected, "the prices of today"


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
        check_replayed(daemon, name, rows, later)
        assert daemon.terminate() == 0


def test_a_delta_table_is_refreshed_and_seen_again_as_it_was(kafka):
    name = "beside_a_lake"
    kafka.create_topic(name, 2)
    rows = events(0, 300)
    daemon = Daemon({"kafka": {"brokers": kafka.address}})
    write_products(daemon, 1)
    with daemon.start("epoch.planned=kill@1", wait=False):
        send(kafka, name, rows)
        daemon.wait_for(lambda: daemon.ready(), "requests to be taken")
        daemon.post("/stream/start", document(name, PRODUCTS, trigger={"epoch": "2s"}))
        assert daemon.wait_exit() == -signal.SIGKILL
    write_products(daemon, 500, later=pa.array([1, 2, 3], pa.int32()))
    DeltaTable(str(daemon.lake / "products")).vacuum(0, dry_run=False, enforce_retention_duration=False)
    with daemon.start():
        more = events(1000, 30)
        send(kafka, name, more)
        check_replayed(daemon, name, rows, more)
        before = loaded_at(daemon, name)
        write_products(daemon, 900)
        daemon.wait_for(lambda: loaded_at(daemon, name) > before, "the table to be loaded again")
        send(kafka, name, [{"id": -1, "code": "c"}])
        daemon.wait_for(lambda: -1 in rows_of(daemon, name), "an epoch to pass")
        last = events(2000, 30)
        send(kafka, name, last)
        daemon.wait_for(lambda: wanted(last, 900).items() <= rows_of(daemon, name).items(), "the prices of the third version")
        # A job sees the version that it asks for.
        old = document("of_old", {"delta": {"path": "products", "version": 1}}, sinks=[{"delta": {"path": "job"}}])
        old["sources"]["events"]["kafka"]["topic"] = name
        del old["tables"]["products"]["refresh"]
        job = daemon.post("/batch/run?wait=60s", old)
        assert job["status"] == "SUCCEEDED", job
        assert rows_of(daemon, "job") == wanted(rows + more + last, 500) | {-1: ("c", None, None, None)}
        assert daemon.terminate() == 0


def test_files_are_static_tables(kafka):
    name = "beside_files"
    kafka.create_topic(name, 2)
    daemon = Daemon({"kafka": {"brokers": kafka.address}})
    (daemon.lake / "in").mkdir(parents=True)
    shops, moods = daemon.lake / "in/shops.csv", daemon.lake / "in/moods.jsonl"
    shops.write_text('code;city\na;"Ulm; Donau"\nb;\n')
    # What the columns are is learnt from all records: a price with a fraction is the last one.
    moods.write_text("".join(json.dumps({"code": f"x{i}", "price": i}) + "\n" for i in range(2000)) + '{"code": "a", "price": 2.5, "tags": ["u"]}\n')
    pq.write_table(pa.table({"key": ["a", "b"], "n": pa.array([7, 8], pa.int16())}), daemon.lake / "in/n.parquet")
    spec = {"name": name, "sources": {"events": {"kafka": {"topic": name}, "format": {"json": {"schema": "id int not null, code text"}}}},
            "tables": {"shops": {"files": {"path": "in/shops.csv", "delimiter": ";", "schema": "code text not null, city text"}, "refresh": "100ms"},
                       "moods": {"files": {"path": "in/*.jsonl", "format": "json"}},
                       "numbers": {"files": {"path": "in/n.parquet"}}},
            "sql": "SELECT id, city, price, tags, n FROM events e LEFT JOIN shops s ON e.code = s.code LEFT JOIN moods m ON e.code = m.code "
                   "LEFT JOIN numbers ON e.code = key",
            "trigger": {"epoch": "100ms"}, "sinks": [{"delta": {"path": name}}]}

    def found():
        if not DeltaTable.is_deltatable(str(daemon.lake / name)):
            return {}
        return {row["id"]: (row["city"], row["price"], row["tags"], row["n"]) for row in DeltaTable(str(daemon.lake / name)).to_pyarrow_table().to_pylist()}

    def shop_table():
        return next(table for table in daemon.stream(name)["tables"] if table["table"] == "shops")

    with daemon.start():
        daemon.post("/stream/start", spec)
        send(kafka, name, events(0, 3))
        expected = {0: ("Ulm; Donau", 2.5, '["u"]', 7), 1: (None, None, None, 8), 2: (None, None, None, None)}
        wait_until(lambda: found() == expected, "the rows")
        shops.write_text("code;city\na;Ulm\n;Hof\n")
        daemon.wait_for(lambda: shop_table()["error"] is not None, "the record that cannot be read to be told")
        told = shop_table()
        assert told["error"]["code"] == "static_table" and "in/shops.csv, record 1: missing_field" in told["error"]["detail"] and told["rows"] == 2, told
        before = shop_table()["loadedAt"]
        shops.write_text("code;city\na;Bonn\nb;Hof\n")
        daemon.wait_for(lambda: shop_table()["loadedAt"] > before and shop_table()["error"] is None, "the mended file")
        send(kafka, name, [{"id": -1, "code": "c"}])
        wait_until(lambda: -1 in found(), "an epoch to pass")
        send(kafka, name, [{"id": 9, "code": "b"}])
        wait_until(lambda: found().get(9) == ("Hof", None, None, 8), "a row that sees the new file")
        assert daemon.terminate() == 0
        failed = daemon.start() and daemon.post("/stream/start", {**spec, "name": "none", "tables": {**spec["tables"], "numbers": {"files": {"path": "in/none.parquet"}}}})
        assert failed["pipeline"] == "none"
        stream = daemon.wait_for_state("none", "FAILED")
        assert stream["error"]["code"] == "no_files" and "tables.numbers" in stream["error"]["detail"]
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

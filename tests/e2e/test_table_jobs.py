"""Batch jobs over Delta tables and files: what other engines wrote, read whole, and what other readers see afterwards."""
import contextlib
import datetime
import json
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from deltalake import DeltaTable, write_deltalake

from daemon import Daemon
from jobs import ended, submit, succeeded
from readers import duckdb_extension
from test_run_command import Place

NOWHERE = "127.0.0.1:1"  # no broker is needed, and none is there


@pytest.fixture
def daemon():
    with Daemon({"kafka": {"brokers": NOWHERE}}) as daemon:
        yield daemon


def orders(first, count, day="2026-03-01"):
    return pa.table({"id": pa.array(range(first, first + count), pa.int64()),
                     "shop": pa.array([f"s{i % 7}" for i in range(first, first + count)]),
                     "amount": pa.array([Decimal(i) / 4 for i in range(first, first + count)], pa.decimal128(12, 2)),
                     "at": pa.array([datetime.datetime(2026, 3, 1, i % 24, tzinfo=datetime.timezone.utc) for i in range(first, first + count)], pa.timestamp("us", "UTC")),
                     "day": pa.array([day] * count)})


def rows_of(daemon, path, order="1"):
    """What delta-rs and DuckDB's own reader see; they must agree."""
    place = str(daemon.lake / path)
    mine = DeltaTable(place).to_pyarrow_table()
    with duckdb.connect(config={"allow_unsigned_extensions": "true", "autoinstall_known_extensions": "false"}) as connection:
        connection.execute(f"LOAD '{duckdb_extension()}'")
        connection.execute("SET TimeZone = 'UTC'")
        seen = connection.execute(f"SELECT * FROM mine ORDER BY {order}").fetchall()
        assert connection.execute(f"SELECT * FROM delta_scan('{place}') ORDER BY {order}").fetchall() == seen
    return seen


GOLD = {"name": "daily-gold", "source": {"delta": {"path": "silver/orders"}},
        "sql": "SELECT shop, day, count(*) AS orders, sum(amount) AS total FROM orders GROUP BY shop, day",
        "output_mode": "complete", "sinks": [{"delta": {"path": "gold/shops", "mode": "overwrite"}}]}


def gold_of(silver):
    """The same by DuckDB."""
    rows = DeltaTable(silver).to_pyarrow_table()  # noqa: F841, DuckDB finds it by its name
    return duckdb.sql("SELECT shop, day, count(*), sum(amount) FROM rows GROUP BY shop, day ORDER BY shop, day").fetchall()


def test_a_gold_table_is_made_anew_from_the_lake(daemon):
    silver = str(daemon.lake / "silver/orders")
    write_deltalake(silver, orders(0, 5000), partition_by=["day"])
    write_deltalake(silver, orders(5000, 5000, "2026-03-02"), mode="append")
    job = succeeded(daemon, submit(daemon, GOLD))
    assert job["snapshot"] == {"version": 1, "files": 2, "rows": 10000}
    # Who has nothing but the gold table knows what it was made from.
    newest = max((daemon.lake / "gold/shops/_delta_log").glob("*.json"))
    plan = next(json.loads(json.loads(line)["commitInfo"]["userMetadata"]) for line in newest.read_text().splitlines() if "commitInfo" in line)
    assert plan["snapshots"] == {"orders": {"version": 1, "files": 2, "rows": 10000}}
    assert job["range"] == {"0": [0, 5000], "1": [0, 5000]} and job["rowsIn"] == 10000
    assert rows_of(daemon, "gold/shops", "shop, day") == gold_of(silver)

    write_deltalake(silver, orders(20000, 700, "2026-03-03"), mode="append")
    DeltaTable(silver).delete("day = '2026-03-01'")
    again = succeeded(daemon, submit(daemon, GOLD))
    assert again["snapshot"]["version"] == 3 and again["rowsIn"] == 5700
    assert rows_of(daemon, "gold/shops", "shop, day") == gold_of(silver)


def test_a_version_that_was_asked_for(daemon):
    silver = str(daemon.lake / "t")
    write_deltalake(silver, orders(0, 10))
    write_deltalake(silver, orders(10, 10), mode="append")
    document = {"name": "old", "source": {"delta": {"path": "t", "version": 0}}, "sinks": [{"delta": {"path": "copy"}}]}
    succeeded(daemon, submit(daemon, document))
    assert [row[0] for row in rows_of(daemon, "copy")] == list(range(10))
    failed = ended(daemon, submit(daemon, {**document, "name": "never", "source": {"delta": {"path": "t", "version": 9}}}))
    assert failed["status"] == "FAILED" and failed["error"]["code"] == "no_such_version"


def test_a_partition_is_upserted_and_rows_keep_their_place(daemon):
    silver = str(daemon.lake / "t")
    write_deltalake(silver, orders(0, 100))
    document = {"name": "up", "source": {"delta": {"path": "t"}}, "sql": "SELECT id, shop, _partition, _offset FROM t WHERE id >= 10",
                "sinks": [{"delta": {"path": "latest", "mode": "upsert", "key": ["id"]}}]}
    for _ in range(2):
        succeeded(daemon, submit(daemon, document))
    assert rows_of(daemon, "latest") == [(i, f"s{i % 7}", 0, i) for i in range(10, 100)]


def test_parquet_csv_and_json_files(daemon):
    folder = daemon.lake / "in"
    (folder / "day=2026-03-01").mkdir(parents=True)
    pq.write_table(orders(0, 100).drop(["day"]), folder / "day=2026-03-01" / "a.parquet", row_group_size=30)
    document = {"name": "p", "source": {"files": {"path": "in", "format": "parquet"}}, "sql": "SELECT id, day, amount FROM \"in\"", "sinks": [{"delta": {"path": "p"}}]}
    succeeded(daemon, submit(daemon, document))
    assert rows_of(daemon, "p") == [(i, "2026-03-01", Decimal(i) / 4) for i in range(100)]

    (folder / "b.csv").write_text('id,name,when,code\n1,"Ann, ""A""",2026-03-01T00:00:00Z,007\n2,,2026-03-01T01:00:00+01:00,010\n\n3,"two\nlines",,011\n')
    (folder / "c.csv").write_text('id,name,when,code\r\n4,x,2026-03-02T00:00:00Z,012\r\nfive,x,2026-03-02T00:00:00Z,013\r\n6,too,few\r\n')
    csv = {"name": "c", "source": {"files": {"path": "in/*.csv", "schema": "id int not null, name text, \"when\" timestamptz, code text"}},
           "sql": "SELECT id, name, \"when\", code FROM input", "sinks": [{"delta": {"path": "c"}}]}
    job = succeeded(daemon, submit(daemon, csv))
    utc = datetime.timezone.utc
    assert rows_of(daemon, "c") == [(1, 'Ann, "A"', datetime.datetime(2026, 3, 1, tzinfo=utc), "007"), (2, None, datetime.datetime(2026, 3, 1, tzinfo=utc), "010"),
                                    (3, "two\nlines", None, "011"), (4, "x", datetime.datetime(2026, 3, 2, tzinfo=utc), "012")]
    assert (job["rowsIn"], job["rowsOut"], job["quarantined"]) == (6, 4, 2)
    refused = DeltaTable(str(daemon.lake / "_quarantine/c")).to_pyarrow_table().to_pylist()
    assert sorted((row["code"], row["value"]) for row in refused) == [("wrong_field_count", b"6,too,few"), ("wrong_type", b"five,x,2026-03-02T00:00:00Z,013")]

    (folder / "d.jsonl").write_text('{"id": 1, "tags": ["a"]}\n{"id": 2.5, "tags": null}\n')
    learnt = {"name": "j", "source": {"files": {"path": "in/d.jsonl"}}, "sql": "SELECT id, tags FROM d", "sinks": [{"delta": {"path": "j"}}]}
    succeeded(daemon, submit(daemon, learnt))
    assert rows_of(daemon, "j") == [(1.0, '["a"]'), (2.5, None)]


def test_what_cannot_be_done_is_said(daemon):
    write_deltalake(str(daemon.lake / "t"), orders(0, 10))
    document = {"name": "s", "source": {"delta": {"path": "t"}}, "sinks": [{"delta": {"path": "copy"}}]}
    refused = daemon.post("/stream/start", document, expect=422)
    assert refused["code"] == "unsupported" and "POST /batch/run" in refused["detail"]
    assert daemon.post("/batch/run", {**document, "startOffset": "resume"}, expect=422)["field"] == "startOffset"
    for name, source, code in [("none", {"delta": {"path": "nothing"}}, "no_table"), ("nofile", {"files": {"path": "x/*.csv"}}, "no_files"),
                               ("wrong", {"files": {"path": "t", "format": "parquet"}}, "unsupported_table")]:
        failed = ended(daemon, submit(daemon, {**document, "name": name, "source": source}))
        assert failed["status"] == "FAILED" and failed["error"]["code"] == code


@pytest.mark.parametrize("failpoint", ["delta.prepare.before", "epoch.planned", "lake.commit.before", "lake.commit.after"])
def test_a_job_that_was_cut_reads_the_same_version_again(daemon, failpoint):
    silver = str(daemon.lake / "t")
    write_deltalake(silver, orders(0, 3000))
    document = {"name": "cut", "source": {"delta": {"path": "t"}}, "sql": "SELECT shop, count(*) AS n FROM t GROUP BY shop", "output_mode": "complete",
                "sinks": [{"delta": {"path": "gold", "mode": "overwrite"}}]}
    succeeded(daemon, submit(daemon, {**document, "name": "first"}))  # claims are committed by now, so that the failpoint meets the job's own commit
    daemon.terminate()
    daemon.start(failpoints=f"{failpoint}=kill" + ("@2" if failpoint.startswith("lake.") else ""))
    with contextlib.suppress(requests.RequestException):  # it may die before it can answer
        submit(daemon, document, idempotencyKey="k")
    assert daemon.wait_exit() == -9
    write_deltalake(silver, orders(3000, 700), mode="append")
    daemon.start()
    job = succeeded(daemon, submit(daemon, document, idempotencyKey="k"))
    assert job["attempt"] == 2 and job["snapshot"]["version"] == 0 and job["rowsIn"] == 3000
    assert sum(row[1] for row in rows_of(daemon, "gold")) == 3000


def test_files_that_changed_meanwhile_end_a_job_that_was_cut(daemon):
    (daemon.lake / "in").mkdir(parents=True)
    (daemon.lake / "in/a.csv").write_text("id\n1\n2\n")
    document = {"name": "cut", "source": {"files": {"path": "in/a.csv"}}, "sinks": [{"delta": {"path": "copy"}}]}
    daemon.terminate()
    daemon.start(failpoints="delta.prepare.before=kill")
    with contextlib.suppress(requests.RequestException):
        submit(daemon, document, idempotencyKey="k")
    assert daemon.wait_exit() == -9
    (daemon.lake / "in/a.csv").write_text("id\n1\n2\n3\n")
    daemon.start()
    job = ended(daemon, submit(daemon, document, idempotencyKey="k"))
    assert (job["status"], job["error"]["code"]) == ("FAILED", "files_changed")


def test_run_in_the_foreground():
    place = Place(NOWHERE)
    write_deltalake(str(place.lake / "silver/orders"), orders(0, 70))
    out, _ = place.run(GOLD, "-o", "json")
    job = json.loads(out)
    assert (job["status"], job["snapshot"]["rows"], job["rowsIn"]) == ("SUCCEEDED", 70, 70)
    assert DeltaTable(str(place.lake / "gold/shops")).to_pyarrow_table()["orders"].to_pylist() == [10] * 7

"""`laketide sql`: a query over a topic, a table or files, printed, without a service."""
import csv
import io
import json
import os
import subprocess
from decimal import Decimal

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from daemon import binary
from jobs import Topic
from servers import own_directory


@pytest.fixture
def place():
    directory = own_directory("sql")
    (directory / "tmp").mkdir()
    return directory


def sql(place, query, *arguments, expect=0):
    """(standard output, standard error) of the command in `place`, which leaves nothing there."""
    before = sorted(place.rglob("*"))
    done = subprocess.run([binary(), "sql", query, *map(str, arguments)], cwd=place, env={**os.environ, "TMPDIR": str(place / "tmp")},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.returncode == expect, (done.returncode, done.stdout[-2000:], done.stderr)
    assert sorted(place.rglob("*")) == before, "something was left behind"
    return done.stdout, done.stderr


def orders(count):
    return pa.table({"id": pa.array(range(count), pa.int64()), "shop": [f"s{i % 3}" for i in range(count)], "total": pa.array([Decimal(i) / 2 for i in range(count)], pa.decimal128(10, 1))})


def test_rows_of_a_table_in_three_forms(place):
    write_deltalake(str(place / "lake/orders"), orders(6))
    query = "SELECT id, shop, total FROM orders WHERE id < 2"
    assert sql(place, query, "--table", "lake/orders")[0].splitlines() == ["+---+----+-----+", "| id|shop|total|", "+---+----+-----+", "|  0|  s0|  0.0|", "|  1|  s1|  0.5|", "+---+----+-----+"]
    assert sql(place, query, "--table", "lake/orders/", "-o", "csv")[0] == "id,shop,total\n0,s0,0.0\n1,s1,0.5\n"
    assert [json.loads(line) for line in sql(place, query, "--table", place / "lake/orders", "-o", "json")[0].splitlines()] == [
        {"id": 0, "shop": "s0", "total": 0.0}, {"id": 1, "shop": "s1", "total": 0.5}]
    assert sql(place, "SELECT id FROM source WHERE id > 100", "--table", "lake/orders")[0] == "(0 rows)\n"
    write_deltalake(str(place / "lake/orders"), orders(100), mode="append")
    counted = "SELECT count(*) AS n FROM orders"
    assert sql(place, counted, "--table", "lake/orders", "-o", "json")[0] == '{"n":106}\n'
    assert sql(place, counted, "--table", "lake/orders", "--version", "0", "-o", "json")[0] == '{"n":6}\n'


def test_many_rows_come_out_as_they_are_read(place):
    write_deltalake(str(place / "wide"), orders(300_000))
    rows = list(csv.DictReader(io.StringIO(sql(place, "SELECT * FROM wide", "--table", "wide", "-o", "csv")[0])))
    assert len(rows) == 300_000
    assert sorted(int(row["id"]) for row in rows) == list(range(300_000))
    groups = [json.loads(line) for line in sql(place, "SELECT shop, sum(total) AS t FROM wide GROUP BY shop", "--table", "wide", "-o", "json")[0].splitlines()]
    assert sorted((group["shop"], Decimal(str(group["t"]))) for group in groups) == [(f"s{k}", Decimal(sum(i for i in range(300_000) if i % 3 == k)) / 2) for k in range(3)]


def test_a_reader_that_has_enough_is_no_failure(place):
    write_deltalake(str(place / "wide"), orders(300_000))
    shell = f"{binary()} sql 'SELECT * FROM wide' --table wide -o csv | head -n 2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=place, env={**os.environ, "TMPDIR": str(place / "tmp")}, capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    assert (lines[0], len(lines), lines[2], done.stderr) == ("id,shop,total", 3, "0", "")
    assert list((place / "tmp").iterdir()) == []


def test_files(place):
    (place / "in").mkdir()
    (place / "in/a.csv").write_text("id;name\n1;Ann\n2;\n")
    (place / "in/b.csv").write_text("id;name\n3;Bob\nfour\n")
    out, err = sql(place, "SELECT id, name FROM input WHERE id > 1", "--file", "in/*.csv", "--delimiter", ";", "-o", "csv")
    assert sorted(out.splitlines()) == ["2,", "3,Bob", "id,name"]
    assert "1 of 4 records could not be read" in err
    (place / "in/c.jsonl").write_text('{"a": {"b": [1, 2]}, "t": "2026-01-01T00:00:00Z"}\n')
    assert sql(place, "SELECT a->'b' AS b, t FROM c", "--file", "in/c.jsonl", "-o", "json")[0] == '{"b":"[1,2]","t":"2026-01-01T00:00:00+00:00"}\n'
    assert sql(place, "SELECT column2 FROM raw", "--file", "in/raw.csv", "--no-header", expect=1)[1].startswith("laketide: there is no file of this name")


def test_a_topic(kafka, place):
    topic = Topic(kafka, "asked", 2, 1500)
    out, _ = sql(place, "SELECT p, count(*) AS n, max(i) AS last FROM asked GROUP BY p", "--topic", topic.name, "--brokers", kafka.address, "-o", "csv")
    assert sorted(out.splitlines()) == ["0,1500,1499", "1,1500,1499", "p,n,last"]


def test_several_inputs_are_joined_and_put_together(kafka, place):
    topic = Topic(kafka, "clicks", 2, 30)  # {"p": 0 or 1, "i": 0 to 29}
    write_deltalake(str(place / "lake/orders"), orders(20))
    write_deltalake(str(place / "old/orders"), orders(5))
    write_deltalake(str(place / "old/orders"), orders(7), mode="overwrite")
    (place / "shops.csv").write_text("shop;town\ns0;Ulm\ns1;Köln\n")
    inputs = ("--topic", topic.name, "--brokers", kafka.address, "--table", "lake/orders", "--table", "before=old/orders", "--version", "before=0", "--file", "places=shops.csv",
              "--schema", "places=shop text, town text", "--delimiter", ";", "-o", "csv")
    joined = """SELECT o.id, s.town, c.p FROM orders o JOIN places s ON s.shop = o.shop LEFT JOIN clicks c ON c.i = o.id AND c.p = 1 WHERE o.id > 16"""
    assert sorted(sql(place, joined, *inputs)[0].splitlines()) == ["18,Ulm,1", "19,Köln,1", "id,town,p"]
    counted = "SELECT 'now' AS part, count(*) AS n FROM orders UNION ALL SELECT 'before', count(*) FROM before UNION ALL SELECT 'click', count(*) FROM clicks UNION ALL SELECT town, 0 FROM places"
    assert sorted(sql(place, counted, *inputs)[0].splitlines()) == ["Köln,0", "Ulm,0", "before,5", "click,60", "now,20", "part,n"]
    gone = "SELECT id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM before b WHERE b.id = o.id) ORDER BY id LIMIT 2"
    assert sql(place, gone, "--table", "lake/orders", "--table", "before=old/orders", "-o", "csv")[0] == "id\n7\n8\n"
    assert sql(place, "SELECT count(*) AS n FROM source", "--table", "before=old/orders", "-o", "csv")[0] == "n\n7\n"
    (place / "day=1").mkdir()
    (place / "day=1/a.csv").write_text("x\n1\n")
    (place / "day=1/b.csv").write_text("x\n2\n")
    assert sorted(sql(place, "SELECT x FROM a UNION ALL SELECT x * 10 FROM c", "--file", "day=1/a.csv", "--file", "c=day=1/b.csv", "-o", "csv")[0].splitlines()) == ["1", "20", "x"]
    assert "name them twice in the query" in sql(place, "SELECT x FROM a", "--file", "day=1/a.csv", "--file", "c=day=1/a.csv", expect=3)[1]


def test_what_is_wrong_is_said(place):
    write_deltalake(str(place / "orders"), orders(3))
    assert "--table data/lake/events" in sql(place, "SELECT 1", expect=2)[1]
    (place / "b").mkdir()
    write_deltalake(str(place / "b/orders"), orders(2))
    both = ("--table", "orders", "--table", "b/orders")
    assert "as in --table old=data/lake/orders; name orders" in sql(place, "SELECT 1", *both, expect=2)[1]
    named = ("--table", "orders", "--table", "old=b/orders")
    assert "there is no table 'source'; there is: old, orders" in sql(place, "SELECT * FROM source", *named, expect=2)[1]
    assert "as in --version orders=3; there is: orders, old" in sql(place, "SELECT * FROM old", *named, "--version", "0", expect=2)[1]
    assert "--version is a whole number, from 0; it is x" in sql(place, "SELECT * FROM old", *named, "--version", "old=x", expect=2)[1]
    assert "--version is given twice for one input: old" in sql(place, "SELECT * FROM old", *named, "--version", "old=0", "--version", "old=1", expect=2)[1]
    assert "--schema is about none of these inputs" in sql(place, "SELECT * FROM old", *named, "--schema", "id int", expect=2)[1]
    assert "sql_syntax" in sql(place, "SELEC id FROM orders", "--table", "orders", expect=2)[1]
    assert "there is no table 'nothing'; there is: orders, source" in sql(place, "SELECT id FROM nothing", "--table", "orders", expect=2)[1]
    assert "idd" in sql(place, "SELECT idd FROM orders", "--table", "orders", expect=2)[1]
    assert "no_table" in sql(place, "SELECT * FROM none", "--table", "none", expect=1)[1]
    assert "unknown: --tabel; did you mean --table?" in sql(place, "SELECT 1", "--tabel", "orders", expect=2)[1]
    assert "broker_away" in sql(place, "SELECT * FROM t", "--topic", "t", "--brokers", "127.0.0.1:1", expect=4)[1]

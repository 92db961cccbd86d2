"""Structs in a declared schema: read from JSON, named in SQL, a struct in Delta and jsonb in PostgreSQL."""
import json
import subprocess

import pyarrow as pa
from confluent_kafka import Producer
from deltalake import DeltaTable

from daemon import Daemon, binary

SCHEMA = """id int not null, person struct<name text, born date, score numeric(6,2)>,
            items struct<sku text not null, count int, tags text[], extra jsonb>[], ts timestamptz"""
ROWS = [
    {"id": 1, "person": {"name": "Änne \"A\"", "born": "1990-02-28", "score": "12.345", "unknown": 7},
     "items": [{"sku": "a", "count": 2, "tags": ["x", None], "extra": {"k": [1, 2]}}, None, {"sku": "b"}], "ts": "2026-01-02T03:04:05Z"},
    {"id": 2, "person": None, "items": [], "ts": None},
    {"id": 3, "person": {}, "items": None},
    {"id": 4, "person": {"name": None, "born": None, "score": -0.5}, "items": [{"count": 1, "sku": "c", "extra": None}]},
    {"id": 5, "items": [{"count": 1}]},  # no sku: refused
    {"id": 6, "person": {"born": "yesterday"}},  # refused
]


def item(sku, count=None, tags=None, extra=None):
    return {"sku": sku, "count": count, "tags": tags, "extra": extra}


def user(name=None, born=None, score=None):
    return {"name": name, "born": born, "score": score}


def test_structs_from_json_into_delta_and_postgres(kafka, postgres):
    kafka.create_topic("people", 1)
    producer = Producer({"bootstrap.servers": kafka.address})
    for row in ROWS:
        producer.produce("people", value=json.dumps(row))
    assert producer.flush(30) == 0
    spec = {"name": "people", "source": {"kafka": {"topic": "people"}, "format": {"json": {"schema": SCHEMA}}},
            "sql": "SELECT id, person, (person).name AS name, items, array_length(items, 1) AS n, ts FROM source",
            "sinks": [{"delta": {"path": "people"}}, {"postgres": {"table": "public.people"}}]}
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}) as daemon:
        plan = daemon.post("/pipelines/people/plan", spec)
        assert "person struct<name text, born date, score numeric(6,2)>" in json.dumps(plan), plan
        job = daemon.post("/batch/run?wait=60s", spec)
        assert job["status"] == "SUCCEEDED" and (job["rowsOut"], job["quarantined"]) == (4, 2), job
        table = DeltaTable(str(daemon.lake / "people"))
        schema = pa.schema(table.to_pyarrow_table().schema)
        assert schema.field("person").type == pa.struct([("name", pa.string()), ("born", pa.date32()), ("score", pa.decimal128(6, 2))])
        element = schema.field("items").type.value_type
        assert [(field.name, str(field.type), field.nullable) for field in element] == [
            ("sku", "string", False), ("count", "int32", True), ("tags", "list<element: string>", True), ("extra", "string", True)]
        rows = sorted(table.to_pyarrow_table().to_pylist(), key=lambda row: row["id"])
        people = [row["person"] and {**row["person"], "born": row["person"]["born"] and row["person"]["born"].isoformat(),
                                   "score": row["person"]["score"] and str(row["person"]["score"])} for row in rows]
        assert people == [user("Änne \"A\"", "1990-02-28", "12.35"), None, user(), user(score="-0.50")]
        assert [row["items"] for row in rows] == [[item("a", 2, ["x", None], '{"k":[1,2]}'), None, item("b")], [], None, [item("c", 1)]]
        assert [(row["name"], row["n"]) for row in rows] == [("Änne \"A\"", 3), (None, None), (None, None), (None, 1)]
        told = postgres.query("SELECT id, person->>'name', (person->>'score')::numeric, items->0->'extra'->'k', items->0->>'sku', jsonb_typeof(person), jsonb_array_length(items) FROM people ORDER BY id")
        assert [tuple(map(str, row)) for row in told] == [("1", "Änne \"A\"", "12.35", "[1, 2]", "a", "object", "3"), ("2", "None", "None", "None", "None", "None", "0"),
                                                          ("3", "None", "None", "None", "None", "object", "None"), ("4", "None", "-0.50", "None", "c", "object", "1")]
        asked = subprocess.run([binary(), "sql", "SELECT id, (person).score AS score, ((items)[1]).sku AS sku FROM people WHERE (person).score < 20 ORDER BY id", "--table",
                                str(daemon.lake / "people"), "-o", "csv"], capture_output=True, text=True, timeout=120, check=False)
        assert asked.stdout.splitlines() == ["id,score,sku", "1,12.35,a", "4,-0.50,c"], asked.stderr
        assert daemon.terminate() == 0

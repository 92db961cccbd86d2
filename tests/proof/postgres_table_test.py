"""Tests of the check of a PostgreSQL sink, against a real server: PROOF_POSTGRES=<DSN>. Skipped without it."""

import datetime
import json
import os
import uuid

import pytest

from checker import make_promise
from feed import Feed
from postgres_table import check_postgres
from record import RecordSpec
from tiny_delta import good_rows

DSN = os.environ.get("PROOF_POSTGRES")
pytestmark = pytest.mark.skipif(not DSN, reason="set PROOF_POSTGRES to the DSN of a PostgreSQL to run this")

FEED = Feed(RecordSpec(seed=7, malformed=0.05), 2, "events", "events")
ENDS = {0: 300, 1: 211}
COLUMNS = ("p", "i", "id", "ts", "value", "source", "h")
REFUSED = "value > 90"


class World:
    """One schema of its own with a sink's table, progress and quarantine."""

    def __init__(self, connection):
        self.connection, self.schema = connection, f"proof_{uuid.uuid4().hex[:12]}"
        self.sink, self.table = "postgres:events", f"{self.schema}.events"
        for statement in (
            "CREATE SCHEMA {s}",
            "CREATE TABLE {s}.events (p bigint, i bigint, id bigint, ts timestamptz, value double precision, source text, h text)",
            "CREATE TABLE {s}.progress (pipeline text, sink text, generation bigint, epoch bigint, plan jsonb, PRIMARY KEY (pipeline, sink))",
            'CREATE TABLE {s}.quarantine (pipeline text, epoch bigint, source text, topic text, partition int, "offset" bigint, '
            "timestamp timestamptz, key bytea, value bytea, headers jsonb, stage text, code text, reason text, quarantined_at timestamptz)",
        ):
            self.run(statement)

    def run(self, statement, *values):
        return self.connection.execute(statement.format(s=self.schema), values)

    def fill(self, refuse=False):
        for partition, end in ENDS.items():
            for row in good_rows(FEED)(partition, 0, end):
                if refuse and row["value"] > 90:
                    self.quarantine(partition, row["i"], FEED.spec.value(partition, row["i"]))
                else:
                    self.run(
                        "INSERT INTO {s}.events VALUES (%s, %s, %s, %s, %s, %s, %s)",
                        *(row[name] for name in COLUMNS),
                    )
        self.progress(self.plan())
        return self

    def quarantine(self, partition, offset, value, code="23514"):
        now = datetime.datetime.now(datetime.timezone.utc)
        self.run(
            "INSERT INTO {s}.quarantine VALUES ('events', 6, 'events', 'events', %s, %s, %s, %s, %s, '{{}}', 'sink', %s, 'refused', %s)",
            partition,
            offset,
            now,
            FEED.spec.key(offset),
            value,
            code,
            now,
        )

    def plan(self, **changes):
        ranges = {str(p): [end - 50, end] for p, end in ENDS.items()}
        return {
            "version": 1,
            "pipeline": "events",
            "epoch": 6,
            "generation": {self.sink: 2},
            "ranges": {"events": {"events": ranges}},
        } | changes

    def progress(self, plan, epoch=6, generation=3):
        self.run("DELETE FROM {s}.progress")
        self.run(
            "INSERT INTO {s}.progress VALUES ('events', %s, %s, %s, %s)",
            self.sink,
            generation,
            epoch,
            json.dumps(plan),
        )

    def check(self, **options):
        promise = make_promise(7, 2, "events", None, spec=FEED.spec)
        return check_postgres(DSN, self.table, promise, self.sink, schema=self.schema, **options)


@pytest.fixture
def world():
    import psycopg

    with psycopg.connect(DSN, autocommit=True, options="-c timezone=UTC") as connection:
        world = World(connection)
        yield world
        connection.execute(f"DROP SCHEMA {world.schema} CASCADE")


def test_a_good_table_passes(world):
    world.fill()
    verdict = world.check(ends=ENDS)
    assert verdict.violations == []
    assert verdict.counts["rows"] == sum(len(good_rows(FEED)(p, 0, end)) for p, end in ENDS.items())
    assert world.check(ends={0: 5000}).kinds() == {"incomplete"}


def test_refused_rows_stand_in_quarantine_and_nowhere_else(world):
    world.fill(refuse=True)
    verdict = world.check(refused=REFUSED)
    assert verdict.violations == [] and verdict.counts["refused_rows"] > 10
    assert world.check().kinds() == {"lost", "unexpected"}
    offset = world.run('SELECT "offset" FROM {s}.quarantine WHERE partition = 0').fetchone()[0]
    world.run('UPDATE {s}.quarantine SET value = NULL WHERE partition = 0 AND "offset" = %s', offset)
    assert world.check(refused=REFUSED).kinds() == {"corrupted"}
    world.run("UPDATE {s}.quarantine SET code = 'bytes_gone' WHERE partition = 0 AND \"offset\" = %s", offset)
    assert world.check(refused=REFUSED).ok


def test_claimed_and_still_empty(world):
    world.run("INSERT INTO {s}.progress VALUES ('events', %s, 1, NULL, NULL)", world.sink)
    assert world.check().ok


DAMAGES = {
    "lost": (
        lambda w: w.run(
            "DELETE FROM {s}.events WHERE p = 1 AND i = (SELECT max(i) FROM {s}.events WHERE p = 1)"
        ),
        {"lost"},
    ),
    "duplicated": (
        lambda w: w.run("INSERT INTO {s}.events SELECT * FROM {s}.events WHERE p = 0 LIMIT 1"),
        {"duplicated"},
    ),
    "corrupted time": (
        lambda w: w.run(
            "UPDATE {s}.events SET ts = ts + '1 microsecond' WHERE ctid = (SELECT min(ctid) FROM {s}.events)"
        ),
        {"corrupted"},
    ),
    "text became null": (
        lambda w: w.run(
            "UPDATE {s}.events SET source = NULL WHERE ctid = (SELECT min(ctid) FROM {s}.events)"
        ),
        {"corrupted"},
    ),
    "text became empty": (
        lambda w: w.run("UPDATE {s}.events SET source = '' WHERE ctid = (SELECT min(ctid) FROM {s}.events)"),
        {"corrupted"},
    ),
    "a double was rounded": (lambda w: w.run("UPDATE {s}.events SET value = value::real"), {"corrupted"}),
    "beyond the progress": (
        lambda w: w.run(
            "INSERT INTO {s}.events SELECT p, i + 1000, id, ts, value, source, h FROM {s}.events WHERE p = 0 LIMIT 1"
        ),
        {"unexpected", "corrupted"},
    ),
    "progress ahead of the rows": (
        lambda w: w.progress(w.plan(ranges={"events": {"events": {"0": [0, 400], "1": [0, 211]}}})),
        {"lost"},
    ),
    "progress behind the rows": (
        lambda w: w.progress(w.plan(ranges={"events": {"events": {"0": [0, 200], "1": [0, 211]}}})),
        {"unexpected"},
    ),
    "no progress row": (
        lambda w: w.run("DELETE FROM {s}.progress"),
        {"progress_missing", "plan_lacks_partition"},
    ),
    "plan lacks a partition": (
        lambda w: w.progress(w.plan(ranges={"events": {"events": {"0": [0, 300]}}})),
        {"plan_lacks_partition"},
    ),
    "plan of another epoch": (lambda w: w.progress(w.plan(), epoch=7), {"plan_differs"}),
    "plan of a later generation": (lambda w: w.progress(w.plan(generation=9)), {"plan_differs"}),
    "no plan at all": (lambda w: w.progress({"epoch": 6}), {"bad_plan", "plan_lacks_partition"}),
    "a good row was refused": (lambda w: w.quarantine(0, 290, FEED.spec.value(0, 290)), {"unexpected"}),
    "a column is missing": (lambda w: w.run("ALTER TABLE {s}.events DROP COLUMN h"), {"missing_column"}),
    "a column is text": (
        lambda w: w.run("ALTER TABLE {s}.events ALTER ts TYPE text"),
        {"column_type", "missing_column"},
    ),
    "no table": (lambda w: w.run("DROP TABLE {s}.events"), {"no_table"}),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_named(world, name):
    damage, kinds = DAMAGES[name]
    damage(world.fill())
    verdict = world.check()
    assert verdict.kinds() == kinds, str(verdict)

"""Checks a PostgreSQL sink: its rows, its progress row and what it refused, seen in one snapshot.

One REPEATABLE READ transaction reads table and progress together, so the prefix property can be asked at any
moment, also while the engine runs.
"""

import io

import pyarrow as pa
import pyarrow.csv

from coverage import Coverage
from progress import parse_plan
from quarantine import COLUMNS as QUARANTINE_COLUMNS
from quarantine import judge_rejects
from rows import judge_rows
from verdict import Verdict

TYPES = {
    "p": pa.int64(),
    "i": pa.int64(),
    "id": pa.int64(),
    "ts": pa.int64(),
    "value": pa.float64(),
    "source": pa.large_string(),
    "h": pa.large_string(),
    "pad": pa.large_string(),
}
ARROW_OF_QUARANTINE = pa.schema(
    [
        ("pipeline", pa.string()),
        ("epoch", pa.int64()),
        ("source", pa.string()),
        ("topic", pa.string()),
        ("partition", pa.int64()),
        ("offset", pa.int64()),
        ("timestamp", pa.timestamp("us", "UTC")),
        ("key", pa.binary()),
        ("value", pa.binary()),
        ("headers", pa.string()),
        ("stage", pa.string()),
        ("code", pa.string()),
        ("reason", pa.string()),
        ("quarantined_at", pa.timestamp("us", "UTC")),
    ]
)


def check_postgres(dsn, table, promise, sink, *, schema="laketide", ends=None, refused=None):
    """`table` is "schema.table". `refused` is an expression over the record's columns, as Promise.where: exactly

    these records must stand in <schema>.quarantine instead of the table. None: none may be refused.
    """
    import psycopg

    verdict = Verdict(f"postgres {table}", "postgres")
    with psycopg.connect(dsn, options="-c timezone=UTC") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        progress = read_progress(connection, schema, promise, sink, verdict)
        rows = _rows(connection, table, promise, verdict)
        rejects = _rejects(connection, schema, promise, sink, verdict)
    if rows is None:
        return verdict

    def in_table(number, partition, indexes):
        wanted = promise.wants_row(number, partition, indexes)
        return wanted & ~promise.selects(refused, number, partition, indexes) if refused else wanted

    def in_quarantine(number, partition, indexes):
        wanted = promise.wants_row(number, partition, indexes)
        return wanted & promise.selects(refused, number, partition, indexes) if refused else wanted & False

    judged = judge_rows(rows, promise, "rows", verdict)
    verdict.counts["corrupted"] += judged.corrupted
    if judged.nameless:
        verdict.violation("unexpected", "rows", "rows without p or i", judged.nameless)
    next_offsets = _next_offsets(progress, judged, promise, verdict)
    coverage = _cover(promise, in_table, judged, "rows", next_offsets, verdict)
    verdict.counts.update(coverage.totals())
    rejected = judge_rejects(rejects, promise, None, "quarantine", verdict)
    totals = _cover(promise, in_quarantine, rejected, "quarantine", next_offsets, verdict).totals()
    verdict.counts.update({f"refused_{name}": number for name, number in totals.items()})
    check_ends(promise, next_offsets, ends, verdict)
    return verdict


def next_offsets(dsn, pipeline, sink, schema="laketide"):
    """(source, topic, partition) -> next offset, as the sink's plan has it now. Empty before the first epoch."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(dsn) as connection:
        if not _exists(connection, f'"{schema}".progress'):
            return {}
        row = connection.execute(
            sql.SQL("SELECT plan FROM {} WHERE pipeline = %s AND sink = %s").format(
                sql.Identifier(schema, "progress")
            ),
            (pipeline, sink),
        ).fetchone()
    plan = parse_plan(row[0], "progress", Verdict(sink)) if row and row[0] is not None else None
    return plan.next if plan else {}


def _cover(promise, wants, judged, where, next_offsets, verdict):
    coverage = Coverage(promise, wants, next_offsets)
    for part, indexes in judged.parts.items():
        coverage.add(part, indexes)
    coverage.settle(where, next_offsets, verdict)
    return coverage


def check_ends(promise, next_offsets, ends, verdict):
    for partition, end in (ends or {}).items():
        for number, feed in enumerate(promise.feeds):
            needed = feed.last_needed(partition, end) if partition < feed.partitions else 0
            got = next_offsets.get((number, partition), feed.start(partition))
            if got < needed:
                verdict.violation(
                    "incomplete",
                    f"partition {partition}",
                    f"progress is at {got}, must reach {needed}",
                    needed - got,
                )


def _exists(connection, name):
    return connection.execute("SELECT to_regclass(%s)", (name,)).fetchone()[0] is not None


def read_progress(connection, schema, promise, sink, verdict):
    """The plan of the sink's last epoch, or None."""
    from psycopg import sql

    if not _exists(connection, f'"{schema}".progress'):
        verdict.violation("progress_missing", f"{schema}.progress", "there is no such table")
        return None
    row = connection.execute(
        sql.SQL("SELECT generation, epoch, plan FROM {} WHERE pipeline = %s AND sink = %s").format(
            sql.Identifier(schema, "progress")
        ),
        (promise.pipeline, sink),
    ).fetchall()
    if len(row) != 1:
        verdict.violation(
            "progress_missing",
            f"{schema}.progress",
            f"{len(row)} rows for {promise.pipeline}/{sink}, must be 1",
        )
        return None
    generation, epoch, document = row[0]
    verdict.counts["generation"] = generation or 0
    if document is None:
        return None  # claimed, and no epoch yet: then there may be no rows either
    where = f"{schema}.progress {promise.pipeline}/{sink}"
    plan = parse_plan(document, where, verdict)
    if plan is None:
        return None
    if plan.epoch != epoch or plan.pipeline != promise.pipeline:
        verdict.violation(
            "plan_differs", where, f"the plan says {plan.pipeline} epoch {plan.epoch}, the row epoch {epoch}"
        )
    # A claim raises the row's generation and leaves the plan of the last epoch as it was.
    if plan.generation_of(sink) is not None and plan.generation_of(sink) > generation:
        verdict.violation(
            "plan_differs", where, f"the plan has generation {plan.generation_of(sink)}, the row {generation}"
        )
    verdict.counts["epoch"] = epoch
    return plan


def next_by_part(plan, promise, verdict):
    """(feed number, partition) -> next offset, as the plan says."""
    found = {}
    for (source, topic, partition), end in (plan.next if plan else {}).items():
        number = promise.feed_of_topic(source, topic)
        if number is None or partition >= promise.feeds[number].partitions:
            verdict.violation(
                "unknown_partition",
                "plan",
                f"{source}/{topic}/{partition} is not among the feeds of this check",
            )
        else:
            found[(number, partition)] = end
    return found


def _next_offsets(plan, judged, promise, verdict):
    found = next_by_part(plan, promise, verdict)
    for part, indexes in judged.parts.items():
        if part not in found and len(indexes):
            verdict.violation(
                "plan_lacks_partition",
                f"partition {part[1]}",
                f"{len(indexes)} rows and no range in the plan: with the state directory lost, nobody knows its next offset",
            )
            found[part] = int(promise.feeds[part[0]].layout.offset([indexes.max()])[0]) + 1
    return found


def _rows(connection, table, promise, verdict):
    from psycopg import sql

    name = sql.Identifier(*table.split("."))
    if not _exists(connection, name.as_string(connection)):
        verdict.violation("no_table", table, "there is no such table")
        return None
    there = {
        column.name: column.type_display
        for column in connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(name)).description
    }
    wanted = [column for column in promise.columns if column in there]
    if "ts" in wanted and not there["ts"].startswith("timestamp"):
        verdict.violation("column_type", f"{table}.ts", f"must be a timestamp, is {there['ts']}")
        wanted.remove("ts")
    selected = [
        sql.SQL("(extract(epoch FROM ts) * 1000000)::bigint AS ts")
        if column == "ts"
        else sql.Identifier(column)
        for column in wanted
    ]
    buffer = io.BytesIO()
    with connection.cursor().copy(
        sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, FORCE_QUOTE ({}))").format(
            sql.SQL(", ").join(selected), name, sql.SQL(", ").join(map(sql.Identifier, wanted))
        )
    ) as copy:
        for data in copy:
            buffer.write(data)
    return _arrow(buffer, wanted, table, verdict)


def _arrow(buffer, names, table, verdict):
    types = {name: TYPES[name] for name in names}
    if not buffer.tell():
        rows = pa.table({name: pa.array([], kind) for name, kind in types.items()})
    else:
        buffer.seek(0)
        try:
            # Every value is quoted and a null is not, so an empty text stays a text.
            rows = pyarrow.csv.read_csv(
                buffer,
                read_options=pyarrow.csv.ReadOptions(column_names=names),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=types,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowException as error:
            verdict.violation("column_type", table, str(error))
            return None
    if "ts" in names:
        at = rows.column_names.index("ts")
        rows = rows.set_column(at, "ts", rows["ts"].cast(pa.timestamp("us", "UTC")))
    return rows


def _rejects(connection, schema, promise, sink, verdict):
    """The rows this sink's database refused; an empty table if there is no quarantine table."""
    from psycopg import sql

    if not _exists(connection, f'"{schema}".quarantine'):
        return ARROW_OF_QUARANTINE.empty_table()
    cursor = connection.execute(
        sql.SQL("SELECT * FROM {} WHERE pipeline = %s").format(sql.Identifier(schema, "quarantine")),
        (promise.pipeline,),
    )
    there = [column.name for column in cursor.description]
    if missing := [name for name in QUARANTINE_COLUMNS if name not in there]:
        verdict.violation("missing_column", f"{schema}.quarantine", f"{missing}; the table has {there}")
        return ARROW_OF_QUARANTINE.empty_table()
    rows = [dict(zip(there, row)) for row in cursor]
    return pa.Table.from_pylist(
        [
            {
                **{name: row[name] for name in QUARANTINE_COLUMNS},
                "headers": None if row["headers"] is None else str(row["headers"]),
            }
            for row in rows
        ],
        schema=ARROW_OF_QUARANTINE,
    )

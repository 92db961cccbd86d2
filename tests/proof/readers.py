#!/usr/bin/env python3
"""Reads one Delta table with other people's readers, at every version, and compares the VALUES they see.

    readers.py data/lake/events                     # all readers, all versions: exit 1 if any two disagree
    readers.py data/lake/events --reader duckdb --version 3 --print

delta-rs, DuckDB (its delta extension from the package duckdb-ext-delta; nothing is downloaded), Polars, and pandas
over delta-rs. Spark is a reader too where pyspark and the Delta jars are given: PROOF_SPARK_JARS=dir.
"""

import argparse
import datetime
import decimal
import importlib.metadata
import json
import math
import os
import pathlib
import sys


class ReaderError(Exception):
    pass


def read_delta_rs(path, version=None):
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.query import QueryBuilder

    table = DeltaTable(str(path), version=version)
    batches = QueryBuilder().register("t", table).execute("SELECT * FROM t").read_all()
    return _from_arrow(pa.table(batches))


def read_duckdb(path, version=None):
    import duckdb

    with duckdb.connect(
        config={"allow_unsigned_extensions": "true", "autoinstall_known_extensions": "false"}
    ) as connection:
        connection.execute(f"LOAD '{duckdb_extension()}'")
        connection.execute("SET TimeZone = 'UTC'")
        at = "" if version is None else f", VERSION {int(version)}"
        text = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{text}' AS t (TYPE delta{at})")
        return _from_arrow(connection.execute("SELECT * FROM t").fetch_arrow_table())


def read_polars(path, version=None):
    import polars

    return _from_arrow(polars.read_delta(str(path), version=version).to_arrow())


def read_pandas(path, version=None):
    import pandas
    import pyarrow as pa
    from deltalake import DeltaTable

    # Arrow-backed columns: pandas' own would turn nulls into NaN and whole numbers beside them into floats.
    frame = DeltaTable(str(path), version=version).to_pandas(types_mapper=pandas.ArrowDtype)
    return _from_arrow(pa.Table.from_pandas(frame, preserve_index=False))


def read_spark(path, version=None):
    frame = _spark_session().read.format("delta")
    frame = (frame.option("versionAsOf", version) if version is not None else frame).load(str(path))
    return sorted_rows(frame.columns, (tuple(row) for row in frame.collect()))


READERS = {"delta-rs": read_delta_rs, "duckdb": read_duckdb, "polars": read_polars, "pandas": read_pandas}
if os.environ.get("PROOF_SPARK_JARS"):
    READERS["spark"] = read_spark


def duckdb_extension():
    """The delta extension that the package duckdb-ext-delta brings: DuckDB's own INSTALL would download it."""
    try:
        files = importlib.metadata.files("duckdb-ext-delta") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise ReaderError("the delta extension of DuckDB is missing: pip install duckdb-ext-delta") from error
    return next(str(file.locate()) for file in files if file.name == "delta.duckdb_extension")


def versions(path):
    """The versions that the log holds, ascending."""
    return sorted(
        int(file.stem) for file in (pathlib.Path(path) / "_delta_log").glob("*.json") if file.stem.isdigit()
    )


def sorted_rows(names, rows):
    """Rows as tuples of (name, value) pairs in the order of the names, values made comparable, sorted."""
    order = sorted(range(len(names)), key=lambda n: names[n])
    found = [tuple((names[n], _plain(row[n])) for n in order) for row in rows]
    return sorted(found, key=lambda row: [(value is not None, str(type(value)), value) for _, value in row])


def compare(path, readers=READERS, at=None):
    """{version: {reader: rows}} is too much to keep; returns a list of disagreements, empty if all agree."""
    disagreements = []
    for version in versions(path) if at is None else at:
        first_name = first_rows = None
        for name, read in readers.items():
            try:
                rows = read(path, version)
            except Exception as error:  # a reader that cannot read it is a finding, whatever it raises
                disagreements.append(
                    {"version": version, "reader": name, "error": f"{type(error).__name__}: {error}"[:500]}
                )
                continue
            if first_rows is None:
                first_name, first_rows = name, rows
            elif rows != first_rows:
                differing = [pair for pair in zip(first_rows, rows) if pair[0] != pair[1]][:1]
                disagreements.append(
                    {
                        "version": version,
                        "readers": [first_name, name],
                        "rows": [len(first_rows), len(rows)],
                        "first_difference": repr(differing)[:500],
                    }
                )
    return disagreements


def _from_arrow(table):
    columns = [column.to_pylist() for column in table.columns]
    return sorted_rows(table.column_names, zip(*columns) if columns else [])


def _plain(value):
    """One spelling for what readers give in several: instants as UTC microseconds, NaN and NaT as None or text."""
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return (aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(
            microseconds=1
        )
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, decimal.Decimal):
        return value.normalize()
    if isinstance(value, list):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return tuple((key, _plain(entry)) for key, entry in sorted(value.items()))
    return value


def _spark_session():
    from pyspark.sql import SparkSession

    jars = ",".join(str(jar) for jar in sorted(pathlib.Path(os.environ["PROOF_SPARK_JARS"]).glob("*.jar")))
    return (
        SparkSession.builder.master("local[1]")
        .config("spark.jars", jars)
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .getOrCreate()
    )


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table")
    parser.add_argument("--reader", action="append", choices=sorted(READERS))
    parser.add_argument("--version", type=int, action="append")
    parser.add_argument("--print", action="store_true", help="print the rows that the first reader sees")
    args = parser.parse_args(argv)
    readers = {name: READERS[name] for name in args.reader or READERS}
    if args.print:
        for row in next(iter(readers.values()))(args.table, args.version[0] if args.version else None):
            print(dict(row))
        return 0
    found = compare(args.table, readers, args.version)
    print(
        json.dumps(
            {
                "table": args.table,
                "readers": list(readers),
                "versions": len(args.version or versions(args.table)),
                "disagreements": found,
            },
            ensure_ascii=False,
            indent=1,
        )
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

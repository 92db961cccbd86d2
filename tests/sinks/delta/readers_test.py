"""What the delta sink writes, read by other engines: the same values, at every version, with and without filters."""
import datetime as dt
import decimal
import os
import pathlib
import shutil
import subprocess
import sys

import duckdb
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "proof"))
from readers import duckdb_extension  # noqa: E402

UTC = dt.timezone.utc
APP = "laketide/readers%20test/delta%3Atable"
ODD = ["plain", "a b", "ü/ö", "x=y:z", "100%", None]


def types_row(i):
    row = dict.fromkeys(
        ["small", "number", "real", "wide", "price", "name", "raw", "day", "at", "local", "flag", "doc", "numbers", "place", "clock"])
    if i % 7 != 3:
        row = {
            "small": i % 100 - 50,
            "number": i * 1000003 % 65537,
            "real": i / 8,
            "wide": i / 10 - 3,
            "price": decimal.Decimal(i * 1234 - 20000).scaleb(-3),
            "name": f"näme-{i % 13}" + "x" * (i % 50),
            "raw": bytes([i % 256]) + b"\0z",
            "day": dt.date(1970, 1, 1) + dt.timedelta(days=i - 50),
            "at": dt.datetime(1970, 1, 1, tzinfo=UTC) + dt.timedelta(microseconds=1_700_000_000_000_000 + i * 1_234_567),
            "local": dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=-1_000_000 + i * 999_999),
            "flag": i % 2 == 0,
            "doc": f'{{"id": {i}}}',
            "numbers": [i + k for k in range(i % 3)],
            "place": {"a": -i, "b": f"b{i}"},
            "clock": i * 1_000_000 + 5,
        }
    return {"id": i, **row}


def parts_row(i):
    return {"id": i, "day": dt.date(1970, 1, 1 + i % 2), "odd": ODD[i % 6]}


def types_rows(count):
    return [types_row(i) for i in range(count)]


def parts_rows(count):
    return [parts_row(i) for i in range(count)]


def upserted_rows(version):
    rows = {}
    for epoch in range(version + 1):
        for i in ((epoch * 7 + k * 3) % 60 for k in range(5)):
            if epoch % 10 == 9:
                rows.pop(i, None)
            else:
                rows[i] = {"id": i, "day": dt.date(1970, 1, 1) + dt.timedelta(days=epoch), "odd": ODD[(i + epoch) % 6]}
    return [rows[i] for i in sorted(rows)]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tables")
    subprocess.run([os.environ["LAKETIDE_WRITE_TABLES"], directory], check=True, timeout=120)
    return directory


def sql_text(field, value):
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP{'TZ' if field == 'at' else ''} '{value}'"
    return {dt.date: f"DATE '{value}'", str: f"'{value}'"}.get(type(value), str(value))


def by_delta_rs(path, version=None, filter=None):
    table = DeltaTable(path, version=version).to_pyarrow_dataset().to_table(filter=filter)
    return sorted(table.to_pylist(), key=lambda row: row["id"])


@pytest.fixture(scope="module")
def duck():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "autoinstall_known_extensions": "false"})
    connection.execute(f"LOAD '{duckdb_extension()}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def by_duckdb(duck, path, where="true", version=None):
    at = "" if version is None else f", VERSION {version}"
    duck.execute(f"ATTACH '{path}' AS t (TYPE delta{at})")
    try:
        result = duck.execute(f"SELECT * FROM t WHERE {where} ORDER BY id")
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row)) for row in result.fetchall()]
    finally:
        duck.execute("DETACH t")
    for row in rows:
        if isinstance(row.get("at"), dt.datetime):
            row["at"] = row["at"].astimezone(UTC)
    return rows


@pytest.mark.parametrize("name, expected, rows, versions", [("types", types_rows, 25, 6), ("parts", parts_rows, 3, 103)])
def test_delta_rs_reads_every_version(tables, name, expected, rows, versions):
    path = tables / name
    assert DeltaTable(path).version() == versions - 1
    for version in range(versions):
        assert by_delta_rs(path, version) == expected((version + 1) * rows), version


@pytest.mark.parametrize("name, expected, rows, versions", [("types", types_rows, 25, 6), ("parts", parts_rows, 3, 103)])
def test_duckdb_reads_every_version(tables, duck, name, expected, rows, versions):
    for version in range(versions):
        assert by_duckdb(duck, tables / name, version=version) == expected((version + 1) * rows), version


@pytest.mark.parametrize("field, low, high", [
    ("id", 30, 60), ("small", -20, 5), ("number", 100, 30000), ("real", 2.5, 9.75), ("wide", -2.05, 4.2),
    ("price", decimal.Decimal("-10.123"), decimal.Decimal("55.5")), ("name", "näme-1", "näme-12xxxx"),
    ("day", dt.date(1969, 12, 20), dt.date(1970, 1, 20)),
    ("at", dt.datetime(2023, 11, 14, 22, 13, 21, 234567, UTC), dt.datetime(2023, 11, 14, 22, 15, 22, 222133, UTC)),
    ("local", dt.datetime(1969, 12, 31, 23, 59, 59), dt.datetime(1970, 1, 1, 0, 0, 57, 999942)),
])
def test_filters_that_skip_files_lose_no_row(tables, duck, field, low, high):
    expected = [row for row in types_rows(150) if row[field] is not None and low <= row[field] <= high]
    assert 0 < len(expected) < 150
    column = pc.field(field)
    assert by_delta_rs(tables / "types", filter=(column >= low) & (column <= high)) == expected
    assert by_duckdb(duck, tables / "types", f'"{field}" >= {sql_text(field, low)} AND "{field}" <= {sql_text(field, high)}') == expected


def test_filters_at_each_bound_of_each_file_lose_no_row(tables):
    rows = types_rows(150)
    for field in ["id", "price", "name", "day", "at", "local"]:
        for row in rows[::5]:
            if row[field] is None:
                continue
            expected = [r for r in rows if r[field] == row[field]]
            assert by_delta_rs(tables / "types", filter=pc.field(field) == row[field]) == expected, (field, row[field])


@pytest.mark.parametrize("odd", ODD)
def test_partitions_are_found_by_their_values(tables, duck, odd):
    expected = [row for row in parts_rows(309) if row["odd"] == odd]
    where = "odd IS NULL" if odd is None else f"odd = '{odd}'"
    assert by_duckdb(duck, tables / "parts", where) == expected
    filter = pc.field("odd").is_null() if odd is None else pc.field("odd") == odd
    assert by_delta_rs(tables / "parts", filter=filter) == expected


def test_each_version_of_an_upserted_table_holds_the_last_row_of_each_key(tables, duck):
    path = tables / "upserted"
    for version in range(0, 103, 3):
        assert by_delta_rs(path, version) == upserted_rows(version), version
    for version in range(0, 103, 17):
        assert by_duckdb(duck, path, version=version) == upserted_rows(version), version
    for i in range(0, 60, 7):
        expected = [row for row in upserted_rows(102) if row["id"] >= i]
        assert by_delta_rs(path, filter=pc.field("id") >= i) == expected
        assert by_duckdb(duck, path, f"id >= {i}") == expected
    last = DeltaTable(path).history(1)[0]
    assert last["operation"] == "MERGE" and last["readVersion"] == 101 and last["isBlindAppend"] is False


def test_the_checkpoint_of_an_upserted_table_alone_is_the_table(tables, duck, tmp_path):
    copy = tmp_path / "upserted"
    shutil.copytree(tables / "upserted", copy)
    for version in range(100):
        (copy / "_delta_log" / f"{version:020}.json").unlink()
    for version in [100, 101, 102]:
        assert by_delta_rs(copy, version) == upserted_rows(version), version
    assert by_duckdb(duck, copy) == upserted_rows(102)


def test_the_checkpoint_alone_is_the_table(tables, duck, tmp_path):
    copy = tmp_path / "parts"
    shutil.copytree(tables / "parts", copy)
    assert (copy / "_delta_log" / f"{100:020}.checkpoint.parquet").exists()
    for version in range(100):
        (copy / "_delta_log" / f"{version:020}.json").unlink()
    for version in [100, 101, 102]:
        assert by_delta_rs(copy, version) == parts_rows((version + 1) * 3), version
    assert by_duckdb(duck, copy) == parts_rows(309)
    table = DeltaTable(copy)
    assert table.transaction_version(APP) == 102
    assert table.transaction_version(APP + "/events/t/0") == 309


def test_progress_and_schema_are_what_other_engines_see(tables):
    table = DeltaTable(tables / "types")
    assert table.transaction_version(APP) == 5
    assert table.transaction_version(APP + "/generation") == 1
    assert table.transaction_version(APP + "/events/t/0") == 150
    assert table.protocol().min_reader_version == 3
    assert DeltaTable(tables / "parts").protocol().min_reader_version == 1
    fields = {field.name: field for field in table.schema().fields}
    assert fields["id"].nullable is False
    assert fields["doc"].metadata == {"laketide.type": "jsonb"}
    assert str(fields["clock"].type) == str(fields["id"].type), "a time of day is a long"
    assert DeltaTable(tables / "parts").metadata().partition_columns == ["day", "odd"]


def test_delta_rs_can_write_to_the_table_and_compact_it(tables, tmp_path, duck):
    copy = tmp_path / "parts"
    shutil.copytree(tables / "parts", copy)
    DeltaTable(copy).optimize.compact()
    assert by_delta_rs(copy) == parts_rows(309)
    assert by_duckdb(duck, copy) == parts_rows(309)

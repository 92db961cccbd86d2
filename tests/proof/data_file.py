"""Compares one Parquet data file with what its `add` action says of it: size, rows, types, statistics.

The bounds follow facts that readers depend on: minimum and maximum must enclose every value, or a reader that skips
files by them loses rows in silence. Ours must also be tight, by the rounding rules of the Delta protocol and Spark.
"""

import dataclasses
import datetime
import decimal
import json
import math

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from delta_log import physical_path

PREFIX = 32  # code points of a text bound
PREFIX_MAX = 64  # how far a maximum may be extended to find a tie-breaker
TOP = "\U0010ffff"
INDEXED_COLUMNS = 32  # leaf columns that have statistics unless the table says otherwise
ABSENT = object()

ARROW_TYPES = {
    "long": [pa.int64()],
    "integer": [pa.int32()],
    "short": [pa.int16(), pa.int32()],
    "byte": [pa.int8(), pa.int32()],
    "double": [pa.float64()],
    "float": [pa.float32()],
    "boolean": [pa.bool_()],
    "date": [pa.date32()],
    "string": [pa.string(), pa.large_string(), pa.string_view()],
    "binary": [pa.binary(), pa.large_binary(), pa.binary_view()],
    "timestamp": [pa.timestamp("us", "UTC")],
    "timestamp_ntz": [pa.timestamp("us")],
}


@dataclasses.dataclass
class Bounds:
    """True statistics of one leaf column, as JSON would hold them; ABSENT where none may be written."""

    nulls: int
    low: object = ABSENT
    high: object = ABSENT
    low_value: object = None  # untruncated, to tell a false bound from a loose one
    high_value: object = None


def read_data_file(table, add, metadata, where, verdict, require_stats=True, foreign=False):
    """The file's rows as an Arrow table with the partition columns added, or None if there is nothing to read.

    What a `foreign` writer says of its files' bounds is not judged: delta-rs cuts the maximum of a time to milliseconds.
    """
    path = table / physical_path(add["path"])
    fields = {field["name"]: field for field in json.loads(metadata["schemaString"])["fields"]}
    partitions = metadata["partitionColumns"]
    _check_partition_values(add, partitions, where, verdict)
    if not path.is_file():
        verdict.violation("missing_file", where, add["path"])
        return None
    if path.stat().st_size != add["size"]:
        verdict.violation(
            "wrong_size", where, f"{add['path']}: size says {add['size']}, the file has {path.stat().st_size}"
        )
    try:
        with pq.ParquetFile(path) as file:
            _check_types(file, add["path"], fields, partitions, where, verdict)
            rows = file.read()
            claimed = file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        verdict.violation("file_unreadable", where, f"{add['path']}: {type(error).__name__}: {error}")
        return None
    if claimed != rows.num_rows:
        verdict.violation(
            "file_unreadable",
            where,
            f"{add['path']}: the footer says {claimed} rows, {rows.num_rows} are there",
        )
    if not foreign:
        _check_stats(rows, add, fields, partitions, metadata, where, verdict, require_stats)
    verdict.counts["files"] += 1
    return _with_partition_columns(rows, add, fields, partitions, where, verdict)


def _check_partition_values(add, partitions, where, verdict):
    missing, extra = (
        set(partitions) - set(add["partitionValues"]),
        set(add["partitionValues"]) - set(partitions),
    )
    if missing:
        verdict.violation("missing_partition_key", where, f"{add['path']}: {sorted(missing)}")
    if extra:
        verdict.violation("unknown_partition_key", where, f"{add['path']}: {sorted(extra)}")
    for column, value in add["partitionValues"].items():
        if value is not None and not isinstance(value, str):
            verdict.violation(
                "bad_partition_value", where, f"{add['path']}: {column} must be text, is {value!r}"
            )


def _check_types(file, path, fields, partitions, where, verdict):
    schema = file.schema_arrow
    for name, field in fields.items():
        if name in partitions:
            continue
        at = schema.get_field_index(name)
        if at < 0:
            if not field["nullable"]:
                verdict.violation(
                    "column_type", where, f"{path}: column {name} is required and not in the file"
                )
            continue
        allowed, found = _arrow_types(field["type"]), schema.field(at).type
        if allowed is not None and found not in allowed:
            verdict.violation(
                "column_type",
                where,
                f"{path}: column {name} is {field['type']} in the table and {found} in the file",
            )
    for name in schema.names:
        if name not in fields:
            verdict.violation("column_type", where, f"{path}: column {name} is not in the table's schema")
    for n in range(len(file.schema)):
        if file.schema.column(n).physical_type == "INT96":
            verdict.violation("column_type", where, f"{path}: column {file.schema.column(n).path} is INT96")


def _arrow_types(kind):
    if not isinstance(kind, str):
        return None
    if kind.startswith("decimal("):
        precision, scale = kind[8:-1].split(",")
        return [pa.decimal128(int(precision), int(scale))]
    return ARROW_TYPES.get(kind)


def leaves(rows, fields, partitions):
    """Yields (path of names, Delta type or None, column) for each leaf that statistics may speak of, in order."""

    def walk(names, kind, column):
        if isinstance(kind, dict) and kind.get("type") == "struct":
            for child in kind["fields"]:
                at = column.type.get_field_index(child["name"])
                if at >= 0:
                    yield from walk(names + (child["name"],), child["type"], pc.struct_field(column, [at]))
        else:
            yield names, kind if isinstance(kind, str) else None, column

    for name, field in fields.items():
        if name not in partitions and name in rows.column_names:
            yield from walk((name,), field["type"], rows.column(name))


def true_bounds(kind, column):
    """The Bounds of a column of Delta type `kind` (None: array or map)."""
    bounds = Bounds(column.null_count)
    if kind in (None, "boolean", "binary") or column.null_count == len(column):
        return bounds
    if kind in ("double", "float") and pc.any(pc.invert(pc.is_finite(column)), min_count=0).as_py():
        return bounds
    if kind in ("timestamp", "timestamp_ntz"):
        micros = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
        low, high = (v.as_py() for v in pc.min_max(micros).values())
        bounds.low_value, bounds.high_value = low // 1000, -(-high // 1000)
        zone = "Z" if kind == "timestamp" else ""
        bounds.low, bounds.high = (_milliseconds(ms) + zone for ms in (bounds.low_value, bounds.high_value))
        return bounds
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    low, high = (v.as_py() for v in pc.min_max(column).values())
    bounds.low_value, bounds.high_value = low, high
    if kind == "string":
        bounds.low, bounds.high = low[:PREFIX], truncated_max(high)
    elif kind == "date":
        bounds.low, bounds.high = low.isoformat(), high.isoformat()
    else:
        bounds.low, bounds.high = low, high
    return bounds


def truncated_max(text):
    """A bound of at most PREFIX_MAX + 1 code points that no text with this maximum exceeds, or ABSENT."""
    if len(text) <= PREFIX:
        return text
    cut = PREFIX
    while cut < len(text) and text[cut] == TOP:
        cut += 1
        if cut > PREFIX_MAX:
            return ABSENT
    if cut == len(text):
        return text
    return text[:cut] + ("\x7f" if text[cut] < "\x7f" else TOP)


def _milliseconds(ms):
    stamp = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)
    return stamp.isoformat(timespec="milliseconds")


def _check_stats(rows, add, fields, partitions, metadata, where, verdict, require_stats):
    place = f"{where}, {add['path']}"
    if add.get("stats") is None:
        if require_stats:
            verdict.violation("stats_missing", place, "no statistics")
        return
    try:
        stats = json.loads(add["stats"], parse_float=decimal.Decimal, parse_constant=_refuse_constant)
        parts = [stats.get(key) or {} for key in ("nullCount", "minValues", "maxValues")]
        wrong = not all(isinstance(part, dict) for part in parts)
    except (ValueError, AttributeError) as error:
        verdict.violation("stats_unreadable", place, str(error))
        return
    if wrong:
        verdict.violation("stats_unreadable", place, "nullCount, minValues and maxValues must be objects")
        return
    if stats.get("numRecords") != rows.num_rows:
        verdict.violation(
            "wrong_num_records",
            place,
            f"numRecords says {stats.get('numRecords')}, the file has {rows.num_rows} rows",
        )
    limit = int(metadata["configuration"].get("delta.dataSkippingNumIndexedCols", INDEXED_COLUMNS))
    known = set()
    for number, (names, kind, column) in enumerate(leaves(rows, fields, partitions)):
        known.add(names)
        required = require_stats and (limit < 0 or number < limit) and rows.num_rows > 0
        _check_column(
            names,
            kind,
            true_bounds(kind, column),
            [_dig(part, names) for part in parts],
            required,
            place,
            verdict,
        )
    for part in parts:
        for names in _paths(part):
            if names not in known:
                verdict.violation("stats_unknown_column", place, ".".join(names))


def _check_column(names, kind, true, claimed, required, place, verdict):
    name = ".".join(names)
    nulls, low, high = claimed
    if nulls is ABSENT:
        if required and kind is not None:
            verdict.violation("stats_missing", place, f"no nullCount of {name}")
    elif nulls != true.nulls:
        verdict.violation(
            "wrong_null_count", place, f"{name}: nullCount says {nulls}, the file has {true.nulls}"
        )
    for side, value, wanted, real in (
        ("min", low, true.low, true.low_value),
        ("max", high, true.high, true.high_value),
    ):
        if wanted is ABSENT:
            if value is not ABSENT and value is not None:
                verdict.violation("stats_unexpected", place, f"{name}: {side} must be left out, is {value!r}")
        elif value is ABSENT or value is None:
            if required:
                verdict.violation("stats_missing", place, f"no {side} of {name}")
        elif not _same(kind, value, wanted):
            word = "false" if not _encloses(kind, value, real, side) else "loose"
            verdict.violation(f"stats_{word}", place, f"{name}: {side} says {value!r}, must be {wanted!r}")


def _same(kind, value, wanted):
    if kind in ("double", "float"):
        return isinstance(value, (int, decimal.Decimal)) and _as_float(kind, value) == wanted
    if isinstance(wanted, decimal.Decimal):
        return isinstance(value, (int, decimal.Decimal)) and decimal.Decimal(value) == wanted
    return type(value) is type(wanted) and value == wanted


def _encloses(kind, value, real, side):
    """Whether a claimed bound that is not the wanted one at least loses no row."""
    try:
        if kind in ("timestamp", "timestamp_ntz"):
            stamp = datetime.datetime.fromisoformat(value.rstrip("Z"))
            value = (stamp - datetime.datetime(1970, 1, 1)) / datetime.timedelta(milliseconds=1)
        elif kind == "date":
            value = datetime.date.fromisoformat(value)
        elif kind in ("double", "float"):
            value = _as_float(kind, value)
        return value <= real if side == "min" else value >= real
    except (TypeError, ValueError, AttributeError):
        return False


def _as_float(kind, value):
    number = float(value)
    return pa.scalar(number, pa.float32()).as_py() if kind == "float" and math.isfinite(number) else number


def _dig(part, names):
    for name in names:
        if not isinstance(part, dict) or name not in part:
            return ABSENT
        part = part[name]
    return part


def _paths(part, names=()):
    for name, value in part.items():
        if isinstance(value, dict):
            yield from _paths(value, names + (name,))
        else:
            yield names + (name,)


def _refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def _with_partition_columns(rows, add, fields, partitions, where, verdict):
    for column in partitions:
        text = add["partitionValues"].get(column) or None  # an empty text is null, by the protocol
        types = _arrow_types(fields[column]["type"])
        try:
            value = pa.array([text], pa.string()).cast(types[0])[0]
        except (pa.ArrowException, TypeError) as error:
            verdict.violation("bad_partition_value", where, f"{add['path']}: {column} = {text!r}: {error}")
            value = pa.scalar(None, types[0] if types else pa.string())
        if column in rows.column_names:
            rows = rows.drop_columns([column])
        rows = rows.append_column(column, pa.repeat(value, rows.num_rows))
    return rows

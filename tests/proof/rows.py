"""Judges the content of rows: every column of a row must be what the generator made for its (p, i)."""

import collections
import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from record import SOURCES
from verdict import ranges_text

HEX = np.full(256, 255, dtype=np.uint8)
HEX[[ord(c) for c in "0123456789abcdef"]] = np.arange(16)


@dataclasses.dataclass
class Judged:
    """What a set of rows holds. `parts`: (feed number, partition) -> indexes, one per row."""

    parts: dict = dataclasses.field(default_factory=dict)
    nameless: int = 0  # rows whose p or i is null
    corrupted: int = 0


def judge_rows(rows, promise, where, verdict):
    """`rows` is an Arrow table. Reports corrupted and foreign rows; where the rest belongs is for Coverage."""
    judged = Judged()
    missing = [name for name in promise.columns if name not in rows.column_names]
    if missing:
        verdict.violation("missing_column", where, f"{missing}; the table has {rows.column_names}")
        if {"p", "i"} & set(missing):
            return judged
    try:
        named = pc.and_(pc.is_valid(rows["p"]), pc.is_valid(rows["i"]))
        judged.nameless = rows.num_rows - (pc.sum(named).as_py() or 0)
        if judged.nameless:
            rows = rows.filter(named)
        p, i = _ints(rows["p"]), _ints(rows["i"])
    except pa.ArrowException as error:
        verdict.violation("column_type", where, f"p and i must be integers: {error}")
        return judged
    columns = {
        name: rows[name] for name in promise.columns if name in rows.column_names and name not in ("p", "i")
    }
    for value in np.unique(p).tolist():
        part = promise.feed_of_p(value)
        at = np.flatnonzero(p == value)
        if part is None:
            verdict.violation("unexpected", where, f"rows with p = {value}, which no feed has", len(at))
            continue
        judged.parts[part] = i[at]
        selected = (
            columns
            if len(at) == len(p)
            else {name: column.take(pa.array(at)) for name, column in columns.items()}
        )
        judged.corrupted += _compare(promise.feeds[part[0]], part[1], i[at], selected, where, verdict)
    return judged


def _compare(feed, partition, indexes, columns, where, verdict):
    expected = feed.fields(partition, indexes)
    # A malformed record has no right content; that it is there at all is Coverage's finding.
    judged = expected.kind == 0
    wrong = np.zeros(len(indexes), dtype=bool)
    by_column = collections.Counter()
    for name, column in columns.items():
        differs = ~_equal(name, column, expected, feed.spec) & judged
        by_column[name] = int(differs.sum())
        wrong |= differs
    if wrong.any():
        found = ", ".join(f"{name} ({n})" for name, n in by_column.items() if n)
        verdict.violation(
            "corrupted",
            f"{where}, partition {partition}",
            f"indexes {ranges_text(np.unique(indexes[wrong]))}: wrong in {found}",
            wrong.sum(),
        )
    return int(wrong.sum())


def _equal(name, column, expected, spec):
    """Per row, whether the column has the generator's value. A column of another type equals nowhere."""
    try:
        if name == "id":
            return _valid(column) & (_ints(column) == expected.id)
        if name == "ts":
            if not pa.types.is_timestamp(column.type):
                return np.zeros(len(column), dtype=bool)
            return _valid(column) & (_ints(column.cast(pa.timestamp("us", column.type.tz))) == expected.ts)
        if name == "value":
            return _valid(column) & (_filled(column.cast(pa.float64()), np.nan) == expected.value)
        if name == "source":
            found = pc.index_in(_text(column), value_set=pa.array(SOURCES, pa.large_string()))
            return _filled(found.cast(pa.int64()), -1) == expected.source
        if name == "h":
            return _hex_equal(_text(column), expected.h)
        if name == "pad":
            texts = _text(column).to_pylist()
            wanted = (spec.pad_text(i, n) for i, n in zip(expected.i.tolist(), expected.pad.tolist()))
            return np.array([a == b for a, b in zip(texts, wanted)], dtype=bool)
    except pa.ArrowException:
        return np.zeros(len(column), dtype=bool)
    raise ValueError(f"the record has no column {name}")


def _hex_equal(column, expected):
    good = _array(pc.fill_null(pc.equal(pc.binary_length(column), 16), False)).astype(bool)
    texts = pc.if_else(pa.array(good), column, pa.scalar("0" * 16, pa.large_string()))
    joined = "".join(texts.to_pylist()).encode("ascii", "replace")
    if len(joined) != 16 * len(good):
        return np.array(
            [text == f"{int(h):016x}" for text, h in zip(column.to_pylist(), expected)], dtype=bool
        )
    digits = HEX[np.frombuffer(joined, dtype=np.uint8)].reshape(-1, 16)
    value = np.zeros(len(good), dtype=np.uint64)
    for n in range(16):
        value = (value << np.uint64(4)) | digits[:, n].astype(np.uint64)
    return good & (digits < 16).all(axis=1) & (value == expected)


def _text(column):
    column = column.cast(pa.large_string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _valid(column):
    return _array(pc.is_valid(column)).astype(bool)


def _ints(column):
    return _filled(column.cast(pa.int64()), 0)


def _filled(column, value):
    return _array(pc.fill_null(column, value))


def _array(column):
    return column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)

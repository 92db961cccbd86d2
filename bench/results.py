"""Whether what a run left behind is right. A run that loses, doubles or changes a record is void."""
import csv
import math
from datetime import timezone

import duckdb

FIRST_MILLIS = 1767225600000  # of bench/fill_topic
SUM_NAMES = ("records", "id", "ts_millis", "value_cents", "user_id", "text_bytes")
SUMS = (f"count(*), sum(id), sum({{millis}} - {FIRST_MILLIS}), sum(cast(round(value * 100) as bigint)), sum(user_id), "
        "sum(length(event_type) + length(source))")
TABLE = "public.bench"


class Void(Exception):
    """A run whose result is wrong, or that did not end well."""


def _check(bench, sums, what):
    wrote = {"records": bench.records, **bench.truth["sums"]}
    found = {name: int(value or 0) for name, value in zip(SUM_NAMES, sums)}
    if found != wrote:
        raise Void(f"{what} adds up to {found}, the topic to {wrote}")


def check_files(bench, files, what):
    query = f"select {SUMS.format(millis='epoch_ms(ts)')} from read_parquet({[str(file) for file in files]!r})"
    _check(bench, duckdb.sql(query).fetchone(), what)


def check_table(bench, what):
    millis = "cast(extract(epoch from ts) * 1000 as bigint)"
    _check(bench, bench.postgres.query(f"select {SUMS.format(millis=millis)} from {TABLE}")[0], what)


def check_filtered(bench, receipts):
    """Every record was read and decoded, and the filter took them all out."""
    filtered = sum(one["filtered"] for one in receipts)
    if filtered != bench.records:
        raise Void(f"{filtered} records went through the filter, {bench.records} are in the topic")


def keep_groups(bench, file):
    """The straight line's groups: they must add up to what fill_topic wrote, and are the truth for all others."""
    groups = {(int(begins), source): (int(count), float(average)) for begins, source, count, average in csv.reader(file.open())}
    cents = sum(count * average for count, average in groups.values()) * 100
    if sum(count for count, _ in groups.values()) != bench.records or not math.isclose(cents, bench.truth["sums"]["value_cents"], rel_tol=1e-9):
        raise Void("the straight line's groups do not add up to the topic's records")
    bench.groups.clear()
    bench.groups.update(groups)


def check_groups(bench, table, what):
    """All windows that the watermark has closed, each as the straight line has it. The last 30 s of event time, and what two lanes'
    fetches are apart, may still be open: they must be the newest."""
    rows = table.to_pyarrow_table().to_pylist()
    found = {(_micros(row["window_start"]), row["source"]): (row["n"], row["average"]) for row in rows}
    wrong = [key for key, (count, average) in found.items()
             if key not in bench.groups or bench.groups[key][0] != count or not math.isclose(bench.groups[key][1], average, rel_tol=1e-9)]
    newest = max(begins for begins, _ in found) if found else 0
    lacking = [key for key in bench.groups if key not in found and key[0] <= newest]
    open_still = len({begins for begins, _ in bench.groups if begins > newest})
    if wrong or lacking or len(found) != len(rows) or open_still > OPEN_WINDOWS_MAX:
        raise Void(f"{what}: {len(rows)} groups, of which {len(wrong)} are wrong and {len(rows) - len(found)} doubled; {len(lacking)} are "
                   f"lacking, and {open_still} windows at the end")


OPEN_WINDOWS_MAX = 5


def _micros(when):
    return round(when.astimezone(timezone.utc).timestamp() * 1e6)

"""Tests of the checker: good tables pass, and every kind of damage is found, and called by its name.

Tables are written by tiny_delta.py. Each damage names exactly the kinds of violations that must be reported: none
may be missing and none may be added, or a person would be sent to the wrong place.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import data_file
import readers
from checker import check_delta, next_offsets
from feed import Feed, Layout
from record import RecordSpec
from tiny_delta import TinySink, TinyTable, good_rows
from verdict import Verdict
from world import BASE, EPOCHS, FEED, PARTITIONS, SINK, World, ends_of, replace

# ---- good tables ----------------------------------------------------------------------------------------------------


def test_good_tables_pass(world, partitioned):
    for good in (world, partitioned):
        verdict = good.check(ends=ends_of(EPOCHS - 1))
        assert verdict.violations == []
        expected = sum(len(good_rows(FEED)(p, 0, end)) for p, end in ends_of(EPOCHS - 1).items())
        assert verdict.counts["rows"] == verdict.counts["records"] == expected
        assert verdict.counts["epochs"] == EPOCHS and verdict.counts["generation"] == 2


def test_progress_can_be_peeked_at(world, tmp_path):
    assert next_offsets(world.table.root, "events", SINK) == {
        ("events", "events", p): end for p, end in ends_of(EPOCHS - 1).items()
    }
    assert next_offsets(tmp_path / "nowhere", "events", SINK) == {}


def test_the_rows_are_those_that_delta_rs_sees(partitioned):
    from deltalake import DeltaTable as Theirs
    from deltalake.query import QueryBuilder

    for version in readers.versions(partitioned.table.root):
        theirs = pa.table(
            QueryBuilder()
            .register("t", Theirs(partitioned.table.root, version=version))
            .execute("SELECT p, i, h, ts, value, source FROM t")
            .read_all()
        )
        epochs = [e for e in range(EPOCHS) if partitioned.data_version(e) <= version]
        ends = ends_of(epochs[-1]) if epochs else {}
        mine = [row for p, end in ends.items() for row in good_rows(FEED)(p, 0, end)]
        key = lambda row: (row["p"], row["i"])
        names = ("p", "i", "h", "ts", "value", "source")
        assert sorted(theirs.to_pylist(), key=key) == [
            {n: row[n] for n in names} for row in sorted(mine, key=key)
        ]


def test_a_log_that_was_cleaned_up_passes(world):
    version = world.table.checkpoint()
    sink = TinySink(world.table, good_rows(FEED), "events", SINK, "events")
    sink.claim()
    sink.run({p: end + 10 for p, end in ends_of(EPOCHS - 1).items()})
    assert world.check().violations == []
    for old in range(version):
        (world.table.log / f"{old:020}.json").unlink()
    verdict = world.check()
    assert verdict.violations == []
    assert (
        next_offsets(world.table.root, "events", SINK)[("events", "events", 0)] == ends_of(EPOCHS - 1)[0] + 10
    )


def test_transactions_with_aborted_records_pass(tmp_path):
    feed = Feed(RecordSpec(7), PARTITIONS, "events", "events", Layout(20, 0.3, 7))
    world = World(tmp_path, feed=feed).build()
    assert feed.layout.aborted_ranges(0, 200)
    verdict = world.check()
    assert verdict.violations == [] and verdict.counts["rows"] > 0
    assert (
        "unexpected"
        in check_delta(world.table.root, 7, PARTITIONS, "events", SINK, layout=Layout(20, 0.9, 7)).kinds()
    )


def test_a_filter_is_part_of_the_promise(tmp_path):
    world = World(tmp_path)
    rows = good_rows(FEED)
    sink = TinySink(
        world.table, lambda p, a, b: [row for row in rows(p, a, b) if row["id"] < 5], "events", SINK, "events"
    )
    sink.claim()
    sink.run(ends_of(0)), sink.run(ends_of(1))
    assert world.check(where="id < 5").violations == []
    assert world.check().kinds() == {"lost"}
    assert world.check(where="id < 4").kinds() == {"unexpected"}


def test_a_foreign_compaction_moves_no_row(world):
    world.compact([1, 2, 3])
    assert world.check(allow_foreign=True).violations == []
    assert world.check().kinds() == {"data_without_progress"}
    world.compact([5, 6], drop=2)
    verdict = world.check(allow_foreign=True)
    assert verdict.kinds() == {"lost"} and verdict.counts["lost"] == 2


def test_bounds_of_every_type(tmp_path):
    import decimal

    kinds = {
        "n": "long",
        "small": "integer",
        "f": "double",
        "t": "string",
        "ok": "boolean",
        "raw": "binary",
        "d": "date",
        "ts": "timestamp",
        "money": "decimal(12,3)",
        "inf": "double",
        "none": "string",
    }
    utc = datetime.timezone.utc
    rows = [
        {
            "n": n * 10**15,
            "small": -n,
            "f": n / 3,
            "t": "é" * (20 + n),
            "ok": n % 2 == 0,
            "raw": b"x",
            "d": datetime.date(1969, 1, n + 1),
            "ts": datetime.datetime(1969, 12, 31, 23, 59, 59, 999_000 + n, utc),
            "money": decimal.Decimal(n) / 8,
            "inf": float("inf"),
            "none": None,
        }
        for n in range(20)
    ]
    rows.append(dict.fromkeys(kinds))
    table = TinyTable(tmp_path / "t", kinds)
    adds = table.stage(rows)
    verdict = Verdict("t")
    read = data_file.read_data_file(table.root, adds[0], table.metadata(), "version 0", verdict)
    assert verdict.violations == [] and read.num_rows == 21
    stats = json.loads(adds[0]["stats"])
    assert (
        stats["minValues"]["ts"] == "1969-12-31T23:59:59.999Z"
        and stats["maxValues"]["ts"] == "1970-01-01T00:00:00.000Z"
    )


@pytest.mark.parametrize(
    "text, bound",
    [
        ("a" * 32, "a" * 32),
        ("a" * 33, "a" * 32 + "\x7f"),
        ("a" * 32 + "é", "a" * 32 + "\U0010ffff"),
        ("a" * 32 + "\x7f", "a" * 32 + "\U0010ffff"),
        ("a" * 32 + "\U0010ffff" + "b", "a" * 32 + "\U0010ffff\x7f"),
        ("a" * 32 + "\U0010ffff" * 3, "a" * 32 + "\U0010ffff" * 3),
        ("a" * 32 + "\U0010ffff" * 40, data_file.ABSENT),
    ],
)
def test_text_maxima_are_cut_so_that_they_stay_maxima(text, bound):
    assert data_file.truncated_max(text) is bound or data_file.truncated_max(text) == bound
    assert bound is data_file.ABSENT or bound >= text


# ---- damaged tables -------------------------------------------------------------------------------------------------


def microsecond(rows):
    return replace(rows, 3, ts=rows[3]["ts"] + datetime.timedelta(microseconds=1))


def row_of(index, partition=0):
    row = json.loads(RecordSpec(7).value(partition, index))
    return dict(row, ts=datetime.datetime.fromisoformat(row["ts"].replace("Z", "+00:00")))


def first_malformed():
    return next(i for i in range(40) if FEED.kind(0, [i])[0])


def unlink_data(world, epoch):
    (world.table.root / data_file.physical_path(world.adds(world.data_version(epoch))[0]["path"])).unlink()


def truncate_data(world, epoch):
    version = world.data_version(epoch)
    path = world.table.root / data_file.physical_path(world.adds(version)[0]["path"])
    path.write_bytes(path.read_bytes()[:-100])
    world.edit(version, lambda kind, body: body.update(size=path.stat().st_size) if kind == "add" else None)


def flip_bit(world, epoch):
    path = world.table.root / data_file.physical_path(world.adds(world.data_version(epoch))[0]["path"])
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 4] ^= 1
    path.write_bytes(raw)


def add_again(world, epoch, to):
    """The add of one epoch once more in the commit of another."""
    action = {"add": world.adds(world.data_version(epoch))[0]}
    version = world.data_version(to)
    world.table.rewrite(version, world.table.actions(version) + [action])


def append_line(world, version, text):
    path = world.table.log / f"{version:020}.json"
    path.write_text(path.read_text() + text + "\n")


def float_column(world, epoch):
    version = world.data_version(epoch)
    add = world.adds(version)[0]
    path = world.table.root / data_file.physical_path(add["path"])
    rows = pq.read_table(path)
    at = rows.column_names.index("id")
    pq.write_table(rows.set_column(at, "id", rows["id"].cast(pa.int32())), path)
    world.edit(version, lambda kind, body: body.update(size=path.stat().st_size) if kind == "add" else None)


def swap_commits(world, a, b):
    one, two = world.table.actions(world.data_version(a)), world.table.actions(world.data_version(b))
    world.table.rewrite(world.data_version(a), two)
    world.table.rewrite(world.data_version(b), one)


def stats_of(part, name, value):
    def change(stats):
        stats[part][name] = value

    return change


def in_range(partition, pair):
    def change(plan):
        plan["ranges"]["events"]["events"][partition] = pair

    return change


def stray(world, name):
    path = world.table.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"left over")


DAMAGES = {
    # the log
    "missing version of a claim": (lambda w: (w.table.log / f"{4:020}.json").unlink(), {"missing_version"}),
    "missing version": (
        lambda w: (w.table.log / f"{3:020}.json").unlink(),
        {"missing_version", "lost", "epoch_gap", "range_gap", "orphan_file"},
    ),
    "missing first version": (
        lambda w: (w.table.log / f"{0:020}.json").unlink(),
        {"missing_version", "bad_action", "orphan_file"},
    ),
    "a line is not JSON": (lambda w: append_line(w, 2, '{"add":'), {"bad_json"}),
    "two actions in a line": (
        lambda w: append_line(w, 2, '{"txn":{"appId":"a","version":1},"add":{}}'),
        {"bad_action"},
    ),
    "a txn twice": (
        lambda w: append_line(w, 2, json.dumps({"txn": {"appId": BASE, "version": 1}})),
        {"bad_action"},
    ),
    "no commitInfo": (lambda w: w.edit(0, lambda kind, body: kind != "commitInfo"), {"commit_info"}),
    "size is text": (
        lambda w: w.edit(2, lambda kind, body: body.update(size="1") if kind == "add" else None),
        {"bad_action", "lost", "orphan_file"},
    ),
    "remove of a file that is not there": (
        lambda w: append_line(w, 2, json.dumps({"remove": {"path": "x", "dataChange": True}})),
        {"remove_of_absent_file", "commit_info"},
    ),
    "unknown table feature": (
        lambda w: w.edit(
            0,
            lambda kind, body: (
                body.update(
                    minReaderVersion=3,
                    minWriterVersion=7,
                    readerFeatures=["variantType"],
                    writerFeatures=["variantType"],
                )
                if kind == "protocol"
                else None
            ),
        ),
        {"table_feature"},
    ),
    "leftover in the log": (lambda w: stray(w, "_delta_log/.x.tmp"), {"stray_log_file"}),
    # files and statistics
    "missing file": (lambda w: unlink_data(w, 2), {"missing_file", "lost"}),
    "truncated file": (lambda w: truncate_data(w, 2), {"file_unreadable", "lost"}),
    "wrong size": (
        lambda w: w.edit(3, lambda kind, body: body.update(size=body["size"] + 1) if kind == "add" else None),
        {"wrong_size"},
    ),
    "wrong numRecords": (
        lambda w: w.edit_stats(2, lambda stats: stats.update(numRecords=7)),
        {"wrong_num_records"},
    ),
    "false minimum": (lambda w: w.edit_stats(2, stats_of("minValues", "value", 50.0)), {"stats_false"}),
    "false maximum": (lambda w: w.edit_stats(2, stats_of("maxValues", "i", 3)), {"stats_false"}),
    "false text maximum": (
        lambda w: w.edit_stats(2, stats_of("maxValues", "source", "sensor-b")),
        {"stats_false"},
    ),
    "false time maximum": (
        lambda w: w.edit_stats(2, stats_of("maxValues", "ts", "2026-01-01T00:00:00.000Z")),
        {"stats_false"},
    ),
    "time with a zone": (
        lambda w: w.edit_stats(2, stats_of("maxValues", "ts", "2026-01-02T00:00:00.000+00:00")),
        {"stats_false"},
    ),
    "loose minimum": (lambda w: w.edit_stats(2, stats_of("minValues", "value", -1.0)), {"stats_loose"}),
    "a bound is text": (lambda w: w.edit_stats(2, stats_of("minValues", "i", "0")), {"stats_false"}),
    "missing bound": (
        lambda w: w.edit_stats(2, lambda stats: stats["minValues"].pop("ts")),
        {"stats_missing"},
    ),
    "bounds of an unknown column": (
        lambda w: w.edit_stats(2, stats_of("minValues", "colour", 1)),
        {"stats_unknown_column"},
    ),
    "wrong nullCount": (lambda w: w.edit_stats(2, stats_of("nullCount", "value", 1)), {"wrong_null_count"}),
    "no statistics": (
        lambda w: w.edit(2, lambda kind, body: body.pop("stats") and None if kind == "add" else None),
        {"stats_missing"},
    ),
    "statistics are not JSON": (
        lambda w: w.edit(2, lambda kind, body: body.update(stats="{") if kind == "add" else None),
        {"stats_unreadable"},
    ),
    "column of another type": (lambda w: float_column(w, 2), {"column_type"}),
    "same path twice, later": (lambda w: add_again(w, 1, 4), {"path_added_twice", "duplicated"}),
    "same path twice, in one commit": (lambda w: add_again(w, 1, 1), {"path_added_twice", "duplicated"}),
    "orphan file": (lambda w: stray(w, "part-0.parquet"), {"orphan_file"}),
    "orphan file in a folder": (lambda w: stray(w, "_staged/part-0.parquet"), {"orphan_file"}),
    # rows
    "lost row": (lambda w: w.rewrite_rows(2, lambda rows: rows[:5] + rows[6:]), {"lost"}),
    "duplicated row": (lambda w: w.rewrite_rows(2, lambda rows: rows + rows[4:5]), {"duplicated"}),
    "row twice in two versions": (
        lambda w: w.rewrite_rows(
            4, lambda rows: rows + [row_of(next(i for i in range(40) if not FEED.kind(0, [i])[0]))]
        ),
        {"duplicated"},
    ),
    "corrupted value": (
        lambda w: w.rewrite_rows(2, lambda rows: replace(rows, 4, value=rows[4]["value"] + 0.001)),
        {"corrupted"},
    ),
    "value is null": (lambda w: w.rewrite_rows(2, lambda rows: replace(rows, 4, value=None)), {"corrupted"}),
    "corrupted hash": (
        lambda w: w.rewrite_rows(2, lambda rows: replace(rows, 4, h="0123456789abcdef")),
        {"corrupted"},
    ),
    "hash of another length": (
        lambda w: w.rewrite_rows(2, lambda rows: replace(rows, 4, h="é")),
        {"corrupted"},
    ),
    "corrupted text": (
        lambda w: w.rewrite_rows(2, lambda rows: replace(rows, 4, source=rows[4]["source"] + " ")),
        {"corrupted"},
    ),
    "a microsecond": (lambda w: w.rewrite_rows(2, microsecond), {"corrupted"}),
    "an index became another": (
        lambda w: w.rewrite_rows(2, lambda rows: replace(rows, 4, i=rows[5]["i"])),
        {"corrupted", "lost", "duplicated"},
    ),
    "row beyond the progress": (
        lambda w: w.rewrite_rows(5, lambda rows: rows + [row_of(400)]),
        {"unexpected"},
    ),
    "row absurdly far away": (
        lambda w: w.rewrite_rows(2, lambda rows: rows + [row_of(10**10)]),
        {"unexpected"},
    ),
    "row with a negative index": (
        lambda w: w.rewrite_rows(2, lambda rows: rows + [dict(rows[0], i=-5)]),
        {"unexpected", "corrupted"},
    ),
    "row of an unknown partition": (
        lambda w: w.rewrite_rows(2, lambda rows: rows + [row_of(3, 9)]),
        {"unexpected"},
    ),
    "row of a malformed record": (
        lambda w: w.rewrite_rows(0, lambda rows: rows + [row_of(first_malformed())]),
        {"unexpected"},
    ),
    "row without a name": (
        lambda w: w.rewrite_rows(2, lambda rows: rows + [dict.fromkeys(rows[0])]),
        {"unexpected"},
    ),
    "prefix violated in the middle: too late": (lambda w: w.move_row(2, 4), {"lost", "prefix_mended_late"}),
    "prefix violated in the middle: too early": (
        lambda w: w.move_row(4, 2),
        {"unexpected", "prefix_mended_late"},
    ),
    # progress
    "next offset goes back": (
        lambda w: w.set_txn(2, f"{BASE}/events/events/0", 5),
        {"offset_went_back", "plan_differs", "unexpected", "prefix_mended_late", "range_gap"},
    ),
    "next offset of another partition": (
        lambda w: w.edit(
            w.data_version(2),
            lambda kind, body: (
                body.update(appId=f"{BASE}/events/events/77")
                if kind == "txn" and body["appId"].endswith("/0")
                else None
            ),
        ),
        {"unknown_partition", "plan_differs", "unexpected", "prefix_mended_late", "range_gap"},
    ),
    "epoch gap": (
        lambda w: (w.set_txn(5, BASE, 9), w.edit_plan(5, lambda plan: plan.update(epoch=9))),
        {"epoch_gap"},
    ),
    "epoch goes back": (
        lambda w: (w.set_txn(5, BASE, 2), w.edit_plan(5, lambda plan: plan.update(epoch=2))),
        {"epoch_went_back"},
    ),
    "commits out of order": (
        lambda w: swap_commits(w, 3, 4),
        {
            "epoch_gap",
            "epoch_went_back",
            "range_gap",
            "range_overlap",
            "offset_went_back",
            "lost",
            "unexpected",
            "prefix_mended_late",
        },
    ),
    "generation goes back": (
        lambda w: (
            w.set_txn(5, f"{BASE}/generation", 1),
            w.edit_plan(5, lambda plan: plan.update(generation={SINK: 1})),
        ),
        {"generation_went_back"},
    ),
    "generation not raised": (
        lambda w: w.edit(4, lambda kind, body: body.update(version=1) if kind == "txn" else None),
        {"generation_not_raised"},
    ),
    "generation missing": (
        lambda w: w.edit(3, lambda kind, body: not (kind == "txn" and body["appId"].endswith("generation"))),
        {"generation_missing"},
    ),
    "plan of another epoch": (lambda w: w.edit_plan(2, lambda plan: plan.update(epoch=7)), {"plan_differs"}),
    "plan of another pipeline": (
        lambda w: w.edit_plan(2, lambda plan: plan.update(pipeline="other")),
        {"plan_differs"},
    ),
    "plan of another generation": (
        lambda w: w.edit_plan(2, lambda plan: plan.update(generation=5)),
        {"plan_differs"},
    ),
    "plan of another version": (lambda w: w.edit_plan(2, lambda plan: plan.update(version=2)), {"bad_plan"}),
    "plan with another end": (
        lambda w: w.edit_plan(2, lambda plan: in_range("1", [w.ranges(plan)["1"][0], 999])(plan)),
        {"plan_differs"},
    ),
    "plan with a gap": (
        lambda w: w.edit_plan(
            2, lambda plan: in_range("1", [w.ranges(plan)["1"][0] + 1, w.ranges(plan)["1"][1]])(plan)
        ),
        {"range_gap"},
    ),
    "plan with an overlap": (
        lambda w: w.edit_plan(2, lambda plan: in_range("1", [0, w.ranges(plan)["1"][1]])(plan)),
        {"range_overlap"},
    ),
    "plan lacks a partition": (
        lambda w: w.edit_plan(2, lambda plan: w.ranges(plan).pop("1")),
        {"plan_differs"},
    ),
    "no plan": (
        lambda w: w.edit(
            w.data_version(2),
            lambda kind, body: body.pop("userMetadata") and None if kind == "commitInfo" else None,
        ),
        {"bad_plan"},
    ),
    "data without progress": (
        lambda w: w.table.commit(w.table.stage([row_of(400)])),
        {"data_without_progress", "unexpected"},
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_named(world, name):
    damage, kinds = DAMAGES[name]
    damage(world)
    verdict = world.check()
    assert verdict.kinds() == kinds, str(verdict)


def test_a_flipped_bit_is_found(world):
    flip_bit(world, 2)
    assert world.check().kinds() & {"file_unreadable", "corrupted", "unexpected", "stats_false"}


def test_missing_partition_key(partitioned):
    partitioned.edit(3, lambda kind, body: body.update(partitionValues={}) if kind == "add" else None)
    assert partitioned.check().kinds() == {"missing_partition_key", "corrupted"}


def test_a_partition_value_must_be_text(partitioned):
    partitioned.edit(
        3, lambda kind, body: body.update(partitionValues={"source": 5}) if kind == "add" else None
    )
    assert "bad_partition_value" in partitioned.check().kinds()


def test_an_unknown_partition_key(partitioned):
    partitioned.edit(
        3, lambda kind, body: body["partitionValues"].update(colour="red") if kind == "add" else None
    )
    assert partitioned.check().kinds() == {"unknown_partition_key"}


def test_ends_that_were_not_reached(world):
    assert world.check(ends={0: 100_000}).kinds() == {"incomplete"}


def test_orphans_can_be_forgiven(world):
    stray(world, "part-0.parquet")
    assert world.check(max_orphans=1).ok


def test_counts_say_how_many(world):
    world.rewrite_rows(2, lambda rows: rows[10:] + rows[-7:])
    counts = world.check().counts
    assert (counts["lost"], counts["duplicated"], counts["unexpected"]) == (10, 7, 0)


# ---- the command ----------------------------------------------------------------------------------------------------


def test_the_command(world, tmp_path):
    (tmp_path / "receipts.json").write_text(json.dumps(world.receipts))
    command = [
        sys.executable,
        str(pathlib.Path(__file__).with_name("checker.py")),
        "--seed",
        "7",
        "--malformed",
        "0.05",
        "--pipeline",
        "events",
        "--partitions",
        str(PARTITIONS),
        "--sink",
        SINK,
        "--delta",
        str(world.table.root),
        "--quarantine",
        str(world.quarantine.root),
        "--receipts",
        str(tmp_path / "receipts.json"),
        "--ends",
        json.dumps(ends_of(EPOCHS - 1)),
    ]
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    good = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert good.returncode == 0 and json.loads(good.stdout)["ok"] is True, good.stdout + good.stderr
    world.rewrite_rows(2, lambda rows: rows[1:])
    bad = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert bad.returncode == 1 and json.loads(bad.stdout)["violations_by_kind"]["lost"] == 1
    assert (
        subprocess.run(command[:-2] + ["--pipelines", "x"], capture_output=True, env=environment).returncode
        == 2
    )

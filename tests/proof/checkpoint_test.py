"""Tests of the comparison of checkpoints with the commits: damage is found and named."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def damage_checkpoint(world, change):
    version = world.table.checkpoint()
    path = world.table.log / f"{version:020}.checkpoint.parquet"
    rows = pq.read_table(path)
    pq.write_table(change(rows), path)


CHECKPOINT_DAMAGES = {
    "a file is missing": (
        lambda rows: rows.slice(0, rows.num_rows - 1),
        {"checkpoint_differs", "last_checkpoint"},
    ),
    "a file stands twice": (
        lambda rows: pa.concat_tables([rows, rows.slice(rows.num_rows - 1)]),
        {"path_added_twice", "last_checkpoint"},
    ),
    "txns are missing": (
        lambda rows: rows.filter(pa.compute.is_null(rows["txn"])),
        {"checkpoint_differs", "last_checkpoint"},
    ),
    "no metaData": (
        lambda rows: rows.filter(pa.compute.is_null(rows["metaData"])),
        {"checkpoint_differs", "last_checkpoint"},
    ),
    "a required field": (
        lambda rows: pa.Table.from_pylist(
            rows.to_pylist(),
            pa.schema(
                [
                    f
                    if f.name != "txn"
                    else pa.field(
                        "txn", pa.struct([pa.field("appId", pa.string(), nullable=False), *list(f.type)[1:]])
                    )
                    for f in rows.schema
                ]
            ),
        ),
        {"checkpoint_schema"},
    ),
}


def test_a_good_checkpoint_passes(partitioned):
    partitioned.table.checkpoint()
    verdict = partitioned.check()
    assert verdict.violations == [] and verdict.counts["checkpoints"] == 1


@pytest.mark.parametrize("name", CHECKPOINT_DAMAGES)
def test_damaged_checkpoint_is_found(world, name):
    change, kinds = CHECKPOINT_DAMAGES[name]
    damage_checkpoint(world, change)
    assert world.check().kinds() == kinds


def test_a_checkpoint_cut_short_and_a_lying_hint(world):
    version = world.table.checkpoint()
    hint = world.table.log / "_last_checkpoint"
    hint.write_text(json.dumps({"version": version + 1, "size": 3}))
    assert world.check().kinds() == {"last_checkpoint"}
    hint.unlink()
    path = world.table.log / f"{version:020}.checkpoint.parquet"
    path.write_bytes(path.read_bytes()[:200])
    assert world.check().kinds() == {"checkpoint_unreadable"}

"""Compares classic checkpoints with the state that the commits add up to."""

import json

import pyarrow as pa
import pyarrow.parquet as pq

from delta_log import Snapshot, physical_path

ACTIONS = ("protocol", "metaData", "txn", "add", "remove")


def load_checkpoint(paths, verdict):
    """The Snapshot a checkpoint holds (tombstones in `ever`), or None if it cannot be read."""
    where = f"checkpoint {paths[0].name}"
    snapshot = Snapshot()
    try:
        for path in sorted(paths):
            table = pq.read_table(path)
            _check_schema(table.schema, where, verdict)
            for row in table.to_pylist(maps_as_pydicts="strict"):
                _take(snapshot, row, where, verdict)
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        verdict.violation("checkpoint_unreadable", where, f"{type(error).__name__}: {error}")
        return None
    snapshot.version = int(paths[0].name[:20])
    if snapshot.protocol is None or snapshot.metadata is None:
        verdict.violation("checkpoint_differs", where, "it lacks protocol or metaData")
        return None
    return snapshot


def check_checkpoint(paths, snapshot, verdict):
    """`snapshot` is the state replayed from the commits up to the checkpoint's version."""
    where = f"checkpoint {paths[0].name}"
    loaded = load_checkpoint(paths, verdict)
    verdict.counts["checkpoints"] += 1
    if loaded is None:
        return
    for name, mine, its in (
        ("protocol", snapshot.protocol, loaded.protocol),
        ("metaData", snapshot.metadata, loaded.metadata),
    ):
        differing = [key for key in mine if mine[key] is not None and mine[key] != its.get(key)]
        if differing:
            verdict.violation("checkpoint_differs", where, f"{name} differs in {differing}")
    if loaded.txns != snapshot.txns:
        names = sorted(
            k for k in loaded.txns.keys() | snapshot.txns.keys() if loaded.txns.get(k) != snapshot.txns.get(k)
        )
        verdict.violation("checkpoint_differs", where, f"txn differs for {names[:5]}", len(names))
    if loaded.live.keys() != snapshot.live.keys():
        missing, extra = snapshot.live.keys() - loaded.live.keys(), loaded.live.keys() - snapshot.live.keys()
        verdict.violation(
            "checkpoint_differs",
            where,
            f"files missing {sorted(missing)[:3]}, files too many {sorted(extra)[:3]}",
            len(missing) + len(extra),
        )
    for path in snapshot.live.keys() & loaded.live.keys():
        _compare_add(snapshot.live[path], loaded.live[path], where, verdict)


def check_last_checkpoint(log, verdict):
    path = log.folder / "_last_checkpoint"
    if not path.exists():
        if log.checkpoints:
            verdict.note("there are checkpoints but no _last_checkpoint")
        return
    try:
        hint = json.loads(path.read_bytes())
        version, size = hint["version"], hint["size"]
    except (ValueError, KeyError, TypeError) as error:
        verdict.violation("last_checkpoint", path.name, f"cannot be read: {error!r}")
        return
    if version not in log.checkpoints:
        verdict.violation(
            "last_checkpoint", path.name, f"names version {version}, which has no complete checkpoint"
        )
        return
    try:
        rows = sum(pq.ParquetFile(part).metadata.num_rows for part in log.checkpoints[version])
    except (pa.ArrowException, OSError):
        return  # check_checkpoint reports the unreadable file
    if rows != size:
        verdict.violation(
            "last_checkpoint", path.name, f"size says {size} actions, the checkpoint holds {rows}"
        )


def _take(snapshot, row, where, verdict):
    held = [(kind, row[kind]) for kind in ACTIONS if row.get(kind) is not None]
    others = [kind for kind, value in row.items() if kind not in ACTIONS and value is not None]
    if len(held) + len(others) != 1:
        verdict.violation(
            "checkpoint_differs", where, f"a row holds {len(held) + len(others)} actions, must be 1"
        )
    for kind, action in held:
        if kind == "protocol":
            snapshot.protocol = action
        elif kind == "metaData":
            snapshot.metadata = action
        elif kind == "txn":
            snapshot.txns[action["appId"]] = action["version"]
        elif kind == "add":
            if action["path"] in snapshot.live:
                verdict.violation("path_added_twice", where, action["path"])
            snapshot.live[action["path"]] = action
            snapshot.ever.add(physical_path(action["path"]))
        else:
            snapshot.ever.add(physical_path(action["path"]))


def _compare_add(mine, its, where, verdict):
    for key in ("partitionValues", "size", "modificationTime"):
        if mine[key] != its.get(key):
            verdict.violation(
                "checkpoint_differs",
                where,
                f"{mine['path']}: {key} is {its.get(key)!r}, must be {mine[key]!r}",
            )
    if (mine.get("stats") is None) != (its.get("stats") is None) or (
        mine.get("stats") is not None and json.loads(mine["stats"]) != json.loads(its["stats"])
    ):
        verdict.violation("checkpoint_differs", where, f"{mine['path']}: stats differ")


def _check_schema(schema, where, verdict):
    # Readers have broken on required fields: everything but the keys of maps is nullable (delta-rs#3693, #3527).
    def walk(name, field):
        if not field.nullable:
            verdict.violation("checkpoint_schema", where, f"{name} must be nullable")
        kind = field.type
        if pa.types.is_struct(kind):
            for child in kind:
                walk(f"{name}.{child.name}", child)
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            walk(f"{name}.element", kind.value_field)
        elif pa.types.is_map(kind):
            walk(f"{name}.value", kind.item_field)

    for field in schema:
        walk(field.name, field)

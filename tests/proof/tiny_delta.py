"""A tiny Delta writer for the tests of the checker: good tables, to be damaged. Slow, small, and nobody's product.

It works from the records' JSON text and computes statistics row by row in plain Python, so that it shares neither
data path nor rounding code with the checker.
"""

import datetime
import decimal
import json
import math
import os
import pathlib
import urllib.parse
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

ARROW = {
    "long": pa.int64(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "decimal(12,3)": pa.decimal128(12, 3),
    "decimal(38,0)": pa.decimal128(38, 0),
}
RECORD_SCHEMA = {
    "p": "long",
    "i": "long",
    "id": "long",
    "ts": "timestamp",
    "value": "double",
    "source": "string",
    "h": "string",
}
QUARANTINE_SCHEMA = {
    "pipeline": "string",
    "epoch": "long",
    "source": "string",
    "topic": "string",
    "partition": "integer",
    "offset": "long",
    "timestamp": "timestamp",
    "key": "binary",
    "value": "binary",
    "headers": "string",
    "stage": "string",
    "code": "string",
    "reason": "string",
    "quarantined_at": "timestamp",
}


def encode(name):
    return urllib.parse.quote(str(name), safe="")


def hive(value):
    """A directory name: what Hive escapes is escaped, all else stays, so that long texts keep below 255 bytes."""
    return "".join(f"%{ord(c):02X}" if c < " " or c in "\x7f\"#%'*/:=?\\{[]^" else c for c in str(value))


class TinyTable:
    """Appends to one Delta table on local disk. Confined to one thread."""

    def __init__(self, root, schema, partition_by=()):
        self.root = pathlib.Path(root)
        self.schema = dict(schema)
        self.partition_by = list(partition_by)
        self.log = self.root / "_delta_log"
        self.log.mkdir(parents=True, exist_ok=True)

    def version(self):
        return max((int(path.stem) for path in self.log.glob("*.json") if path.stem.isdigit()), default=-1)

    def actions(self, version):
        return [json.loads(line) for line in (self.log / f"{version:020}.json").read_text().splitlines()]

    def txns(self):
        return {
            a["txn"]["appId"]: a["txn"]["version"]
            for v in range(self.version() + 1)
            for a in self.actions(v)
            if "txn" in a
        }

    def stage(self, rows):
        """Writes rows (list of dicts) into files, one per partition value; returns their add actions."""
        groups = {}
        for row in rows:
            groups.setdefault(tuple(row[c] for c in self.partition_by), []).append(row)
        return [
            self.write_file(dict(zip(self.partition_by, values)), group) for values, group in groups.items()
        ]

    def commit(self, adds, txns=None, info=None, removes=()):
        version = self.version() + 1
        actions = [
            {
                "commitInfo": {
                    "timestamp": now_ms(),
                    "operation": "STREAMING UPDATE",
                    "operationParameters": {},
                    "isBlindAppend": not removes,
                    "txnId": str(uuid.uuid4()),
                    **(info or {}),
                }
            }
        ]
        if version == 0:
            actions += [
                {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
                {"metaData": self.metadata()},
            ]
        actions += [
            {"txn": {"appId": app, "version": number, "lastUpdated": now_ms()}}
            for app, number in (txns or {}).items()
        ]
        actions += [{"remove": action} for action in removes] + [{"add": add} for add in adds]
        self.write(version, actions)
        return version

    def write(self, version, actions):
        path = self.log / f"{version:020}.json"
        temporary = self.log / f".{uuid.uuid4()}.tmp"
        temporary.write_text("".join(json.dumps(action) + "\n" for action in actions))
        os.link(temporary, path)  # fails if the version exists
        temporary.unlink()

    def rewrite(self, version, actions):
        (self.log / f"{version:020}.json").unlink()
        self.write(version, actions)

    def metadata(self):
        fields = [
            {"name": name, "type": kind, "nullable": True, "metadata": {}}
            for name, kind in self.schema.items()
        ]
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(self.root))),
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
            "partitionColumns": self.partition_by,
            "configuration": {},
            "createdTime": now_ms(),
        }

    def checkpoint(self):
        """A classic checkpoint of the newest version, and _last_checkpoint."""
        live, txns, last = {}, {}, {}
        for version in range(self.version() + 1):
            for action in self.actions(version):
                ((kind, body),) = action.items()
                if kind == "add":
                    live[body["path"]] = body
                elif kind == "remove":
                    live.pop(body["path"], None)
                elif kind == "txn":
                    txns[body["appId"]] = body
                elif kind in ("protocol", "metaData"):
                    last[kind] = body
        rows = [{"protocol": last["protocol"]}, {"metaData": last["metaData"]}]
        rows += [{"txn": body} for body in txns.values()] + [{"add": body} for body in live.values()]
        version = self.version()
        self.write_checkpoint(version, rows)
        (self.log / "_last_checkpoint").write_text(json.dumps({"version": version, "size": len(rows)}))
        return version

    def write_checkpoint(self, version, rows):
        text = pa.map_(pa.string(), pa.string())
        schema = pa.schema(
            [
                ("protocol", pa.struct([("minReaderVersion", pa.int32()), ("minWriterVersion", pa.int32())])),
                (
                    "metaData",
                    pa.struct(
                        [
                            ("id", pa.string()),
                            ("format", pa.struct([("provider", pa.string()), ("options", text)])),
                            ("schemaString", pa.string()),
                            ("partitionColumns", pa.list_(pa.string())),
                            ("configuration", text),
                            ("createdTime", pa.int64()),
                        ]
                    ),
                ),
                (
                    "txn",
                    pa.struct([("appId", pa.string()), ("version", pa.int64()), ("lastUpdated", pa.int64())]),
                ),
                (
                    "add",
                    pa.struct(
                        [
                            ("path", pa.string()),
                            ("partitionValues", text),
                            ("size", pa.int64()),
                            ("modificationTime", pa.int64()),
                            ("dataChange", pa.bool_()),
                            ("stats", pa.string()),
                        ]
                    ),
                ),
            ]
        )
        rows = [{kind: _maps_as_pairs(body) for kind, body in row.items()} for row in rows]
        pq.write_table(pa.Table.from_pylist(rows, schema), self.log / f"{version:020}.checkpoint.parquet")

    def write_file(self, values, rows):
        columns = {name: kind for name, kind in self.schema.items() if name not in self.partition_by}
        table = pa.table(
            {name: pa.array([row.get(name) for row in rows], ARROW[kind]) for name, kind in columns.items()}
        )
        folder = "/".join(
            f"{c}={hive('__HIVE_DEFAULT_PARTITION__' if v is None else v)}" for c, v in values.items()
        )
        relative = f"{folder + '/' if folder else ''}part-{uuid.uuid4()}.snappy.parquet"
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, compression="snappy")
        # The directory name is encoded once, and the path that names it once more.
        return {
            "path": urllib.parse.quote(relative, safe="/="),
            "size": path.stat().st_size,
            "modificationTime": now_ms(),
            "partitionValues": {c: None if v is None else str(v) for c, v in values.items()},
            "dataChange": True,
            "stats": json.dumps(naive_stats(rows, columns)),
        }


class TinySink:
    """The sink of a pipeline over TinyTable: claims, epochs, plans. `records`: (partition, a, b) -> list of rows."""

    def __init__(self, table, records, pipeline, sink, topic, source=None):
        self.table, self.records = table, records
        self.pipeline, self.sink, self.topic, self.source = pipeline, sink, topic, source or topic
        self.base = f"laketide/{encode(pipeline)}/{encode(sink)}"
        txns = table.txns()
        self.generation = txns.get(f"{self.base}/generation", 0)
        self.epoch = txns.get(self.base, -1)
        prefix = f"{self.base}/{encode(self.source)}/{encode(topic)}/"
        self.next = {int(app.removeprefix(prefix)): n for app, n in txns.items() if app.startswith(prefix)}

    def claim(self):
        self.generation += 1
        return self.table.commit([], {f"{self.base}/generation": self.generation})

    def plan(self, epoch, ranges):
        return json.dumps(
            {
                "version": 1,
                "pipeline": self.pipeline,
                "epoch": epoch,
                "generation": {self.sink: self.generation},
                "spec_hash": "0",
                "opened_at": "2026-01-01T00:00:00Z",
                "last_records": {},
                "schemas": {},
                "watermarks": {},
                "idle": [],
                "state_version": None,
                "lookups": {},
                "ranges": {self.source: {self.topic: {str(p): list(pair) for p, pair in ranges.items()}}},
            }
        )

    def stage(self, ends):
        """The next epoch up to `ends` (partition -> next offset): (ranges, rows, adds); nothing is visible yet."""
        ranges = {p: (self.next.get(p, 0), end) for p, end in ends.items()}
        rows = [row for p, (a, b) in ranges.items() for row in self.records(p, a, b)]
        return ranges, rows, self.table.stage(rows)

    def commit(self, staged, removes=()):
        ranges, _, adds = staged
        moved = {p: b for p, (a, b) in ranges.items() if a < b}
        txns = {f"{self.base}/generation": self.generation, self.base: self.epoch + 1}
        txns |= {f"{self.base}/{encode(self.source)}/{encode(self.topic)}/{p}": b for p, b in moved.items()}
        version = self.table.commit(adds, txns, {"userMetadata": self.plan(self.epoch + 1, ranges)}, removes)
        self.epoch += 1
        self.next.update(moved)
        return version

    def run(self, ends):
        staged = self.stage(ends)
        return self.commit(staged), staged


def good_rows(feed):
    """The reader of a JSON topic: (partition, a, b) -> the rows of the good records at offsets [a, b)."""

    def rows(partition, a, b):
        found = []
        for index in range(feed.layout.below(a), feed.layout.below(b)):
            if feed.layout.aborted([index])[0] or feed.kind(partition, [index])[0]:
                continue
            row = json.loads(feed.spec.value(feed.first_p + partition, index))
            row["ts"] = datetime.datetime.fromisoformat(row["ts"].replace("Z", "+00:00"))
            found.append(row)
        return found

    return rows


def rejected_rows(feed, pipeline, epoch):
    """The same for quarantine; `epoch` is called for the number of the epoch at work."""

    def rows(partition, a, b):
        found, now = [], datetime.datetime.now(datetime.timezone.utc)
        for index in range(feed.layout.below(a), feed.layout.below(b)):
            value = feed.spec.value(feed.first_p + partition, index)
            if feed.layout.aborted([index])[0] or not feed.kind(partition, [index])[0] or value is None:
                continue
            found.append(
                {
                    "pipeline": pipeline,
                    "epoch": epoch(),
                    "source": feed.source,
                    "topic": feed.topic,
                    "partition": partition,
                    "offset": int(feed.layout.offset([index])[0]),
                    "timestamp": now,
                    "key": feed.spec.key(index),
                    "value": value,
                    "headers": None,
                    "stage": "decode",
                    "code": "bad_json",
                    "reason": "not what was expected",
                    "quarantined_at": now,
                }
            )
        return found

    return rows


def naive_stats(rows, columns):
    stats = {"numRecords": len(rows), "minValues": {}, "maxValues": {}, "nullCount": {}}
    for name, kind in columns.items():
        values = [row.get(name) for row in rows if row.get(name) is not None]
        stats["nullCount"][name] = len(rows) - len(values)
        if (
            not values
            or kind in ("boolean", "binary")
            or any(isinstance(v, float) and not math.isfinite(v) for v in values)
        ):
            continue
        for side, value in (("minValues", min(values)), ("maxValues", max(values))):
            bound = _bound(value, side == "maxValues")
            if bound is not None:
                stats[side][name] = bound
    return stats


def _bound(value, upper):
    if isinstance(value, datetime.datetime):
        rest = value.microsecond % 1000
        value -= datetime.timedelta(microseconds=rest)
        if upper and rest:
            value += datetime.timedelta(milliseconds=1)
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, str) and len(value) > 32:
        if not upper:
            return value[:32]
        for cut in range(32, 65):
            if cut == len(value):
                return value
            if value[cut] != "\U0010ffff":
                return value[:cut] + ("\x7f" if ord(value[cut]) < 0x7F else "\U0010ffff")
        return None
    return value


def now_ms():
    return int(datetime.datetime.now().timestamp() * 1000)


def _maps_as_pairs(body):
    body = dict(body)
    for key in ("partitionValues", "configuration"):
        if key in body:
            body[key] = list(body[key].items())
    if "format" in body:
        body["format"] = dict(body["format"], options=list(body["format"]["options"].items()))
    return body

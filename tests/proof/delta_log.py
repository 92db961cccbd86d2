"""Reads a Delta log by itself, version by version, and says what is wrong with it.

Nothing here is shared with the engine, and no Delta library is used: libraries forgive (a wrong size, a path added
twice, a partition key that is missing), and what they forgive they hide.
Sources of the rules: the Delta protocol (PROTOCOL.md of delta-io/delta), sections "Actions" and "Delta Log Entries".
"""

import dataclasses
import json
import pathlib
import re
import urllib.parse

COMMIT = re.compile(r"^(\d{20})\.json$")
CHECKPOINT = re.compile(r"^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$")
OTHER_KNOWN = re.compile(
    r"^(_last_checkpoint|\d{20}\.crc|\d{20}\.\d{20}\.compacted\.json|"
    r"\d{20}\.checkpoint\.[0-9a-f-]{36}\.(json|parquet))$"
)
REQUIRED = {
    "add": {"path": str, "partitionValues": dict, "size": int, "modificationTime": int, "dataChange": bool},
    "remove": {"path": str, "dataChange": bool},
    "txn": {"appId": str, "version": int},
    "protocol": {"minReaderVersion": int, "minWriterVersion": int},
    "metaData": {
        "id": str,
        "format": dict,
        "schemaString": str,
        "partitionColumns": list,
        "configuration": dict,
    },
}
KNOWN_FEATURES = {"timestampNtz", "appendOnly", "invariants"}


@dataclasses.dataclass
class Commit:
    """One version as written: the actions of `<version>.json`. Immutable once read."""

    version: int
    info: dict = dataclasses.field(default_factory=dict)
    protocol: dict = None
    metadata: dict = None
    txns: dict = dataclasses.field(default_factory=dict)  # appId -> action
    adds: list = dataclasses.field(default_factory=list)
    removes: list = dataclasses.field(default_factory=list)


class Snapshot:
    """The table as of one version: what all commits up to it add up to. Confined to one thread."""

    def __init__(self):
        self.version = -1
        self.protocol = None
        self.metadata = None
        self.txns = {}
        self.live = {}  # add.path as written -> add action
        self.ever = set()  # all physical paths that any version named

    def apply(self, commit, verdict):
        where = f"version {commit.version}"
        self.version = commit.version
        self.protocol = commit.protocol or self.protocol
        if commit.metadata:
            if self.metadata and self.metadata["id"] != commit.metadata["id"]:
                verdict.violation(
                    "metadata",
                    where,
                    f"table id changed from {self.metadata['id']} to {commit.metadata['id']}",
                )
            self.metadata = commit.metadata
        self.txns.update({app: txn["version"] for app, txn in commit.txns.items()})
        for remove in commit.removes:
            if self.live.pop(remove["path"], None) is None:
                verdict.violation("remove_of_absent_file", where, remove["path"])
        for add in commit.adds:
            physical = physical_path(add["path"])
            if physical in self.ever:
                verdict.violation("path_added_twice", where, add["path"])
            self.ever.add(physical)
            self.live[add["path"]] = add

    def schema(self):
        """Top-level fields of the table's schema, in order: name -> field."""
        return {field["name"]: field for field in json.loads(self.metadata["schemaString"])["fields"]}


class DeltaLog:
    """The listing of `_delta_log` and its commits. Immutable after read().

    `commits` are contiguous from `first`. If `first` is not 0 the log was cleaned up and the newest checkpoint at
    or before it holds the state before.
    """

    def __init__(self, table):
        self.table = pathlib.Path(table)
        self.commits = []
        self.checkpoints = {}  # version -> [paths], complete sets only
        self.strays = []  # names in _delta_log that nothing explains

    @property
    def folder(self):
        return self.table / "_delta_log"

    def read(self, verdict):
        if not self.folder.is_dir():
            verdict.violation("no_table", self.table, "there is no _delta_log")
            return self
        versions, parts = {}, {}
        for entry in sorted(self.folder.iterdir()):
            if match := COMMIT.match(entry.name):
                versions[int(match[1])] = entry
            elif match := CHECKPOINT.match(entry.name):
                parts.setdefault((int(match[1]), int(match[3] or 1)), []).append(entry)
            elif entry.is_file() and not OTHER_KNOWN.match(entry.name):
                self.strays.append(entry.name)
        for (version, total), paths in parts.items():
            if len(paths) == total:
                self.checkpoints[version] = paths
        self._check_contiguous(sorted(versions), verdict)
        self.commits = [read_commit(version, versions[version], verdict) for version in sorted(versions)]
        return self

    def _check_contiguous(self, versions, verdict):
        if not versions:
            verdict.violation("no_table", self.table, "the log holds no version")
            return
        if versions[0] != 0 and not any(v >= versions[0] - 1 for v in self.checkpoints):
            verdict.violation(
                "missing_version",
                "version 0",
                f"the log begins at version {versions[0]} and no checkpoint holds what came before",
            )
        for before, after in zip(versions, versions[1:]):
            if after != before + 1:
                verdict.violation(
                    "missing_version",
                    f"version {before + 1}",
                    f"the log goes from {before} to {after}",
                    after - before - 1,
                )

    def orphans(self, ever):
        """Files below the table that no version ever named, relative to it. `_delta_log` apart."""
        found = []
        for path in sorted(self.table.rglob("*")):
            relative = path.relative_to(self.table).as_posix()
            if path.is_file() and not relative.startswith("_delta_log/") and relative not in ever:
                found.append(relative)
        return found


def read_commit(version, path, verdict):
    commit, where = Commit(version), f"version {version}"
    raw = path.read_bytes()
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        verdict.violation("bad_json", where, f"not UTF-8: {error}")
        return commit
    for number, line in enumerate(line for line in lines if line.strip()):
        try:
            action = json.loads(line, object_pairs_hook=_unique_keys)
        except ValueError as error:
            verdict.violation("bad_json", f"{where} line {number + 1}", str(error))
            continue
        if (
            not isinstance(action, dict)
            or len(action) != 1
            or not isinstance(next(iter(action.values())), dict)
        ):
            verdict.violation(
                "bad_action", f"{where} line {number + 1}", "a line must hold one object with one action"
            )
            continue
        ((kind, body),) = action.items()
        if kind == "commitInfo" and number:
            verdict.violation("commit_info", where, "commitInfo is not the first line")
        _take(commit, kind, body, where, verdict)
    _check_commit(commit, where, verdict)
    return commit


def _take(commit, kind, body, where, verdict):
    for field, wanted in REQUIRED.get(kind, {}).items():
        value = body.get(field)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            verdict.violation("bad_action", where, f"{kind}.{field} must be {wanted.__name__}, is {value!r}")
            return
    if kind == "commitInfo":
        if commit.info:
            verdict.violation("bad_action", where, "two commitInfo actions")
        commit.info = body
    elif kind in ("protocol", "metaData"):
        name = "metadata" if kind == "metaData" else kind
        if getattr(commit, name) is not None:
            verdict.violation("bad_action", where, f"two {kind} actions")
        setattr(commit, name, body)
    elif kind == "txn":
        if body["appId"] in commit.txns:
            verdict.violation("bad_action", where, f"two txn actions of {body['appId']}")
        commit.txns[body["appId"]] = body
    elif kind == "add":
        commit.adds.append(body)
    elif kind == "remove":
        commit.removes.append(body)


def _check_commit(commit, where, verdict):
    if commit.version == 0 and (commit.protocol is None or commit.metadata is None):
        verdict.violation("bad_action", where, "version 0 lacks protocol or metaData")
    if not commit.info:
        verdict.violation("commit_info", where, "no commitInfo")
    for field, wanted in (("timestamp", int), ("operation", str), ("operationParameters", dict)):
        if commit.info and not isinstance(commit.info.get(field), wanted):
            verdict.violation("commit_info", where, f"commitInfo.{field} must be {wanted.__name__}")
    if commit.info.get("isBlindAppend") is True and commit.removes:
        verdict.violation("commit_info", where, "isBlindAppend although files are removed")
    if commit.metadata is not None:
        _check_metadata(commit.metadata, where, verdict)
    if commit.protocol is not None:
        features = set(commit.protocol.get("readerFeatures") or []) | set(
            commit.protocol.get("writerFeatures") or []
        )
        if features - KNOWN_FEATURES or commit.protocol["minReaderVersion"] == 2:
            verdict.violation(
                "table_feature", where, f"this checker does not know {sorted(features - KNOWN_FEATURES)}"
            )
    seen = set()
    for action in commit.adds + commit.removes:
        if action.get("deletionVector"):
            verdict.violation("table_feature", where, "deletion vectors are not known to this checker")
    for add in commit.adds:
        if add["path"] in seen:
            verdict.violation("path_added_twice", where, f"twice in one commit: {add['path']}")
        seen.add(add["path"])


def _check_metadata(metadata, where, verdict):
    try:
        schema = json.loads(metadata["schemaString"])
        names = [field["name"] for field in schema["fields"]]
    except (ValueError, KeyError, TypeError) as error:
        verdict.violation("metadata", where, f"schemaString cannot be read: {error!r}")
        return
    if len({name.lower() for name in names}) != len(names):
        verdict.violation("metadata", where, "column names are not unique regardless of case")
    for column in metadata["partitionColumns"]:
        if column not in names:
            verdict.violation("metadata", where, f"partition column {column} is not in the schema")
    if metadata["format"].get("provider") != "parquet" or not isinstance(
        metadata["format"].get("options"), dict
    ):
        verdict.violation("metadata", where, f"format must be parquet with options, is {metadata['format']}")
    if wrong := [k for k, v in metadata["configuration"].items() if not isinstance(v, str)]:
        verdict.violation("metadata", where, f"configuration values must be text: {wrong}")


def _unique_keys(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError(f"a key stands twice among {[key for key, _ in pairs]}")
    return result


def physical_path(path):
    """The file below the table's root that an add.path names: the path is a URI and is decoded exactly once."""
    return urllib.parse.unquote(path)

"""Checks one append-only Delta sink at every version: log, files, progress, and the prefix property."""

from checkpoint import check_checkpoint, check_last_checkpoint, load_checkpoint
from coverage import Coverage
from data_file import read_data_file
from delta_log import DeltaLog, Snapshot
from progress import Progress, parse_txn
from rows import judge_rows
from verdict import Verdict


class DeltaTable:
    """One check of one table. Confined to one thread. After check(), its parts tell what was found.

    The prefix property: at every version the rows are exactly the wanted records below that version's own next
    offsets. It holds for tables that one sink fills; with `allow_foreign`, other writers may rearrange files
    (compaction), and still no row may come or go.
    """

    def __init__(
        self, path, promise, *, max_orphans=0, allow_foreign=False, require_stats=True, every_epoch=True
    ):
        self._promise = promise
        self._max_orphans = max_orphans
        self._allow_foreign = allow_foreign
        self._require_stats = require_stats
        self._rows_by_path = {}  # add.path -> Judged
        self.verdict = Verdict(f"delta {path}", "delta")
        self.log = DeltaLog(path)
        self.snapshot = Snapshot()
        self.progress = Progress(promise, promise.sink, every_epoch)
        self.coverage = Coverage(promise, self._wants)
        self.row_count = 0

    # What a table of records is; the quarantine table overrides these three.

    def _wants(self, number, partition, indexes):
        return self._promise.wants_row(number, partition, indexes)

    def _judge(self, rows, where):
        return judge_rows(rows, self._promise, where, self.verdict)

    def _check_end(self):
        nameless = sum(judged.nameless for judged in self._rows_by_path.values())
        due = 0
        if self._promise.tombstones == "row":
            due = sum(
                self._promise.feeds[part[0]].tally(part[1], 0, offset)["tombstones"]
                for part, offset in self.progress.by_part().items()
            )
        if nameless != due:
            self.verdict.violation(
                "unexpected",
                f"version {self.snapshot.version}",
                f"{nameless} rows without p and i, must be {due}",
                abs(nameless - due),
            )

    def check(self, ends=None):
        verdict = self.verdict
        self.log.read(verdict)
        if not self.log.commits:
            return verdict
        self._start()
        self._check_checkpoint()
        for commit in self.log.commits:
            self._apply(commit)
            self._check_checkpoint()
        check_last_checkpoint(self.log, verdict)
        self._check_end()
        self._check_ends(ends)
        self._check_strays()
        verdict.counts.update(self.coverage.totals())
        verdict.counts["corrupted"] += sum(judged.corrupted for judged in self._rows_by_path.values())
        verdict.counts["versions"] = len(self.log.commits)
        verdict.counts["epochs"] = len(self.progress.epochs)
        if self.progress.generation is not None:
            verdict.counts["generation"] = self.progress.generation
        return verdict

    @staticmethod
    def peek(path, pipeline, sink):
        """The next offsets now: (source, topic, partition) -> offset. Files that vanish or are damaged do not matter."""
        ignored, snapshot = Verdict(path), Snapshot()
        log = DeltaLog(path).read(ignored)
        if log.commits and log.commits[0].version and log.checkpoints:
            before = [v for v in log.checkpoints if v < log.commits[-1].version]
            snapshot = (before and load_checkpoint(log.checkpoints[max(before)], ignored)) or snapshot
        found = {}
        txns = dict(snapshot.txns)
        for commit in log.commits:
            if commit.version > snapshot.version:
                txns.update({app: txn["version"] for app, txn in commit.txns.items()})
        for app_id, version in txns.items():
            try:
                entry = parse_txn(app_id)
            except ValueError:
                continue  # check() reports it
            if entry and entry[:2] == (pipeline, sink) and isinstance(entry[2], tuple):
                found[entry[2]] = version
        return found

    def _start(self):
        """A log that was cleaned up begins with a checkpoint; its files are the first state to be judged."""
        first = self.log.commits[0].version
        if first == 0:
            return
        usable = [version for version in self.log.checkpoints if version >= first - 1]
        loaded = load_checkpoint(self.log.checkpoints[min(usable)], self.verdict) if usable else None
        if loaded is None:
            return
        self.snapshot = loaded
        where = f"checkpoint {loaded.version}"
        self.log.commits = [commit for commit in self.log.commits if commit.version > loaded.version]
        self.progress.start_from(loaded.txns, where, self.verdict)
        for add in loaded.live.values():
            self._add_file(add, where)
        self.coverage.settle(where, self.progress.by_part(), self.verdict)

    def _apply(self, commit):
        verdict, where = self.verdict, f"version {commit.version}"
        if self.snapshot.metadata is None and commit.metadata is None:
            verdict.violation(
                "bad_action", where, "there is no metaData up to here; the files cannot be judged"
            )
            return
        removed = [self.snapshot.live.get(remove["path"]) for remove in commit.removes]
        self.snapshot.apply(commit, verdict)
        epoch = self.progress.apply(commit, verdict)
        if epoch is None and not self._allow_foreign and (commit.adds or commit.removes):
            verdict.violation(
                "data_without_progress",
                where,
                f"{len(commit.adds)} files added and {len(commit.removes)} removed "
                f"by a commit that carries no epoch of {self._promise.pipeline}/{self._promise.sink}",
            )
        for add in removed:
            if add is not None:
                self._remove_file(add)
        foreign = epoch is None and self._allow_foreign
        added = sum(self._add_file(add, where, foreign) for add in commit.adds)
        if epoch is not None:
            epoch.rows = added
        self.coverage.settle(where, self.progress.by_part(), verdict)

    def _add_file(self, add, where, foreign=False):
        rows = read_data_file(
            self.log.table, add, self.snapshot.metadata, where, self.verdict, self._require_stats, foreign
        )
        if rows is None:
            return 0
        judged = self._judge(rows, where)
        self._rows_by_path[add["path"]] = judged
        for part, indexes in judged.parts.items():
            self.coverage.add(part, indexes)
        self.row_count += rows.num_rows
        return rows.num_rows

    def _remove_file(self, add):
        judged = self._rows_by_path.pop(add["path"], None)
        if judged is not None:
            for part, indexes in judged.parts.items():
                self.coverage.add(part, indexes, -1)

    def _check_checkpoint(self):
        if paths := self.log.checkpoints.get(self.snapshot.version):
            check_checkpoint(paths, self.snapshot, self.verdict)

    def _check_ends(self, ends):
        reached = self.progress.by_part()
        for partition, end in (ends or {}).items():
            for number, feed in enumerate(self._promise.feeds):
                if partition < feed.partitions:
                    needed, got = (
                        feed.last_needed(partition, end),
                        reached.get((number, partition), feed.start(partition)),
                    )
                    if got < needed:
                        self.verdict.violation(
                            "incomplete",
                            f"partition {partition}",
                            f"progress is at {got}, must reach {needed}",
                            needed - got,
                        )

    def _check_strays(self):
        orphans = self.log.orphans(self.snapshot.ever)
        self.verdict.counts["orphans"] = len(orphans)
        self.verdict.counts["stray_log_files"] = len(self.log.strays)
        if len(orphans) + len(self.log.strays) > self._max_orphans:
            for name in orphans:
                self.verdict.violation("orphan_file", self.log.table, name)
            for name in self.log.strays:
                self.verdict.violation("stray_log_file", self.log.folder, name)

"""The progress a sink carries inside its commits: generation, epoch, next offsets, and the plan that says the same.

Delta: `txn` actions, each component percent-encoded,
    laketide/<pipeline>/<sink>/generation                       raised by every claim
    laketide/<pipeline>/<sink>                                  epoch, plus 1 with every data commit
    laketide/<pipeline>/<sink>/<source>/<topic>/<partition>     next offset, where it moved
and the plan as versioned JSON in commitInfo.userMetadata. PostgreSQL: the same plan in laketide.progress.
"""

import dataclasses
import json
import urllib.parse

PLAN_VERSION = 1


@dataclasses.dataclass
class Plan:
    """What one epoch did, in its own words. Immutable."""

    pipeline: str
    epoch: int
    generation: dict | int | None  # by sink, or one number
    ranges: dict  # (source, topic, partition) -> (start, end), end exclusive; only partitions that moved
    next: dict  # (source, topic, partition) -> next offset after the epoch, of every partition

    def generation_of(self, sink):
        return self.generation.get(sink) if isinstance(self.generation, dict) else self.generation


@dataclasses.dataclass
class Epoch:
    """One data commit as it stands in the sink."""

    number: int
    commit: int  # version of the Delta table
    ranges: dict
    rows: int = 0


def _places(tree):
    """((source, topic, partition), leaf) of {source: {topic: {partition: leaf}}}."""
    for source, topics in tree.items():
        for topic, partitions in topics.items():
            for partition, leaf in partitions.items():
                yield (source, topic, int(partition)), leaf


def parse_plan(document, where, verdict):
    """A plan from JSON text or from an object; None, with a violation, if it is not one."""
    try:
        plan = json.loads(document) if isinstance(document, (str, bytes)) else document
        if plan["version"] != PLAN_VERSION:
            raise ValueError(f"version {plan['version']} is not known to this checker")
        ranges = dict(_places(plan["ranges"]))
        for place, (start, end) in ranges.items():
            if not (type(start) is int and type(end) is int and 0 <= start <= end):
                raise ValueError(f"range of {place} is [{start}, {end}]")
        ranges = {place: (start, end) for place, (start, end) in ranges.items()}
        following = {place: end for place, (_, end) in ranges.items()} | dict(_places(plan.get("next", {})))
        for place, (_, end) in ranges.items():
            if following[place] != end:
                raise ValueError(f"range of {place} ends at {end}, next says {following[place]}")
        if type(plan["epoch"]) is not int or not isinstance(plan["pipeline"], str):
            raise ValueError("epoch must be a number and pipeline a text")
        return Plan(plan["pipeline"], plan["epoch"], plan.get("generation"), ranges, following)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        verdict.violation(
            "bad_plan", where, f"{type(error).__name__}: {error}; the plan is {str(document)[:200]}"
        )
        return None


def parse_txn(app_id):
    """(pipeline, sink, what): what is "epoch", "generation" or (source, topic, partition). None if not ours.

    ValueError if it begins like ours and is not well formed.
    """
    parts = app_id.split("/")
    if parts[0] != "laketide":
        return None
    names = [urllib.parse.unquote(part, errors="strict") for part in parts[1:]]
    if len(names) == 2:
        return names[0], names[1], "epoch"
    if len(names) == 3 and names[2] == "generation":
        return names[0], names[1], "generation"
    if len(names) == 5 and names[4].isdecimal():
        return names[0], names[1], (names[2], names[3], int(names[4]))
    raise ValueError(f"{app_id} has the form of no progress entry")


def sinks_of(app_ids, pipeline):
    """The sinks of the pipeline that have progress among the txn ids."""
    found = set()
    for app_id in app_ids:
        try:
            entry = parse_txn(app_id)
        except ValueError:
            continue
        if entry and entry[0] == pipeline:
            found.add(entry[1])
    return found


class Progress:
    """Follows the progress of one sink through the versions of its table. Confined to one thread.

    With `every_epoch` false (a sink that commits only epochs that have something for it, such as quarantine),
    epochs may be left out, but neither they nor offsets may go back.
    """

    def __init__(self, promise, sink, every_epoch=True):
        self._promise = promise
        self._sink = sink
        self._every_epoch = every_epoch
        self._spelling = {}  # decoded id -> the one way it is written
        self.generation = None
        self.epoch = None
        self.next = {}  # (source, topic, partition) -> next offset
        self.epochs = []

    def start_from(self, txns, where, verdict):
        """Takes over the state of a checkpoint, before the first commit that is still in the log."""
        mine = self._entries(txns, where, verdict)
        self.generation, self.epoch = mine.pop("generation", None), mine.pop("epoch", None)
        self.next = mine

    def apply(self, commit, verdict):
        """Checks one commit. Returns its Epoch if it is a data commit of this sink, else None."""
        where = f"version {commit.version}"
        mine = self._entries({app: txn["version"] for app, txn in commit.txns.items()}, where, verdict)
        generation, epoch = mine.pop("generation", None), mine.pop("epoch", None)
        self._check_generation(generation, epoch, where, verdict)
        if epoch is None:
            if mine:
                verdict.violation("offsets_without_epoch", where, f"next offsets {mine} without an epoch")
            return None
        self._check_epoch(epoch, where, verdict)
        plan = parse_plan(commit.info.get("userMetadata"), where, verdict)
        if plan is not None:
            self._check_plan(plan, epoch, generation, mine, where, verdict)
        for partition, offset in mine.items():
            if offset < self._next(partition):
                verdict.violation(
                    "offset_went_back", where, f"{_name(partition)} from {self._next(partition)} to {offset}"
                )
        self.epoch = epoch
        self.next.update(mine)
        self.epochs.append(Epoch(epoch, commit.version, plan.ranges if plan else {}))
        return self.epochs[-1]

    def by_part(self):
        """The next offsets as Coverage wants them: (feed number, partition) -> next offset."""
        found = {}
        for (source, topic, partition), offset in self.next.items():
            number = self._promise.feed_of_topic(source, topic)
            if number is not None:
                found[(number, partition)] = offset
        return found

    def _entries(self, txns, where, verdict):
        mine = {}
        for app_id, version in txns.items():
            try:
                entry = parse_txn(app_id)
            except ValueError as error:
                verdict.violation("bad_txn", where, str(error))
                continue
            if entry is None or entry[:2] != (self._promise.pipeline, self._sink):
                continue
            if self._spelling.setdefault(entry, app_id) != app_id:
                verdict.violation(
                    "bad_txn", where, f"one entry written in two ways: {app_id} and {self._spelling[entry]}"
                )
            what = entry[2]
            if isinstance(what, tuple) and not self._known(what):
                verdict.violation(
                    "unknown_partition", where, f"{_name(what)} is not among the feeds of this check"
                )
            mine[what] = version
        return mine

    def _known(self, partition):
        number = self._promise.feed_of_topic(*partition[:2])
        return number is not None and partition[2] < self._promise.feeds[number].partitions

    def _check_generation(self, generation, epoch, where, verdict):
        if generation is None:
            if epoch is not None:
                verdict.violation("generation_missing", where, "a data commit must carry its generation")
            return
        if self.generation is not None:
            if generation < self.generation:
                verdict.violation("generation_went_back", where, f"from {self.generation} to {generation}")
            elif generation == self.generation and epoch is None:
                verdict.violation(
                    "generation_not_raised", where, f"a claim must raise the generation {generation}"
                )
        self.generation = max(generation, self.generation or 0)

    def _check_epoch(self, epoch, where, verdict):
        if self.epoch is None:
            first = self._promise.first_epoch
            if self._every_epoch and first is not None and epoch != first:
                verdict.violation("epoch_gap", where, f"the first epoch is {epoch}, must be {first}")
        elif epoch <= self.epoch:
            verdict.violation("epoch_went_back", where, f"from {self.epoch} to {epoch}: commits out of order")
        elif self._every_epoch and epoch != self.epoch + 1:
            verdict.violation("epoch_gap", where, f"from {self.epoch} to {epoch}")

    def _check_plan(self, plan, epoch, generation, moved, where, verdict):
        def differs(what, said, done):
            verdict.violation("plan_differs", where, f"{what}: the plan says {said}, the commit {done}")

        if plan.pipeline != self._promise.pipeline:
            differs("pipeline", plan.pipeline, self._promise.pipeline)
        if plan.epoch != epoch:
            differs("epoch", plan.epoch, epoch)
        if generation is not None and plan.generation_of(self._sink) not in (None, generation):
            differs("generation", plan.generation_of(self._sink), generation)
        for partition, offset in moved.items():
            if partition not in plan.ranges:
                differs(_name(partition), "nothing", offset)
        for partition, (start, end) in plan.ranges.items():
            if not self._known(partition):
                verdict.violation(
                    "unknown_partition", where, f"{_name(partition)} is not among the feeds of this check"
                )
                continue
            if partition in moved and moved[partition] != end:
                differs(f"end of {_name(partition)}", end, moved[partition])
            elif partition not in moved and start < end and self._every_epoch:
                differs(f"end of {_name(partition)}", end, "no next offset")
            self._check_chain(partition, start, where, verdict)

    def _check_chain(self, partition, start, where, verdict):
        due = self._next(partition)
        if start < due:
            verdict.violation(
                "range_overlap", where, f"{_name(partition)}: the range starts at {start}, before {due}"
            )
        elif start > due and self._every_epoch:
            verdict.violation(
                "range_gap", where, f"{_name(partition)}: the range starts at {start}, after {due}"
            )

    def _next(self, partition):
        if partition in self.next:
            return self.next[partition]
        number = self._promise.feed_of_topic(*partition[:2])
        return self._promise.feeds[number].start(partition[2]) if number is not None else 0


def _name(partition):
    return "/".join(map(str, partition))

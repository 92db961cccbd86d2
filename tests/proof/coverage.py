"""Coverage: which records a table holds, how often, against which it should hold at this point of its progress."""

import collections

import numpy as np

from verdict import ranges_text

FAR = (
    1_000_000  # an index so far beyond the progress is counted alone, not in an array: it is surely nonsense
)
OK, LOST, DUPLICATED, UNEXPECTED = range(4)
NAMES = {LOST: "lost", DUPLICATED: "duplicated", UNEXPECTED: "unexpected"}


class Coverage:
    """Confined to one thread.

    `add` rows as versions bring them, then `settle` the version: exactly the wanted records below the progress
    must be there once. Only cells that changed are looked at, so a check of every version costs one pass over
    the rows. `wants(feed number, partition, indexes)` says which records belong into the table at all. `progress`, of a
    table whose rows are all added at once, is what it will be settled with.
    """

    def __init__(self, promise, wants, progress=None):
        self._promise = promise
        self._progress = progress or {}
        self._wants = wants
        self._counts = {}  # (feed number, partition) -> uint16 per index
        self._status = {}  # same, OK .. UNEXPECTED
        self._next = {}  # same -> next offset of the last settled version
        self._touched = collections.defaultdict(list)
        self._far = collections.Counter()
        for part in promise.parts():
            self._counts[part] = np.zeros(0, dtype=np.uint16)
            self._status[part] = np.zeros(0, dtype=np.uint8)
            self._next[part] = promise.feeds[part[0]].start(part[1])

    def add(self, part, indexes, sign=1):
        """Rows of one partition appear (sign 1) or disappear (-1)."""
        indexes = np.asarray(indexes, dtype=np.int64)
        known = max(self._next[part], self._progress.get(part, 0))
        bound = self._promise.feeds[part[0]].layout.below(known) + FAR + len(self._counts[part])
        strange = (indexes < 0) | (indexes >= bound)
        for index in indexes[strange].tolist():
            self._far[(part, index)] += sign
        indexes = indexes[~strange]
        if len(indexes):
            self._grow(part, int(indexes.max()) + 1)
            np.add.at(self._counts[part], indexes, np.uint16(sign & 0xFFFF))
            self._touched[part].append(indexes)

    def settle(self, where, next_offsets, verdict):
        """Compares after a version whose progress is `next_offsets`: (feed number, partition) -> next offset."""
        for part in self._counts:
            layout = self._promise.feeds[part[0]].layout
            before, after = (
                layout.below(self._next[part]),
                layout.below(next_offsets.get(part, self._next[part])),
            )
            moved = np.arange(min(before, after), max(before, after))
            touched = self._touched.pop(part, [])
            self._next[part] = next_offsets.get(part, self._next[part])
            if touched or len(moved):
                self._settle_part(where, part, np.unique(np.concatenate([*touched, moved])), after, verdict)
        for (part, index), count in list(self._far.items()):
            if count > 0:
                verdict.violation(
                    "unexpected",
                    f"{where}, partition {part[1]}",
                    f"index {index} is far beyond the progress",
                    count,
                )
                self._far[(part, index)] = 0

    def _settle_part(self, where, part, cells, below, verdict):
        self._grow(part, int(cells.max()) + 1 if len(cells) else 0)
        counts = self._counts[part][cells]
        wanted = self._wants(*part, cells) & (cells < below)
        status = np.full(len(cells), OK, dtype=np.uint8)
        status[wanted & (counts == 0)] = LOST
        status[wanted & (counts > 1)] = DUPLICATED
        status[~wanted & (counts > 0)] = UNEXPECTED
        changed = status != self._status[part][cells]
        for code, name in NAMES.items():
            found = cells[changed & (status == code)]
            if len(found):
                verdict.violation(
                    name, f"{where}, {self._label(part)}", f"indexes {ranges_text(found)}", len(found)
                )
        mended = cells[changed & (status == OK)]
        if len(mended):
            verdict.violation(
                "prefix_mended_late",
                f"{where}, {self._label(part)}",
                f"wrong before, right from here on: indexes {ranges_text(mended)}",
                len(mended),
            )
        self._status[part][cells] = status

    def totals(self):
        """Counts at the last settled version: rows, distinct records, lost, duplicated, unexpected."""
        totals = collections.Counter(lost=0, duplicated=0, unexpected=0)
        for part, status in self._status.items():
            for code, name in NAMES.items():
                totals[name] += int((status == code).sum())
            totals["rows"] += int(self._counts[part].sum())
            totals["records"] += int((self._counts[part] > 0).sum())
        return totals

    def rows(self, part):
        """How many rows of the partition are there, repeated ones included."""
        return int(self._counts[part].sum())

    def held(self, part):
        """The indexes of the partition that are there at least once."""
        return np.flatnonzero(self._counts[part])

    def _label(self, part):
        feed = self._promise.feeds[part[0]]
        return (
            f"topic {feed.topic} partition {part[1]}"
            if len(self._promise.feeds) > 1
            else f"partition {part[1]}"
        )

    def _grow(self, part, size):
        short = size - len(self._counts[part])
        if short > 0:
            # In steps of an eighth, so that many small versions do not copy the array each time.
            more = max(short, len(self._counts[part]) // 8)
            self._counts[part] = np.concatenate([self._counts[part], np.zeros(more, dtype=np.uint16)])
            self._status[part] = np.concatenate([self._status[part], np.zeros(more, dtype=np.uint8)])

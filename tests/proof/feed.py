"""A feed: the whole content of one topic, as the generator wrote it and as the checker expects it.

It joins a RecordSpec (what record i of partition p is) to a Layout (which offset it has, and whether readers of
committed data see it).
"""

import dataclasses

import numpy as np

from record import TOMBSTONE, RecordSpec, draw, threshold


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where records stand in a partition. Immutable.

    Plain topics: offset o is index o. With transactions of `size` records per partition, each transaction covers
    the same indexes in every partition and ends with one control record: offset = index + index // size. Which
    transactions were aborted is a pure function of (seed, transaction).
    """

    size: int = 0
    abort_ratio: float = 0.0
    seed: int = 0

    def offset(self, indexes):
        i = np.asarray(indexes, dtype=np.int64)
        return i + i // self.size if self.size else i

    def index(self, offsets):
        """The index at each offset, -1 at a control record."""
        o = np.asarray(offsets, dtype=np.int64)
        if not self.size:
            return o
        transaction, place = np.divmod(o, self.size + 1)
        return np.where(place < self.size, transaction * self.size + place, -1)

    def below(self, next_offset):
        """How many indexes have an offset below `next_offset`."""
        if not self.size:
            return int(next_offset)
        transaction, place = divmod(int(next_offset), self.size + 1)
        return transaction * self.size + min(place, self.size)

    def aborted_transaction(self, numbers):
        if not self.size or self.abort_ratio <= 0:
            return np.zeros(len(np.asarray(numbers)), dtype=bool)
        return draw(self.seed, 0x7A0, numbers) < threshold(self.abort_ratio)

    def aborted(self, indexes):
        i = np.asarray(indexes, dtype=np.int64)
        if not self.size:
            return np.zeros(len(i), dtype=bool)
        first = int(i.min()) // self.size if len(i) else 0
        last = int(i.max()) // self.size if len(i) else -1
        table = self.aborted_transaction(np.arange(first, last + 1))
        return table[i // self.size - first] if len(i) else np.zeros(0, dtype=bool)

    def aborted_ranges(self, start, stop):
        """The index ranges [a, b) in [start, stop) that were aborted; the same in every partition."""
        if not self.size:
            return []
        numbers = np.arange(start // self.size, -(-stop // self.size))
        return [
            [max(int(k) * self.size, start), min((int(k) + 1) * self.size, stop)]
            for k in numbers[self.aborted_transaction(numbers)]
        ]


@dataclasses.dataclass(frozen=True)
class Feed:
    """One topic that a pipeline reads. Immutable.

    `first_p` is added to the Kafka partition to give the record's `p`, so that two topics in one table stay
    apart. `starts` are the offsets at which the pipeline began (default 0).
    """

    spec: RecordSpec
    partitions: int
    source: str = "source"
    topic: str = "topic"
    layout: Layout = Layout()
    first_p: int = 0
    starts: dict = dataclasses.field(default_factory=dict)

    def start(self, partition):
        return int(self.starts.get(partition, self.starts.get(str(partition), 0)))

    def fields(self, partition, indexes):
        return self.spec.fields(self.first_p + partition, indexes)

    def visible(self, partition, indexes):
        """True where a reader of committed data, from the feed's start, sees a record (good or malformed)."""
        i = np.asarray(indexes, dtype=np.int64)
        return ~self.layout.aborted(i) & (self.layout.offset(i) >= self.start(partition)) & (i >= 0)

    def kind(self, partition, indexes):
        return self.spec.kind(self.first_p + partition, indexes)

    def last_needed(self, partition, end_index):
        """One past the offset of the last visible record below `end_index`: progress that reached it is complete."""
        stop = end_index
        while stop > 0:
            i = np.arange(max(0, stop - 10_000), stop)
            seen = np.flatnonzero(self.visible(partition, i))
            if len(seen):
                return int(self.layout.offset(i[seen[-1]])) + 1
            stop = int(i[0])
        return self.start(partition)

    def tally(self, partition, start_offset, end_offset):
        """Counts of the visible records at offsets [start, end): good, malformed, tombstones."""
        counts = {"good": 0, "malformed": 0, "tombstones": 0}
        low, high = self.layout.below(start_offset), self.layout.below(end_offset)
        for block in range(low, high, 1_000_000):
            i = np.arange(block, min(high, block + 1_000_000))
            kind = self.kind(partition, i)[self.visible(partition, i)]
            counts["good"] += int((kind == 0).sum())
            counts["tombstones"] += int((kind == TOMBSTONE).sum())
            counts["malformed"] += int(((kind != 0) & (kind != TOMBSTONE)).sum())
        return counts

"""The promise: what one pipeline owes to one sink. The checker compares reality with it."""

import dataclasses

import numpy as np

from record import COLUMNS, SOURCES, TOMBSTONE

TOMBSTONE_POLICIES = ("skip", "quarantine", "row")


@dataclasses.dataclass(frozen=True)
class Promise:
    """Immutable.

    `where` is a Python expression over the record's columns as numpy arrays (p, i, id, ts in microseconds, value,
    source as text, h), such as "id < 5": the rows that the sink's SQL lets through. `columns` are the record's
    columns that the sink must hold; "p" and "i" name a row and are always needed.
    """

    feeds: tuple
    pipeline: str
    sink: str | None
    where: str | None = None
    columns: tuple = COLUMNS
    tombstones: str = "skip"
    first_epoch: int | None = 0

    def __post_init__(self):
        if self.tombstones not in TOMBSTONE_POLICIES:
            raise ValueError(f"tombstones must be one of {TOMBSTONE_POLICIES}")
        if not {"p", "i"} <= set(self.columns):
            raise ValueError("the columns p and i are needed to name a row")

    def feed_of_p(self, p):
        """(number of the feed, Kafka partition) of a record's `p`, or None."""
        for number, feed in enumerate(self.feeds):
            if feed.first_p <= p < feed.first_p + feed.partitions:
                return number, p - feed.first_p
        return None

    def feed_of_topic(self, source, topic):
        for number, feed in enumerate(self.feeds):
            if (feed.source, feed.topic) == (source, topic):
                return number
        return None

    def parts(self):
        """All (number of the feed, partition)."""
        return [(n, p) for n, feed in enumerate(self.feeds) for p in range(feed.partitions)]

    def wants_row(self, number, partition, indexes):
        """True where the sink must hold a row, once the index is below the sink's progress."""
        feed = self.feeds[number]
        wanted = feed.visible(partition, indexes) & (feed.kind(partition, indexes) == 0)
        if self.where is not None:
            wanted &= self.selects(self.where, number, partition, indexes)
        return wanted

    def wants_quarantined(self, number, partition, indexes):
        feed = self.feeds[number]
        kind = feed.kind(partition, indexes)
        bad = kind != 0
        if self.tombstones != "quarantine":
            bad &= kind != TOMBSTONE
        return feed.visible(partition, indexes) & bad

    def selects(self, expression, number, partition, indexes):
        """An expression like `where`, for each index."""
        f = self.feeds[number].fields(partition, indexes)
        names = {
            "p": np.full(len(f.i), f.p),
            "i": f.i,
            "id": f.id,
            "ts": f.ts,
            "value": f.value,
            "source": np.array(SOURCES)[f.source],
            "h": f.h,
        }
        return np.asarray(
            eval(expression, {"__builtins__": {}, "np": np}, names), dtype=bool
        )  # the tester's own text

"""The record: a pure function of (seed, partition, index).

Record i of partition p never has to be remembered, because it can be made again: by the generator that sends it
and by the checker that looks for it. Everything is vectorised over a range of indexes, so that ten million
records can be verified in seconds.

    spec = RecordSpec(seed=7, malformed=0.01)
    spec.values(p, 0, 1000)     the bytes of records 0..999 of partition p; None is a tombstone
    spec.fields(p, indexes)     the same records as numpy columns
"""

import argparse
import dataclasses
import functools
import json

import numpy as np

# Texts that have hurt writers of statistics, of paths and of JSON: longer than 32 characters, outside the basic
# plane, quoted, escaped. The JSON spelling alternates between raw UTF-8 and \u escapes (surrogate pairs too).
SOURCES = (
    "sensor-a",
    "sensor-b",
    "gateway",
    "größe",
    "温度計",
    'say "hi"',
    "back\\slash",
    "line\nbreak\tand tab",
    "a/b:c=d%20e",
    "a source whose name is longer than thirty-two characters",
    "🚀" * 33 + " above the basic plane",
    "trailing space ",
)
SOURCES_JSON = tuple(json.dumps(text, ensure_ascii=n % 2 == 1) for n, text in enumerate(SOURCES))
SOURCE_JSON_BYTES = np.array([len(text.encode()) for text in SOURCES_JSON], dtype=np.int64)

# Index 0 means a good record. The order is part of the format: a seed must keep its records.
KINDS = ("truncated", "wrong_type", "bad_utf8", "not_object", "empty", "tombstone")
TOMBSTONE = KINDS.index("tombstone") + 1
NOT_OBJECTS = (b"[1,2,3]", b"42", b'"text"', b"true", b"null")

# The columns of a good record, in the order of its JSON text. `pad` follows only if the spec has a size.
COLUMNS = ("p", "i", "id", "ts", "value", "source", "h")

PAD_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
EPOCH_US = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def mix(x):
    """splitmix64's finaliser over uint64 arrays: every bit of the input moves half of the bits of the output."""
    x = np.asarray(x, dtype=np.uint64)
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * _M1
        x = (x ^ (x >> np.uint64(27))) * _M2
    return x ^ (x >> np.uint64(31))


def draw(seed, stream, indexes):
    """One uniform 64-bit number per index, independent between seeds and between streams (any non-negative ints)."""
    with np.errstate(over="ignore"):
        start = mix(
            mix(np.array(seed, dtype=np.uint64) + _GOLDEN) ^ mix(np.array(stream, dtype=np.uint64) + _M1)
        )
        return mix(start + np.asarray(indexes).astype(np.uint64) * _GOLDEN)


def threshold(ratio):
    """The bound under which a drawn number falls with probability `ratio`; all of them if the ratio is 1."""
    return np.uint64(min(int(ratio * 2**64), 2**64 - 1))


@functools.cache
def _source_hashes():
    return np.array(
        [int(mix(int.from_bytes(t.encode()[-8:], "big") ^ len(t))) for t in SOURCES], dtype=np.uint64
    )


def payload_hash(p, index, ids, ts_us, value, source, pad_len):
    """The hash `h` of a record: over all its other fields, without the seed, so that a row can be tried alone."""
    h = mix(np.full(len(index), p, dtype=np.uint64) + _GOLDEN)
    bits = np.ascontiguousarray(value, dtype=np.float64).view(np.uint64)
    for part in (index, ids, ts_us, bits, _source_hashes()[source], pad_len):
        h = mix(h ^ np.asarray(part).astype(np.uint64) ^ _M2)
    return h


@dataclasses.dataclass
class Fields:
    """Columns of the records of one partition, in the order of the indexes asked for. Equal lengths."""

    p: int
    i: np.ndarray  # int64
    id: np.ndarray  # int64, 0..9
    ts: np.ndarray  # int64, microseconds since 1970 UTC
    value: np.ndarray  # float64, 0..100, never NaN
    source: np.ndarray  # int64, index into SOURCES
    h: np.ndarray  # uint64
    pad: np.ndarray  # int64, length of the padding
    kind: np.ndarray  # int8, 0 = good, else 1 + index into KINDS


@dataclasses.dataclass(frozen=True)
class RecordSpec:
    """What the records of one topic look like. Immutable: two equal specs make equal records."""

    seed: int
    size: int = 0  # bytes that a good record is padded to; 0 = no padding
    malformed: float = 0.0  # ratio of malformed records
    kinds: tuple = KINDS  # which ones
    malformed_from: int = 0  # first index that may be malformed: leaves an inferred schema clean examples
    start_us: int = EPOCH_US  # event time of index 0
    step_us: int = 1000  # event time between two indexes
    jitter_us: int = 500_000  # event time is out of order by at most this much either way

    def fields(self, p, indexes):
        i = np.asarray(indexes, dtype=np.int64)
        drawn = draw(self.seed, 2 * p, i)
        second = mix(drawn ^ _GOLDEN)
        ids = i % 10
        jitter = (second % np.uint64(2 * self.jitter_us + 1)).astype(np.int64) - self.jitter_us
        ts = self.start_us + i * self.step_us + jitter
        # Most values have three decimals, one in sixteen all 17 digits: a reader that rounds is found out.
        short = (drawn % np.uint64(100_001)).astype(np.float64) / 1000.0
        long = (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53 * 100.0
        value = np.where(second & np.uint64(0xF000) == 0, long, short)
        source = ((second >> np.uint64(32)) % np.uint64(len(SOURCES))).astype(np.int64)
        pad = self._pad_lengths(p, i, value, source)
        h = payload_hash(p, i, ids, ts, value, source, pad)
        return Fields(p, i, ids, ts, value, source, h, pad, self.kind(p, i))

    def kind(self, p, indexes):
        """int8 per index: 0 for a good record, else 1 + index into KINDS."""
        i = np.asarray(indexes, dtype=np.int64)
        if self.malformed <= 0:
            return np.zeros(len(i), dtype=np.int8)
        numbers = np.array([KINDS.index(kind) + 1 for kind in self.kinds], dtype=np.int8)
        drawn = draw(self.seed, 2 * p + 1, i)
        bad = (drawn < threshold(self.malformed)) & (i >= self.malformed_from)
        chosen = numbers[(mix(drawn) % np.uint64(len(numbers))).astype(np.int64)]
        return np.where(bad, chosen, np.int8(0))

    def values(self, p, start, stop):
        """The message values of [start, stop): bytes, or None for a tombstone."""
        return self.values_at(p, np.arange(start, stop, dtype=np.int64))

    def values_at(self, p, indexes):
        f = self.fields(p, indexes)
        texts = self._texts(f)
        for n in np.flatnonzero(f.kind):
            texts[n] = self._malformed(f, int(n), texts[n])
        return texts

    def value(self, p, i):
        return self.values(p, i, i + 1)[0]

    def key(self, i):
        return b"%d" % (i % 10)

    def pad_text(self, i, length):
        start = i % len(PAD_ALPHABET)
        return _pad_stock(length // 4096)[start : start + length]

    def _texts(self, f):
        times = np.datetime_as_string(f.ts.view("M8[us]"), unit="us").tolist()
        columns = zip(f.i.tolist(), f.id.tolist(), times, f.value.tolist(), f.source.tolist(), f.h.tolist())
        p, sources = f.p, SOURCES_JSON
        if not self.size:
            return [
                f'{{"p":{p},"i":{i},"id":{d},"ts":"{t}Z","value":{v!r},"source":{sources[s]},"h":"{h:016x}"}}'.encode()
                for i, d, t, v, s, h in columns
            ]
        return [
            (
                f'{{"p":{p},"i":{i},"id":{d},"ts":"{t}Z","value":{v!r},"source":{sources[s]},"h":"{h:016x}",'
                f'"pad":"{self.pad_text(i, n)}"}}'
            ).encode()
            for (i, d, t, v, s, h), n in zip(columns, f.pad.tolist())
        ]

    def _pad_lengths(self, p, i, value, source):
        if not self.size:
            return np.zeros(len(i), dtype=np.int64)
        fixed = len(
            '{"p":,"i":,"id":0,"ts":"2026-01-01T00:00:00.000000Z","value":,"source":,"h":"0123456789abcdef","pad":""}'
        )
        digits = np.searchsorted(10 ** np.arange(1, 19, dtype=np.int64), i, side="right") + 1
        reprs = np.array([len(repr(v)) for v in value.tolist()], dtype=np.int64)
        return np.maximum(0, self.size - fixed - len(str(p)) - digits - reprs - SOURCE_JSON_BYTES[source])

    def _malformed(self, f, n, good):
        kind = KINDS[f.kind[n] - 1]
        dice = int(f.h[n])
        if kind == "truncated":
            return good[: 1 + dice % (len(good) - 1)]
        if kind == "wrong_type":
            return good.replace(b'"value":' + repr(float(f.value[n])).encode(), b'"value":"not a number"', 1)
        if kind == "bad_utf8":
            return good.replace(b'"source":"', b'"source":"\xff\xfe\xc0\xaf', 1)
        if kind == "not_object":
            return NOT_OBJECTS[dice % len(NOT_OBJECTS)]
        return b"" if kind == "empty" else None

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser):
        parser.add_argument(
            "--seed", type=int, required=True, help="the records are a pure function of seed, p and i"
        )
        parser.add_argument("--size", type=int, default=0, help="pad good records to this many bytes")
        parser.add_argument(
            "--malformed", type=float, default=0.0, metavar="RATIO", help="ratio of malformed records"
        )
        parser.add_argument(
            "--kinds", default=",".join(KINDS), help="kinds of malformed records (default: all)"
        )
        parser.add_argument(
            "--malformed-from", type=int, default=0, metavar="INDEX", help="first index that may be malformed"
        )

    @classmethod
    def from_arguments(cls, args):
        kinds = tuple(kind for kind in args.kinds.split(",") if kind)
        unknown = set(kinds) - set(KINDS)
        if unknown or not kinds:
            raise SystemExit(
                f"--kinds takes a list of {', '.join(KINDS)}; unknown: {', '.join(sorted(unknown)) or 'empty list'}"
            )
        return cls(args.seed, args.size, args.malformed, kinds, args.malformed_from)


@functools.lru_cache(maxsize=8)
def _pad_stock(pages):
    return PAD_ALPHABET * ((pages + 1) * 4096 // len(PAD_ALPHABET) + 2)

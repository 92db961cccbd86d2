#!/usr/bin/env python3
"""Writes seeded records into Kafka, so that the checker can say later what must have come of them.

    generator.py --brokers 127.0.0.1:9092 --topic events --seed 7 --to 100000            # indexes 0..99999 per partition
    generator.py ... --resume --to 200000 --rate 5000                                    # go on where the topic ends
    generator.py ... --to 100000 --transaction-size 1000 --abort-ratio 0.2               # inside transactions

Prints one JSON line at its end (also after SIGINT and SIGTERM): the acknowledged next index of each partition.
Every record below it is in Kafka, in order, at the offset that feed.Layout says.
"""

import argparse
import json
import signal
import sys
import threading
import time
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from feed import Feed, Layout
from record import RecordSpec

CHUNK = 2000  # records of one partition handed over in one call
QUEUE_RECORDS = 200_000  # never exceeded, so that a batch is never queued in part
PROGRESS_TIMEOUT_S = 120.0  # without any acknowledgement for so long, give up


class GeneratorError(Exception):
    pass


class Generator:
    """Sends a feed's records to one topic. Confined to one thread; `acknowledged` may be read from any.

    Delivery is idempotent and ordered, and every acknowledged offset is compared with the layout: a record that got
    lost on the way, or a foreign one in the topic, shifts the offset and is found at once. So an acknowledgement of
    index i covers all indexes below it.
    """

    def __init__(self, brokers, feed: Feed, client=None):
        self._feed = feed
        self._error = None
        self.acknowledged = {}
        settings = {
            "bootstrap.servers": brokers,
            "enable.idempotence": True,
            "linger.ms": 5,
            "batch.num.messages": 20_000,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": QUEUE_RECORDS,
            "queue.buffering.max.kbytes": 512 * 1024,
            "message.timeout.ms": 600_000,
            "log_level": 0,
            "error_cb": self._on_error,
        }
        if feed.layout.size:
            settings |= {
                "transactional.id": f"proof-{feed.topic}-{uuid.uuid4()}",
                "transaction.timeout.ms": 600_000,
            }
        settings |= client or {}
        self._producer = Producer(settings)
        if feed.layout.size:
            self._producer.init_transactions(PROGRESS_TIMEOUT_S)

    def run(self, starts, stop_index, rate=0.0, stop=None):
        """Sends [starts[p], stop_index) of each partition; `rate` in records per second over all partitions.

        Returns the acknowledged next indexes. `stop` (threading.Event) ends it early, with everything sent so far
        acknowledged.
        """
        stop = stop or threading.Event()
        self.acknowledged.update({p: index for p, index in starts.items() if p not in self.acknowledged})
        began, sent = time.monotonic(), 0
        for transaction, pieces in self._rounds(dict(starts), stop_index, rate):
            if stop.is_set():
                break
            if transaction is not None:
                self._producer.begin_transaction()
            sent += sum(self._send(*piece) for piece in pieces)
            if transaction is not None:
                self._end_transaction(transaction)
            self._pace(began, sent, rate, stop)
        self._flush()
        return dict(self.acknowledged)

    def _rounds(self, position, stop_index, rate):
        """Yields (transaction number or None, [(partition, a, b)]): equal steps through all partitions."""
        size = self._feed.layout.size
        if size:
            wrong = [p for p, a in position.items() if a % size] or stop_index % size
            if wrong:
                raise GeneratorError(f"starts and stop must be multiples of the transaction size {size}")
            for number in range(min(position.values()) // size, stop_index // size):
                yield (
                    number,
                    [
                        (p, number * size, (number + 1) * size)
                        for p, a in position.items()
                        if a <= number * size
                    ],
                )
            return
        step = CHUNK if not rate else max(1, min(CHUNK, int(rate * 0.02 / max(1, len(position)))))
        while any(a < stop_index for a in position.values()):
            pieces = [(p, a, min(a + step, stop_index)) for p, a in position.items() if a < stop_index]
            position.update({p: b for p, _, b in pieces})
            yield None, pieces

    def _send(self, partition, a, b):
        feed = self._feed
        keys = [feed.spec.key(i) for i in range(10)]
        for start in range(a, b, CHUNK):
            end = min(b, start + CHUNK)
            self._wait_for_room(end - start)
            values = feed.spec.values(feed.first_p + partition, start, end)
            messages = [{"value": value, "key": keys[i % 10]} for i, value in enumerate(values, start)]
            # One report per chunk is enough: its offset tells about all records before it.
            last = end - 1
            messages[-1]["callback"] = lambda error, message, i=last: self._on_delivery(
                error, message, partition, i
            )
            if self._producer.produce_batch(feed.topic, messages, partition=partition) != len(messages):
                refused = next((m["_error"] for m in messages if "_error" in m), "unknown")
                raise GeneratorError(f"the client refused records of partition {partition}: {refused}")
        return b - a

    def _end_transaction(self, number):
        # Flushed first: an abort would otherwise drop what is still queued, and the offsets would not be known.
        self._flush()
        if self._feed.layout.aborted_transaction([number])[0]:
            self._producer.abort_transaction(PROGRESS_TIMEOUT_S)
        else:
            self._producer.commit_transaction(PROGRESS_TIMEOUT_S)

    def _wait_for_room(self, records):
        last, since = -1, time.monotonic()
        self._producer.poll(0)
        while len(self._producer) + records > QUEUE_RECORDS:
            self._producer.poll(0.05)
            self._raise_error()
            if len(self._producer) != last:
                last, since = len(self._producer), time.monotonic()
            elif time.monotonic() - since > PROGRESS_TIMEOUT_S:
                raise GeneratorError(f"no acknowledgement for {PROGRESS_TIMEOUT_S:.0f} s")

    def _pace(self, began, sent, rate, stop):
        while rate and not stop.is_set() and (ahead := sent / rate - (time.monotonic() - began)) > 0:
            self._producer.poll(min(ahead, 0.05))
        self._raise_error()

    def _flush(self):
        left, since = len(self._producer), time.monotonic()
        while self._producer.flush(1.0):
            self._raise_error()
            if len(self._producer) != left:
                left, since = len(self._producer), time.monotonic()
            elif time.monotonic() - since > PROGRESS_TIMEOUT_S:
                raise GeneratorError(f"{left} records not acknowledged for {PROGRESS_TIMEOUT_S:.0f} s")
        self._raise_error()

    def _on_delivery(self, error, message, partition, index):
        if error is not None:
            self._error = self._error or f"record {index} of partition {partition}: {error}"
            return
        due = int(self._feed.layout.offset([index])[0])
        if message.offset() != due:
            self._error = self._error or (
                f"record {index} of partition {partition} stands at offset {message.offset()}, not {due}: the topic "
                "holds records that this generator did not send; use a fresh topic"
            )
            return
        self.acknowledged[partition] = max(self.acknowledged.get(partition, 0), index + 1)

    def _on_error(self, error):
        if error.fatal():
            self._error = self._error or str(error)

    def _raise_error(self):
        if self._error:
            raise GeneratorError(self._error)


def end_offsets(brokers, topic, partitions=None, timeout=30.0):
    """The next offset to be written of each partition (all of the topic's if `partitions` is None)."""
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": "proof-look-only", "enable.auto.commit": False}
    )
    try:
        if partitions is None:
            known = consumer.list_topics(topic, timeout).topics[topic]
            if known.error is not None:
                raise GeneratorError(f"topic {topic}: {known.error}")
            partitions = len(known.partitions)
        return {
            p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout)[1] for p in range(partitions)
        }
    finally:
        consumer.close()


def parse(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--brokers", default="127.0.0.1:9092")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--partitions", type=int, help="default: all partitions of the topic")
    parser.add_argument("--first-p", type=int, default=0, help="added to the partition to give a record's p")
    parser.add_argument("--from", type=int, default=0, dest="start", metavar="INDEX")
    parser.add_argument(
        "--to", type=int, required=True, dest="stop", metavar="INDEX", help="exclusive, per partition"
    )
    parser.add_argument("--resume", action="store_true", help="start each partition where the topic ends")
    parser.add_argument(
        "--rate", type=float, default=0.0, help="records per second over all partitions; 0 = flat out"
    )
    parser.add_argument(
        "--transaction-size", type=int, default=0, metavar="N", help="records per partition and transaction"
    )
    parser.add_argument(
        "--abort-ratio", type=float, default=0.0, help="ratio of transactions that are aborted"
    )
    parser.add_argument("--client", action="append", default=[], metavar="K=V", help="any librdkafka setting")
    RecordSpec.add_arguments(parser)
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    spec = RecordSpec.from_arguments(args)
    layout = Layout(args.transaction_size, args.abort_ratio, args.seed)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    began = time.monotonic()
    try:
        ends = end_offsets(args.brokers, args.topic, args.partitions)
        feed = Feed(spec, len(ends), topic=args.topic, layout=layout, first_p=args.first_p)
        starts = {p: layout.below(end) if args.resume else args.start for p, end in ends.items()}
        generator = Generator(args.brokers, feed, dict(item.split("=", 1) for item in args.client))
        acknowledged = generator.run(starts, args.stop, args.rate, stop)
    except (GeneratorError, KafkaException) as error:
        print(f"generator: {error}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - began
    records = sum(acknowledged[p] - starts[p] for p in starts)
    print(
        json.dumps(
            {
                "topic": args.topic,
                "acknowledged": {str(p): index for p, index in sorted(acknowledged.items())},
                "aborted": layout.aborted_ranges(min(starts.values()), max(acknowledged.values())),
                "records": records,
                "seconds": round(seconds, 3),
                "records_per_second": round(records / seconds),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The verdict of tables against the generator. Shares no code with the engine; reads the Delta log by itself.

    checker.py --seed 7 --topic events --partitions 4 --pipeline events --sink delta:events --delta data/lake/events
    checker.py ... --quarantine data/lake/_quarantine/events --malformed 0.01
    checker.py ... --postgres 'host=127.0.0.1 dbname=test' --pg-table public.events --pg-sink postgres:public.events
    checker.py ... --receipts receipts.json --ends '{"0": 100000}'

Prints one JSON document: ok, counts, violations. Exit 0 without violations, 1 with, 2 for wrong use.
"""

import argparse
import json
import sys
import urllib.request

import postgres_table
import quarantine
import receipts
from delta_table import DeltaTable
from feed import Feed, Layout
from promise import TOMBSTONE_POLICIES, Promise
from record import COLUMNS, RecordSpec
from verdict import Verdict

__all__ = ["check_all", "check_delta", "make_promise", "next_offsets"]


def make_promise(
    seed,
    partitions,
    pipeline,
    sink,
    *,
    topic=None,
    source=None,
    spec=None,
    layout=None,
    starts=None,
    first_p=0,
    feeds=None,
    **options,
):
    """The Promise of one topic (or of `feeds`). The source is named by its topic, the topic by the pipeline."""
    if feeds is None:
        topic = topic or pipeline
        feeds = (
            Feed(
                spec or RecordSpec(seed),
                partitions,
                source or topic,
                topic,
                layout or Layout(),
                first_p,
                starts or {},
            ),
        )
    return Promise(tuple(feeds), pipeline, sink, **options)


def check_delta(
    table_path,
    seed,
    partitions,
    pipeline,
    sink,
    *,
    ends=None,
    max_orphans=0,
    allow_foreign=False,
    require_stats=True,
    **promise,
):
    """Checks one append-only Delta sink, at every version. `ends`: partition -> index that must have been reached.

    Further keywords: those of make_promise (topic, source, spec, layout, starts, feeds, where, columns, tombstones).
    """
    owed = make_promise(seed, partitions, pipeline, sink, **promise)
    return DeltaTable(
        table_path, owed, max_orphans=max_orphans, allow_foreign=allow_foreign, require_stats=require_stats
    ).check(ends)


def next_offsets(table_path, pipeline, sink):
    """(source, topic, partition) -> next offset, as the table's log has it now. Empty if there is no table yet."""
    return DeltaTable.peek(table_path, pipeline, sink)


def check_all(
    promise,
    *,
    delta=None,
    quarantine_path=None,
    postgres=None,
    pg_table=None,
    pg_sink=None,
    pg_schema="laketide",
    receipt_list=None,
    ends=None,
    max_orphans=0,
    allow_foreign=False,
    recorded_later=0,
):
    """One verdict over everything that a pipeline wrote."""
    total = Verdict(f"pipeline {promise.pipeline}")
    table = quarantined = None
    if delta is not None:
        table = DeltaTable(delta, promise, max_orphans=max_orphans, allow_foreign=allow_foreign)
        total.absorb(table.check(ends))
    if quarantine_path is not None:
        quarantined = quarantine.Quarantine(quarantine_path, promise, max_orphans=max_orphans)
        total.absorb(quarantined.check(table.progress.by_part() if table else None))
    if table is not None and quarantined is not None:
        total.absorb(quarantine.check_accounts(promise, table, quarantined))
    if postgres is not None:
        total.absorb(
            postgres_table.check_postgres(postgres, pg_table, promise, pg_sink, schema=pg_schema, ends=ends)
        )
    if receipt_list is not None:
        total.absorb(receipts.check_receipts(receipt_list, promise, table, quarantined, recorded_later))
    return total


def parse(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    RecordSpec.add_arguments(parser)
    parser.add_argument("--pipeline", required=True)
    parser.add_argument("--topic", help="default: the pipeline's name")
    parser.add_argument("--source", help="default: the topic's name")
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument(
        "--starts", type=json.loads, default={}, metavar="JSON", help='first offsets: {"0": 100}'
    )
    parser.add_argument(
        "--ends", type=json.loads, metavar="JSON", help="next index per partition that must be reached"
    )
    parser.add_argument("--transaction-size", type=int, default=0)
    parser.add_argument("--abort-ratio", type=float, default=0.0)
    parser.add_argument("--delta", metavar="PATH")
    parser.add_argument("--sink", help="the Delta sink's id")
    parser.add_argument(
        "--where", help='the rows the sink lets through, over p, i, id, ts, value, source, h: "id < 5"'
    )
    parser.add_argument("--columns", default=",".join(COLUMNS), help="columns that the sink must hold")
    parser.add_argument("--tombstones", choices=TOMBSTONE_POLICIES, default="skip")
    parser.add_argument("--first-epoch", type=int, default=0, help="-1: any")
    parser.add_argument("--max-orphans", type=int, default=0, help="orphan and stray files that are forgiven")
    parser.add_argument(
        "--allow-foreign", action="store_true", help="commits of other writers may change files"
    )
    parser.add_argument("--quarantine", metavar="PATH")
    parser.add_argument("--postgres", metavar="DSN")
    parser.add_argument("--pg-table", metavar="SCHEMA.TABLE")
    parser.add_argument("--pg-sink")
    parser.add_argument(
        "--pg-schema", default="laketide", help="schema of the progress and quarantine tables"
    )
    parser.add_argument("--receipts", metavar="FILE_OR_URL")
    args = parser.parse_args(argv)
    if args.delta and not args.sink:
        parser.error("--delta needs --sink, the id of the sink, such as delta:events")
    if args.postgres and not (args.pg_table and args.pg_sink):
        parser.error("--postgres needs --pg-table and --pg-sink")
    if not (args.delta or args.quarantine or args.postgres):
        parser.error("nothing to check: give --delta, --quarantine or --postgres")
    return args


def main(argv=None):
    args = parse(argv)
    promise = make_promise(
        args.seed,
        args.partitions,
        args.pipeline,
        args.sink,
        topic=args.topic,
        source=args.source,
        spec=RecordSpec.from_arguments(args),
        layout=Layout(args.transaction_size, args.abort_ratio, args.seed),
        starts=args.starts,
        where=args.where,
        columns=tuple(args.columns.split(",")),
        tombstones=args.tombstones,
        first_epoch=None if args.first_epoch < 0 else args.first_epoch,
    )
    receipt_list = None
    if args.receipts:
        if args.receipts.startswith("http"):
            with urllib.request.urlopen(args.receipts, timeout=30) as answer:
                receipt_list = json.load(answer)
        else:
            with open(args.receipts, encoding="utf-8") as file:
                receipt_list = json.load(file)
    verdict = check_all(
        promise,
        delta=args.delta,
        quarantine_path=args.quarantine,
        postgres=args.postgres,
        pg_table=args.pg_table,
        pg_sink=args.pg_sink,
        pg_schema=args.pg_schema,
        receipt_list=receipt_list,
        ends={int(p): end for p, end in args.ends.items()} if args.ends else None,
        max_orphans=args.max_orphans,
        allow_foreign=args.allow_foreign,
    )
    print(verdict)
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())

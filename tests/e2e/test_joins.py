"""Several sources in one document: a join bounded by event time and a UNION ALL, through kills, as a stream and as a job."""
import json
import random
import signal
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import requests
from confluent_kafka import Consumer, Producer, TopicPartition
from deltalake import DeltaTable

from daemon import Daemon
from waiting import wait_until

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
LATER = START + timedelta(days=1)  # records of this time only move the watermark
POINTS = ["state.write.before", "state.write.after", "epoch.planned", "delta.commit.before", "postgres.commit.sent", "epoch.sink_committed"]


def send(kafka, topic, rows, partitions=2):
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True})
    for number, row in enumerate(rows):
        producer.produce(topic, value=json.dumps(row), partition=number % partitions)
    assert producer.flush(30) == 0


def end_offsets(kafka, topic, partitions=2):
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": "ends"})
    try:
        return {str(p): consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)[1] for p in range(partitions)}
    finally:
        consumer.close()


def shop(count, seed):
    """Orders a second apart, and for some of them payments up to 100 s later; both a little out of order."""
    rng = random.Random(seed)
    orders, payments = [], []
    for i in range(count):
        when = START + timedelta(seconds=i + rng.uniform(-3, 3))
        orders.append({"id": i, "ts": when.isoformat(), "amount": rng.randrange(1000)})
        for _ in range(rng.choice([0, 1, 1, 2])):
            payments.append({"order_id": i, "ts": (when + timedelta(seconds=rng.uniform(0, 100))).isoformat(), "paid": rng.randrange(1000)})
    payments.sort(key=lambda row: row["ts"])
    return orders, payments


def joined(orders, payments):
    """What the LEFT JOIN gives, as a person would compute it."""
    paid = defaultdict(list)
    for row in payments:
        paid[row["order_id"]].append(row)
    out = []
    for order in orders:
        at = datetime.fromisoformat(order["ts"])
        found = [row["paid"] for row in paid[order["id"]] if at <= datetime.fromisoformat(row["ts"]) <= at + timedelta(minutes=1)]
        out += [(order["id"], order["amount"], one) for one in found] or [(order["id"], order["amount"], None)]
    return sorted(out, key=str)


def source(topic, schema):
    return {"kafka": {"topic": topic}, "format": {"json": {"schema": schema}}, "event_time": {"column": "ts", "delay": "120s", "idle_after": "1h"}}


def document(name, **more):
    return {"name": name,
            "sources": {"orders": source("orders", "id int not null, ts timestamptz not null, amount int"),
                        "payments": source("payments", "order_id int not null, ts timestamptz not null, paid int")},
            "sql": "SELECT o.id, o.amount, p.paid FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND p.ts BETWEEN o.ts AND o.ts + INTERVAL '1 minute'",
            "trigger": {"epoch": "50ms"},
            "sinks": [{"delta": {"path": name}}, {"postgres": {"table": f"public.{name}"}},
                      {"delta": {"path": f"{name}_all"},
                       "select": "SELECT 'order' AS kind, id, ts FROM orders UNION ALL SELECT 'payment' AS kind, order_id, ts FROM payments"}],
            **more}


def delta_rows(daemon, path, *columns):
    rows = DeltaTable(str(daemon.lake / path)).to_pyarrow_table(columns=list(columns)).to_pylist()
    return sorted((tuple(row[c] for c in columns) for row in rows if row["id"] >= 0), key=str)


def watermark_moves(kafka, partitions=2):
    """One record far ahead in every partition of both topics."""
    ahead = LATER.isoformat()
    send(kafka, "orders", [{"id": -1, "ts": ahead, "amount": 0}] * partitions)
    send(kafka, "payments", [{"order_id": -2, "ts": ahead, "paid": 0}] * partitions)


def test_a_join_of_two_topics_through_kills_and_as_a_job(kafka, postgres):
    kafka.create_topic("orders", 2)
    kafka.create_topic("payments", 2)
    orders, payments = shop(700, seed=11)
    daemon = Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}, "stream_defaults": {"epoch": "50ms"}})
    spec = document("paid")
    parts = len(POINTS) + 1
    for number, point in enumerate(POINTS):
        with daemon.start(f"{point}=kill@3", wait=False):
            wait_until(lambda: not daemon.running or daemon.ready(), "requests to be taken, or the kill")
            if number == 0:
                try:
                    daemon.post("/stream/start", spec)
                except requests.RequestException:
                    pass  # killed while it was asked
            for chunk in range(5):
                def piece(rows):
                    begin, end = ((number * 5 + chunk + i) * len(rows) // (parts * 5) for i in (0, 1))
                    return rows[begin:end]
                send(kafka, "orders", piece(orders))
                send(kafka, "payments", piece(payments))
                # Each piece is an epoch at least.
                wait_until(lambda: not daemon.running or (daemon.stream("paid") or {}).get("lagRecords") == 0, "the piece to be committed, or the kill")
            assert daemon.wait_exit(60) == -signal.SIGKILL, point
    with daemon.start():
        send(kafka, "orders", orders[len(POINTS) * len(orders) // parts:])
        send(kafka, "payments", payments[len(POINTS) * len(payments) // parts:])
        everything = len(orders) + len(payments)
        ends = {topic: end_offsets(kafka, topic) for topic in ("orders", "payments")}
        watermark_moves(kafka)
        wanted = joined(orders, payments)
        wait_until(lambda: delta_rows(daemon, "paid", "id", "amount", "paid") == wanted, "Delta to have every pair and every order without one", 60)
        wait_until(lambda: sorted(postgres.query("SELECT id, amount, paid FROM paid WHERE id >= 0"), key=str) == wanted, "PostgreSQL to have them")
        kinds = [("order", row["id"]) for row in orders] + [("payment", row["order_id"]) for row in payments]
        wait_until(lambda: delta_rows(daemon, "paid_all", "kind", "id") == sorted(kinds, key=str), "every record of both topics, once")
        status = daemon.stream("paid")
        assert {(p["source"], p["topic"]) for p in status["partitions"]} == {("orders", "orders"), ("payments", "payments")}

        def caught_up():
            """Spark's progress, when the broker's ends were heard of."""
            progress = daemon.stream("paid")["progress"]
            return progress if all(one["latestOffset"] == one["endOffset"] for one in progress["sources"]) else None
        progress = daemon.wait_for(caught_up, "the progress of the last epoch")
        assert [one["description"] for one in progress["sources"]] == ['KafkaV2[Subscribe[["orders"]]]', 'KafkaV2[Subscribe[["payments"]]]']
        now = {topic: end_offsets(kafka, topic) for topic in ("orders", "payments")}
        assert [one["endOffset"] for one in progress["sources"]] == [{topic: now[topic]} for topic in ("orders", "payments")]
        for one, topic in zip(progress["sources"], ("orders", "payments")):
            assert one["numInputRows"] == sum(one["endOffset"][topic][p] - one["startOffset"][topic][p] for p in ("0", "1"))
        assert sum(one["numInputRows"] for one in progress["sources"]) == progress["numInputRows"]
        # The same records as one job, by Spark's spelling of offsets.
        starts = {topic: {p: 0 for p in bounds} for topic, bounds in ends.items()}
        job = daemon.post("/batch/run?wait=60s", {**document("paid_once"), "startOffset": starts, "endOffset": ends})
        assert job["status"] == "SUCCEEDED" and job["rowsIn"] == everything, job
        assert delta_rows(daemon, "paid_once", "id", "amount", "paid") == wanted
        assert daemon.terminate() == 0


def test_a_join_without_bounds_is_kept_for_ever_only_if_the_document_says_so(kafka, postgres):
    kafka.create_topic("kept_orders", 2)
    kafka.create_topic("kept_payments", 2)
    orders, payments = shop(50, seed=3)
    send(kafka, "kept_orders", orders)
    send(kafka, "kept_payments", payments)
    plain = document("pairs", sql="SELECT o.id, p.paid FROM orders o JOIN payments p ON p.order_id = o.id", sinks=[{"delta": {"path": "pairs"}}])
    for name, one in plain["sources"].items():
        one["kafka"]["topic"] = f"kept_{name}"
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}) as daemon:
        refused = daemon.post("/stream/start", plain, expect=422)
        assert refused["code"] == "join_unbounded" and "state: unbounded" in refused["detail"], refused
        daemon.post("/stream/start", {**plain, "state": "unbounded"})
        wanted = sorted(((row["order_id"], row["paid"]) for row in payments), key=str)
        wait_until(lambda: (daemon.lake / "pairs/_delta_log/00000000000000000000.json").exists() and delta_rows(daemon, "pairs", "id", "paid") == wanted, "every pair")
        assert daemon.terminate() == 0


def test_groups_of_two_topics_are_one_table_through_a_kill(kafka, postgres):
    kafka.create_topic("sum_orders", 2)
    kafka.create_topic("sum_payments", 2)
    orders, payments = shop(200, seed=5)
    query = ("SELECT 'order' AS kind, id % 7 AS k, count(*) AS n, sum(amount) AS total FROM orders GROUP BY id % 7 "
             "UNION ALL SELECT 'payment', order_id % 7, count(*), sum(paid) FROM payments GROUP BY order_id % 7")
    spec = document("sums", sql=query, output_mode="update", sinks=[{"delta": {"path": "sums", "mode": "upsert"}}, {"postgres": {"table": "public.sums", "mode": "upsert"}}])
    for name, one in spec["sources"].items():
        one["kafka"]["topic"] = f"sum_{name}"
    daemon = Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}, "stream_defaults": {"epoch": "50ms"}})
    with daemon.start("epoch.planned=kill@4"):
        untold = daemon.post("/stream/start", {**spec, "sql": query.replace("'order' AS kind, ", "").replace("'payment', ", "")}, expect=422)
        assert untold["code"] == "bad_output_mode" and "SELECT 'clicks' AS part" in untold["detail"], untold
        short = daemon.post("/stream/start", {**spec, "sinks": [{"postgres": {"table": "public.sums", "mode": "upsert", "key": ["k"]}}]}, expect=422)
        assert short["code"] == "bad_output_mode" and "key: [kind, k]" in short["detail"], short
        daemon.post("/stream/start", spec)
        for begin in range(0, 100, 20):
            send(kafka, "sum_orders", orders[begin:begin + 20])
            send(kafka, "sum_payments", payments[begin:begin + 20])
            wait_until(lambda: not daemon.running or (daemon.stream("sums") or {}).get("lagRecords") == 0, "the piece to be committed, or the kill")
        assert daemon.wait_exit(60) == -signal.SIGKILL
    send(kafka, "sum_orders", orders[100:])
    send(kafka, "sum_payments", payments[100:])
    wanted = {}
    for kind, key, value, rows in (("order", "id", "amount", orders), ("payment", "order_id", "paid", payments)):
        for row in rows:
            n, total = wanted.get((kind, row[key] % 7), (0, 0))
            wanted[(kind, row[key] % 7)] = (n + 1, total + row[value])
    with daemon.start():
        def in_postgres():
            return {(kind, k): (n, int(total)) for kind, k, n, total in postgres.query("SELECT kind, k, n, total FROM sums")}
        wait_until(lambda: in_postgres() == wanted, "the sums of both topics", 60)
        rows = DeltaTable(str(daemon.lake / "sums")).to_pyarrow_table().to_pylist()
        assert {(row["kind"], row["k"]): (row["n"], int(row["total"])) for row in rows} == wanted and len(rows) == len(wanted)
        assert daemon.terminate() == 0

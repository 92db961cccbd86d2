"""The Nexmark workload: persons, auctions and bids of an auction house, its queries in this dialect, and their answers by plain Python.

Event n is the same on every machine. Of 50 events 1 is a person, 3 are auctions and 46 bids, 10 ms apart; half of the bids go to a hot
auction and three quarters come from a hot bidder, as in the generator of Apache Beam. Each kind has a topic of its own.

    python3 bench/nexmark.py --events 1000000 --brokers 127.0.0.1:9092     fills the topics person, auction and bid
    python3 bench/nexmark.py --record                                      writes nexmark.json: how many rows each query has, and their checksum
"""
import argparse
import hashlib
import json
import random
import re
import string
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

RECORDED = Path(__file__).with_name("nexmark.json")
RECORDED_EVENTS = 4000
BASE = datetime(2026, 3, 1, 8, 0, 0, tzinfo=timezone.utc)
STEP = timedelta(milliseconds=10)
FIRST_ID = 1000
PER_EPOCH, PERSONS, AUCTIONS = 50, 1, 3  # the rest are bids
STATES, CITIES = ["AZ", "CA", "ID", "OR", "WA", "WY"], ["Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"]
NAMES, LAST = ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"], ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"]
CHANNELS = ["Google", "Facebook", "Baidu", "Apple"]
TEN = timedelta(seconds=10)

SCHEMAS = {
    "person": "id bigint not null, name text, email text, city text, state text, date_time timestamptz not null",
    "auction": "id bigint not null, item_name text, initial_bid bigint, reserve bigint, expires timestamptz, seller bigint, category bigint, date_time timestamptz not null",
    "bid": "auction bigint not null, bidder bigint, price bigint, channel text, url text, extra text, date_time timestamptz not null",
}


def event(n, seed=1):
    """(kind, row) of event n."""
    rng = random.Random(f"{seed}/{n}")
    epoch, place = divmod(n, PER_EPOCH)
    when = (BASE + n * STEP).isoformat()
    last_person = FIRST_ID + epoch
    last_auction = FIRST_ID + epoch * AUCTIONS + min(max(place - PERSONS, 0), AUCTIONS - 1)
    if place < PERSONS:
        name = f"{rng.choice(NAMES)} {rng.choice(LAST)}"
        return "person", {"id": last_person, "name": name, "email": name.replace(" ", ".").lower() + "@example.org", "city": rng.choice(CITIES),
                          "state": rng.choice(STATES), "date_time": when}
    if place < PERSONS + AUCTIONS:
        seller = last_person // 4 * 4 if rng.random() < 0.75 else rng.randint(max(FIRST_ID, last_person - 1000), last_person)
        first = int(100 * 10 ** (rng.random() * 6))
        return "auction", {"id": last_auction, "item_name": "".join(rng.choices(string.ascii_lowercase, k=12)), "initial_bid": first,
                           "reserve": first + rng.randrange(10000), "expires": (BASE + n * STEP + timedelta(seconds=rng.randint(1, 20))).isoformat(),
                           "seller": max(seller, FIRST_ID), "category": 10 + rng.randrange(5), "date_time": when}
    auction = last_auction // 100 * 100 if rng.random() < 0.5 else rng.randint(max(FIRST_ID, last_auction - 100), last_auction)
    bidder = last_person // 100 * 100 + 1 if rng.random() < 0.75 else rng.randint(max(FIRST_ID, last_person - 1000), last_person)
    channel = rng.choice(CHANNELS) if rng.random() < 0.5 else f"channel-{rng.randrange(10000)}"
    path = "/".join("".join(rng.choices(string.ascii_lowercase, k=4)) for _ in range(3))
    return "bid", {"auction": max(auction, FIRST_ID), "bidder": bidder, "price": int(100 * 10 ** (rng.random() * 6)), "channel": channel,
                   "url": f"https://www.nexmark.com/{path}/item.htm?query=1", "extra": "".join(rng.choices("abcdefc", k=20)), "date_time": when}


def events(count, seed=1):
    """{kind: [rows]}, times as instants."""
    rows = defaultdict(list)
    for n in range(count):
        kind, row = event(n, seed)
        rows[kind].append({key: datetime.fromisoformat(value) if key in ("date_time", "expires") else value for key, value in row.items()})
    return rows


RANKS = "count(*) FILTER (WHERE price < 10000) AS low, count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS middle, count(*) FILTER (WHERE price >= 1000000) AS high"

# name: (SQL, how rows are told apart where groups are shown again, whether rows may be kept for ever)
QUERIES = {
    "q0": ("SELECT auction, bidder, price, date_time FROM bid", None, False),
    "q1": ("SELECT auction, bidder, 0.908 * price AS price, date_time FROM bid", None, False),
    "q2": ("SELECT auction, price FROM bid WHERE auction % 123 = 0", None, False),
    "q3": ("SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')", None, True),
    "q5": ("WITH counts AS (SELECT window_start, window_end, auction, count(*) AS num FROM bid GROUP BY hop(date_time, INTERVAL '2 seconds', INTERVAL '10 seconds'), auction), "
           "most AS (SELECT window_start, window_end, max(num) AS num FROM counts GROUP BY window_start, window_end) "
           "SELECT c.auction, c.num, c.window_start FROM counts c JOIN most m ON c.window_start = m.window_start AND c.window_end = m.window_end AND c.num >= m.num", None, False),
    "q7": ("WITH highest AS (SELECT window_end, max(price) AS price FROM bid GROUP BY tumble(date_time, INTERVAL '10 seconds')) "
           "SELECT b.auction, b.price, b.bidder, b.date_time FROM bid b JOIN highest h ON b.price = h.price "
           "AND b.date_time >= h.window_end - INTERVAL '10 seconds' AND b.date_time < h.window_end", None, False),
    "q8": ("WITH p AS (SELECT id, name, window_start, window_end FROM person GROUP BY id, name, tumble(date_time, INTERVAL '10 seconds')), "
           "a AS (SELECT seller, window_start, window_end FROM auction GROUP BY seller, tumble(date_time, INTERVAL '10 seconds')) "
           "SELECT p.id, p.name, p.window_start FROM p JOIN a ON p.id = a.seller AND p.window_start = a.window_start AND p.window_end = a.window_end", None, False),
    "q11": ("SELECT bidder, count(*) AS bid_count, window_start, window_end FROM bid GROUP BY bidder, session(date_time, INTERVAL '10 seconds')", None, False),
    "q14": ("SELECT auction, bidder, 0.908 * price AS price, CASE WHEN extract(hour FROM date_time) BETWEEN 8 AND 18 THEN 'dayTime' ELSE 'otherTime' END AS bid_time, "
            "length(extra) - length(replace(extra, 'c', '')) AS c_counts FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000", None, False),
    "q15": (f"SELECT window_start, count(*) AS total, {RANKS}, count(DISTINCT bidder) AS bidders, count(DISTINCT auction) AS auctions "
            "FROM bid GROUP BY tumble(date_time, INTERVAL '1 day')", ["window_start"], False),
    "q16": (f"SELECT channel, window_start, count(*) AS total, {RANKS}, count(DISTINCT bidder) AS bidders FROM bid GROUP BY channel, tumble(date_time, INTERVAL '1 day')",
            ["channel", "window_start"], False),
    "q17": (f"SELECT auction, window_start, count(*) AS total, {RANKS}, min(price) AS least, max(price) AS most, sum(price) AS whole "
            "FROM bid GROUP BY auction, tumble(date_time, INTERVAL '1 day')", ["auction", "window_start"], False),
    "q18": ("SELECT auction, bidder, price, date_time FROM (SELECT *, row_number() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) AS n FROM bid) AS b WHERE n <= 1",
            ["bidder", "auction"], False),
    "q20": ("SELECT b.auction, b.bidder, b.price, a.item_name, a.seller FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10", None, True),
    "q21": ("SELECT auction, bidder, price, channel, CASE lower(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3' "
            "ELSE split_part(channel, '-', 2) END AS channel_id FROM bid WHERE channel IN ('Apple', 'Google', 'Facebook', 'Baidu') OR channel LIKE 'channel-1%'", None, False),
    "q22": ("SELECT auction, bidder, price, split_part(url, '/', 4) AS dir1, split_part(url, '/', 5) AS dir2, split_part(url, '/', 6) AS dir3 FROM bid", None, False),
}


def ranks(bids):
    prices = [b["price"] for b in bids]
    return len(bids), sum(p < 10000 for p in prices), sum(10000 <= p < 1000000 for p in prices), sum(p >= 1000000 for p in prices)


def by(rows, *names):
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def window(when, size=10):
    return when - (when - BASE) % timedelta(seconds=size)


def sessions(times):
    out = []
    for when in sorted(times):
        if out and when <= out[-1][1]:
            out[-1] = (out[-1][0], when + TEN, out[-1][2] + 1)
        else:
            out.append((when, when + TEN, 1))
    return out


def hottest(bids):
    counts = defaultdict(Counter)
    for bid in bids:
        last = window(bid["date_time"], 2)
        for back in range(5):
            counts[last - back * timedelta(seconds=2)][bid["auction"]] += 1
    return [(auction, n, start) for start, each in counts.items() for auction, n in each.items() if n == max(each.values())]


def highest(bids):
    windows = defaultdict(list)
    for bid in bids:
        windows[window(bid["date_time"])].append(bid)
    return [(b["auction"], b["price"], b["bidder"], b["date_time"]) for some in windows.values() for b in some if b["price"] == max(x["price"] for x in some)]


def channel_id(channel):
    return {"apple": "0", "google": "1", "facebook": "2", "baidu": "3"}.get(channel.lower(), (channel.split("-") + [""])[1])


def answers(rows):
    """{query: [rows]} by plain Python."""
    persons, auctions, bids = rows["person"], rows["auction"], rows["bid"]
    day = BASE.replace(hour=0)
    person_of = {p["id"]: p for p in persons}
    auction_of = {a["id"]: a for a in auctions}
    sold = {(a["seller"], window(a["date_time"])) for a in auctions}
    last = {}
    for bid in bids:
        last[(bid["bidder"], bid["auction"])] = bid
    euro = {price: Decimal("0.908") * price for price in {b["price"] for b in bids}}
    return {
        "q0": [(b["auction"], b["bidder"], b["price"], b["date_time"]) for b in bids],
        "q1": [(b["auction"], b["bidder"], euro[b["price"]], b["date_time"]) for b in bids],
        "q2": [(b["auction"], b["price"]) for b in bids if b["auction"] % 123 == 0],
        "q3": [(p["name"], p["city"], p["state"], a["id"]) for a in auctions for p in [person_of.get(a["seller"])]
               if p and a["category"] == 10 and p["state"] in ("OR", "ID", "CA")],
        "q5": hottest(bids),
        "q7": highest(bids),
        "q8": [(p["id"], p["name"], window(p["date_time"])) for p in persons if (p["id"], window(p["date_time"])) in sold],
        "q11": [(bidder, n, start, end) for (bidder,), some in by(bids, "bidder").items() for start, end, n in sessions(b["date_time"] for b in some)],
        "q14": [(b["auction"], b["bidder"], euro[b["price"]], "dayTime" if 8 <= b["date_time"].hour <= 18 else "otherTime", b["extra"].count("c"))
                for b in bids if 1000000 < euro[b["price"]] < 50000000],
        "q15": [(day, *ranks(bids), len({b["bidder"] for b in bids}), len({b["auction"] for b in bids}))],
        "q16": [(channel, day, *ranks(some), len({b["bidder"] for b in some})) for (channel,), some in by(bids, "channel").items()],
        "q17": [(auction, day, *ranks(some), min(b["price"] for b in some), max(b["price"] for b in some), sum(b["price"] for b in some))
                for (auction,), some in by(bids, "auction").items()],
        "q18": [(b["auction"], b["bidder"], b["price"], b["date_time"]) for b in last.values()],
        "q20": [(b["auction"], b["bidder"], b["price"], a["item_name"], a["seller"]) for b in bids for a in [auction_of.get(b["auction"])] if a and a["category"] == 10],
        "q21": [(b["auction"], b["bidder"], b["price"], b["channel"], channel_id(b["channel"])) for b in bids
                if b["channel"] in CHANNELS or b["channel"].startswith("channel-1")],
        "q22": [(b["auction"], b["bidder"], b["price"], *b["url"].split("/")[3:6]) for b in bids],
    }


def cell_text(value):
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


def checksums(answered):
    """{query: {rows, sha256}} of {query: rows}. In whatever order the rows come."""
    lines = {name: sorted(json.dumps([cell_text(value) for value in row]) for row in rows) for name, rows in answered.items()}
    return {name: {"rows": len(each), "sha256": hashlib.sha256("\n".join(each).encode()).hexdigest()} for name, each in lines.items()}


def record(count, seed):
    """One query a line."""
    found = checksums(answers(events(count, seed)))
    queries = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in found.items())
    RECORDED.write_text(f'{{"seed": {seed}, "events": {count}, "queries": {{\n{queries}\n}}}}\n')


def document(name, prefix="", **more):
    """The pipeline of a query into a Delta table of its name."""
    sql, key, unbounded = QUERIES[name]
    sources = {kind: {"kafka": {"topic": prefix + kind}, "format": {"json": {"schema": schema}}, "event_time": {"column": "date_time", "delay": "4s", "idle_after": "1h"}}
               for kind, schema in SCHEMAS.items() if re.search(rf"\b(FROM|JOIN) {kind}\b", sql)}
    sink = {"path": name, "mode": "upsert", "key": key} if key else {"path": name}
    return {"name": name, "sources": sources, "sql": sql, "output_mode": "update" if key else "append", "sinks": [{"delta": sink}],
            **({"state": "unbounded"} if unbounded else {}), **more}


def fill(brokers, count, seed=1, prefix="", partitions=2):
    """Sends the first `count` events; the topics are there."""
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 20, "compression.type": "lz4"})
    for n in range(count):
        kind, row = event(n, seed)
        producer.produce(prefix + kind, value=json.dumps(row), partition=n // PER_EPOCH % partitions)
        if n % 1000 == 0:
            producer.poll(0)
    assert producer.flush(60) == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", default="127.0.0.1:9092")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--partitions", type=int, default=2)
    parser.add_argument("--record", action="store_true", help=f"of {RECORDED_EVENTS} events")
    given = parser.parse_args()
    if given.record:
        record(RECORDED_EVENTS, given.seed)
        raise SystemExit
    fill(given.brokers, given.events, given.seed, "", given.partitions)

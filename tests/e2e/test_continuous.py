"""trigger: { continuous: D }: who may see a row twice has it at once, who must not has it by epochs."""
import json

from confluent_kafka import Producer
from deltalake import DeltaTable

from daemon import Daemon
from waiting import wait_until

STREAM = {
    "name": "hurried", "source": {"kafka": {"topic": "hurried"}, "format": {"json": {"schema": "word text"}}},
    "trigger": {"continuous": "1h"}, "sinks": [{"console": {"rows": 100}}, {"delta": {"path": "hurried"}}]}


def send(kafka, *words):
    producer = Producer({"bootstrap.servers": kafka.address})
    for word in words:
        producer.produce("hurried", value=json.dumps({"word": word}))
    assert producer.flush(30) == 0


def test_rows_at_once_on_the_console_and_once_in_the_table(kafka):
    kafka.create_topic("hurried", 2)
    with Daemon({"kafka": {"brokers": kafka.address}}) as daemon:
        def table():
            return sorted(row["word"] for row in DeltaTable(str(daemon.lake / "hurried")).to_pyarrow_table().to_pylist())

        def shown(word):
            return daemon.log.count(f"|{word}|")

        daemon.post("/stream/start", STREAM)
        send(kafka, "alpha")
        daemon.wait_for(lambda: (daemon.stream("hurried") or {}).get("rowsIn") == 1, "the first epoch, which closes as soon as it has rows")
        assert table() == ["alpha"]
        send(kafka, "bravo", "delta")
        wait_until(lambda: shown("bravo") and shown("delta"), "rows of an epoch that is open for an hour")
        assert table() == ["alpha"]
        daemon.kill()
        daemon.start()
        wait_until(lambda: shown("bravo") == 2 and shown("delta") == 2, "what was never committed, again")
        daemon.post("/stream/stop", {"pipeline": "hurried"})
        assert table() == ["alpha", "bravo", "delta"]
        assert shown("alpha") == 1
        assert daemon.terminate() == 0

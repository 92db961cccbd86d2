"""Real servers for tests: a Kafka broker and a PostgreSQL server, each with a directory and ports of its own.

    with KafkaBroker() as kafka, PostgresServer() as postgres:
        kafka.create_topic("events", partitions=4)
        daemon = Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}})

They keep address and data over stop, kill and start, and end with this process whatever becomes of it.
"""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from waiting import wait_until

HERE = Path(__file__).resolve().parent


MADE = []  # by own_directory


def own_directory(name):
    """A new directory that other users can reach: PostgreSQL's may not be root. It goes when all tests of the run have passed."""
    path = Path(tempfile.mkdtemp(prefix=f"laketide-{name}-", dir="/var/tmp"))
    path.chmod(0o755)
    MADE.append(path)
    return path


class Server:
    """What kafka.sh and postgres.sh have in common. Caller synchronises."""

    script = None

    def __init__(self, directory=None, settings=None):
        """`directory`: where its data stands (new, and removed by close, if not given). `settings`: the server's own."""
        self._owned = directory is None
        self.directory = Path(directory) if directory else own_directory(Path(self.script).stem)
        self.settings = dict(settings or {})
        self._address, self._environment = None, {}

    @property
    def address(self):
        """What start printed: host:port of Kafka, the URL of PostgreSQL. The same after every start."""
        assert self._address, "not started"
        return self._address

    @property
    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def start(self):
        """Starts it, or starts it again over the same data; returns when it serves."""
        self._address = self._run("start", *(f"{key}={value}" for key, value in self.settings.items())).strip()
        return self

    def stop(self):
        self._run("stop")

    def kill(self):
        """Ends it without a word, as a crash would."""
        self._run("kill")

    def pause(self):
        """Freezes all its processes; connections stay open and nobody answers."""
        self._run("pause")

    def resume(self):
        self._run("cont")

    def close(self):
        self.kill()
        if self._owned:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def _run(self, command, *arguments):
        done = subprocess.run(["bash", str(HERE / self.script), command, str(self.directory), *arguments],
                              env={**os.environ, **self._environment, "LAKETIDE_OWNER": str(os.getpid())}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=150)
        if done.returncode != 0:
            raise RuntimeError(f"{self.script} {command}: {done.stderr.strip()}")
        return done.stdout


class KafkaBroker(Server):
    """One Kafka node. `settings` are broker settings, such as log.retention.check.interval.ms. Caller synchronises."""

    script = "kafka.sh"
    _proxy = None

    def behind(self, proxy):
        """To be called before the start: who comes through the proxy is told to come that way again. The proxy's own address is theirs."""
        self._environment["KAFKA_FAR"] = proxy.address
        self._proxy = proxy
        return self

    def start(self):
        super().start()
        if self._proxy:
            self._proxy.target = ("127.0.0.1", int((self.directory / "port").read_text().split()[2]))
        self._admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        return self

    def create_topic(self, name, partitions=1, configs=None):
        """Returns when every partition has a leader."""
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=configs or {})

        def made():
            try:
                self._admin.create_topics([topic])[name].result(30)
            except KafkaException as error:
                # A controller that got no time to answer its own broker takes it for gone, for a moment.
                if error.args[0].code() != KafkaError.INVALID_REPLICATION_FACTOR:
                    raise
                return False
            return True
        wait_until(made, f"{name} to be made")
        wait_until(lambda: self._leaders(name) == partitions, f"leaders of {name}'s {partitions} partitions")

    def add_partitions(self, name, total):
        from confluent_kafka.admin import NewPartitions
        self._admin.create_partitions([NewPartitions(name, total)])[name].result(30)
        wait_until(lambda: self._leaders(name) == total, f"leaders of {name}'s {total} partitions")

    def delete_topic(self, name):
        """Returns when the broker no longer lists it."""
        self._admin.delete_topics([name])[name].result(30)
        wait_until(lambda: self._gone(name), f"{name} to be gone")

    def delete_records(self, topic, before):
        """Raises the low watermark: {partition: first offset kept}."""
        from confluent_kafka import TopicPartition
        places = [TopicPartition(topic, partition, offset) for partition, offset in before.items()]
        for done in self._admin.delete_records(places).values():
            done.result(30)

    def _gone(self, name):
        try:
            return name not in self._admin.list_topics(timeout=10).topics
        except KafkaException:
            return False

    def _leaders(self, name):
        try:
            topic = self._admin.list_topics(name, timeout=10).topics[name]
        except (KafkaException, KeyError):
            return 0
        return sum(partition.leader >= 0 and partition.error is None for partition in topic.partitions.values())


class PostgresServer(Server):
    """One PostgreSQL server with a superuser `laketide` and no password. `settings` are server settings. Caller synchronises."""

    script = "postgres.sh"

    @property
    def url(self):
        return self.address

    @property
    def place(self):
        """(host, port)."""
        return urlsplit(self.url).hostname, urlsplit(self.url).port

    def standby(self):
        """Another server, not started yet, that holds what this one holds now and follows it from its start on."""
        other = PostgresServer()
        other._run("standby", str(self.directory))
        return other

    def connect(self, **options):
        """A psycopg connection in autocommit mode."""
        import psycopg
        return psycopg.connect(self.url, autocommit=True, **options)

    def query(self, text, *parameters):
        with self.connect() as connection:
            cursor = connection.execute(text, parameters or None)
            return cursor.fetchall() if cursor.description else []

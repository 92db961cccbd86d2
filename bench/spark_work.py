"""One work by Spark Structured Streaming, with a Python that has pyspark. Run by spark.py.

    spark_work.py drop|delta|window BROKERS TOPIC JARS DIRECTORY   three times in one JVM; each run's result stays in DIRECTORY/N/table;
                                                                   prints what each took, as JSON
    spark_work.py first BROKERS TOPIC JARS DIRECTORY               a stream into the Delta table DIRECTORY/0/table, until it is ended
"""
import json
import sys
import time
from pathlib import Path

from meter import family_cpu, peak_rss_mib
from pyspark.sql import SparkSession
from pyspark.sql.functions import avg, col, count, from_json, window

SCHEMA = "id long, event_type string, ts timestamp, value double, source string, user_id long"
RUNS = 3
# What is not Spark's default: two cores, a heap that is enough, as many partitions for the window as the topic has instead of 200, and
# the same codec and no web page, as on the other side.
SETTINGS = {"spark.driver.memory": "2g", "spark.sql.shuffle.partitions": "4", "spark.sql.parquet.compression.codec": "snappy",
            "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1", "spark.sql.session.timeZone": "UTC",
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog"}


def session(jars):
    builder = SparkSession.builder.master("local[2]").appName("bench").config("spark.jars", ",".join(map(str, sorted(Path(jars).glob("*.jar")))))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def query(spark, work, brokers, topic, directory):
    rows = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic).option("startingOffsets", "earliest")
            .load().select(from_json(col("value").cast("string"), SCHEMA).alias("row")).select("row.*"))
    if work == "window":
        rows = (rows.withWatermark("ts", "30 seconds").groupBy(window("ts", "10 seconds"), "source").agg(count("*").alias("n"), avg("value").alias("average"))
                .select(col("window.start").alias("window_start"), "source", "n", "average"))
    # noop is Spark's own sink that has every row decoded and keeps none.
    written = rows.writeStream.option("checkpointLocation", str(directory / "checkpoint")).format("noop" if work == "drop" else "delta").outputMode("append")
    if work != "first":
        written = written.trigger(availableNow=True)
    return written.start() if work == "drop" else written.start(path=str(directory / "table"))


def run(spark, jvm, work, brokers, topic, directory):
    cpu, began = family_cpu(jvm), time.monotonic()
    running = query(spark, work, brokers, topic, directory)
    running.awaitTermination()
    wall, cpu = time.monotonic() - began, family_cpu(jvm) - cpu
    read = sum(progress["numInputRows"] for progress in running.recentProgress)
    return {"records": read, "records_per_s": read / wall, "cpu_ns": 1e9 * cpu / read, "peak_rss_mib": peak_rss_mib(jvm)}


def main():
    work, brokers, topic, jars, directory = sys.argv[1:]
    spark = session(jars)
    if work == "first":
        query(spark, work, brokers, topic, Path(directory) / "0").awaitTermination()
        return
    jvm = int(spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid())
    runs = [run(spark, jvm, work, brokers, topic, Path(directory) / str(number)) for number in range(RUNS)]
    spark.stop()
    print(json.dumps(runs))


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# What a record costs Laketide, against code written by hand for that one job: both in turn, on a Kafka broker and a PostgreSQL of their
# own. Prints a table, and writes it to bench/out as Markdown and JSON. What the numbers mean: bench/README.md
#
#   bash bench/run.sh            --quick       fewer records and pairs: whether all of it runs, not how fast
#                                --spark       the same works by Apache Spark too (fetches 400 MB the first time; about 10 minutes)
#                                --records N   in the topic (default 4000000)
#                                --pairs N     how often each of the two runs (default 7)
#                                --only A,B    rows of the table: drain, drop, delta, delta zstd, postgres, upsert, window
#                                --without A   of health_ms, process, latency, probes, scheduler, queries, which are measured beside the rows
#   bash bench/run.sh --growth   how costs grow: tables, JSON and a curve each
#                                --only A,B    of partitions, pipelines, keys, columns, sizes, versions, jobs, scan
#                                --quick       a twentieth of the records
#
# LAKETIDE_PRESET   the build to measure (default release)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../conf/quickstart/setup.sh"

install_spark() {
  local here=$repo/bench venv=$repo/build/spark
  cat "$here/spark-requirements.txt" "$here/spark-pom.xml" | cmp -s - "$venv/.installed" && return
  advice="Are a Python package index and Maven Central, or the mirrors that are configured, in reach? Then run the same command again."
  rm -rf "$venv"
  python3 -m venv "$venv" &&
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/spark-requirements.txt" &&
    mvn --batch-mode --quiet -Dstyle.color=never -f "$here/spark-pom.xml" dependency:copy-dependencies -DoutputDirectory="$venv/jars" &&
    cat "$here/spark-requirements.txt" "$here/spark-pom.xml" > "$venv/.installed"
}

STEPS=4
spark=()
for argument in "$@"; do
  case $argument in
    --help | -h) sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    --spark) spark=(step "Spark" install_spark) STEPS=5 ;;
  esac
done

program=pairs.py
[ "${1:-}" = --growth ] && program=growth.py && shift
preset=${LAKETIDE_PRESET:-release}
preflight
require_packages_or_root
step "Debian packages" install_packages
step "Kafka" install_kafka
step "Python readers" install_python
"${spark[@]}"
step "Build ($preset)" build "$preset" laketide straight_line fill_topic
exec "$repo/build/venv/bin/python" "$repo/bench/$program" --binaries "$repo/build/$preset" "$@"

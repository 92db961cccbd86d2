#!/usr/bin/env bash
# How costs grow with partitions, pipelines, keys, columns, record sizes, versions of a table and queued jobs. Sets up as bench/run.sh, and
# writes tables, JSON and a curve each to bench/out. What the numbers mean: bench/README.md
#
#   bash bench/growth.sh         --only A,B    some curves: partitions, pipelines, keys, columns, sizes, versions, jobs
#                                --quick       a twentieth of the records: whether all of it runs
#
# LAKETIDE_PRESET   the build to measure (default release)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../conf/quickstart/setup.sh"

for argument in "$@"; do
  case $argument in
    --help | -h) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  esac
done

STEPS=4
preset=${LAKETIDE_PRESET:-release}
preflight
require_packages_or_root
step "Debian packages" install_packages
step "Kafka" install_kafka
step "Python readers" install_python
step "Build ($preset)" build "$preset" laketide fill_topic
exec "$repo/build/venv/bin/python" "$repo/bench/growth.py" --binaries "$repo/build/$preset" "$@"

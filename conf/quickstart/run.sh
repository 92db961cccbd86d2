#!/usr/bin/env bash
# From a fresh Debian 12 to rows in a Delta table: installs what is missing, builds, starts a Kafka broker, the daemon and an event
# generator, starts a stream over HTTP, and shows its rows arriving. Stays up until Ctrl-C, then stops all it started.
#
#   bash conf/quickstart/run.sh            --once   do it all once, compare the table with the topic, exit 0 or 1
#                                          --keep   go on with the data of the last run instead of wiping it
#
# LAKETIDE_RUN_DIR  all of a run's data (default /var/tmp/laketide-quickstart-<uid>)      LAKETIDE_CACHE  what was downloaded
# LAKETIDE_PRESET   the build to use (default release)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

once=0 keep=0
for argument in "$@"; do
  case $argument in
    --once) once=1 ;;
    --keep) keep=1 ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
done

STEPS=7
preset=${LAKETIDE_PRESET:-release}
run_dir=${LAKETIDE_RUN_DIR:-/var/tmp/laketide-quickstart-$(id -u)}
topic=events
records=20000  # of --once
laketide=$repo/build/$preset/laketide
python=$repo/build/venv/bin/python
kafka_sh=$repo/tests/services/kafka.sh
daemon_pid='' producer_pid=''
export LAKETIDE_OWNER=$$

# Ends what this run started, the writer first; called once, however the script ends.
stop_all() {
  trap '' INT TERM
  trap - EXIT
  [ -z "$daemon_pid$producer_pid" ] && [ ! -f "$run_dir/kafka/pid" ] && return
  say "" "Stopping."
  [ -z "$producer_pid" ] || { kill -TERM "$producer_pid" && wait "$producer_pid"; } 2> /dev/null || true
  if [ -n "$daemon_pid" ] && kill -0 "$daemon_pid" 2> /dev/null; then
    curl -sf -X POST "$url/stop" > /dev/null || kill -TERM "$daemon_pid" 2> /dev/null || true
    local status=0
    wait "$daemon_pid" || status=$?
    [ "$status" -eq 0 ] || { say "The daemon ended with $status; its log: $run_dir/daemon.log" >&2; failed=1; }
  fi
  bash "$kafka_sh" stop "$run_dir/kafka"
  say "Stopped. The data stays in $run_dir until the next run."
}
failed=0
on_exit() {
  local status=$?
  stop_all
  [ "$failed" -eq 0 ] || [ "$status" -ne 0 ] || status=1
  exit "$status"
}

# The directory is ours if it is new, empty or carries our mark, which is also the lock; anything else is not touched.
prepare_run_dir() {
  local mark=$run_dir/.laketide-quickstart
  if [ -d "$run_dir" ] && [ ! -e "$mark" ] && [ -n "$(ls -A "$run_dir")" ]; then
    die "$run_dir holds something that no quick start made: set LAKETIDE_RUN_DIR to another directory."
  fi
  mkdir -p "$run_dir"
  chmod 755 "$run_dir"
  exec 9>> "$mark"
  flock -n 9 || die "Another quick start runs in $run_dir: stop it, or set LAKETIDE_RUN_DIR to another directory."
  [ "$keep" -eq 1 ] || find "$run_dir" -mindepth 1 ! -path "$mark" -delete
}

free_port() { (. "$repo/tests/services/process.sh" && free_ports 1); }

start_kafka() {
  advice="The broker's log is $run_dir/kafka/log."
  brokers=$(bash "$kafka_sh" start "$run_dir/kafka" 9>&-) && bash "$kafka_sh" topic "$run_dir/kafka" "$topic" 4
}

start_daemon() {
  advice="The daemon's log is $run_dir/daemon.log, its service file $run_dir/laketide.yaml."
  local port
  port=$(free_port)
  url=http://127.0.0.1:$port
  cat > "$run_dir/laketide.yaml" << END
server: { listen: "127.0.0.1:$port" }
kafka: { brokers: "$brokers" }
state: { dir: $run_dir/state }
lake: { root: $run_dir/lake }
stream_defaults: { epoch: 2s }
pipelines: []
END
  # Out of the terminal's reach, so that Ctrl-C comes to us alone; and gone when we are.
  setsid setpriv --pdeathsig TERM "$laketide" serve --config "$run_dir/laketide.yaml" < /dev/null > "$run_dir/daemon.log" 2>&1 9>&- 4>&- &
  daemon_pid=$!
  local deadline=$((SECONDS + 15))
  until curl -sf "$url/ready" > /dev/null; do
    kill -0 "$daemon_pid" 2> /dev/null && [ "$SECONDS" -lt "$deadline" ] || { tail -n 15 "$run_dir/daemon.log"; return 1; }
    sleep 0.05
  done
}

start_stream() {
  advice="The daemon's log is $run_dir/daemon.log, the generator's $run_dir/produce.log."
  local count=()
  [ "$once" -eq 0 ] || count=(--count "$records")
  setsid setpriv --pdeathsig TERM "$laketide" produce --brokers "$brokers" --topic "$topic" --rate "$([ "$once" -eq 1 ] && echo 10000 || echo 200)" \
    "${count[@]}" < /dev/null > "$run_dir/produce.log" 2>&1 9>&- 4>&- &
  producer_pid=$!
  curl -sS --fail-with-body -X POST "$url/stream/start" -d "{\"topic\":\"$topic\"}" && kill -0 "$daemon_pid"
}

# The reader's libraries now and then abort (134) on a busy machine; the table is the same when it is read again.
table() {
  local status
  for _ in 1 2 3; do
    status=0
    "$python" "$repo/conf/quickstart/delta_rows.py" "$@" || status=$?
    [ "$status" -eq 134 ] || return "$status"
  done
  return "$status"
}

show_arrival() {
  local shown=0 rows last=-1
  say "" "Rows of the topic \"$topic\" in $run_dir/lake/$topic, read with delta-rs:"
  while [ "$shown" -lt 3 ]; do
    kill -0 "$daemon_pid" 2> /dev/null || die "The daemon ended; its log: $run_dir/daemon.log"
    rows=$(table count "$run_dir/lake/$topic")
    if [ "${rows%% *}" != "$last" ] && [ "${rows%% *}" -gt 0 ]; then
      say "  $rows"
      shown=$((shown + 1))
      last=${rows%% *}
    fi
    sleep 0.2
  done
  say ""
  table sample "$run_dir/lake/$topic"
}

show_ways_on() {
  say "" "It is yours. To look and to drive:" \
    "  curl -s $url/stream/$topic" \
    "  curl -s $url/stream/$topic/epochs" \
    "  curl -s -X POST $url/stream/stop" \
    "  curl -s -X POST $url/stream/start -d '{\"topic\":\"$topic\"}'" \
    "  $laketide table show $run_dir/lake/$topic" \
    "  $laketide table cat $run_dir/lake/$topic" \
    "  $python -c 'from deltalake import DeltaTable; print(DeltaTable(\"$run_dir/lake/$topic\").to_pandas())'" \
    "  $laketide produce --brokers $brokers --topic $topic --count 1000" \
    "" "Logs: $run_dir/daemon.log, $run_dir/produce.log, $run_dir/kafka/log. Service file: $run_dir/laketide.yaml." \
    "Ctrl-C stops the generator, the daemon and the broker."
}

verify() {
  advice="The daemon's log is $run_dir/daemon.log, the generator's $run_dir/produce.log."
  wait "$producer_pid" && producer_pid='' &&
    table verify "$run_dir/lake/$topic" --brokers "$brokers" --topic "$topic" --records "$records" --seconds 60
}

preflight
require_packages_or_root
[ "$once" -eq 0 ] || STEPS=8
step "Debian packages" install_packages
step "Kafka" install_kafka
step "Python readers" install_python
step "Build ($preset)" build "$preset" laketide
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
prepare_run_dir
step "Start Kafka" start_kafka
step "Start laketide" start_daemon
step "Start generator and stream" start_stream
if [ "$once" -eq 1 ]; then
  step "Compare the table with the topic" verify
  tail -n 1 "$logs/8-Compare-the-table-with-the-topic.log"
else
  show_arrival
  show_ways_on
  wait "$daemon_pid" || true
  daemon_pid=''
  say "" "The daemon has ended; its log: $run_dir/daemon.log"
fi

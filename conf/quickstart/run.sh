#!/usr/bin/env bash
# From a fresh Debian 12 to rows in a Delta table and in PostgreSQL: installs what is missing, builds, starts a PostgreSQL server, a Kafka
# broker, the daemon and an event generator, starts a stream over HTTP, shows its rows arriving, and runs batch jobs beside it. Stays up
# until Ctrl-C, then stops all it started.
#
#   bash conf/quickstart/run.sh            --once   do it all once, compare all tables with the topics, exit 0 or 1
#                                          --keep   go on with the data of the last run instead of wiping it
#
# LAKETIDE_RUN_DIR  all of a run's data (default /var/tmp/laketide-quickstart-<uid>)      LAKETIDE_CACHE  what was downloaded
# LAKETIDE_PRESET   the build to use (default release)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
. "$repo/tests/services/process.sh"

once=0 keep=0
for argument in "$@"; do
  case $argument in
    --once) once=1 ;;
    --keep) keep=1 ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
done

STEPS=$((9 + once))
preset=${LAKETIDE_PRESET:-release}
run_dir=${LAKETIDE_RUN_DIR:-/var/tmp/laketide-quickstart-$(id -u)}
case $run_dir in /*) ;; *) run_dir=$PWD/$run_dir ;; esac
topic=events
table=public.events
records=20000  # that --once produces
history=history
history_records=1000000  # that each run adds for its jobs
laketide=$repo/build/$preset/laketide
python=$repo/build/venv/bin/python
kafka_sh=$repo/tests/services/kafka.sh
postgres_sh=$repo/tests/services/postgres.sh
daemon_pid='' producer_pid='' failed=0
export LAKETIDE_OWNER=$$

# The directory is ours if it is new, empty or carries our mark, which is also the lock; anything else is not touched.
claim_run_dir() {
  mark=$run_dir/.laketide-quickstart
  if [ -d "$run_dir" ] && [ ! -e "$mark" ] && [ -n "$(ls -A "$run_dir")" ]; then
    die "$run_dir holds something that no quick start made: set LAKETIDE_RUN_DIR to another directory."
  fi
  mkdir -p "$run_dir" && chmod 755 "$run_dir" && exec 9>> "$mark" || die "Cannot write to $run_dir: set LAKETIDE_RUN_DIR to another directory."
  flock -n 9 || die "Another quick start runs in $run_dir: stop it, or set LAKETIDE_RUN_DIR to another directory."
  bash "$postgres_sh" reachable "$run_dir" || die "PostgreSQL's data is to stand there: set LAKETIDE_RUN_DIR, such as to a directory in /var/tmp."
}

daemon_gone() { ! { tr '\0' ' ' < "/proc/$1/cmdline"; } 2> /dev/null | grep -qF -- "$run_dir/laketide.yaml"; }

# What a run that was killed left behind is ending by itself; its data is not touched before that.
clear_run_dir() {
  local pid
  bash "$kafka_sh" stop "$run_dir/kafka" && bash "$postgres_sh" stop "$run_dir/postgres"
  if pid=$(cat "$run_dir/daemon.pid" 2> /dev/null) && ! wait_until 20 daemon_gone "$pid"; then
    daemon_gone "$pid" || kill -KILL "$pid"
  fi
  [ "$keep" -eq 1 ] || find "$run_dir" -mindepth 1 ! -path "$mark" -delete
}

# Ends what this run started, the writers first and PostgreSQL last; called once, however the script ends.
stop_all() {
  trap '' INT TERM HUP
  trap - EXIT
  say "" "Stopping."
  [ -z "$producer_pid" ] || { kill -TERM "$producer_pid" && wait "$producer_pid"; } 2> /dev/null || true
  [ -z "$daemon_pid" ] || stop_daemon
  bash "$kafka_sh" stop "$run_dir/kafka" || failed=1
  bash "$postgres_sh" stop "$run_dir/postgres" || failed=1
  say "Stopped. The data stays in $run_dir until the next run."
}

stop_daemon() {
  local status=0
  curl -sf -X POST "$url/stop" > /dev/null || kill -TERM "$daemon_pid" 2> /dev/null || true
  wait_until 30 daemon_gone "$daemon_pid" || kill -KILL "$daemon_pid" 2> /dev/null || true
  wait "$daemon_pid" || status=$?
  [ "$status" -eq 0 ] || { say "The daemon ended with $status; its log: $run_dir/daemon.log" >&2; failed=1; }
}

on_exit() {
  local status=$?
  stop_all
  [ "$failed" -eq 0 ] || [ "$status" -ne 0 ] || status=1
  exit "$status"
}

start_postgres() {
  advice="PostgreSQL's log is $run_dir/postgres/log."
  clear_run_dir && postgres_url=$(bash "$postgres_sh" start "$run_dir/postgres" 9>&-) && psql=$(bash "$postgres_sh" psql "$run_dir/postgres")
}

start_kafka() {
  advice="The broker's log is $run_dir/kafka/log."
  brokers=$(bash "$kafka_sh" start "$run_dir/kafka" 9>&-) && bash "$kafka_sh" topic "$run_dir/kafka" "$topic" 4
}

write_service_file() {
  cat > "$run_dir/laketide.yaml" << END
server: { listen: "127.0.0.1:$1", stop_deadline: 10s }
kafka: { brokers: "$brokers" }
postgres: { url: "$postgres_url" }
state: { dir: "$run_dir/state" }
lake: { root: "$run_dir/lake" }
pipelines: [ "$run_dir/pipelines/*.yaml" ]
END
  mkdir -p "$run_dir/pipelines"
  cat > "$run_dir/pipelines/$topic.yaml" << END
# One topic into two tables. Each record stands in both exactly once, whatever is killed in between.
name: $topic
source:
  kafka: { topic: $topic, start: earliest }
  format:
    json: { schema: "id int not null, ts timestamptz not null, value double, source text" }
sinks:
  - delta: { path: $topic }              # $run_dir/lake/$topic
  - postgres: { table: $table }   # on $postgres_url
trigger: { epoch: 2s }
END
}

start_daemon() {
  advice="The daemon's log is $run_dir/daemon.log, its service file $run_dir/laketide.yaml."
  local port
  port=$(free_ports 1) && write_service_file "$port" || return 1
  url=http://127.0.0.1:$port
  # Out of the terminal's reach, so that Ctrl-C comes to us alone; and gone when we are.
  setsid setpriv --pdeathsig TERM "$laketide" serve --config "$run_dir/laketide.yaml" < /dev/null > "$run_dir/daemon.log" 2>&1 9>&- 4>&- &
  daemon_pid=$!
  echo "$daemon_pid" > "$run_dir/daemon.pid"
  ready() { ! kill -0 "$daemon_pid" 2> /dev/null || curl -sf "$url/ready" > /dev/null; }
  wait_until 15 ready && kill -0 "$daemon_pid" 2> /dev/null || { tail -n 15 "$run_dir/daemon.log"; return 1; }
}

# A topic that the stream does not read, for jobs.
fill_history() {
  advice="The broker's log is $run_dir/kafka/log."
  bash "$kafka_sh" topic "$run_dir/kafka" "$history" 4 && history_begin=$(batch ends --brokers "$brokers" --topic "$history" | tail -n 1) &&
    setpriv --pdeathsig TERM "$laketide" produce --brokers "$brokers" --topic "$history" --rate 0 --count "$history_records" 9>&-
}

start_stream() {
  advice="The daemon's log is $run_dir/daemon.log, the generator's $run_dir/produce.log."
  local amount=(--rate 200) kept=0
  if [ "$once" -eq 1 ]; then
    amount=(--rate 10000 --count "$records")
    [ "$keep" -eq 0 ] || kept=$(rows count --brokers "$brokers" --topic "$topic" | tail -n 1) || return 1
  fi
  total=$((kept + records))
  setsid setpriv --pdeathsig TERM "$laketide" produce --brokers "$brokers" --topic "$topic" "${amount[@]}" < /dev/null > "$run_dir/produce.log" 2>&1 9>&- 4>&- &
  producer_pid=$!
  curl -sS --fail-with-body -X POST "$url/stream/start" -d "{\"pipeline\":\"$topic\"}" && kill -0 "$daemon_pid"
}

# The readers' libraries now and then abort (134) on a busy machine; the tables are the same when they are read again.
reader() {
  local status
  for _ in 1 2 3; do
    status=0
    "$python" "$repo/conf/quickstart/$1" "${@:2}" || status=$?
    [ "$status" -eq 134 ] || return "$status"
  done
  return "$status"
}

rows() { reader rows.py "$@"; }
batch() { reader jobs.py "$@"; }

rows_of_both() { rows "$1" --delta "$run_dir/lake/$topic" --postgres "$postgres_url" --table "$table" "${@:2}"; }

show_arrival() {
  say "" "Rows of the topic \"$topic\" arriving in both tables, read with delta-rs and psycopg:"
  rows_of_both watch --daemon "$daemon_pid" ||
    die "" "The stream says: $(curl -s "$url/stream/$topic" || echo nothing)" "The daemon's log: $run_dir/daemon.log"
  rows_of_both sample
}

run_jobs() {
  local name file answer
  mkdir -p "$run_dir/jobs" && batch bodies --brokers "$brokers" --topic "$history" --begin "$history_begin" --into "$run_dir/jobs" || return 1
  say "" "Batch jobs beside the stream: three at once over \"$history\", and one over records that the broker does not have:"
  job_ids=()
  for name in history_early history_late history_high history_missing; do
    file=$run_dir/jobs/$name.json
    say "  curl -s -X POST $url/batch/run -d @$file"
    answer=$(curl -sS --fail-with-body -X POST "$url/batch/run" -d "@$file") || { say "$answer"; return 1; }
    job_ids+=("$(grep -o 'job-[0-9a-f]*' <<< "$answer" | head -n 1)")
  done
  batch watch --url "$url" "${job_ids[@]}"
}

show_jobs() { run_jobs || die "" "The jobs could not be run." "The daemon's log: $run_dir/daemon.log"; }

show_ways_on() {
  say "" "It is yours. Each of these lines can be pasted into another terminal." \
    "" "The stream, over HTTP: state and lag, receipts, stop, go on; one more pipeline from the same topic, sent as JSON:" \
    "  curl -s $url/stream/$topic" \
    "  curl -s $url/stream/$topic/epochs" \
    "  curl -s -X POST $url/stream/stop -d '{\"pipeline\":\"$topic\"}'" \
    "  curl -s -X POST $url/stream/start -d '{\"pipeline\":\"$topic\"}'" \
    "  curl -s -X POST $url/stream/start -d '{\"name\":\"high\",\"source\":{\"kafka\":{\"topic\":\"$topic\"}},\"sql\":\"SELECT id, ts, value FROM $topic WHERE value > 90\",\"sinks\":[{\"postgres\":{\"table\":\"public.high\"}}]}'" \
    "  $laketide status --url $url" \
    "" "Batch jobs: run one, and wait for it; how one is, and one that failed (500); its receipt; run and cancel; the list; the pools' shares, changed:" \
    "  curl -s -X POST '$url/batch/run?wait=60s' -d '{\"name\":\"low\",\"source\":{\"kafka\":{\"topic\":\"$history\"}},\"sql\":\"SELECT id, ts, value FROM $history WHERE value < 1\",\"sinks\":[{\"delta\":{\"path\":\"low\"}}]}'" \
    "  curl -s $url/batch/status/${job_ids[0]}" \
    "  curl -s -w '%{http_code}\\n' $url/batch/status/${job_ids[3]}" \
    "  curl -s $url/batch/${job_ids[0]}/receipt" \
    "  job=\$(curl -s -X POST $url/batch/run -d '{\"topic\":\"$history\"}' | grep -o 'job-[0-9a-f]*' | head -n 1); curl -s -X POST $url/batch/cancel/\$job" \
    "  curl -s '$url/batch?status=SUCCEEDED&limit=10'" \
    "  curl -s $url/pools" \
    "  curl -s -X PUT $url/pools/batch-pool -d '{\"weight\":2}'" \
    "  $laketide batch list --url $url" \
    "  $laketide pool list --url $url" \
    "" "The PostgreSQL table, and how far each sink is:" \
    "  $psql -c 'SELECT id, count(*), avg(value), max(ts) FROM $table GROUP BY id ORDER BY id'" \
    "  $psql -c 'SELECT pipeline, sink, epoch, next FROM laketide.progress'" \
    "  $psql -c 'SELECT id, count(*), avg(value), max(ts) FROM public.history_late GROUP BY id ORDER BY id'" \
    "" "The Delta table:" \
    "  $laketide table show $run_dir/lake/$topic" \
    "  $laketide table cat --limit 10 $run_dir/lake/$topic" \
    "  $python -c 'from deltalake import DeltaTable; print(DeltaTable(\"$run_dir/lake/$topic\").to_pandas())'" \
    "" "The service file and $run_dir/pipelines/$topic.yaml, checked, with the plan; more events:" \
    "  $laketide check $run_dir/laketide.yaml" \
    "  $laketide produce --brokers $brokers --topic $topic --rate 0 --count 1000" \
    "" "Logs: $run_dir/daemon.log, produce.log, kafka/log, postgres/log. Service file: $run_dir/laketide.yaml." \
    "Ctrl-C stops the generator, the daemon, the broker and PostgreSQL."
}

verify() {
  advice="The daemon's log is $run_dir/daemon.log, the generator's $run_dir/produce.log."
  wait "$producer_pid" && producer_pid='' && rows_of_both verify --brokers "$brokers" --topic "$topic" --records "$total" &&
    batch verify --url "$url" --brokers "$brokers" --topic "$history" --lake "$run_dir/lake" --postgres "$postgres_url" "${job_ids[@]}"
}

preflight
require_packages_or_root
claim_run_dir
step "Debian packages" install_packages
step "Kafka" install_kafka
step "Python readers" install_python
step "Build ($preset)" build "$preset" laketide

trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exec > /dev/null 2>&1; exit 129' HUP
step "Start PostgreSQL" start_postgres
step "Start Kafka" start_kafka
step "Start laketide" start_daemon
step "Fill a topic for batch jobs" fill_history
step "Start generator and stream" start_stream
if [ "$once" -eq 1 ]; then
  show_jobs
  step "Compare all tables with the topics" verify
  tail -n 2 "$step_log"
  exit
fi
show_arrival
show_jobs
show_ways_on
wait "$daemon_pid" || true
daemon_pid=''
die "" "The daemon has ended; its log: $run_dir/daemon.log"

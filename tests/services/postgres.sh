#!/usr/bin/env bash
# One PostgreSQL server with its data in DIR, on a free loopback port.
#
#   postgres.sh start DIR [KEY=VALUE ...]   makes the cluster at the first start; prints its URL
#   postgres.sh stop|kill|pause|cont DIR    fast shutdown | immediate, as a crash | SIGSTOP | SIGCONT
#
# Commits reach the disk (fsync on), buffers are small. PostgreSQL refuses root, so under root it runs as `nobody`, who must be able
# to reach DIR. LAKETIDE_OWNER   a process id: the server ends when that process does
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=process.sh
. "$here/process.sh"
bin=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1) || true

as_server() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && exec setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@")
  else
    "$@"
  fi
}

start() {
  local dir=$1
  shift
  [ -x "$bin/initdb" ] || fail "PostgreSQL's server is not installed: apt-get install --no-install-recommends postgresql-15"
  ! running "$dir" || fail "a PostgreSQL runs in $dir already"
  if [ ! -f "$dir/data/PG_VERSION" ]; then
    mkdir -p "$dir/data"
    chmod 700 "$dir/data"
    [ "$(id -u)" -ne 0 ] || chown nobody:nogroup "$dir/data"
    as_server test -x "$dir" || fail "the user nobody cannot reach $dir: choose a directory whose parents others can traverse"
    as_server "$bin/initdb" -D "$dir/data" -U laketide --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-instructions > "$dir/initdb.log" 2>&1 ||
      fail "initdb failed" "$dir/initdb.log"
  fi
  [ -s "$dir/port" ] || free_ports 1 > "$dir/port"
  local port
  port=$(cat "$dir/port")
  local settings=(listen_addresses=127.0.0.1 port="$port" unix_socket_directories= shared_buffers=32MB max_wal_size=256MB
    max_connections=50 max_prepared_transactions=10 timezone=UTC log_timezone=UTC "$@") flags=() setting
  for setting in "${settings[@]}"; do flags+=(-c "$setting"); done
  as_server "$bin/postgres" -D "$dir/data" "${flags[@]}" < /dev/null > "$dir/log" 2>&1 &
  local launcher=$!
  disown
  ready() { ! kill -0 "$launcher" 2> /dev/null || "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; }
  wait_until 60 ready || fail "PostgreSQL did not start within 60 s" "$dir/log"
  [ -s "$dir/data/postmaster.pid" ] || fail "PostgreSQL ended while starting" "$dir/log"
  head -n 1 "$dir/data/postmaster.pid" > "$dir/pid"
  running "$dir" || fail "PostgreSQL ended while starting" "$dir/log"
  end_with_owner "$dir"
  echo "postgresql://laketide@127.0.0.1:$port/postgres"
}

stop() {  # DIR MODE
  running "$1" || return 0
  signal_family "$1" CONT
  as_server "$bin/pg_ctl" stop -D "$1/data" -m "$2" -t 30 > "$1/stop.log" 2>&1 || signal_family "$1" KILL
  wait_until 10 gone "$1" || fail "the PostgreSQL in $1 does not end" "$1/log"
  rm -f "$1/pid"
}

[ $# -ge 2 ] || fail "usage: postgres.sh start DIR [KEY=VALUE ...] | stop|kill|pause|cont DIR"
command=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2
case $command in
  start) start "$dir" "$@" ;;
  stop) stop "$dir" fast ;;
  kill) stop "$dir" immediate ;;
  pause) signal_family "$dir" STOP ;;
  cont) signal_family "$dir" CONT ;;
  *) fail "postgres.sh: no command '$command'" ;;
esac

#!/usr/bin/env bash
# One PostgreSQL server with its data in DIR, on a free loopback port.
#
#   postgres.sh start DIR [KEY=VALUE ...]   makes the cluster at the first start; prints its URL
#   postgres.sh standby DIR PRIMARY         makes DIR a copy of the server that runs in PRIMARY; started, it follows that one
#   postgres.sh stop|kill|pause|cont DIR    fast shutdown | immediate, as a crash | SIGSTOP | SIGCONT
#   postgres.sh psql DIR                    prints the client's command line, up to its options
#   postgres.sh reachable DIR               1 if the user it runs as could not reach DIR
#
# Commits reach the disk (fsync on), buffers are small. PostgreSQL refuses root, so under root it runs as `nobody`, who must be able
# to reach DIR. LAKETIDE_OWNER   a process id: the server ends when that process does
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=process.sh
. "$here/process.sh"
bin=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1) || true
identity=()
[ "$(id -u)" -ne 0 ] || identity=(setpriv --reuid=nobody --regid=nogroup --clear-groups --)

as_server() {
  (cd / && exec "${identity[@]}" "$@")
}

reachable() { as_server test -x "$1" || fail "the user nobody cannot reach $1: choose a directory whose parents others can traverse"; }

start() {
  local dir=$1
  shift
  [ -x "$bin/initdb" ] || fail "PostgreSQL's server is not installed: apt-get install --no-install-recommends postgresql-15"
  ! running "$dir" || fail "a PostgreSQL runs in $dir already"
  if [ ! -f "$dir/data/PG_VERSION" ]; then
    mkdir -p "$dir/data"
    chmod 700 "$dir/data"
    [ "$(id -u)" -ne 0 ] || chown nobody:nogroup "$dir/data"
    reachable "$dir"
    as_server "$bin/initdb" -D "$dir/data" -U laketide --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-instructions > "$dir/initdb.log" 2>&1 ||
      fail "initdb failed" "$dir/initdb.log"
  fi
  [ -s "$dir/port" ] || free_ports 1 > "$dir/port"
  local port
  port=$(cat "$dir/port")
  local settings=(listen_addresses=127.0.0.1 port="$port" unix_socket_directories= shared_buffers=32MB max_wal_size=256MB
    max_connections=50 max_prepared_transactions=10 timezone=UTC log_timezone=UTC "$@") flags=() setting
  for setting in "${settings[@]}"; do flags+=(-c "$setting"); done
  # A session of its own: a terminal's Ctrl-C is for whoever started it, and would shut it down first.
  (cd / && exec setsid "${identity[@]}" "$bin/postgres" -D "$dir/data" "${flags[@]}") < /dev/null > "$dir/log" 2>&1 &
  echo $! > "$dir/pid"
  disown
  end_with_owner "$dir"
  ready() { gone "$dir" || "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; }
  wait_until 60 ready || { signal_family "$dir" KILL; fail "PostgreSQL did not start within 60 s" "$dir/log"; }
  running "$dir" || fail "PostgreSQL ended while starting" "$dir/log"
  echo "postgresql://laketide@127.0.0.1:$port/postgres"
}

standby() {  # DIR PRIMARY
  local dir=$1 primary
  primary=$(cat "$2/port")
  mkdir -p "$dir/data"
  chmod 700 "$dir/data"
  [ "$(id -u)" -ne 0 ] || chown nobody:nogroup "$dir/data"
  as_server "$bin/pg_basebackup" -D "$dir/data" -d "postgresql://laketide@127.0.0.1:$primary/postgres" -R -c fast > "$dir/backup.log" 2>&1 ||
    fail "PostgreSQL could not be copied" "$dir/backup.log"
}

stop() {  # DIR MODE
  running "$1" || return 0
  signal_family "$1" CONT
  as_server "$bin/pg_ctl" stop -D "$1/data" -m "$2" -t 30 > "$1/stop.log" 2>&1 || signal_family "$1" KILL
  wait_until 10 gone "$1" || fail "the PostgreSQL in $1 does not end" "$1/log"
  rm -f "$1/pid"
}

[ $# -ge 2 ] || fail "usage: postgres.sh start DIR [KEY=VALUE ...] | standby DIR PRIMARY | stop|kill|pause|cont|psql|reachable DIR"
command=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2
case $command in
  start) start "$dir" "$@" ;;
  standby) standby "$dir" "$@" ;;
  stop) stop "$dir" fast ;;
  kill) stop "$dir" immediate ;;
  pause) signal_family "$dir" STOP ;;
  cont) signal_family "$dir" CONT ;;
  psql) echo "$bin/psql -h 127.0.0.1 -p $(cat "$dir/port") -U laketide -d postgres" ;;
  reachable) reachable "$dir" ;;
  *) fail "postgres.sh: no command '$command'" ;;
esac

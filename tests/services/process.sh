# process.sh: sourced by kafka.sh and postgres.sh. A server lives in a directory of its own:
#   DIR/pid      its process id       DIR/port   its port, kept over restarts       DIR/log   what it said

# Prints N free loopback ports, below the range that outgoing connections take theirs from, so that a server finds its port again.
free_ports() {
  python3 - "$1" <<'PY'
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", random.randrange(20000, 32000)))
    except OSError:
        continue
    held.append(listener)
print(*(listener.getsockname()[1] for listener in held))
PY
}

# Whether the process of DIR/pid is there and is the one we started: its command line names the directory. A process that is just
# putting another program in its place shows an empty one, as a dead one does that nobody has waited for yet.
running() {
  local pid line state
  pid=$(cat "$1/pid" 2> /dev/null) && [ -n "$pid" ] && line=$({ tr '\0' ' ' < "/proc/$pid/cmdline"; } 2> /dev/null) || return 1
  [ -z "$line" ] || { grep -qF -- "$1" <<< "$line"; return; }
  state=$({ sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status"; } 2> /dev/null) && [ -n "$state" ] && [ "$state" != Z ]
}

# wait_until SECONDS COMMAND...: polls until the command succeeds; 1 if it does not in time.
wait_until() {
  local deadline=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

gone() { ! running "$1"; }

# The server's process and all its children.
family() {
  local pid=$1 child
  echo "$pid"
  for child in $(cat "/proc/$pid/task/"*/children 2> /dev/null); do family "$child"; done
}

# signal_family DIR SIGNAL
signal_family() {
  running "$1" || return 0
  # shellcheck disable=SC2046
  kill "-$2" $(family "$(cat "$1/pid")") 2> /dev/null || true
}

# Ends the server hard when the process LAKETIDE_OWNER is gone: a killed test or quick start leaves nothing behind.
end_with_owner() {
  [ -n "${LAKETIDE_OWNER:-}" ] || return 0
  setsid bash -c '
    . "$1"
    while kill -0 "$2" 2> /dev/null; do running "$3" || exit 0; sleep 1; done
    signal_family "$3" KILL' watch "${BASH_SOURCE[0]}" "$LAKETIDE_OWNER" "$1" < /dev/null > /dev/null 2>&1 &
}

# fail MESSAGE [LOG]: says why, with the log's end, and leaves.
fail() {
  echo "$1" >&2
  if [ -n "${2:-}" ] && [ -s "$2" ]; then
    echo "--- last lines of $2" >&2
    tail -n 20 "$2" >&2
  fi
  exit 1
}

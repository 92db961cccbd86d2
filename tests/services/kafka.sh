#!/usr/bin/env bash
# One Apache Kafka node (KRaft, broker and controller in one) with its data in DIR, on free loopback ports.
#
#   kafka.sh install                      fetches the jars once, into the cache
#   kafka.sh start DIR [KEY=VALUE ...]    starts it (again), with extra broker settings; prints its address
#   kafka.sh stop|kill|pause|cont DIR     SIGTERM and wait | SIGKILL | SIGSTOP | SIGCONT
#   kafka.sh topic DIR NAME PARTITIONS    creates a topic unless it is there
#
# KAFKA_FAR        host:port under which it is told to be found by those who come to the third port of DIR/port
# LAKETIDE_CACHE   where the jars are kept (default ~/.cache/laketide)      KAFKA_HEAP   default 512m
# LAKETIDE_OWNER   a process id: the broker ends when that process does
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=process.sh
. "$here/process.sh"
version=3.9.1
libs=${LAKETIDE_CACHE:-$HOME/.cache/laketide}/kafka-$version

install() {
  [ -f "$libs/.complete" ] && return
  mkdir -p "$libs.part"
  mvn --batch-mode --quiet -Dstyle.color=never -f "$here/kafka-pom.xml" -Dkafka.version=$version dependency:copy-dependencies \
    -DoutputDirectory="$libs.part" -Dmdep.useBaseVersion=true
  touch "$libs.part/.complete"
  rm -rf "$libs"
  mv "$libs.part" "$libs"
}

write_settings() {
  local dir=$1 port controller far
  shift
  [ -s "$dir/port" ] || free_ports 3 > "$dir/port"
  read -r port controller far < "$dir/port"
  cat > "$dir/server.properties" << END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller${KAFKA_FAR:+,FAR://127.0.0.1:$far}
advertised.listeners=PLAINTEXT://127.0.0.1:$port${KAFKA_FAR:+,FAR://$KAFKA_FAR}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FAR:PLAINTEXT
log.dirs=$dir/logs
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=16777216
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
END
  [ $# -eq 0 ] || printf '%s\n' "$@" >> "$dir/server.properties"
  cat > "$dir/log4j.properties" << END
log4j.rootLogger=WARN, A
log4j.appender.A=org.apache.log4j.ConsoleAppender
log4j.appender.A.layout=org.apache.log4j.PatternLayout
log4j.appender.A.layout.ConversionPattern=%d %p %m (%c)%n
log4j.logger.kafka.server.KafkaRaftServer=INFO
END
}

java_class() {  # DIR HEAP CLASS ARGUMENTS...
  local dir=$1 heap=$2
  shift 2
  exec ${KAFKA_SESSION:+setsid} java "-Xmx$heap" -XX:+UseSerialGC ${KAFKA_TIER:+-XX:TieredStopAtLevel=$KAFKA_TIER} -cp "$libs/*" "-Dlog4j.configuration=file:$dir/log4j.properties" "$@"
}

start() {
  local dir=$1
  running "$dir" && fail "a broker runs in $dir already"
  [ -f "$libs/.complete" ] || install
  write_settings "$@"
  if [ ! -f "$dir/logs/meta.properties" ]; then
    (KAFKA_TIER=1 java_class "$dir" 128m kafka.tools.StorageTool format -t 4L6g3nShT-eMCtK--X86sw -c "$dir/server.properties") \
      > "$dir/format.log" 2>&1 || fail "Kafka could not format $dir/logs" "$dir/format.log"
  fi
  : > "$dir/log"
  # A session of its own: what a terminal sends is for whoever started it.
  (KAFKA_SESSION=own java_class "$dir" "${KAFKA_HEAP:-512m}" kafka.Kafka "$dir/server.properties") < /dev/null > "$dir/log" 2>&1 &
  echo $! > "$dir/pid"
  disown
  ready() { gone "$dir" || grep -q 'Kafka Server started' "$dir/log"; }
  wait_until 90 ready || { signal_family "$dir" KILL; fail "Kafka did not start within 90 s" "$dir/log"; }
  running "$dir" || fail "Kafka ended while starting" "$dir/log"
  end_with_owner "$dir"
  read -r port _ < "$dir/port"
  echo "127.0.0.1:$port"
}

stop() {
  running "$1" || return 0
  signal_family "$1" CONT
  kill -TERM "$(cat "$1/pid")"
  wait_until 30 gone "$1" || signal_family "$1" KILL
  wait_until 10 gone "$1" || fail "the broker in $1 does not end" "$1/log"
  rm -f "$1/pid"
}

topic() {
  local address
  address=127.0.0.1:$(cut -d' ' -f1 "$1/port")
  (KAFKA_TIER=1 java_class "$1" 128m org.apache.kafka.tools.TopicCommand --bootstrap-server "$address" --create --if-not-exists \
    --topic "$2" --partitions "$3" --replication-factor 1) > "$1/topic.log" 2>&1 || fail "Kafka did not create topic $2" "$1/topic.log"
}

command=${1:-}
if [ "$command" = install ]; then
  install
  exit
fi
[ $# -ge 2 ] || fail "usage: kafka.sh install | start DIR [KEY=VALUE ...] | stop|kill|pause|cont DIR | topic DIR NAME PARTITIONS"
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2
case $command in
  start) start "$dir" "$@" ;;
  stop) stop "$dir" ;;
  kill) signal_family "$dir" KILL; wait_until 10 gone "$dir" ;;
  pause) signal_family "$dir" STOP ;;
  cont) signal_family "$dir" CONT ;;
  topic) topic "$dir" "$@" ;;
  *) fail "kafka.sh: no command '$command'" ;;
esac

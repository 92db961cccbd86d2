# setup.sh: sourced by conf/quickstart/run.sh and tests/run.sh. Brings a Debian 12 machine to where Laketide can be built and run.
#
#   preflight                    one second: system, user, memory, disk
#   step TITLE FUNCTION [ARGS]   a numbered step: its output in a log, its time on the screen; on failure what, where and what to do
#                                (a step's function joins its commands with &&: `set -e` does not hold inside);
#                                step_log names its log
#   install_packages, install_kafka, install_python, build PRESET [TARGET ...]     the steps; each does nothing the second time
#
# The caller sets -o pipefail, and STEPS, the number of steps it will announce.
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
logs=$repo/build/logs
package_lists=("$repo/conf/quickstart/packages.txt" "$repo/conf/quickstart/servers.txt")
export LAKETIDE_CACHE=${LAKETIDE_CACHE:-$HOME/.cache/laketide}
clusters=/etc/postgresql-common/createcluster.conf
no_cluster='create_main_cluster = false'
step_number=0
advice=

say() { printf '%s\n' "$@"; }
die() { printf '%s\n' "$@" >&2; exit 1; }

preflight() {
  local id=unknown version='' memory_gib disk_gib
  # shellcheck disable=SC1091
  [ ! -r /etc/os-release ] || { id=$(. /etc/os-release; echo "$ID"); version=$(. /etc/os-release; echo "${VERSION_ID:-}"); }
  command -v apt-get > /dev/null || die "This needs Debian 12: there is no apt-get here (found: $id $version)."
  [ "$id $version" = "debian 12" ] || say "Note: made for Debian 12; this is $id $version, where packages may have other names."
  memory_gib=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  [ "$memory_gib" -ge 2 ] || die "$memory_gib GiB of memory are free; building takes 2. Close something, or use a larger machine."
  mkdir -p "$repo/build" "$LAKETIDE_CACHE" || die "Cannot write to $repo/build or $LAKETIDE_CACHE: run as a user who can."
  disk_gib=$(($(stat -f -c '%a * %S / 1073741824' "$repo/build")))
  [ "$disk_gib" -ge 4 ] || die "$disk_gib GiB are free where $repo stands; a build takes 4. Make room there."
  # A compiler takes up to 1 GiB: fewer of them than processors where memory is short.
  jobs=$(nproc)
  [ "$jobs" -le "$memory_gib" ] || jobs=$memory_gib
  mkdir -p "$logs"
}

step() {
  local title=$1 began=$SECONDS status
  shift
  step_number=$((step_number + 1))
  step_log=$logs/$step_number-$(tr -cs '[:alnum:]' - <<< "$title" | sed 's/-*$//').log
  advice="Mend the cause and run the same command again: what is done is not done twice."
  printf '[%s/%s] %s ... ' "$step_number" "$STEPS" "$title"
  status=0
  "$@" 4>&1 > "$step_log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || step_failed "$title" "$step_log"
  printf '%s s\n' "$((SECONDS - began))"
}

step_failed() {
  printf 'FAILED\n\nStep "%s" failed. The end of its log, %s:\n\n' "$1" "$2"
  tail -n 15 "$2" | sed 's/^/    /'
  printf '\n%s\n' "$advice"
  exit 1
} >&2

missing_packages() {
  local name
  sed 's/#.*//' "${package_lists[@]}" | while read -r name; do
    [ -z "$name" ] || [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null)" = installed ] || echo "$name"
  done
}

# Without root nothing can be installed; then the lines to run are printed, and it goes on as this user once that has been done.
require_packages_or_root() {
  local missing lines=()
  missing=$(missing_packages | tr '\n' ' ')
  [ -n "$missing" ] && [ "$(id -u)" -ne 0 ] || return 0
  if [[ $missing == *postgresql* ]] && [ ! -e $clusters ]; then
    lines+=("    sudo mkdir -p ${clusters%/*} && echo '$no_cluster' | sudo tee $clusters  # so that its package starts no server")
  fi
  lines+=("    sudo apt-get update && sudo UCF_FORCE_CONFFOLD=1 apt-get install --no-install-recommends $missing")
  die "These packages are missing, and installing them takes root. Run this, then the same command again:" "" "${lines[@]}"
}

install_packages() {
  local missing created=()
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -gt 0 ] || return 0
  advice="Is the Debian mirror of /etc/apt/sources.list in reach, and is no other apt or dpkg running? Then run the same command again."
  # No package may start a service: answers "not allowed" to whatever asks, unless the machine has a policy of its own.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    created+=(/usr/sbin/policy-rc.d)
  fi
  # Nor may PostgreSQL's package make a cluster that would start at the next boot, nor any package enable a service for it.
  if [ ! -e $clusters ]; then
    mkdir -p "${clusters%/*}"
    printf '# Laketide runs a PostgreSQL of its own.\n%s\n' "$no_cluster" > $clusters
  fi
  local status=0 enabled unit
  enabled=$(enabled_units)
  {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q &&
      apt-get install -q -y --no-install-recommends -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 "${missing[@]}"
  } || status=$?
  for unit in $(comm -13 <(echo "$enabled") <(enabled_units)); do
    DPKG_MAINTSCRIPT_PACKAGE=laketide deb-systemd-helper disable "$unit" || status=1
  done
  [ "${#created[@]}" -eq 0 ] || rm -f "${created[@]}"
  return "$status"
}

# Services that would start at the next boot.
enabled_units() { find /etc/systemd/system -path '*.wants/*' -name '*.service' -printf '%f\n' 2> /dev/null | sort -u; }

install_kafka() {
  advice="Is Maven Central (repo.maven.apache.org, or the mirror of ~/.m2/settings.xml) in reach? Then run the same command again."
  bash "$repo/tests/services/kafka.sh" install
}

install_python() {
  local venv=$repo/build/venv
  cmp -s "$repo/tests/requirements.txt" "$venv/.installed" && return
  advice="Is a Python package index (pypi.org, or that of pip's configuration) in reach? Then run the same command again."
  rm -rf "$venv"
  python3 -m venv "$venv" &&
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$repo/tests/requirements.txt" &&
    cp "$repo/tests/requirements.txt" "$venv/.installed"
}

# Logs what ninja says and shows on descriptor 4 how far it has come: on a terminal in place, else each quarter.
# In bash, because Debian's awk waits for a full buffer before it looks at the first line.
progress() {
  local line done all quarter=0
  while IFS= read -r line; do
    printf '%s\n' "$line"
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    done=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
    [ "$all" -ge 8 ] || continue  # ninja's own housekeeping
    if [ -t 4 ]; then
      printf '%4d of %-4d\b\b\b\b\b\b\b\b\b\b\b\b' "$done" "$all" >&4
    elif [ $((4 * done / all)) -gt "$quarter" ]; then
      quarter=$((4 * done / all))
      printf '%d%% ' $((25 * quarter)) >&4
    fi
  done
}

build() {
  local preset=$1
  shift
  advice="If a package or Arrow could not be found: rm -r $repo/build/$preset, and run the same command again. Else this tree does not
compile on this machine: report it with that log."
  cmake -S "$repo" --preset "$preset" ${ARROW_WHEEL_DIR:+-DARROW_WHEEL_DIR="$ARROW_WHEEL_DIR"} &&
    nice cmake --build "$repo/build/$preset" --parallel "$jobs" ${1:+--target "$@"} 2>&1 | progress
}

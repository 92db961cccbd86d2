#!/usr/bin/env bash
# The targets under clang's libFuzzer, which keeps what reaches new code and goes on from there. Installs and builds what is missing.
#
#   bash tests/fuzz/run.sh [--seconds N] [--targets json,sql]
#
# Each target for N seconds (60), as many at once as there are processors. Inputs that reach new code stay in build/fuzz/corpus/<target>
# for the next run; what was found is build/fuzz/found/<target>-*, its log <target>.log beside it. Exit 1 if something was found.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../conf/quickstart/setup.sh"

usage() { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

seconds=60 targets=
while [ "$#" -gt 0 ]; do
  case $1 in
    --seconds) seconds=${2:-} ;;
    --targets) targets=${2:-} ;;
    *) usage ;;
  esac
  [[ $1 != --seconds || $seconds =~ ^[1-9][0-9]*$ ]] || usage
  shift "$(($# > 1 ? 2 : 1))"
done
readers=()
for file in "$here"/*_target.cc; do readers+=("$(basename "$file" _target.cc)"); done
if [ -n "$targets" ]; then
  for name in ${targets//,/ }; do
    [ -e "$here/${name}_target.cc" ] || die "There is no target $name; there are: ${readers[*]}"
  done
  read -r -a readers <<< "${targets//,/ }"
fi

# fuzz_one TARGET: one line of what came of it. What libFuzzer says goes into the log.
fuzz_one() {
  local reader=$1 log=$found/$1.log status=0 last edges
  mkdir -p "$build/corpus/$reader"
  rm -f "$found/$reader"-*
  ARROW_DEFAULT_MEMORY_POOL=system nice "$build/tests/fuzz/${reader}_fuzz" "$build/corpus/$reader" "$here/corpus/$reader" \
    -dict="$here/$reader.dict" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 \
    -artifact_prefix="$found/$reader-" -print_final_stats=1 > "$log" 2>&1 || status=$?
  last=$(grep -E '^#[0-9]+.* cov: ' "$log" | tail -n 1)
  edges=$(sed -n 's/^INFO: Loaded .*modules *(\([0-9]*\) inline.*/\1/p' "$log" | head -n 1)
  [[ $last =~ ^#([0-9]+).*cov:\ ([0-9]+)\ ft:\ ([0-9]+)\ corp:\ ([0-9]+) ]] || { echo "$reader: did not run; its log is $log"; return 1; }
  printf '%-14s %10s executions  %6s of %6s edges  %6s features  %5s inputs  %s\n' "$reader" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" \
    "$edges" "${BASH_REMATCH[3]}" "${BASH_REMATCH[4]}" "$([ "$status" -eq 0 ] && echo "nothing found" || echo "FOUND: $(echo "$found/$reader"-*) and $log")"
  return "$status"
}

STEPS=2
package_lists+=("$here/packages.txt")
preflight
require_packages_or_root
step "Debian packages" install_packages
step "Build (fuzz)" build fuzz "${readers[@]/%/_fuzz}"
export here seconds build=$repo/build/fuzz found=$repo/build/fuzz/found
export -f fuzz_one
mkdir -p "$found"
printf '%s\n' "${readers[@]}" | xargs -P "$jobs" -I TARGET bash -c 'fuzz_one TARGET' || exit 1

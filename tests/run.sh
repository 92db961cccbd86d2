#!/usr/bin/env bash
# Every test, from a clean clone: installs what is missing, builds, runs. Ends with ctest's closing lines; exit 0 if all passed.
#
#   bash tests/run.sh            --quick   the house rules, the unit tests and one run end to end
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../conf/quickstart/setup.sh"

quick=0
for argument in "$@"; do
  case $argument in
    --quick) quick=1 ;;
    *) sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
done

package_lists+=("$repo/tests/packages.txt")
preflight
require_packages_or_root
if [ "$quick" -eq 1 ]; then
  STEPS=4
  say "On two cores: install 5 min and build 10 min the first time, seconds after that; tests under 5 min."
  labels='^(tidy|unit|sql|smoke)$'
else
  STEPS=6
  say "On two cores: install 5 min, builds 25 min the first time, seconds after that; tests up to 30 min." \
      "--quick leaves out the sanitizers' builds and most of what runs end to end."
  labels='^(tidy|unit|sql|e2e|measured|sanitizer)$'
fi
step "Debian packages" install_packages
step "Kafka" install_kafka
step "Python readers" install_python
step "Build (ci)" build ci
if [ "$quick" -eq 0 ]; then
  step "Build (asan)" build asan
  step "Build (tsan)" build tsan
fi
# A second try is for the tests that play a person at a terminal beside other work; ctest prints both. What a sanitizer finds stands:
# tests/under_sanitizer.sh knows by this name that it is asked again.
export LAKETIDE_TEST_RUN=$$-$RANDOM
exec ctest --test-dir "$repo/build/ci" --label-regex "$labels" --parallel "$jobs" --output-on-failure --no-tests=error --repeat until-pass:2

#!/usr/bin/env bash
# Every test, from a clean clone: installs what is missing, builds, runs. Ends with ctest's closing lines; exit 0 if all passed.
#
#   bash tests/run.sh            --quick        the house rules, the unit tests and one run end to end
#                                --sanitizers   also the unit tests under ASan+UBSan and under TSan, which are built for it
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../conf/quickstart/setup.sh"

quick=0 sanitizers=0
for argument in "$@"; do
  case $argument in
    --quick) quick=1 ;;
    --sanitizers) sanitizers=1 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
done

preflight
require_packages_or_root
if [ "$quick" -eq 1 ]; then
  STEPS=4
  say "On two cores: install 5 min and build 10 min the first time, seconds after that; tests under 5 min."
  labels='^(tidy|unit|sql|smoke)$'
elif [ "$sanitizers" -eq 0 ]; then
  STEPS=4
  say "On two cores: install 5 min and build 10 min the first time, seconds after that; tests up to 20 min." \
      "--quick leaves out most of what runs end to end; --sanitizers adds two builds and 30 min."
  labels='^(tidy|unit|sql|e2e|measured)$'
else
  STEPS=6
  say "On two cores: install 5 min, builds 25 min the first time, seconds after that; tests up to 40 min."
  labels='^(tidy|unit|sql|e2e|measured|sanitizer)$'
fi
step "Debian packages" install_packages
step "Kafka" install_kafka
step "Python readers" install_python
step "Build (ci)" build ci
if [ "$sanitizers" -eq 1 ]; then
  step "Build (asan)" build asan
  step "Build (tsan)" build tsan
fi
# A second try is for the tests that play a person at a terminal beside other work; ctest prints both.
exec ctest --test-dir "$repo/build/ci" --label-regex "$labels" --parallel "$jobs" --output-on-failure --no-tests=error --repeat until-pass:2

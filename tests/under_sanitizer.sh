#!/usr/bin/env bash
# The unit tests and queries of a sanitizer's build, once: a race that showed in one try of two is a race. tests/run.sh, which gives other
# tests a second try, names its run in LAKETIDE_TEST_RUN; a second try of the same run fails at once.
#
#   bash tests/under_sanitizer.sh BUILD_DIR TESTS_AT_ONCE
set -euo pipefail
build=$1 jobs=$2
failed=$build/Testing/failed-in-run
if [ -n "${LAKETIDE_TEST_RUN:-}" ] && [ "$(cat "$failed" 2> /dev/null)" = "$LAKETIDE_TEST_RUN" ]; then
  echo "It failed in this run already, see above; a sanitizer's finding gets no second try."
  exit 1
fi
ctest --test-dir "$build" --label-regex '^(unit|sql)$' --parallel "$jobs" --output-on-failure --no-tests=error && exit 0
mkdir -p "$build/Testing"
echo "${LAKETIDE_TEST_RUN:-}" > "$failed"
exit 1

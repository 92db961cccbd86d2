#!/usr/bin/env bash
# The build stage of docker/Dockerfile: from a bare Debian 12 to <folder>/laketide.deb, by the quick start's own steps.
#
#   bash docker/build.sh FOLDER
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../conf/quickstart/setup.sh"
package_lists=("$repo/conf/quickstart/packages.txt")  # not its servers
STEPS=3

pack() {
  advice="See what cpack says there."
  cpack --config "$repo/build/release/CPackConfig.cmake" -G DEB -B "$repo/build/release/packages" && mkdir -p "$1" &&
    cp "$repo"/build/release/packages/laketide_*.deb "$1/laketide.deb"
}

preflight
step "Debian packages" install_packages
step "Build (release)" build release laketide
step "Debian package of Laketide" pack "$1"

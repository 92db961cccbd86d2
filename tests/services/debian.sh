#!/usr/bin/env bash
# A bare Debian 12, from the mirror that this machine's apt is set up for. Takes root and mmdebstrap or debootstrap. Sourced for its
# functions, or:
#
#   bash tests/services/debian.sh slim      makes a tree like the image debian:12-slim, once, and prints the path of its tar
#
# MIRROR  of Debian's packages, in place of that of apt's configuration

debian_mirror() {
  local configured
  configured=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Codename: bookworm' 2> /dev/null | head -n 1)
  echo "${MIRROR:-${configured:-http://deb.debian.org/debian}}"
}

# bootstrap_debian WHERE [OPTION ...]   a folder, or a tar where its name ends so; options are mmdebstrap's
bootstrap_debian() {
  local where=$1 options=()
  shift
  if command -v mmdebstrap > /dev/null; then
    # Whatever lets this machine talk to its mirrors.
    while read -r option; do options+=(--aptopt="$option"); done < <(apt-config dump | grep -E '^Acquire::(Check-|http|https)[^ ]* "[^"]+";$')
    mmdebstrap --quiet --mode=root --variant=minbase "${options[@]}" "$@" bookworm "$where" "$(debian_mirror)"
  elif command -v debootstrap > /dev/null && [ $# -eq 0 ]; then
    debootstrap --variant=minbase bookworm "$where" "$(debian_mirror)"
  else
    echo "mmdebstrap is not here: apt-get install --no-install-recommends mmdebstrap" >&2
    return 1
  fi
}

# What Debian's slim images are without, and will be without when packages are installed in them.
slim_debian() {
  local cache=${LAKETIDE_CACHE:-$HOME/.cache/laketide} tar
  tar=$cache/debian-12-slim-$(debian_mirror | cksum | cut -d ' ' -f 1).tar
  mkdir -p "$cache"
  exec 8> "$tar.lock"
  flock 8
  if [ ! -e "$tar" ]; then
    bootstrap_debian "$tar.new.tar" --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' >&2 && mv "$tar.new.tar" "$tar" || return 1
  fi
  echo "$tar"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  [ "${1:-}" = slim ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
  slim_debian
fi

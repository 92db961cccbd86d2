#!/usr/bin/env bash
# The quick start on a machine that has nothing: a bare Debian 12 in a directory, entered by chroot in its own process and mount
# namespaces. A machine with packages installed cannot show that an install line is missing. Takes root, the network, mmdebstrap or
# debootstrap, and about 15 minutes on two quiet cores; so it is run by hand, not by CI.
#
#   bash tests/services/bare_debian.sh [--again] [--tests] [DIR]      default /var/tmp/laketide-bare; made anew, removed when all went well
#
# --again   in the tree that a failed run left, with the newest commit: to see whether it was mended
# --tests   also `bash tests/run.sh --quick` in there: another build, 15 minutes more
# MIRROR    of Debian's packages, in place of the first one that this machine's apt is set up for
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$repo/tests/services/debian.sh"
tests=0 again=0
while [[ ${1:-} == --* ]]; do
  case $1 in
    --again) again=1 ;;
    --tests) tests=1 ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
  shift
done
tree=${1:-/var/tmp/laketide-bare}

die() { printf '%s\n' "$@" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || die "chroot takes root."
[ ! -e "$tree" ] || [ -e "$tree/.laketide-bare" ] || die "$tree is not a tree of this script's making: name another directory."

bootstrap() {
  rm -rf --one-file-system "$tree"
  mkdir -p "$tree"
  bootstrap_debian "$tree"
  touch "$tree/.laketide-bare"
}

# Certificate authorities that this machine trusts beyond Debian's, such as a company's.
copy_authorities() {
  mkdir -p "$tree/usr/local/share/ca-certificates"
  python3 - "$tree/usr/local/share/ca-certificates" << 'PY'
import pathlib, re, sys
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
def certificates(path):
    return {"".join(match.split()) : match for match in PEM.findall(path.read_text(errors="replace"))}
debian = set()
for path in pathlib.Path("/usr/share/ca-certificates").rglob("*.crt"):
    debian |= certificates(path).keys()
bundle = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
extra = [text for key, text in certificates(bundle).items() if key not in debian] if bundle.exists() else []
for number, text in enumerate(extra):
    pathlib.Path(sys.argv[1], f"machine-{number}.crt").write_text(text + "\n")
PY
}

enter() {
  cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
  echo "127.0.0.1 localhost" > "$tree/etc/hosts"
  # Its own mounts and processes: both are gone, whatever is left running, when the shell inside ends.
  unshare --mount --pid --fork --mount-proc bash -c '
    mount --bind /dev "$1/dev" && mount -t devpts devpts "$1/dev/pts" -o newinstance,ptmxmode=0666 &&
      mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/dev/shm" &&
      exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" \
        PIP_CERT=/etc/ssl/certs/ca-certificates.crt ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        chroot "$1" bash -c "$2"' enter "$tree" "$1"
}

if [ "$again" -eq 1 ] && [ -e "$tree/.laketide-bare" ]; then
  git -C "$tree/root/laketide" pull --quiet --ff-only
else
  bootstrap
  copy_authorities
  git clone --quiet --no-hardlinks "$repo" "$tree/root/laketide"
fi
# Twice: the second time nothing may be downloaded or built. Then nothing may be left running but the shell that asks.
enter '
  set -e
  cd /root/laketide
  [ -e /root/before ] || touch /root/before
  bash conf/quickstart/run.sh --once
  touch /root/between
  SECONDS=0
  bash conf/quickstart/run.sh --once
  echo "second run: $SECONDS s"
  new=$(find /root/laketide/build /root/.cache /root/.m2 /var/cache/apt -newer /root/between -type f ! -path "*/logs/*" ! -name "*.lock" ! -name "build.ninja" \
    ! -name ".ninja_*" ! -path "*/CMakeFiles/*" ! -name "CMakeCache.txt" ! -name "*.cmake" ! -name compile_commands.json | head)
  [ -z "$new" ] || { echo "the second run made:" >&2; echo "$new" >&2; exit 1; }
  left() {
    for process in /proc/[0-9]*; do
      [ "$process" = "/proc/$$" ] || [ "$process" = "/proc/$BASHPID" ] || [ ! -e "$process/exe" ] || tr "\0" " " < "$process/cmdline"
    done 2> /dev/null
  }
  for _ in $(seq 50); do [ -n "$(left)" ] || break; sleep 0.2; done
  [ -z "$(left)" ] || { echo "left running: $(left)" >&2; exit 1; }
  [ ! -e /usr/sbin/policy-rc.d ] || { echo "policy-rc.d was left behind" >&2; exit 1; }
  [ -z "$(find /etc/postgresql /var/lib/postgresql -type f 2> /dev/null)" ] || { echo "the package made a PostgreSQL cluster" >&2; exit 1; }
  enabled=$(find /etc/systemd/system -path "*.wants/*" -name "*.service" -newer /root/before)
  [ -z "$enabled" ] || { echo "would start at the next boot: $enabled" >&2; exit 1; }
'
echo "The quick start works on a bare Debian 12."
if [ "$tests" -eq 1 ]; then
  enter 'cd /root/laketide && bash tests/run.sh --quick'
  echo "So do the quick tests."
fi
rm -rf --one-file-system "$tree"

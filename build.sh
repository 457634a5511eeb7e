#!/usr/bin/env bash
# The whole project by one script on Linux and macOS (build.ps1 has the same verbs for Windows):
#   ./build.sh demo    build, and show a drive that loses a cloud and its machine and still has every byte
#   ./build.sh test    build, and run every test; the last line is "N passed, N failed"
#   ./build.sh bench   measure a mounted drive beside gocryptfs, securefs and encfs
#   ./build.sh pack    make the packages in artifacts/packages
# On Debian and Ubuntu it installs what is missing (as root or by sudo) and says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
TEST_TIMEOUT=${TEST_TIMEOUT:-60m}

die() { echo "build.sh: $*" >&2; exit 1; }

# install COMMAND:PACKAGE...  installs each package whose command (or file, by a pattern) is missing
install() {
  local missing=() pair root=()
  for pair in "$@"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" > /dev/null || compgen -G "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get > /dev/null || die "please install what is missing here: ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || die "these packages are missing, and installing them needs root: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  echo "Installing what is missing: ${missing[*]}"
  local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y) policy=/usr/sbin/policy-rc.d
  # The tests run servers of their own; what is installed must not start system services as well.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" > /dev/null
    "${root[@]}" chmod 755 "$policy"
    trap "${root[*]} rm -f $policy" EXIT
  fi
  "${apt[@]}" install --no-install-recommends "${missing[@]}" > /dev/null 2>&1 && return 0
  "${apt[@]}" update > /dev/null || die "apt-get update failed; check the network and run it by hand"
  "${apt[@]}" install --no-install-recommends "${missing[@]}" > /dev/null || die "apt-get could not install: ${missing[*]}"
}

require_dotnet() { command -v dotnet > /dev/null || die "the .NET 10 SDK is missing; see https://dot.net/download"; }

build() { echo "Building $1"; dotnet build "$1" -c Release -v quiet -nologo || die "the build failed"; }

demo() {
  require_dotnet
  install fusermount3:fuse3
  build src/CuckooDrive.Host
  artifacts/bin/CuckooDrive.Host/release/cuckoo demo
}

test_tools() {
  install fusermount3:fuse3 git:git rsync:rsync sqlite3:sqlite3 fio:fio stress-ng:stress-ng '/usr/lib/postgresql/*/bin/initdb:postgresql' \
    setfattr:attr setfacl:acl mkfs.ext4:e2fsprogs setpriv:util-linux script:bsdutils pgrep:procps perl:perl \
    lighttpd:lighttpd /usr/lib/lighttpd/mod_webdav.so:lighttpd-mod-webdav apache2:apache2-bin nginx:nginx-light \
    /usr/lib/nginx/modules/ngx_http_dav_ext_module.so:libnginx-mod-http-dav-ext nextcloudcmd:nextcloud-desktop-cmd \
    /usr/lib/python3/dist-packages/dropbox:python3-dropbox sshd:openssh-server ssh-keygen:openssh-client \
    ceph-mon:ceph-mon ceph-osd:ceph-osd radosgw:radosgw ceph:ceph-common \
    swift-proxy-server:swift-proxy swift-account-server:swift-account swift-container-server:swift-container \
    swift-object-server:swift-object memcached:memcached rclone:rclone npm:npm curl:curl openssl:openssl
  # udev gives everybody the device; a container's bare /dev does not.
  if [ -c /dev/fuse ] && [ "$(id -u)" = 0 ]; then chmod 666 /dev/fuse; fi
}

attribute() { sed -n "s/.*[ ]$1=\"\([0-9]*\)\".*/\1/p" <<< "$2"; }

test_all() {
  require_dotnet
  test_tools
  build CuckooDrive.sln
  local results=artifacts/test-results passed=0 failed=0 project name report summary count status
  rm -rf "$results"
  mkdir -p "$results"
  for project in tests/*.Tests; do
    name=$(basename "$project")
    report=$results/$name.xml
    echo "Testing $name"
    status=0
    timeout --kill-after=10s "$TEST_TIMEOUT" "artifacts/bin/$name/release/$name" -noLogo -noColor -xml "$report" "$@" || status=$?
    summary=$(grep -o '<assembly [^>]*>' "$report" 2> /dev/null || true)
    count=$(attribute passed "$summary")
    passed=$((passed + ${count:-0}))
    local bad=$(( $(attribute failed "$summary" | grep . || echo 0) + $(attribute errors "$summary" | grep . || echo 0) ))
    if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "$(attribute total "$summary" | grep . || echo 0)" = 0 ]; }; then
      echo "$name ended with status $status without a failed test: it crashed, hung or ran nothing" >&2
      bad=1
    fi
    failed=$((failed + bad))
  done
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

# The program as installer/pack.sh ships it, compiled ahead of time: what is measured is what people get.
publish_for_bench() {
  local out=artifacts/bench-program
  echo "Publishing src/CuckooDrive.Host" >&2
  dotnet publish src/CuckooDrive.Host -c Release --use-current-runtime --self-contained -p:PublishReadyToRun=true -v quiet -nologo -o "$out" >&2 ||
    die "the program could not be published"
  echo "$out/cuckoo"
}

bench() {
  require_dotnet
  if [ "${1:-}" = clouds ]; then
    install fusermount3:fuse3 rclone:rclone lighttpd:lighttpd /usr/lib/lighttpd/mod_webdav.so:lighttpd-mod-webdav perl:perl
  else
    install fusermount3:fuse3 git:git fio:fio gocryptfs:gocryptfs securefs:securefs encfs:encfs
  fi
  build tests/CuckooDrive.Benchmarks
  local verb=${1:-} program=()
  case "$verb" in
    kernels | floor | work) ;;
    *) [[ " $* " == *" --cuckoo "* ]] || program=(--cuckoo "$(publish_for_bench)") ;;
  esac
  artifacts/bin/CuckooDrive.Benchmarks/release/CuckooDrive.Benchmarks "$@" "${program[@]}"
}

pack() {
  require_dotnet
  local out=artifacts/packages
  rm -rf "$out"
  mkdir -p "$out"
  dotnet pack src/CuckooDrive.Clouds -c Release -v quiet -nologo -o "$out"
  installer/pack.sh "$out"
  ls -l "$out"
}

case "${1:-}" in
  demo) demo ;;
  test) shift; test_all "$@" ;;
  bench) shift; bench "$@" ;;
  pack) pack ;;
  *) echo "usage: ./build.sh demo|test|bench|pack" >&2; exit 2 ;;
esac

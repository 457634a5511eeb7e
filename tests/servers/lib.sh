# Sourced by the server scripts. A script starts its server on loopback, prints what a client needs to know as name=value
# lines and then "ready", and runs until its standard input closes: so a server never outlives the tests, however they end.
# Everything that it writes lies in $dir, which it removes.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
name=$(basename "$0" .sh)
dir=$(mktemp -d "${TMPDIR:-/tmp}/cuckoo-$name.XXXXXX")
children=()

finish() {
  local status=$? child
  trap - EXIT
  if [ "$status" != 0 ]; then tail -n 20 "$dir"/*.log >&2 2> /dev/null || true; fi
  # In reverse order, each waited for: what stores goes after what uses it.
  for ((child = ${#children[@]} - 1; child >= 0; child--)); do
    kill "${children[child]}" 2> /dev/null || true
    for _ in $(seq 50); do kill -0 "${children[child]}" 2> /dev/null || break; sleep 0.1; done
    kill -9 "${children[child]}" 2> /dev/null || true
    wait "${children[child]}" 2> /dev/null || true
  done
  rm -rf "$dir"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() { echo "$name: $*" >&2; exit 1; }

need() {
  local command
  for command in "$@"; do command -v "$command" > /dev/null || fail "'$command' is missing; './build.sh test' installs it"; done
}

# A port that the system says is free.
free_port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'; }

# spawn LOG COMMAND...  in the background
spawn() {
  local log=$1
  shift
  "$@" > "$dir/$log.log" 2>&1 < /dev/null &
  children+=($!)
}

# Waits until the port accepts connections; fails when the last spawned process ends before.
wait_port() {
  for _ in $(seq 240); do
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null && return 0
    kill -0 "${children[-1]}" 2> /dev/null || fail "the server ended while it started"
    sleep 0.25
  done
  fail "no answer on port $1 within a minute"
}

tell() { printf '%s=%s\n' "$1" "$2"; }

serve() {
  echo ready
  cat > /dev/null
}

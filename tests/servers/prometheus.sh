#!/usr/bin/env bash
# Prints the path of a prometheus executable: the one on PATH, or else that of Debian's package, which is fetched once
# and unpacked below target/servers/. Needs no root. Says on stderr why there is none, and exits with 1.
#
#   tests/servers/prometheus.sh           # fetches the package where it has to
#   tests/servers/prometheus.sh --have    # only looks: never uses the network
set -euo pipefail

case "${1-}" in
    '' | --have) ;;
    *)
        echo "usage: ${0##*/} [--have]" >&2
        exit 2
        ;;
esac

fail() {
    echo "prometheus.sh: $*" >&2
    exit 1
}

if found=$(command -v prometheus); then
    echo "$found"
    exit 0
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
servers=${CARGO_TARGET_DIR:-$root/target}/servers
case "$servers" in
    /*) ;;
    *) servers=$root/$servers ;;
esac
executable=$servers/prometheus/usr/bin/prometheus

# The directory gets its name when it is complete, so what is there can be used.
if [ -x "$executable" ]; then
    echo "$executable"
    exit 0
fi
[ "${1-}" != --have ] || fail "there is none on PATH, and none was fetched"
for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || fail "there is none on PATH, and no $tool to fetch Debian's package with"
done

# Each call works in a directory of its own: two at once fetch twice, and the first one's result stays.
mkdir -p "$servers"
work=$(mktemp -d "$servers/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log

# Lists and cache of its own, so that updating them needs no root and disturbs nobody's. Sources and keys are the
# system's.
update_own_lists() {
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
    own=(-o "Dir::State=$work/state" -o "Dir::State::status=/var/lib/dpkg/status" -o "Dir::Cache=$work/cache"
        -o "APT::Sandbox::User=$(id -un)")
    apt-get "${own[@]}" update
}

download() {
    (cd "$work" && apt-get -o "APT::Sandbox::User=$(id -un)" "$@" download prometheus)
}

# With the system's lists where they are there and fresh enough to name a package that still exists.
if ! download >>"$log" 2>&1; then
    own=()
    if ! { update_own_lists && download "${own[@]}"; } >>"$log" 2>&1; then
        tail -n 5 "$log" >&2
        fail "Debian's package prometheus could not be fetched; install prometheus so that it is on PATH"
    fi
fi
package=$(echo "$work"/prometheus_*.deb)
[ -f "$package" ] || fail "apt-get fetched no package"
dpkg-deb -x "$package" "$work/prometheus"
"$work/prometheus/usr/bin/prometheus" --version >>"$log" 2>&1 || {
    tail -n 5 "$log" >&2
    fail "the executable of Debian's package does not run here"
}
# -T: onto the name and not into a directory that another call put there in the meantime; that one is as good.
mv -T "$work/prometheus" "$servers/prometheus" 2>>"$log" || [ -x "$executable" ] ||
    fail "could not put it to $servers/prometheus: $(tail -n 1 "$log")"
echo "$executable"

#!/usr/bin/env bash
# Prints the path of a schemathesis executable: that of a virtual environment below target/servers/, which is made once,
# with a version that is pinned here. Needs no root. Says on stderr why there is none, and exits with 1.
#
#   tests/servers/schemathesis.sh           # makes the environment where it has to
#   tests/servers/schemathesis.sh --have    # only looks: never uses the network
set -euo pipefail

version=4.32.5

case "${1-}" in
    '' | --have) ;;
    *)
        echo "usage: ${0##*/} [--have]" >&2
        exit 2
        ;;
esac

fail() {
    echo "schemathesis.sh: $*" >&2
    exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
servers=${CARGO_TARGET_DIR:-$root/target}/servers
case "$servers" in
    /*) ;;
    *) servers=$root/$servers ;;
esac
environment=$servers/schemathesis-$version
executable=$environment/bin/schemathesis

# The file is written last, so what is there can be used.
if [ -f "$environment/complete" ]; then
    echo "$executable"
    exit 0
fi
[ "${1-}" != --have ] || fail "there is none"
command -v python3 >/dev/null || fail "there is no python3"
python3 -c 'import venv, ensurepip' 2>/dev/null ||
    fail "this python3 cannot make environments; as root, on Debian or Ubuntu: apt-get install python3-venv"

# An environment knows its own path, so it is made in its place; of two calls at once one waits.
mkdir -p "$servers"
exec 9>"$servers/schemathesis.lock"
flock 9
if [ ! -f "$environment/complete" ]; then
    log=$servers/schemathesis.log
    rm -rf "$environment"
    if ! { python3 -m venv "$environment" &&
        "$environment/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" &&
        "$executable" --version; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        fail "schemathesis $version could not be installed from PyPI"
    fi
    touch "$environment/complete"
fi
echo "$executable"

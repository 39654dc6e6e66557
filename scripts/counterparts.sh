#!/usr/bin/env bash
# Fetches the programs that tests talk to, where this machine lacks them: Prometheus, Alertmanager and
# an SMTP server in Python for probes and messages, Chromium for the dashboard. On Debian and its descendants they are
# unpacked below target/, with no need to be root: nothing is installed, and no service started.
# The clients that ask for flags are unpacked beside them, where pip and npm are there.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

root=$(realpath -m "${CARGO_TARGET_DIR:-target}/counterparts")

has_program() {
    command -v "$1" >/dev/null || [ -x "$root/usr/bin/$1" ]
}

has_smtp() {
    PYTHONPATH="$root/usr/lib/python3/dist-packages" python3 -c 'import aiosmtpd.smtp' 2>/dev/null
}

# Unpacks a client of flags: its directory below target/, the versions, and how they get there.
# Tests say that they are skipped where one is missing.
fetch_client() {
    local place="$root/$1" versions=$2
    shift 2
    [ "$(cat "$place/fetched" 2>/dev/null)" != "$versions" ] || return 0
    say "fetching $versions for tests, into $place"
    rm -rf "$place"
    mkdir -p "$place"
    # shellcheck disable=SC2086
    if "$@" "$place" $versions >"$place/log" 2>&1; then
        printf '%s\n' "$versions" >"$place/fetched"
    else
        tail -n 3 "$place/log" >&2
        say "could not fetch $versions (the words above are of what tried); the tests with it say that they are skipped"
    fi
}

with_pip() {
    python3 -m pip install --quiet --disable-pip-version-check --target "$@"
}

with_npm() {
    local place=$1
    shift
    npm install --no-audit --no-fund --no-save --loglevel error --prefix "$place" "$@"
}

if python3 -m pip --version >/dev/null 2>&1; then
    fetch_client openfeature-python \
        "openfeature-sdk==0.10.0 openfeature-provider-ofrep==0.3.0" with_pip
else
    say "there is no pip here (on Debian: python3-pip); the tests with OpenFeature's Python client say that they are skipped"
fi
if command -v npm >/dev/null; then
    fetch_client openfeature-js-server \
        "@openfeature/server-sdk@1.23.0 @openfeature/core@1.12.0 @openfeature/ofrep-provider@0.1.3 @openfeature/ofrep-core@0.1.4" with_npm
    fetch_client openfeature-js-web \
        "@openfeature/web-sdk@1.10.0 @openfeature/core@1.12.0 @openfeature/ofrep-web-provider@0.4.3 @openfeature/ofrep-core@2.3.0 eventsource@4.1.1" with_npm
else
    say "there is no npm here (on Debian: npm); the tests with OpenFeature's JavaScript clients say that they are skipped"
fi

missing=()
has_program prometheus || missing+=(prometheus)
has_program prometheus-alertmanager || missing+=(prometheus-alertmanager)
has_smtp || missing+=(python3-aiosmtpd python3-attr python3-public)

if [ "${#missing[@]}" -gt 0 ]; then
    command -v python3 >/dev/null ||
        fail "tests of messages need Python 3: install it (on Debian: python3), and try again."
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        fail "tests of probes and messages need prometheus, prometheus-alertmanager and the Python package aiosmtpd on this machine, and this script can fetch them only with apt-get: install them, and try again."

    say "fetching ${missing[*]} for tests, into $root"
    downloads=$(mktemp -d) || fail "no temporary directory can be made: make room in ${TMPDIR:-/tmp}."
    trap 'rm -rf "$downloads"' EXIT

    fetch() {
        (cd "$downloads" && apt-get download -qq "${missing[@]}" >log 2>&1)
    }

    if ! fetch; then
        # The list of packages may be old, or not be there; only root may fetch it.
        if [ "$(id -u)" -eq 0 ]; then apt-get update -qq || true; else sudo -n apt-get update -qq || true; fi
        fetch || {
            tail -n 5 "$downloads/log" >&2
            fail "apt-get could not fetch ${missing[*]} (its own words are above); install them by hand, and try again."
        }
    fi
    mkdir -p "$root"
    for package in "$downloads"/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
fi

# Debian's Alertmanager reads templates from where its package puts them. The tests show it them
# there by a mount that it alone sees, for which not every machine gives the right.
[ -e /usr/share/prometheus/alertmanager/default.tmpl ] ||
    unshare --map-root-user --mount mount -t overlay overlay \
        -o "lowerdir=$root/usr/share:/usr/share" /usr/share ||
    fail "this machine lets nobody mount anything for one program alone, which the tests of Alertmanager need: install prometheus-alertmanager, and try again."

# OpenFeature's client for Rust compiles for a minute: beside the largest of the downloads.
with_cargo() {
    cp -r crates/turnback-server/tests/http/clients/rust "$1/source" &&
        nice cargo build --manifest-path "$1/source/Cargo.toml" --target-dir "$1/build" &&
        mv "$1/build/debug/ask" "$1/ask" &&
        rm -rf "$1/build" "$1/source"
}
fetch_client openfeature-rust "open-feature-ofrep 0.1.2" with_cargo &
compiling=$!

# Chromium brings many libraries along: whatever this machine lacks of it is unpacked beside it.
# Where it cannot be had, the tests of the dashboard's pages say that they are skipped.
browser() {
    { has_program chromium || has_program google-chrome || [ -x "$root/usr/lib/chromium/chromium" ]; } &&
        has_program chromedriver && return
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return
    local wanted
    wanted=$(apt-get --simulate --no-install-recommends install chromium chromium-driver 2>/dev/null |
        awk '/^Inst/ { print $2 }') || return
    [ -n "$wanted" ] || return
    say "fetching Chromium for tests, into $root"
    local downloads
    downloads=$(mktemp -d) || return
    # shellcheck disable=SC2086
    (cd "$downloads" && apt-get download -qq $wanted >log 2>&1) || { rm -rf "$downloads"; return 1; }
    mkdir -p "$root"
    local package
    for package in "$downloads"/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
    rm -rf "$downloads"
}
browser || say "Chromium is not here and cannot be fetched: the tests of the dashboard's pages are skipped (on Debian, install chromium and chromium-driver)."

# A clock that can be set for one program alone. Where it cannot be had, the test with it says that it is
# skipped.
clock() {
    compgen -G "/usr/lib/*/faketime/libfaketimeMT.so.1" >/dev/null && return
    compgen -G "$root/usr/lib/*/faketime/libfaketimeMT.so.1" >/dev/null && return
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return
    say "fetching libfaketime for tests, into $root"
    local downloads
    downloads=$(mktemp -d) || return
    (cd "$downloads" && apt-get download -qq libfaketime >log 2>&1) || { rm -rf "$downloads"; return 1; }
    mkdir -p "$root"
    dpkg-deb -x "$downloads"/libfaketime*.deb "$root"
    rm -rf "$downloads"
}
clock || say "libfaketime is not here and cannot be fetched: the test of a clock that is set is skipped (on Debian, install libfaketime)."

wait "$compiling"

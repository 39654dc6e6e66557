#!/usr/bin/env bash
# Fetches the servers that tests of probes and messages talk to, where this machine lacks them:
# Prometheus, Alertmanager, and an SMTP server in Python. On Debian and its descendants they are
# unpacked below target/, with no need to be root: nothing is installed, and no service started.
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

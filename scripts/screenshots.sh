#!/usr/bin/env bash
# Makes the pictures of docs/dashboard.md anew, from the gallery's made-up pages.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then browser=$name; break; fi
done
[ -n "${browser:-}" ] || fail "screenshots need Chromium: install it (on Debian: chromium), and try again."
command -v python3 >/dev/null || fail "screenshots need Python 3, which serves the pages: install it, and try again."

work=$(mktemp -d) || fail "no temporary directory can be made: make room in ${TMPDIR:-/tmp}."
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

say "drawing the gallery"
cargo run --quiet --package turnback-server --example gallery -- "$work/pages"
: >"$work/log"
# Port 0 is any that is free; Python says which.
python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$work/pages" >"$work/log" 2>/dev/null &
server=$!
until port=$(grep -oP 'port \K[0-9]+' "$work/log"); do
    kill -0 "$server" || fail "the pages cannot be served on loopback."
    sleep 0.1
done

mkdir -p docs/images
# NAME PAGE WIDTH HEIGHT light|dark
shoot() {
    local scheme=1
    [ "$5" = dark ] && scheme=0
    TMPDIR=$work "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
        --force-color-profile=srgb --user-data-dir="$work/profile-$5" \
        --blink-settings="preferredColorScheme=$scheme" --window-size="$3,$4" \
        --screenshot="$work/$1.png" "http://127.0.0.1:$port/$2.html" >/dev/null 2>&1
    [ -s "$work/$1.png" ] || fail "$browser made no picture of $2."
    # Fewer colours are as good to read, and a fraction of the size.
    if command -v pngquant >/dev/null; then
        pngquant --force --quality 60-95 --output "$work/$1.png" "$work/$1.png"
    fi
    if command -v optipng >/dev/null; then optipng -quiet -o2 "$work/$1.png"; fi
    mv "$work/$1.png" "docs/images/$1.png"
    say "docs/images/$1.png"
}

shoot overview overview 1280 1080 light
shoot overview-dark overview 1280 1080 dark
shoot guards-dark guards 1280 900 dark
shoot back back 1280 1180 light
shoot canary flags 1280 900 light
shoot risks risks 1280 800 light
shoot incident-dark incident 1280 1000 dark
shoot decision-phone answer 390 1000 dark
shoot overview-phone overview 390 1000 light

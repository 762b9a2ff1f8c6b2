#!/bin/sh
# No floating point in the engine, neither types nor constants.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
sources=$("$here/sources" engine)
[ -n "$sources" ] || exit 0

# shellcheck disable=SC2086
awk -f "$here/strip.awk" $sources | awk '
{
    file = $0
    sub(/:.*/, "", file)
    line = substr($0, length(file) + 2)
    code = line
    sub(/:.*/, "", line)
    code = " " substr(code, length(line) + 2) " "
}
code ~ /[^A-Za-z0-9_](float|double)[^A-Za-z0-9_]/ ||
code ~ /[^A-Za-z0-9_.]([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+[eE][-+]?[0-9]+)/ {
    print file ":" line ": floating point in the engine; use fixed point"
    failed = 1
}
END {
    exit failed
}'

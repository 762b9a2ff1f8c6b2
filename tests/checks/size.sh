#!/bin/sh
# Functions fit a screen (70 lines from brace to brace), files 700 lines; those
# of tests 800.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
sources=$("$here/sources")
[ -n "$sources" ] || exit 0

# shellcheck disable=SC2086
awk '
function finish() {
    most = file ~ /^tests\// ? 800 : 700
    if (lines > most) {
        print file ":" lines ": the file has " lines " lines, at most " most
        failed = 1
    }
}
FNR == 1 {
    finish()
    file = FILENAME
    opened = 0
}
{
    lines = FNR
}
/^\{/ {
    opened = FNR
}
/^\}/ {
    if (opened && FNR - opened + 1 > 70) {
        print FILENAME ":" opened ": the function has " FNR - opened + 1 \
            " lines, at most 70"
        failed = 1
    }
    opened = 0
}
END {
    finish()
    exit failed
}' $sources

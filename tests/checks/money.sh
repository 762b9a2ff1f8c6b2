#!/bin/sh
# Outside engine/units and engine/wide a line that reaches the integer inside
# a unit (.raw) says why: /* raw: reason */ on it, or alone on the line above.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
sources=$("$here/sources" engine storage rpc net daemon cmd |
    grep -v -x -e 'engine/units\.[ch]' -e 'engine/wide\.[ch]')
[ -n "$sources" ] || exit 0
reason='\/\* raw: [^ *][^*]*\*\/'

# shellcheck disable=SC2086
explained=$(awk -v reason="$reason" '
$0 ~ reason {
    print FILENAME ":" FNR ":"
    if ($0 ~ "^[ \t]*" reason "[ \t]*$")
        print FILENAME ":" FNR + 1 ":"
}' $sources)

# shellcheck disable=SC2086
awk -f "$here/strip.awk" $sources |
    awk -F: -v explained="$explained" '
    BEGIN {
        n = split(explained, list, "\n")
        for (i = 1; i <= n; i++)
            known[list[i]] = 1
    }
    /(\.|->)raw([^A-Za-z0-9_]|$)/ && !(($1 ":" $2 ":") in known) {
        print $1 ":" $2 ": .raw without a /* raw: why */; use engine/units.h"
        failed = 1
    }
    END {
        exit failed
    }'

#!/bin/sh
# No calls of the functions in banned.txt; the message names what to use.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
sources=$("$here/sources")
[ -n "$sources" ] || exit 0

# shellcheck disable=SC2086
awk -f "$here/strip.awk" $sources | awk '
FILENAME != "-" {
    if ($0 ~ /^(#|$)/)
        next
    n = split($1, rooms, ",")
    text = $0
    sub(/^[^ ]+ +[^ ]+ +/, "", text)
    for (i = 1; i <= n; i++)
        instead[rooms[i], $2] = text
    next
}

{
    file = $0
    sub(/:.*/, "", file)
    line = substr($0, length(file) + 2)
    code = line
    sub(/:.*/, "", line)
    code = " " substr(code, length(line) + 2)
    room = file
    sub(/\/.*/, "", room)
    while (match(code, /[^A-Za-z0-9_.>][A-Za-z_][A-Za-z0-9_]*[ ]*\(/)) {
        name = substr(code, RSTART + 1, RLENGTH - 2)
        sub(/ +$/, "", name)
        code = substr(code, RSTART + RLENGTH - 1)
        text = ""
        if (("all", name) in instead)
            text = instead["all", name]
        else if ((room, name) in instead)
            text = instead[room, name]
        if (text != "") {
            print file ":" line ": " name " is banned here; use " text
            failed = 1
        }
    }
}

END {
    exit failed
}' "$here/banned.txt" -

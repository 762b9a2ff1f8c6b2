#!/bin/sh
# Each program docs/generate/NAME prints the document docs/NAME; what is
# committed must equal it. With --write the documents are written anew.
here=$(cd "$(dirname "$0")" && pwd)
write=
[ "${1:-}" != --write ] || {
    write=yes
    shift
}
cd "${1:-$here/../..}" || exit 1
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
failed=0
for program in docs/generate/*; do
    [ -f "$program" ] || continue
    document=docs/$(basename "$program")
    if ! "$program" >"$fresh" || [ ! -s "$fresh" ]; then
        echo "$program:1: failed to print $document"
        failed=1
    elif [ -n "$write" ]; then
        cmp -s "$fresh" "$document" || cat "$fresh" >"$document"
    elif ! difference=$(cmp "$document" "$fresh" 2>&1); then
        line=$(echo "$difference" | sed -n 's/.*line \([0-9]*\)$/\1/p')
        echo "$document:${line:-1}: not what $program prints, run \"make docs\""
        failed=1
    fi
done
exit $failed

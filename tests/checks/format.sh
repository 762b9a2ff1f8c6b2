#!/bin/sh
# Every C source is as clang-format writes it.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
sources=$("$here/sources")
[ -n "$sources" ] || exit 0
if ! command -v clang-format >/dev/null; then
    echo ".clang-format:0: clang-format is not there, run \"make deps\""
    exit 1
fi
# shellcheck disable=SC2086
report=$(clang-format --dry-run -Werror $sources 2>&1) && exit 0
echo "$report" | awk -F: '/error: .*clang-format/ && !told[$1]++ {
    print $1 ":" $2 ": not as clang-format writes it, run \"make format\""
}' | grep . || echo "$report"
exit 1

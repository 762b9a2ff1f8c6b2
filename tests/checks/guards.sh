#!/bin/sh
# Every header is guarded by the name of its path: CLEARINGD_<ROOM>_<FILE>_H.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
sources=$("$here/sources" | grep '\.h$')
[ -n "$sources" ] || exit 0

# shellcheck disable=SC2086
awk '
function finish() {
    if (file != "" && (!opened || !defined_ || last !~ /^#endif/)) {
        print file ":" (opened ? opened : 1) \
            ": the header must stand between #ifndef " guard ", #define " \
            guard " and a closing #endif"
        failed = 1
    }
}
FNR == 1 {
    finish()
    file = FILENAME
    guard = "CLEARINGD_" toupper(FILENAME)
    gsub(/[^A-Z0-9_]/, "_", guard)
    opened = defined_ = directives = 0
}
/^#/ {
    directives++
}
directives == 1 && $1 == "#ifndef" && $2 == guard {
    opened = FNR
}
directives == 2 && opened && $1 == "#define" && $2 == guard {
    defined_ = FNR
}
/[^ \t]/ {
    last = $0
}
END {
    finish()
    exit failed
}' $sources

#!/bin/sh
# The engine as compiled is a pure function: its archive needs nothing from
# outside but memory moves, abort and the compiler's 128-bit division, keeps
# no variable between calls (but base.c's text of the last failed check), and
# touches no floating-point or vector register.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
archive=build/plain/libengine.a
if [ ! -f "$archive" ]; then
    echo "$archive:0: not there, run \"make\" first"
    exit 1
fi
may='memcpy memmove memset memcmp abort
    __udivti3 __umodti3 __divti3 __modti3 __udivmodti4 _GLOBAL_OFFSET_TABLE_'
failed=0

nm -A "$archive" | awk -v archive="$archive" -v may="$may" '
BEGIN {
    n = split(may, list)
    for (i = 1; i <= n; i++)
        known[list[i]] = 1
}
{
    name = $NF
    kind = $(NF - 1)
    split($1, where, ":")
    if (kind == "U")
        wanted[name] = wanted[name] " " where[2]
    else
        known[name] = 1
}
END {
    for (name in wanted)
        if (!(name in known)) {
            print archive ":0: needs " name " from outside, in" wanted[name]
            failed = 1
        }
    exit failed
}' || failed=1

objdump -t "$archive" | awk -v archive="$archive" '
/file format/ {
    member = $1
    sub(/:$/, "", member)
}
/ O (\.data|\.data\.rel|\.data\.rel\.local|\.bss|\.tdata|\.tbss)\t/ ||
/ \*COM\*\t/ {
    if ($NF == "check_failure_last" || $NF ~ /^failure_handler/)
        next
    print archive ":0: " member " keeps the variable " $NF " between calls"
    failed = 1
}
END {
    exit failed
}' || failed=1

case $(uname -m) in
x86_64)
    objdump -d --no-show-raw-insn "$archive" | awk -v archive="$archive" '
    /file format/ {
        member = $1
        sub(/:$/, "", member)
    }
    /^[0-9a-f]+ <.*>:$/ {
        name = $2
    }
    /%([xyz]mm[0-9]|st\(|st[ ,]|mm[0-7])/ && !((member, name) in told) {
        told[member, name] = 1
        print archive ":0: " member " " name " uses vector or float registers"
        failed = 1
    }
    END {
        exit failed
    }' || failed=1
    ;;
esac
exit $failed

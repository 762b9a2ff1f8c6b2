#!/bin/sh
# The checks themselves are checked: each passes on a small clean tree and
# fails, naming file and line, once a violation is planted in it.
here=$(cd "$(dirname "$0")" && pwd)
[ -z "${1:-}" ] || exit 0
root=$(cd "$here/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# A clean tree: one header and one source in the engine, one in rpc, a quoted
# specification, a generated document, the real unit and style.
clean_tree() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/engine" "$tree/rpc" "$tree/net" "$tree/storage" \
        "$tree/docs/generate" "$tree/systemd"
    cp "$root/.clang-format" "$tree/"
    cp "$root/systemd/clearingd.service" "$tree/systemd/"
    cat >"$tree/engine/sum.h" <<'END'
#ifndef CLEARINGD_ENGINE_SUM_H
#define CLEARINGD_ENGINE_SUM_H

#include <stdint.h>

int64_t sum_of(int64_t a, int64_t b);

#endif
END
    cat >"$tree/engine/sum.c" <<'END'
#include "engine/sum.h"

/* SPEC 1.2: the sum of two amounts is
 * their total, no double entry of 1.5. */
int64_t sum_of(int64_t a, int64_t b)
{
    static const char *const text[] = {"double sprintf(1.5) a.raw", "'"};
    return text[a & 1][0] != 'd' ? a + b : 0;
}
END
    cat >"$tree/rpc/hash.c" <<'END'
#include "engine/sum.h"
#include <nettle/sha2.h>

int64_t rpc_raw(struct amount a)
{
    return sum_of(a.raw, 1); /* raw: printed by rpc/json */
}
END
    cat >"$tree/docs/SPEC.md" <<'END'
## 1.2 Sums
The sum of two `amounts`. In full: the sum of
two **amounts** is their   total, no double entry of 1.5.
END
    printf '#!/bin/sh\necho made\n' >"$tree/docs/generate/list.md"
    chmod +x "$tree/docs/generate/list.md"
    echo made >"$tree/docs/list.md"
    archive
}

archive() {
    mkdir -p "$tree/build/plain"
    rm -f "$tree/build/plain/libengine.a"
    (cd "$tree" && gcc -std=c17 -O2 -I. -fno-stack-protector "$@" \
        -c engine/sum.c -o sum.o && ar rcs build/plain/libengine.a sum.o &&
        rm sum.o)
}

broken() {
    echo "$1"
    failed=1
}

# expect CHECK PLACE: the planted tree fails with PLACE in the message, and a
# clean tree is laid out for the next.
expect() {
    if message=$("$here/$1.sh" "$tree" 2>&1); then
        broken "tests/checks/$1.sh:1: passes what was planted at $2"
    elif ! echo "$message" | grep -qF "$2"; then
        broken "tests/checks/$1.sh:1: does not name $2 but: $message"
    fi
    tested="$tested $1"
    clean_tree
}

append() {
    cat >>"$tree/$1"
}

clean_tree
for check in "$here"/*.sh; do
    message=$("$check" "$tree" 2>&1) ||
        broken "$check:1: fails on the clean tree: $message"
done

# ---- format ----
echo 'int  x;' | append engine/sum.c
expect format engine/sum.c:10

# ---- layers ----
echo '#include "rpc/hash.h"' | append engine/sum.c
expect layers engine/sum.c:10
echo '#include <time.h>' | append engine/sum.c
expect layers engine/sum.c:10
echo '#include "storage/journal.h"' | append rpc/hash.c
expect layers rpc/hash.c:8
echo '#include "sum.h"' | append rpc/hash.c
expect layers rpc/hash.c:8
echo '#include <lmdb.h>' | append rpc/hash.c
expect layers rpc/hash.c:8
echo '#include <uv.h>' | append storage/file.c
expect layers storage/file.c:1
echo '#include <secp256k1_recovery.h>' | append net/peer.c
expect layers net/peer.c:1
echo '#include "engine/sum.h"' | append net/peer.c
expect layers net/peer.c:1
echo '#include <sys/socket.h>' | append rpc/hash.c
expect layers rpc/hash.c:8
echo '/* Private to the engine. */' | append engine/sum.h
expect layers rpc/hash.c:1

# ---- money ----
echo 'int64_t f(struct amount *a) { return a->raw; }' | append rpc/hash.c
expect money rpc/hash.c:8
echo 'struct amount a = {.raw = 5}; /* raw: */' | append engine/sum.c
expect money engine/sum.c:10

# ---- banned ----
echo 'void f(char *s) { sprintf(s, "x"); }' | append rpc/hash.c
expect banned rpc/hash.c:8
printf 'void f(void)\n{\n    g = malloc (5);\n}\n' | append engine/sum.c
expect banned engine/sum.c:12
echo 'void f(void) { fprintf(stderr, "x"); }' | append net/peer.c
expect banned net/peer.c:1

# ---- floats ----
echo 'double x;' | append engine/sum.c
expect floats engine/sum.c:10
echo 'int x = (int)1e3;' | append engine/sum.c
expect floats engine/sum.c:10
echo 'int x = (int)(3 * .5);' | append engine/sum.c
expect floats engine/sum.c:10

# ---- guards ----
sed -i 's/_SUM_H/_TOTAL_H/' "$tree/engine/sum.h"
expect guards engine/sum.h:1
sed -i '/^#endif/d' "$tree/engine/sum.h"
expect guards engine/sum.h:1

# ---- size ----
{
    printf 'void f(void)\n{\n'
    yes '    g();' | head -n 69
    printf '}\n'
} | append engine/sum.c
expect size engine/sum.c:11
yes '' | head -n 692 | append engine/sum.c
expect size engine/sum.c:701

# ---- purity ----
echo 'void f(void); void g(void); void g(void) { f(); }' | append engine/sum.c
archive
expect purity 'needs f from outside'
echo 'int64_t n(void); int64_t n(void) { static int64_t x; return ++x; }' |
    append engine/sum.c
archive
expect purity 'keeps the variable x'
echo 'double h(double x); double h(double x) { return x * x; }' |
    append engine/sum.c
archive
case $(uname -m) in
x86_64) expect purity '<h>' ;;
*) clean_tree ;;
esac
rm "$tree/build/plain/libengine.a"
expect purity build/plain/libengine.a:0

# ---- words ----
printf 'clean\nTO%s: later\n' DO | append docs/notes.md
expect words docs/notes.md:2
printf 'see /ro%s/x\n' ot | append docs/notes.md
expect words docs/notes.md:1
printf 'https://registry.np%s.org/x\n' mjs | append docs/notes.md
expect words docs/notes.md:1
printf 'iss%s 12\n' ue | append docs/notes.md
expect words docs/notes.md:1
printf 'as RUL%s 6 says\n' ES | append docs/notes.md
expect words docs/notes.md:1

# ---- spec ----
sed -i 's/their total/their difference/' "$tree/engine/sum.c"
expect spec engine/sum.c:3
echo '/* SPEC 1.2: no such sentence */' | append rpc/hash.c
expect spec rpc/hash.c:8
rm "$tree/docs/SPEC.md"
expect spec docs/SPEC.md:0

# ---- generated ----
echo more | append docs/list.md
expect generated docs/list.md:
rm "$tree/docs/list.md"
expect generated docs/list.md:

# ---- systemd ----
if command -v systemd-analyze >/dev/null; then
    sed -i '/^NoNewPriv/d; /^Protect/d; /^Restrict/d; /^Private/d' \
        "$tree/systemd/clearingd.service"
    expect systemd systemd/clearingd.service:1
    echo 'NoSuchKey=1' | append systemd/clearingd.service
    expect systemd systemd/clearingd.service:
else
    tested="$tested systemd"
fi

for check in "$here"/*.sh; do
    name=$(basename "$check" .sh)
    case " $tested selftest " in
    *" $name "*) ;;
    *) broken "$check:1: no violation is planted for it" ;;
    esac
done
exit $failed

#!/bin/sh
# Includes go only the way the rooms may know each other:
#
#   cmd -> daemon -> rpc, net, storage -> engine -> nothing
#
# and each outside library stays in its rooms. rpc, net and storage never
# include each other. A header of engine/ whose head says "private to the
# engine" is for engine/ (and tests) alone; net knows only the ground.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
private=$(grep -lis 'private to the engine' engine/*.h | tr '\n' ' ')
sources=$("$here/sources" engine storage rpc net daemon cmd)
[ -n "$sources" ] || exit 0

# shellcheck disable=SC2086
awk -v private=" $private" '
function wrong(why) {
    print FILENAME ":" FNR ": " why
    failed = 1
}

function set_of(names, set,    list, i, n) {
    n = split(names, list, " ")
    for (i = 1; i <= n; i++)
        set[list[i]] = 1
}

BEGIN {
    knows["engine"] = " engine "
    knows["storage"] = " storage engine "
    knows["rpc"] = " rpc engine "
    knows["net"] = " net engine "
    knows["daemon"] = " daemon rpc net storage engine "
    knows["cmd"] = " cmd daemon rpc net storage engine "

    # Outside library by its header, and the rooms it may live in.
    home["uv"] = " net daemon cmd "
    home["lmdb"] = " storage "
    home["jansson"] = " rpc cmd "
    home["secp256k1"] = " rpc cmd "
    home["nettle"] = " storage rpc cmd "
    home["openssl"] = " net rpc cmd "
    home["confuse"] = " daemon "
    home["systemd"] = " daemon "
    home["zlib"] = " cmd "
    home["curl"] = " cmd "

    set_of("stdint.h stdbool.h stddef.h string.h", engine_may)
    set_of("sys/socket.h sys/un.h netinet/in.h netinet/tcp.h arpa/inet.h " \
           "netdb.h poll.h sys/epoll.h sys/select.h", socket)
}

FNR == 1 {
    room = FILENAME
    sub(/\/.*/, "", room)
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, part, "\"")
    target = part[2]
    other = target
    sub(/\/.*/, "", other)
    if (target !~ /\// || target ~ /^\./)
        wrong("\"" target "\": write the include with its room")
    else if (target ~ /^(conf|docs|systemd|tests)\//)
        wrong(room " must not include " target)
    else if (!index(knows[room], " " other " "))
        wrong(room " must not include " target)
    else if (room == "net" && other == "engine" &&
             target !~ /^engine\/(base|bytes)\.h$/)
        wrong("net knows only engine/base.h and engine/bytes.h, not " target)
    else if (room != "engine" && index(private, " " target " "))
        wrong(target " is private to the engine")
}

/^[ \t]*#[ \t]*include[ \t]*</ {
    target = $0
    sub(/^[^<]*</, "", target)
    sub(/>.*/, "", target)
    if (room == "engine" && !(target in engine_may))
        wrong("the engine includes nothing but stdint, stdbool, stddef, " \
              "string: not " target)
    if (target in socket && room ~ /^(engine|storage|rpc)$/)
        wrong("sockets belong to net: " target)
    library = target
    sub(/[\/.].*/, "", library)
    sub(/^secp256k1_.*/, "secp256k1", library)
    if (library in home && !index(home[library], " " room " "))
        wrong(target " belongs to:" home[library] "(not " room ")")
}

END {
    exit failed
}' $sources

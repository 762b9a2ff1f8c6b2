#!/bin/sh
# A comment that begins "SPEC n.m:" quotes docs/SPEC.md: its text up to the
# end of the comment, or to a blank comment line, stands there word for word.
# White space, `code` marks and **emphasis** don't count; "..." leaves out.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
sources=$("$here/sources" engine storage rpc net daemon cmd)
[ -n "$sources" ] || exit 0
# shellcheck disable=SC2086
grep -q 'SPEC [0-9.]*:' $sources || exit 0
if [ ! -f docs/SPEC.md ]; then
    echo "docs/SPEC.md:0: quoted by the sources, but not there"
    exit 1
fi

# shellcheck disable=SC2086
awk '
function plain(text) {
    gsub(/`|\*\*/, "", text)
    gsub(/[ \t\r\n]+/, " ", text)
    sub(/^ /, "", text)
    sub(/ $/, "", text)
    return text
}

function close_quote(    piece, n, i) {
    quoting = 0
    quote = plain(quote)
    sub(/^"/, "", quote)
    sub(/"$/, "", quote)
    n = split(quote, piece, / ?\.\.\. ?/)
    if (quote == "") {
        print where ": SPEC " number ": quotes nothing"
        failed = 1
    }
    for (i = 1; i <= n; i++)
        if (piece[i] != "" && !index(spec, piece[i])) {
            print where ": not in docs/SPEC.md: \"" piece[i] "\""
            failed = 1
        }
}

FILENAME == "docs/SPEC.md" {
    spec = spec $0 " "
    next
}

!prepared {
    prepared = 1
    spec = plain(spec)
}

{
    text = $0
    if (!quoting && match(text, /(\/\*|\*|\/\/) *SPEC [0-9][0-9.]*: ?/)) {
        where = FILENAME ":" FNR
        number = substr(text, RSTART, RLENGTH)
        gsub(/[^0-9.]/, "", number)
        text = substr(text, RSTART + RLENGTH)
        quoting = 1
        quote = ""
    } else if (quoting && text !~ /^[ \t]*\*\//) {
        sub(/^[ \t]*\*?/, "", text)
    }
    if (!quoting)
        next
    if (at = index(text, "*/")) {
        quote = quote " " substr(text, 1, at - 1)
        close_quote()
    } else if (text ~ /^[ \t]*$/) {
        close_quote()
    } else {
        quote = quote " " text
    }
}

END {
    exit failed
}' docs/SPEC.md $sources

# C lines without comments and without the contents of strings and character
# constants, for checks that look for code: FILE:LINE:CODE. A string keeps its
# quotes; #include lines are left as they are.
FNR == 1 {
    in_comment = 0
}

{
    code = ""
    text = $0
    if (!in_comment && text ~ /^[ \t]*#[ \t]*include/) {
        print FILENAME ":" FNR ":" text
        next
    }
    while (text != "") {
        if (in_comment) {
            at = index(text, "*/")
            if (!at)
                break
            text = substr(text, at + 2)
            in_comment = 0
            continue
        }
        if (!match(text, /\/\*|\/\/|"|'/)) {
            code = code text
            break
        }
        code = code substr(text, 1, RSTART - 1)
        mark = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (mark == "//")
            break
        if (mark == "/*") {
            in_comment = 1
            continue
        }
        code = code mark
        while (text != "") {
            c = substr(text, 1, 1)
            text = substr(text, c == "\\" ? 3 : 2)
            if (c == mark) {
                code = code mark
                break
            }
        }
    }
    print FILENAME ":" FNR ":" code
}

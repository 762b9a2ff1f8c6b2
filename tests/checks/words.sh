#!/bin/sh
# The repository speaks of the product alone: nothing unfinished, no word of
# the place it is made in, no path of one machine, no package registry's host.
# The letters in brackets keep this list from finding itself.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
failed=0

# forbid WHY PATTERN: case matters.
forbid() {
    grep -rInE --exclude-dir=.git --exclude-dir=build \
        --exclude-dir=node_modules --exclude-dir=clearingd-dev \
        -e "$2" . | sed "s|^\./||; s|^\([^:]*:[0-9]*\):.*|\1: $1|" |
        { ! grep .; } || failed=1
}

forbid 'unfinished work; finish it or leave it out' \
    '\b(T[O]DO|FI[X]ME|X[X]X|H[A]CK)\b'
forbid 'a word of the workplace' \
    '\b([Cc]la[u]de|[Aa]nth[r]opic|[Cc]hat[G]PT|[Oo]pen[A]I|[Cc]op[i]lot)\b'
forbid 'a word of the workplace' \
    '\bLL[M]s?\b|\bAI[- ](mad[e]|gener[a]ted|assist[a]nt)|[Ss]ub-?ag[e]nts?\b'
forbid 'a word of the workplace' \
    '\b[Ii]ss[u]es? (#?[0-9]|sh[o]w)|\bthe le[a]d.s\b|\banch[o]rs/'
forbid 'readers have docs/SPEC.md and docs/DATA.md; name those' \
    '\b(DESI[G]N|PROTO[C]OL|RUL[E]S|EXAMP[L]ES|HOU[S]E)(\.md|,? ?(§|[0-9]))'
forbid 'a path of one machine' \
    '(^|[^A-Za-z0-9_.])/(wo[r]k|ro[o]t|ho[m]e|Us[e]rs)/|\btmp/br[i]ef'
forbid 'the host of a package registry' \
    'registry\.(np[m]js|y[a]rnpkg)|np[m]mirror|(deb|security)\.deb[i]an\.org'
forbid 'the host of a package registry' \
    'archive\.ub[u]ntu|p[y]pi\.org|pythonh[o]sted|cr[a]tes\.io|artifact[o]ry'
exit $failed

#!/bin/sh
# The unit of the daemon is well formed and keeps its hardening: an exposure
# of at most 1.5 by systemd's own measure.
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
[ -f systemd/clearingd.service ] || exit 0
if ! command -v systemd-analyze >/dev/null; then
    echo "SKIP systemd/clearingd.service: no systemd-analyze here"
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unit=$folder/clearingd.service
sed 's|@bindir@/clearingd|/bin/true|' systemd/clearingd.service >"$unit"
systemd-analyze verify --man=no "$unit" 2>&1 |
    sed -n 's|^.*clearingd\.service|systemd/clearingd.service|p' |
    { ! grep .; } || exit 1
systemd-analyze security --offline=true --threshold=15 "$unit" \
    >"$folder/report" 2>&1 || {
    grep -e '✗' -e 'exposure' "$folder/report"
    echo "systemd/clearingd.service:1: exposure above 1.5"
    exit 1
}

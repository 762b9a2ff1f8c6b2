#!/bin/sh
# The README's session by hand, and what an operator does: check a
# configuration, start twice, ask, stop, start again, audit.
set -u
bin=${CLEARINGD_BIN:-build/bin}
dir=$(mktemp -d)
passed=0
failed=0
pid=

ok() {
    passed=$((passed + 1))
}
bad() {
    failed=$((failed + 1))
    echo "FAIL $1"
}
# expect TEXT COMMAND...: succeeds and prints the text
expect() {
    text=$1
    shift
    if out=$("$@" 2>&1) && printf '%s' "$out" | grep -q -- "$text"; then
        ok
    else
        bad "$* (wanted: $text) gave: $out"
    fi
}
# refuse CODE TEXT COMMAND...: fails with the exit code and says the text
refuse() {
    code=$1 text=$2
    shift 2
    out=$("$@" 2>&1)
    got=$?
    if [ "$got" -eq "$code" ] && printf '%s' "$out" | grep -q -- "$text"; then
        ok
    else
        bad "$* (wanted exit $code and: $text) gave $got: $out"
    fi
}
cli() {
    "$bin/clearing-cli" --socket "$dir/node.sock" "$@"
}
start() {
    "$bin/clearingd" --dev -c "$dir/clearingd.conf" 2>>"$dir/log" &
    pid=$!
    for _ in $(seq 200); do
        cli status >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    bad "the node did not start: $(cat "$dir/log")"
}
stop() {
    kill -TERM "$pid"
    if wait "$pid"; then ok; else bad "the node did not end well"; fi
    pid=
}

cat >"$dir/clearingd.conf" <<CONF
data_dir = "$dir/data"
unix_socket = "$dir/node.sock"
listen = ""
CONF
expect "data_dir" "$bin/clearingd" --dev -n -c "$dir/clearingd.conf"
echo 'colour = "blue"' >"$dir/wrong.conf"
refuse 1 "wrong.conf:1" "$bin/clearingd" --dev -n -c "$dir/wrong.conf"
refuse 2 "usage" "$bin/clearingd" --no-such-option
refuse 1 "no node answers" cli status

start
refuse 1 "lock\|running\|already" "$bin/clearingd" --dev \
    -c "$dir/clearingd.conf"
echo secret >"$dir/password"
CLEARING_KEYS=$dir/keys
export CLEARING_KEYS
expect "0x" cli key new alice --light --password-file "$dir/password"
expect "alice" cli key list
refuse 1 "exists" cli key new alice --light --password-file "$dir/password"
expect "credited *yes" cli deposit --dev 10000 USDC --key alice \
    --password-file "$dir/password"
expect "credited *yes" cli deposit --dev 500000 USDC --dev-key trader/1
expect "accepted" cli oracle submit --dev BTC=60000 ETH=2500 SOL=150 USDC=1
sleep 0.4
expect "order_state *open" cli order sell 0.1 BTC_USDC-PERPETUAL 60010 \
    --dev-key trader/1 --post-only
expect "60010" cli book BTC_USDC-PERPETUAL
expect "order_state *filled" cli order buy 0.1 BTC_USDC-PERPETUAL 60020 \
    --key alice --password-file "$dir/password"
expect "0.1" cli positions --key alice --password-file "$dir/password"
refuse 1 "10009" cli order buy 100 BTC_USDC-PERPETUAL 60020 --key alice \
    --password-file "$dir/password"
expect "equity" cli account --key alice --password-file "$dir/password"
expect "BTC_USDC-PERPETUAL" cli markets
refuse 2 "unknown command" cli no-such-command
sleep 1.2
expect "state_root" cli block
before=$(cli --json positions --dev-key trader/1)
stop
start
after=$(cli --json positions --dev-key trader/1)
if [ "$before" = "$after" ] && [ -n "$after" ]; then ok; else
    bad "positions differ after the restart: $before / $after"
fi
stop
expect "state_root" "$bin/clearing-cli" audit "$dir/data" --quiet
echo "$passed passed, $failed failed"
[ -z "$pid" ] || kill "$pid" 2>/dev/null
rm -rf "$dir"
[ "$failed" -eq 0 ]

// A clearingd of its own for a test: temporary directory, any free port, the
// development network. And the little that every client needs to know of the
// protocol: keys, types, a counter of checks.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keccak256, toBytes } from 'viem';

const BIN = process.env.CLEARINGD_BIN ?? 'build/bin';

export const developmentKey = (name) =>
  keccak256(toBytes(`clearingd-dev/${name}`));

export const domain = {
  name: 'clearingd',
  version: '1',
  chainId: 31337,
  verifyingContract: `0x${keccak256(toBytes('clearingd-dev/settlement')).slice(26)}`,
};

const order = [
  ['owner', 'address'], ['subaccount', 'uint32'],
  ['instrument_name', 'string'], ['direction', 'string'],
  ['amount', 'string'], ['price', 'string'], ['type', 'string'],
  ['time_in_force', 'string'], ['good_til', 'uint64'],
  ['post_only', 'bool'], ['reduce_only', 'bool'],
  ['trigger_price', 'string'], ['trigger', 'string'],
  ['max_fee', 'string'], ['label', 'string'],
  ['nonce', 'uint64'], ['expires', 'uint64'],
];
const cancel = [
  ['owner', 'address'], ['subaccount', 'uint32'], ['order_id', 'string'],
  ['nonce', 'uint64'], ['expires', 'uint64'],
];
const fields = (list) => list.map(([name, type]) => ({ name, type }));
export const types = {
  Order: fields(order),
  Cancel: fields(cancel),
  CancelAll: fields([
    ['owner', 'address'], ['subaccount', 'uint32'],
    ['instrument_name', 'string'], ['nonce', 'uint64'], ['expires', 'uint64'],
  ]),
  Batch: fields([
    ['owner', 'address'], ['subaccount', 'uint32'], ['orders', 'Order[]'],
    ['cancels', 'Cancel[]'], ['nonce', 'uint64'], ['expires', 'uint64'],
  ]),
  Deposit: fields([
    ['owner', 'address'], ['subaccount', 'uint32'], ['currency', 'string'],
    ['amount', 'string'], ['reference', 'bytes32'],
  ]),
};

let nonce = BigInt(Date.now()) * 1000n;
export const head = (owner) => ({
  owner,
  subaccount: 0,
  nonce: String(++nonce),
  expires: String(Date.now() + 60_000),
});
export const limitOrder = (owner, more) => ({
  ...head(owner),
  instrument_name: 'BTC_USDC-PERPETUAL',
  direction: 'buy',
  amount: '0.1',
  price: '60000',
  type: 'limit',
  time_in_force: 'good_til_cancelled',
  good_til: '0',
  post_only: false,
  reduce_only: false,
  trigger_price: '',
  trigger: '',
  max_fee: '',
  label: '',
  ...more,
});

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export async function startNode() {
  const directory = mkdtempSync(join(tmpdir(), 'clearingd-outsiders-'));
  const port = await freePort();
  const config = join(directory, 'clearingd.conf');
  writeFileSync(
    config,
    `data_dir = "${directory}/data"\nlisten = "127.0.0.1:${port}"\n` +
      'log {\n    level = "warning"\n}\n',
  );
  const child = spawn(join(BIN, 'clearingd'), ['--dev', '-c', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}/api/v2`;
  const node = {
    pid: child.pid,
    url,
    ws: `ws://127.0.0.1:${port}/ws/api/v2`,
    base: `http://127.0.0.1:${port}`,
    call: async (method, params) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
      return response.json();
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const code = await ended;
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
  for (let i = 0; i < 300; i++) {
    try {
      if ((await fetch(`${node.base}/health`)).status === 200) return node;
    } catch {
      // not yet
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await node.stop();
  throw new Error('the node did not start');
}

let passed = 0;
let failed = 0;
export function check(claim, holds, seen) {
  if (holds) {
    passed++;
    return;
  }
  failed++;
  console.log(`FAIL ${claim}${seen === undefined ? '' : `: ${JSON.stringify(seen)}`}`);
}
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed || !passed ? 1 : 0;
}

#!/usr/bin/env node
// SIGKILL under load, again and again: what was acknowledged must be there
// after the restart, what was not is there whole or not at all, and a repeat
// of the same request gives the same answer.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from '../outsiders/node_modules/viem/_esm/accounts/index.js';
import { check, developmentKey, domain, finish, limitOrder, types } from '../outsiders/support/node.mjs';
import { deposit, prices, report } from '../outsiders/support/market.mjs';

const BIN = process.env.CLEARINGD_BIN ?? 'build/bin';
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 50);
const directory = mkdtempSync(join(tmpdir(), 'clearingd-kill-'));
const socketPath = join(directory, 'node.sock');
const config = join(directory, 'clearingd.conf');
writeFileSync(config, `data_dir = "${directory}/data"\n` +
  `unix_socket = "${socketPath}"\nlisten = ""\n` +
  'log {\n    level = "warning"\n}\n');

// A fixed sequence of "random" numbers: a failure can be seen again.
let seed = BigInt(process.env.KILL_SEED ?? 1);
const random = (below) => {
  seed = (seed * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
  return Number((seed >> 33n) % BigInt(below));
};

class Node {
  async start() {
    this.child = spawn(join(BIN, 'clearingd'), ['--dev', '-c', config],
      { stdio: ['ignore', 'ignore', 'inherit'] });
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    for (let i = 0; i < 400; i++) {
      try {
        await this.connect();
        const answer = await this.call('public/status', {});
        if (answer.result?.ready) return;
      } catch {
        // not yet
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('the node did not start');
  }

  connect() {
    return new Promise((resolve, reject) => {
      const socket = net.connect(socketPath);
      let rest = '';
      this.waiting = new Map();
      socket.setEncoding('utf8');
      socket.once('connect', () => resolve());
      socket.once('error', reject);
      socket.on('error', () => {});
      socket.on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          const answer = JSON.parse(line);
          this.waiting.get(answer.id)?.(answer);
          this.waiting.delete(answer.id);
        }
      });
      socket.on('close', () => {
        for (const lost of this.waiting.values()) lost(null);
        this.waiting.clear();
      });
      this.socket = socket;
      this.id = 0;
    });
  }

  call(method, params) {
    return new Promise((resolve) => {
      const id = ++this.id;
      this.waiting.set(id, resolve);
      this.socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
    this.socket.destroy();
  }

  async stop() {
    this.child.kill('SIGTERM');
    return this.exited;
  }
}

const traders = [0, 1, 2, 3].map((i) => privateKeyToAccount(developmentKey(`trader/${i}`)));
async function makeOrder() {
  const account = traders[random(traders.length)];
  const isBuy = random(2) === 0;
  const price = 60000 + (isBuy ? 5 : -5) + (random(41) - 20) * (isBuy ? 1 : 1);
  const message = limitOrder(account.address, {
    direction: isBuy ? 'buy' : 'sell',
    amount: `0.00${1 + random(9)}`,
    price: String(price),
    expires: String(Date.now() + 3_600_000),
  });
  return {
    ...message,
    signature: await account.signTypedData({ domain, types, primaryType: 'Order', message }),
  };
}

const node = new Node();
const acknowledged = []; // {request, answer} in order
const lost = [];         // sent, never answered
let samples = 0;

async function load(stopAt) {
  let under = 0;
  while (Date.now() < stopAt) {
    const request = await makeOrder();
    under++;
    node.call('private/order', request).then((answer) => {
      under--;
      (answer ? acknowledged : lost).push({ request, answer });
    });
    if (under > 16) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

// An order's state may only move on from what was acknowledged.
function isLater(before, after) {
  if (!after) return false;
  if (before.order_state !== 'open' && before.order_state !== after.order_state) return false;
  return Number(after.filled_amount) >= Number(before.filled_amount);
}

async function verify(from) {
  for (let i = from; i < acknowledged.length; i++) {
    const { request, answer } = acknowledged[i];
    if (answer.error) continue;
    const { order } = answer.result;
    const state = await node.call('private/get_order_state',
      { order_id: order.order_id });
    samples++;
    if (!isLater(order, state.result)) {
      check(`acknowledged order ${order.order_id} is there`, false,
        { order, state, index: answer.result.index });
      return;
    }
    if (i % 7 === 0) {
      const repeat = await node.call('private/order', request);
      check('a repeat gives the first answer',
        repeat.result?.index === answer.result.index, { repeat, answer });
    }
  }
  for (const { request } of lost.splice(0)) {
    const first = await node.call('private/order', request);
    const second = await node.call('private/order', request);
    check('a lost request can be sent again, once for ever',
      first.error ? first.error.code === second.error?.code
        : first.result.index === second.result?.index, { first, second });
  }
}

try {
  await node.start();
  for (const { address } of traders) {
    const answer = await deposit(node, address, 'USDC', '1000000');
    check('a deposit is credited', answer.result?.credited === true, answer);
  }
  let done = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await report(node, prices);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const from = acknowledged.length;
    const loading = load(Date.now() + 60 + random(250));
    await new Promise((resolve) => setTimeout(resolve, 40 + random(220)));
    await node.kill();
    await loading;
    await node.start();
    await verify(from);
    done++;
  }
  check(`${ROUNDS} kills were survived`, done === ROUNDS, done);
  check('orders were acknowledged under load', samples > ROUNDS, samples);
  const totals = await node.call('public/get_totals', {});
  check('no money was made or lost', totals.result?.every((t) => t.difference === '0'), totals);
  check('an orderly end', (await node.stop()) === 0);
  const audit = spawnSync(join(BIN, 'clearing-cli'),
    ['--json', 'audit', join(directory, 'data'), '--quiet'], { encoding: 'utf8' });
  check('the audit agrees', audit.status === 0, audit.stderr);
  console.log(`${samples} acknowledged orders looked up after ${done} kills`);
} catch (error) {
  check('no exception', false, String(error?.stack ?? error));
  node.child?.kill('SIGKILL');
}
rmSync(directory, { recursive: true, force: true });
finish();
process.exit();

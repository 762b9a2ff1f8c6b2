#!/usr/bin/env node
// A disk that fails: from some moment on every sync of the journal returns EIO. Then
// nothing is acknowledged, /health says why, and after a restart everything
// that was acknowledged is there.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from '../outsiders/node_modules/viem/_esm/accounts/index.js';
import { check, developmentKey, domain, finish, limitOrder, types } from '../outsiders/support/node.mjs';
import { deposit, prices, report } from '../outsiders/support/market.mjs';

const BIN = process.env.CLEARINGD_BIN ?? 'build/bin';
const directory = mkdtempSync(join(tmpdir(), 'clearingd-sync-'));
const config = join(directory, 'clearingd.conf');
const library = join(directory, 'fail.so');
const trigger = join(directory, 'fail');
writeFileSync(join(directory, 'fail.c'), `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
int fdatasync(int fd)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    if (access(getenv("FAIL_IF"), F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}
`);
execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(directory, 'fail.c'), '-ldl']);
const port = await new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const number = server.address().port;
    server.close(() => resolve(number));
  });
});
writeFileSync(config, `data_dir = "${directory}/data"\nlisten = "127.0.0.1:${port}"\n`
  + 'log {\n    level = "error"\n}\n');
const base = `http://127.0.0.1:${port}`;
const node = {
  call: async (method, params) => (await fetch(`${base}/api/v2`, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })).json(),
};

async function start(environment) {
  const child = spawn(join(BIN, 'clearingd'), ['--dev', '-c', config], {
    stdio: 'ignore', env: { ...process.env, ...environment },
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  for (let i = 0; i < 200; i++) {
    if (await fetch(`${base}/health`).then(() => true, () => false)) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { child, exited };
}

const account = privateKeyToAccount(developmentKey('trader/0'));
const makeOrder = async (i) => {
  const message = limitOrder(account.address, {
    price: String(50000 + i), amount: '0.001', expires: String(Date.now() + 3_600_000) });
  return { ...message,
    signature: await account.signTypedData({ domain, types, primaryType: 'Order', message }) };
};

try {
  for (const after of [0, 7, 40]) {
    let running = await start({ LD_PRELOAD: library, FAIL_IF: trigger });
    await deposit(node, account.address, 'USDC', '100000');
    await report(node, prices);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const acknowledged = [];
    let refused = null;
    for (let i = 0; i < 400 && !refused; i++) {
      if (i === after) writeFileSync(trigger, '');
      const answer = await node.call('private/order', await makeOrder(i)).catch(() => null);
      if (answer?.result) acknowledged.push(answer.result);
      else if (answer?.error?.code === -32001) refused = answer;
    }
    check(`after ${after} orders the disk fails: answers stop with -32001`,
      refused !== null && acknowledged.length === after, acknowledged.length);
    const health = await fetch(`${base}/health`);
    const body = await health.json();
    check('health is 503 and says why', health.status === 503 && body.reason.length > 0, body);
    const read = await node.call('private/get_positions', { owner: account.address });
    check('reads are refused, too', read.error?.code === -32001, read);
    running.child.kill('SIGTERM');
    await running.exited;
    rmSync(trigger);
    running = await start({});
    let missing = 0;
    for (const { order } of acknowledged) {
      const state = await node.call('private/get_order_state', { order_id: order.order_id });
      if (!state.result) missing++;
    }
    check(`all ${acknowledged.length} acknowledged orders are there`, missing === 0, missing);
    running.child.kill('SIGTERM');
    check('the node ends well', (await running.exited) === 0);
  }
} catch (error) {
  check('no exception', false, String(error?.stack ?? error));
}
rmSync(directory, { recursive: true, force: true });
finish();
process.exit();

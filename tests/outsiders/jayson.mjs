// jayson: named parameters, batches, notifications, errors.
import jayson from 'jayson';
import { check, finish, startNode } from './support/node.mjs';

const node = await startNode();
try {
  const { port } = new URL(node.url);
  const client = jayson.Client.http({ hostname: '127.0.0.1', port, path: '/api/v2' });
  const call = (request) =>
    new Promise((resolve, reject) =>
      client.request(request, (error, answers) => (error ? reject(error) : resolve(answers))));

  const answers = await call([
    client.request('public/get_time', {}, undefined, false),
    client.request('public/test', {}, undefined, false),
    client.request('public/no_such_method', {}, undefined, false),
    client.request('public/get_order_book', { instrument_name: 'NO-SUCH' }, undefined, false),
    client.request('public/get_order_book', {}, undefined, false),
  ]);
  check('five answers in order', answers.length === 5, answers);
  check('time is a number', Number.isInteger(answers[0].result));
  check('unknown method', answers[2].error?.code === -32601, answers[2]);
  check('unknown instrument', answers[3].error?.code === 10020, answers[3]);
  check('missing parameter names itself', answers[4].error?.code === -32602 &&
    answers[4].error.data.param === 'instrument_name', answers[4]);

  const positional = await new Promise((resolve) =>
    client.request('public/get_order_book', ['BTC_USDC-PERPETUAL'], (error, answer) =>
      resolve(error ?? answer)));
  check('positional parameters are refused', positional.error?.code === -32602, positional);
  const silent = await fetch(node.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'public/test' }),
  });
  check('a notification gets 204', silent.status === 204, silent.status);
} catch (error) {
  check('no exception', false, String(error?.stack ?? error));
} finally {
  check('the node ends well', (await node.stop()) === 0);
}
finish();
process.exit();

// Prices and deposits: what a test needs before it can trade.
import { privateKeyToAccount, sign, serializeSignature } from 'viem/accounts';
import { bytesToHex, concat, keccak256, numberToHex, toHex } from 'viem';
import { developmentKey, domain, types } from './node.mjs';

const feedId = (name) => toHex(name, { size: 32 });

// One RedStone data package, signed.
async function signedPackage(prices, timestamp, key) {
  const points = Object.entries(prices)
    .map(([name, price]) => [feedId(name), BigInt(Math.round(price * 1e8))])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, value]) => concat([id, numberToHex(value, { size: 32 })]));
  const data = concat([
    ...points,
    numberToHex(timestamp, { size: 6 }),
    numberToHex(32, { size: 4 }),
    numberToHex(points.length, { size: 3 }),
  ]);
  const signature = await sign({ hash: keccak256(data), privateKey: key });
  return concat([data, serializeSignature(signature)]);
}

export async function report(node, prices) {
  const time = Date.now();
  const packages = [];
  for (let i = 0; i < 5; i++)
    packages.push(
      await signedPackage(prices, time, developmentKey(`reporter/${i}`)),
    );
  return node.call('public/submit_oracle_report', {
    payload: concat([
      ...packages,
      numberToHex(packages.length, { size: 2 }),
      numberToHex(0, { size: 3 }),
      '0x000002ed57011e0000',
    ]),
  });
}

export async function deposit(node, owner, currency, amount) {
  const message = {
    owner,
    subaccount: 0,
    currency,
    amount,
    reference: bytesToHex(crypto.getRandomValues(new Uint8Array(32))),
  };
  const signatures = [];
  for (let i = 0; i < 2; i++)
    signatures.push(
      await privateKeyToAccount(
        developmentKey(`validator/${i}`),
      ).signTypedData({ domain, types, primaryType: 'Deposit', message }),
    );
  return node.call('public/submit_deposit', { ...message, signatures });
}

export const prices = { BTC: 60000, ETH: 2500, SOL: 150, USDC: 1 };

// Waits until the index is there: it appears with the tick after the report.
export async function open(node) {
  await report(node, prices);
  for (let i = 0; i < 100; i++) {
    const answer = await node.call('public/get_index_price', {
      index_name: 'btc_usd',
    });
    if (answer.result?.grade === 'valid') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('no index price');
}

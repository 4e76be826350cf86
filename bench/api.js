// Signed calls of a user with policies over keep-alive connections against a bare libmicrohttpd that answers the same bytes;
// and how long a user's calls take while another floods, against how long they take alone.
// Usage: node bench/api.js [REQUESTS] [CONNECTIONS]
'use strict';

const child = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const sign = require('../tests/func/sign');
const { cpuMs, median, rssAnon, row, withServer } = require('./common');

const requests = Number(process.argv[2] || 20000);
const connections = Number(process.argv[3] || 8);
const program = path.join(__dirname, '..', 'build', 'bench', 'bench_api');
const runs = 3;
const FLOODERS = 64;
const QUIET = { requests: 400, pauseMs: 5 };

/** What the user of the bench may do: several statements, of which the last allows. */
const POLICY = {
  Version: '1',
  Statement: [
    { Effect: 'Deny', Action: 'imm:Delete*', Resource: '*' },
    { Effect: 'Deny', Action: 'imm:*', Resource: 'acs:imm:*:*:project/secret*' },
    { Effect: 'Deny', Action: ['imm:Create*', 'imm:Update*'], Resource: '*', Condition: { NotIpAddress: { 'acs:SourceIp': ['10.0.0.0/8', '127.0.0.0/8'] } } },
    { Effect: 'Allow', Action: ['imm:List*', 'imm:SimpleQuery'], Resource: 'acs:imm:*:*:project/*' },
    {
      Effect: 'Allow',
      Action: ['imm:GetBinding', 'imm:GetFileMeta'],
      Resource: ['acs:imm:*:*:project/p/dataset/*'],
      Condition: { IpAddress: { 'acs:SourceIp': '127.0.0.0/8' } },
    },
  ],
};

/** Begins a load; its result is in `over`. */
function begin(address, key, n, query, { lanes = connections, pauseMs = 0 } = {}) {
  const env = { ...process.env, BINDERY_ACCESS_KEY_ID: key.id, BINDERY_ACCESS_KEY_SECRET: key.secret };
  const process_ = child.spawn(program, ['load', address, String(lanes), String(n), query, String(pauseMs)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  process_.stdout.on('data', (d) => { out += d; });
  process_.stderr.on('data', (d) => { err += err.length < 500 ? d : ''; });
  const over = new Promise((resolve) => {
    process_.once('close', () => resolve(out ? JSON.parse(out) : null));
  });
  return { over, kill: () => process_.kill(), get told() { return err; } };
}

async function load(...args) {
  const run = begin(...args);
  const result = await run.over;
  if (!result || result.refused) throw new Error(run.told);
  return result;
}

async function withPeer(file, run) {
  const peer = child.spawn(program, ['peer', file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => peer.stdout.once('data', (d) => resolve(Number(d))));
  try {
    return await run(`127.0.0.1:${port}`);
  } finally {
    peer.stdin.end();
  }
}

/** A user under the policy of the bench and AliyunIMMReadOnlyAccess, as {id, secret}. */
async function makeUser(server, UserName) {
  await server.admin('CreateUser', { UserName });
  for (const PolicyName of ['bench', 'AliyunIMMReadOnlyAccess']) await server.admin('AttachPolicyToUser', { UserName, PolicyName });
  const { AccessKey } = await server.admin('CreateAccessKey', { UserName });
  return { id: AccessKey.AccessKeyId, secret: AccessKey.AccessKeySecret };
}

/** A server with a bucket of 1,000 objects that is bound, and a user. */
const withWorld = (flags, run) =>
  withServer({ flags }, async (server) => {
    server.bucket('bench', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`a/${i}.txt`, `text ${i}\n`])));
    const where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'bench');
    await server.admin('CreatePolicy', { PolicyName: 'bench', PolicyDocument: JSON.stringify(POLICY) });
    await run(server, where, await makeUser(server, 'user'));
  });

async function compare(server, key, action, params) {
  const query = sign.join({ Action: action, Format: 'JSON', ...params });
  const answer = await server.raw('signV1', { action, query: params, key });
  const file = path.join(server.root, `${action}.json`);
  fs.writeFileSync(file, answer.text);
  const at = server.endpoints.imm;
  const before = cpuMs(server.process.pid);
  let last = await load(at, key, requests, query);
  const cpu = (1000 * (cpuMs(server.process.pid) - before)) / requests;
  const [ours, bare] = [[], []];
  for (let i = 0; i < runs; i++) {
    bare.push((await withPeer(file, (peer) => load(peer, key, requests, query))).perSecond);
    last = await load(at, key, requests, query);
    ours.push(last.perSecond);
  }
  row(`${action}, ${fs.statSync(file).size} bytes, calls/s`, Math.round(median(ours)));
  row('  median, p99 of a call, us', `${last.medianUs}, ${last.p99Us}`, `${last.connections} connections`);
  row('  CPU time of the server for a call, us', Math.round(cpu));
  row('  bare libmicrohttpd, calls/s', Math.round(median(bare)));
  row('  ours / bare', (median(ours) / median(bare)).toFixed(2), 'goal: at least 0.50');
}

async function flood(server, where, quiet, what) {
  const loud = await makeUser(server, `loud${what.length}`);
  const at = server.endpoints.imm;
  const one = (n) => load(at, quiet, n, sign.join({ Action: 'ListProjects', Format: 'JSON' }), { lanes: 1, pauseMs: QUIET.pauseMs });
  await one(50);
  const alone = await one(QUIET.requests);
  const noise = begin(at, loud, 400000, sign.join({ Action: 'GetFileMeta', Format: 'JSON', ...where, URI: 'oss://bench/a/500.txt' }), { lanes: FLOODERS });
  const before = cpuMs(server.process.pid);
  while (cpuMs(server.process.pid) < before + 500) await new Promise((resolve) => { setTimeout(resolve, 50); });
  const beside = await one(QUIET.requests);
  noise.kill();
  await noise.over;
  row(`${what}: median, p99 alone, us`, `${alone.medianUs}, ${alone.p99Us}`);
  row(`  beside ${FLOODERS} connections of a flood, us`, `${beside.medianUs}, ${beside.p99Us}`);
  row('  beside / alone, medians', (beside.medianUs / alone.medianUs).toFixed(2), 'goal: at most 2');
}

const FREE = { 'user-requests-per-second': 0, 'project-queries-per-second': 0 };

withWorld(FREE, async (server, where, key) => {
  await compare(server, key, 'GetBinding', { ...where, URI: 'oss://bench' });
  await compare(server, key, 'GetFileMeta', { ...where, URI: 'oss://bench/a/500.txt' });
  row('RssAnon of the server, MB', rssAnon(server.process.pid));
  await flood(server, where, key, 'a flood without quotas');
}).then(() => withWorld({}, (server, where, key) => flood(server, where, key, 'a flood over its quota')));

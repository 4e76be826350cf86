// Signed calls over keep-alive connections against a bare libmicrohttpd that answers the same bytes, with the memory of a
// connection that the server needs for its largest requests, and with the library's own.
// Usage: node bench/api.js [REQUESTS] [CONNECTIONS]
'use strict';

const child = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { KEY } = require('../tests/func/harness');
const sign = require('../tests/func/sign');
const { cpuMs, median, rssAnon, row, withServer } = require('./common');

const requests = Number(process.argv[2] || 20000);
const connections = Number(process.argv[3] || 8);
const program = path.join(__dirname, '..', 'build', 'bench', 'bench_api');
const runs = 3;
const MEMORY = (4096 + 128) * 1024;

const load = (address, n, query) =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, BINDERY_ACCESS_KEY_ID: KEY.id, BINDERY_ACCESS_KEY_SECRET: KEY.secret };
    child.execFile(program, ['load', address, String(connections), String(n), query], { env }, (e, out, err) => {
      if (err) console.error(err.slice(0, 500));
      if (e) reject(e);
      else resolve(JSON.parse(out));
    });
  });

async function withPeer(file, memory, run) {
  const peer = child.spawn(program, ['peer', file, String(memory)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => peer.stdout.once('data', (d) => resolve(Number(d))));
  try {
    return await run(`127.0.0.1:${port}`);
  } finally {
    peer.stdin.end();
  }
}

withServer({}, async (server) => {
  server.bucket('bench', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`a/${i}.txt`, `text ${i}\n`])));
  const where = await server.dataset('p', 'd');
  await server.bindAndWait(where, 'bench');
  for (const [action, uri] of [['GetBinding', 'oss://bench'], ['GetFileMeta', 'oss://bench/a/500.txt']]) {
    const params = { Action: action, Format: 'JSON', ...where, URI: uri };
    const query = sign.join(params);
    const answer = await server.raw('signV1', { action, query: { ...where, URI: uri } });
    const file = path.join(server.root, `${action}.json`);
    fs.writeFileSync(file, answer.text);
    const ours = [];
    const same = [];
    const own = [];
    let last;
    const before = cpuMs(server.process.pid);
    await load(server.endpoints.imm, requests, query);
    const cpu = (1000 * (cpuMs(server.process.pid) - before)) / requests;
    for (let i = 0; i < runs; i++) {
      same.push((await withPeer(file, MEMORY, (at) => load(at, requests, query))).perSecond);
      own.push((await withPeer(file, 0, (at) => load(at, requests, query))).perSecond);
      last = await load(server.endpoints.imm, requests, query);
      ours.push(last.perSecond);
    }
    row(`${action}, ${fs.statSync(file).size} bytes, calls/s`, Math.round(median(ours)));
    row('  median, p99 of a call, us', `${last.medianUs}, ${last.p99Us}`, `${last.refused} refused, ${last.connections} connections`);
    row('  CPU time of the server for a call, us', Math.round(cpu));
    row('  bare, with the memory of ours, calls/s', Math.round(median(same)));
    row('  bare, with the memory of the library, calls/s', Math.round(median(own)));
    row('  ours / bare with the memory of ours', (median(ours) / median(same)).toFixed(2), 'goal: at least 0.50');
    row('  ours / bare with the memory of the library', (median(ours) / median(own)).toFixed(2));
  }
  row('RssAnon of the server, MB', rssAnon(server.process.pid));
});

// A bucket of real files in Ceph's gateway (memory store, same machine): CreateBinding to all rows queryable, against
// bare GETs (floor_s3.c) and against rclone and exiftool; what is read of a JPEG; an unchanged re-scan against the bare
// listing; PUT to row; and all of it again over a slow way. Usage: node bench/s3.js [OBJECTS [PEER_OBJECTS]]
// The files are copies of those in $BINDERY_CORPUS, 17 of 20 of them JPEGs, as in a bucket of somebody's pictures.
// $BENCH_PARTS leaves parts out: any of index, peer, rescan, events, slow.
'use strict';

const child = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const ceph = require('../tests/func/ceph');
const { Proxy, faults } = require('../tests/func/faulty');
const { project, build, tempFolder, until } = require('../tests/func/harness');
const { Store, each } = require('../tests/func/remote');
const { median, quantile, rssAnon, cpuMs, row, seconds, withServer } = require('./common');

const objects = Number(process.argv[2] || 10000);
const peerObjects = Math.min(objects, Number(process.argv[3] || 2000));
const corpus = process.env.BINDERY_CORPUS || path.join(project, '..', 'shared', 'corpus');
const runs = Number(process.env.BENCH_RUNS || 3);
const parts = (process.env.BENCH_PARTS || 'index,peer,rescan,events,slow').split(',');
const CONCURRENCY = 256; // as many as the server has in flight at most
const FOLDER = 500; // objects of one prefix
const DELAY = 50; // ms, of each request over the slow way
const EVENTS = 300;
const RESCANS = 10; // times the runs: each takes a tenth of a second, and single ones differ by half
const BUCKET = 'bench';

const isJpeg = (key) => /\.jpe?g$/i.test(key);
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** 17 of 20 are JPEGs; each list is gone through again and again. Gives [[key, file]]. */
function pick() {
  const all = fs
    .readdirSync(fs.realpathSync(corpus), { recursive: true, withFileTypes: true })
    .filter((d) => d.isFile())
    .map((d) => path.join(d.parentPath || d.path, d.name))
    .sort();
  const lists = { true: all.filter(isJpeg), false: all.filter((f) => !isJpeg(f)) };
  const used = { true: 0, false: 0 };
  return Array.from({ length: objects }, (_, i) => {
    const kind = i % 20 < 17;
    const file = lists[kind][used[kind]++ % lists[kind].length];
    return [`d${String(Math.floor(i / FOLDER)).padStart(4, '0')}/${i}-${path.basename(file)}`, file];
  });
}

async function upload(store, chosen) {
  const contents = new Map();
  await store.send('CreateBucket', { Bucket: BUCKET });
  await each(chosen, async ([key, file]) => {
    if (!contents.has(file)) contents.set(file, fs.readFileSync(file));
    await store.put(BUCKET, key, contents.get(file));
  });
  return chosen.reduce((sum, [, file]) => sum + contents.get(file).length, 0);
}

/** {n, seconds, bytes, cpu (ms)} of floor_s3. Not synchronous: the proxy lives in this process. */
function floor(endpoint, mode, keys = []) {
  return new Promise((resolve, reject) => {
    const env = { AWS_ACCESS_KEY_ID: ceph.KEY.id, AWS_SECRET_ACCESS_KEY: ceph.KEY.secret };
    const args = [endpoint, BUCKET, mode, ...(mode === 'get' ? [String(CONCURRENCY)] : [])];
    const p = child.execFile(path.join(build, 'bench', 'floor_s3'), args, { env }, (error, out, err) => {
      const [n, took, bytes, cpu] = out.split(' ').map(Number);
      if (error) reject(new Error(err || error.message));
      else resolve({ n, seconds: took, bytes, cpu });
    });
    p.stdin.on('error', () => {});
    p.stdin.end(keys.map((k) => `${k}\0`).join(''));
  });
}

/** A fresh server before `endpoint`, and its dataset. */
const withIndex = (endpoint, work) =>
  withServer(
    {
      flags: { store: endpoint, 'rescan-interval': 86400 },
      env: { BINDERY_STORE_ACCESS_KEY_ID: ceph.KEY.id, BINDERY_STORE_ACCESS_KEY_SECRET: ceph.KEY.secret },
    },
    async (server) => {
      const where = await server.dataset('p', 'd');
      await server.runningWorkers();
      return work(server, where);
    },
  );

/** Seconds from CreateBinding to all rows, CPU ms of server and workers in that time. */
async function index(server, where) {
  const workers = server.workers();
  const cpu = () => [cpuMs(server.process.pid), workers.reduce((sum, pid) => sum + cpuMs(pid), 0)];
  const before = cpu();
  const begin = process.hrtime.bigint();
  await server.call('CreateBinding', { ...where, URI: `oss://${BUCKET}` });
  await until(
    'all objects are rows',
    async () => {
      const { Progress: p } = await server.binding(where, BUCKET);
      return p.Indexed + p.Failed >= objects;
    },
    { seconds: 3600, every: 100 }, // each look takes some of the two cores away
  );
  const took = seconds(begin);
  const after = cpu();
  const hits = async (Value) =>
    (await server.call('SimpleQuery', { ...where, Query: { Field: 'ObjectStatus', Operation: 'eq', Value }, MaxResults: 1 })).TotalHits;
  const failed = await hits('Failed');
  const missing = objects - failed - (await hits('Indexed'));
  if (missing) throw new Error(`${missing} rows are missing`);
  await server.settled(where, BUCKET, { seconds: 3600, every: 50 });
  return { took, failed, withTexts: seconds(begin), cpu: after.map((ms, i) => (1000 * (ms - before[i])) / objects), rss: rssAnon(server.process.pid) };
}

/** CPU us of an object while `work` goes on: of the gateway and its store, and what work() says of others. */
async function withGateway(gateway, work) {
  const cpu = () => gateway.processes.reduce((sum, p) => sum + cpuMs(p.pid), 0);
  const before = cpu();
  const found = await work();
  return { ...found, gateway: (1000 * (cpu() - before)) / objects };
}

async function measureIndex(gateway, keys) {
  const { endpoint } = gateway;
  const ours = [];
  const bare = [];
  const share = [];
  const texts = [];
  let last;
  for (let i = 0; i < runs; i++) {
    const least = await withGateway(gateway, () => floor(endpoint, 'get', keys));
    bare.push(objects / least.seconds);
    last = await withGateway(gateway, () => withIndex(endpoint, index));
    share.push(((1000 * least.cpu) / objects + least.gateway) / (last.cpu[0] + last.cpu[1] + last.gateway));
    ours.push(objects / last.took);
    texts.push(objects / last.withTexts);
    console.error(`run ${i + 1}: ${Math.round(ours[i])} objects/s, bare GETs ${Math.round(bare[i])}`);
  }
  row('Failed', last.failed);
  row('CreateBinding to all rows, objects/s', Math.round(median(ours)));
  row('CreateBinding to all texts, objects/s', Math.round(median(texts)));
  row(`bare GETs of 64 KiB, ${CONCURRENCY} at once, objects/s`, Math.round(median(bare)));
  row('ours / bare GETs', (median(ours) / median(bare)).toFixed(2), 'goal: at least 0.60');
  row('CPU time of an object, microseconds: the server', Math.round(last.cpu[0]));
  row('  the workers', Math.round(last.cpu[1]));
  row('  the gateway and its store, until all texts are there', Math.round(last.gateway));
  row('CPU time, gateway included: bare GETs / ours', median(share).toFixed(2), 'what is to be expected on idle cores');
  row('RssAnon of the server, MB', last.rss);
  return median(ours);
}

/** Copies the first objects to a disk, and reads them there. */
function measurePeer(endpoint, ours) {
  const tree = path.join(tempFolder(), 'copy');
  const remote = { TYPE: 's3', PROVIDER: 'Ceph', ENDPOINT: endpoint, ACCESS_KEY_ID: ceph.KEY.id, SECRET_ACCESS_KEY: ceph.KEY.secret };
  const env = { PATH: process.env.PATH, HOME: tree, RCLONE_CONFIG: '/dev/null' };
  for (const [name, value] of Object.entries(remote)) env[`RCLONE_CONFIG_STORE_${name}`] = value;
  const last = Math.ceil(peerObjects / FOLDER);
  const folders = Array.from({ length: last }, (_, i) => ['--include', `/d${String(i).padStart(4, '0')}/**`]).flat();
  const run = (program, args) => {
    const begin = process.hrtime.bigint();
    const p = child.spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env, encoding: 'utf8', maxBuffer: 1 << 26 });
    if (p.error) throw p.error;
    if (program === 'rclone' && p.status) throw new Error(p.stderr);
    return seconds(begin);
  };
  const copied = run('rclone', ['copy', '--transfers', '32', '--checkers', '32', ...folders, `store:${BUCKET}`, tree]);
  const count = fs.readdirSync(tree, { recursive: true, withFileTypes: true }).filter((d) => d.isFile()).length;
  if (count < peerObjects) throw new Error(`rclone copied ${count} of ${peerObjects} objects`);
  const read = run('exiftool', ['-fast2', '-r', '-json', '-q', tree]);
  const peer = count / (copied + read);
  row(`rclone copy, then exiftool -fast2, of ${count}, objects/s`, Math.round(peer), `${copied.toFixed(1)} s and ${read.toFixed(1)} s`);
  row('ours / these', (ours / peer).toFixed(1), 'goal: at least 10');
}

/** Seconds. Nobody looks at it for the first `quiet` of them: each look takes a millisecond of the two cores away. */
async function rescan(server, where, quiet) {
  const before = (await server.binding(where, BUCKET)).Progress.StartTime;
  const begin = process.hrtime.bigint();
  await server.admin('RescanBinding', { ...where, URI: `oss://${BUCKET}` });
  await pause(1000 * quiet);
  await until(
    'the re-scan is over',
    async () => {
      const { Progress: p } = await server.binding(where, BUCKET);
      return p.StartTime !== before && p.Unchanged === objects;
    },
    { seconds: 600, every: 2 },
  );
  return seconds(begin);
}

async function measureRescan(endpoint, server, where) {
  const ours = [];
  const bare = [];
  for (let i = 0; i < RESCANS * runs; i++) {
    const { n, seconds: took } = await floor(endpoint, 'list');
    if (n !== objects) throw new Error(`${n} objects are listed, not ${objects}`);
    bare.push(took);
    ours.push(await rescan(server, where, took / 2));
  }
  const shares = bare.map((took, i) => took / ours[i]);
  row(`bare listing, median of ${bare.length}, objects/s`, Math.round(objects / median(bare)));
  row('unchanged re-scan, objects/s', Math.round(objects / median(ours)));
  row('re-scan / bare listing right before it, median', median(shares).toFixed(2), 'goal: at least 0.90');
  row('  quartiles', `${quantile(shares, 0.25).toFixed(2)} to ${quantile(shares, 0.75).toFixed(2)}`);
}

/** From a PUT that is answered to the row in SimpleQuery; the event goes on its way meanwhile. */
async function measureEvents(store, server, where, file) {
  const notify = ['notify', BUCKET, '-p', 'p', '-d', 'd', '--data', server.data, '--url', `http://${server.endpoints.imm}`, '--style', 'ceph', '--apply'];
  const { code, out, err } = await server.cli(notify);
  if (code) throw new Error(out + err);
  const content = fs.readFileSync(file);
  const put = async (key) => {
    await store.put(BUCKET, key, content);
    const begin = process.hrtime.bigint();
    const query = { ...where, Query: { Field: 'URI', Operation: 'eq', Value: `oss://${BUCKET}/${key}` }, WithoutTotalHits: true };
    await until('the row is there', async () => {
      const { Files: [found] } = await server.v3('SimpleQuery', query);
      return found && found.ObjectStatus === 'Indexed' && found.ImageWidth;
    }, { seconds: 90, every: 3 });
    return 1000 * seconds(begin);
  };
  await put('new/first.jpg'); // Ceph begins a while after the topic was made
  const times = [];
  for (let i = 0; i < EVENTS; i++) {
    await pause(Math.random() * 200); // the gateway looks into its queue each 100 ms: not in step with that
    times.push(await put(`new/${i}.jpg`));
  }
  row(`PUT to row of ${EVENTS}, median ms`, median(times).toFixed(1), 'goal: under 100');
  row('PUT to row, p99 ms', quantile(times, 0.99).toFixed(1), 'goal: under 500');
  for (const name of ['first', ...times.keys()]) await store.remove(BUCKET, `new/${name}.jpg`);
}

/** What the server asked of each JPEG, by the proxy's book. */
function countJpegs(proxy, keys) {
  const jpegs = keys.filter(isJpeg).length;
  const asked = proxy.requests.filter((r) => isJpeg(r.key));
  row('requests of a JPEG', (asked.length / jpegs).toFixed(3), 'goal: at most 1.1');
  row('bytes read of a JPEG, mean', Math.round(asked.reduce((sum, r) => sum + r.bytes, 0) / jpegs), 'goal: under 131072');
  const kinds = Object.entries(proxy.counts()).map(([op, n]) => `${op} ${n}`);
  row('requests in all', proxy.requests.length, kinds.join(', '));
}

async function measureSlow(endpoint, keys) {
  const proxy = await new Proxy().start(endpoint);
  const wait = proxy.fault({}, faults.delay(DELAY));
  try {
    const bare = await floor(proxy.endpoint, 'get', keys);
    proxy.forget();
    const { took } = await withIndex(proxy.endpoint, async (server, where) => {
      const found = await index(server, where);
      countJpegs(proxy, keys);
      return found;
    });
    row(`with ${DELAY} ms more of each request, objects/s`, Math.round(objects / took), 'goal: at least 500');
    row('  the same of the bare GETs', Math.round(objects / bare.seconds), `${wait.hits} requests were delayed`);
  } finally {
    await proxy.stop();
  }
}

async function main() {
  if (ceph.unavailable()) throw new Error(ceph.unavailable());
  const gateway = await ceph.start();
  const store = new Store(gateway.endpoint, ceph.KEY);
  const load = () => os.loadavg()[0].toFixed(1);
  const before = load();
  try {
    const chosen = pick();
    const keys = chosen.map(([key]) => key);
    console.error(`putting ${objects} files of ${corpus} ...`);
    const bytes = await upload(store, chosen);
    row('objects', objects, `${keys.filter(isJpeg).length} JPEGs; ${Math.round(bytes / 1e6)} MB in all`);
    const ours = parts.includes('index') ? await measureIndex(gateway, keys) : NaN;
    if (parts.includes('peer')) measurePeer(gateway.endpoint, ours);
    if (parts.includes('slow')) await measureSlow(gateway.endpoint, keys);
    if (parts.includes('rescan') || parts.includes('events'))
      await withIndex(gateway.endpoint, async (server, where) => {
        await index(server, where);
        if (parts.includes('rescan')) await measureRescan(gateway.endpoint, server, where);
        if (parts.includes('events')) await measureEvents(store, server, where, chosen[0][1]);
      });
    row('load of the machine, before and after', `${before}, ${load()}`, `${os.cpus().length} cores`);
  } finally {
    store.client.destroy();
    await gateway.stop();
  }
}

main().catch((e) => { console.error(e); process.exitCode = 1; });

// CreateBinding to all rows queryable (and from then on to all texts), over real mixed files, against two others in the same run: exiftool (one process,
// -fast2, the same tree) and the bare floor (floor_extract.c: the extractors alone in two processes). The tree is copies,
// each with an inode of its own: half from the folders given, again and again, half from /usr/share.
// Usage: node bench/index.js [FILES [FOLDER ...]]   (default: 12,000 and the corpus, as in tests/func)
'use strict';

const child = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { project, build, tempFolder, until } = require('../tests/func/harness');
const { median, rssAnon, cpuMs, row, seconds, withServer } = require('./common');

const files = Number(process.argv[2] || 12000);
const corpus = process.env.BINDERY_CORPUS || path.join(project, '..', 'shared', 'corpus');
const folders = process.argv.length > 3 ? process.argv.slice(3) : [corpus];
const common = ['/usr/share/icons', '/usr/share/pixmaps', '/usr/share/doc', '/usr/share/fonts', '/usr/share/gtk-doc', '/usr/share/perl', '/usr/share/xml'];
const runs = Number(process.env.BENCH_RUNS || 5);
const floor = path.join(build, 'bench', 'floor_extract');

function filesOf(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(fs.realpathSync(folder), { recursive: true, withFileTypes: true })
    .filter((d) => d.isFile())
    .map((d) => path.join(d.parentPath || d.path, d.name))
    .sort();
}

/** `count` of the list, evenly; again and again if there are fewer. */
const spread = (list, count) =>
  Array.from({ length: count }, (_, i) => (count <= list.length ? list[Math.floor((i * list.length) / count)] : list[i % list.length]));

/** Makes the tree, 500 files a folder. */
function makeTree(root) {
  const own = folders.flatMap(filesOf);
  if (!own.length) throw new Error(`no files in ${folders.join(', ')}`);
  const shared = common.flatMap(filesOf);
  const mine = shared.length ? Math.ceil(files / 2) : files;
  const from = [spread(own, mine), spread(shared, files - mine)];
  for (let i = 0; i < files; i++) {
    const source = from[i % 2][i >> 1] || from[0][i >> 1];
    const folder = path.join(root, `d${String(Math.floor(i / 500)).padStart(4, '0')}`);
    if (i % 500 === 0) fs.mkdirSync(folder, { recursive: true });
    fs.copyFileSync(source, path.join(folder, `${i}-${path.basename(source)}`));
  }
}

const KINDS = ['image', 'video', 'audio', 'document', 'archive', 'other'];

/** Binds the tree with a fresh server. Gives {seconds, kinds, failed, rss}. */
function index(tree) {
  return withServer({ flags: { store: path.dirname(tree) } }, async (server) => {
    const where = await server.dataset('p', 'd');
    const workers = await server.runningWorkers();
    const cpu = () => [cpuMs(server.process.pid), workers.reduce((sum, pid) => sum + cpuMs(pid), 0)];
    const before = cpu();
    const begin = process.hrtime.bigint();
    await server.call('CreateBinding', { ...where, URI: 'oss://tree' });
    const hits = async (Field, Value) =>
      (await server.call('SimpleQuery', { ...where, Query: { Field, Operation: 'eq', Value }, MaxResults: 1 })).TotalHits;
    await until('all files are rows', async () => {
      const { Progress: p } = await server.binding(where, 'tree');
      return p.Indexed + p.Failed >= files;
    }, { seconds: 3600, every: 50 }); // each look takes a few ms of the two cores away
    const missing = files - (await hits('ObjectStatus', 'Indexed')) - (await hits('ObjectStatus', 'Failed'));
    const took = seconds(begin);
    const after = cpu();
    await until('all texts are searched', async () => (await server.binding(where, 'tree')).Progress.Pending === 0, {
      seconds: 3600,
      every: 25,
    });
    const all = cpu();
    const perFile = (now) => now.map((ms, i) => (1000 * (ms - before[i])) / files);
    if (missing) throw new Error(`${missing} rows are missing`);
    const kinds = [];
    for (const kind of KINDS) kinds.push(`${kind} ${await hits('MediaType', kind)}`);
    return {
      seconds: took,
      withTexts: seconds(begin),
      kinds: kinds.join(', '),
      cpu: perFile(after),
      cpuWithTexts: perFile(all),
      failed: await hits('ObjectStatus', 'Failed'),
      server: rssAnon(server.process.pid),
      worker: Math.max(...workers.map(rssAnon)),
    };
  });
}

function runExiftool(tree) {
  const begin = process.hrtime.bigint();
  const out = fs.openSync('/dev/null', 'w');
  child.spawnSync('exiftool', ['-fast2', '-r', '-json', '-q', '-i', 'SYMLINKS', tree], { stdio: ['ignore', out, 'ignore'] });
  return files / seconds(begin);
}

async function main() {
  const tree = process.env.BENCH_TREE || path.join(tempFolder(), 'tree');
  console.error(`copying ${files} files ...`);
  if (!fs.existsSync(tree)) makeTree(tree);
  const input = filesOf(tree).map((name) => `${name}\0`).join('');
  const bare = [];
  const bareCpu = [];
  const ours = [];
  const peers = [];
  let last;
  const withTexts = [];
  let floorWithTexts;
  const runFloor = (...more) => child.execFileSync(floor, ['2', ...more], { input, encoding: 'utf8' }).split(' ').map(Number);
  for (let i = 0; i < runs; i++) {
    const [speed, cpu] = runFloor();
    bare.push(speed);
    bareCpu.push(cpu);
    floorWithTexts = runFloor('texts');
    last = await index(tree);
    ours.push(files / last.seconds);
    withTexts.push(files / last.withTexts);
    peers.push(process.env.BENCH_NO_PEER ? NaN : runExiftool(tree));
    console.error(`run ${i + 1}: ${Math.round(ours[i])} files/s, floor ${Math.round(bare[i])}, exiftool ${Math.round(peers[i])}`);
  }
  const peer = median(peers);
  const mine = median(ours);
  row('files', files, last.kinds);
  row('Failed', last.failed);
  row('CreateBinding to all rows, files/s', Math.round(mine));
  row('exiftool -fast2 -r -json, files/s', Math.round(peer));
  row('CreateBinding to all texts, files/s', Math.round(median(withTexts)));
  row('floor: headers, in two processes, files/s', Math.round(median(bare)));
  row('floor with texts, files/s', Math.round(floorWithTexts[0]));
  row('ours / exiftool', (mine / peer).toFixed(1), 'goal: at least 20');
  row('ours / floor', (mine / median(bare)).toFixed(2), 'goal: at least 0.60');
  row('CPU time of a file, microseconds: the server', Math.round(last.cpu[0]));
  row('  the workers', Math.round(last.cpu[1]));
  row('  the floor', Math.round(median(bareCpu)));
  row('the same with texts: the server', Math.round(last.cpuWithTexts[0]));
  row('  the workers', Math.round(last.cpuWithTexts[1]));
  row('  the floor', Math.round(floorWithTexts[1]));
  row('RssAnon of the server, MB', last.server, 'goal: under 150');
  row('RssAnon of a worker, MB', last.worker, 'goal: under 150');
}

main().catch((e) => { console.error(e); process.exitCode = 1; });

// A re-scan of an unchanged directory of a million objects, against the bare floor in the same run: read every folder,
// sort, statx every entry (bench/floor_list.c). Usage: node bench/rescan.js [OBJECTS] [FOLDERS] [NAME_LENGTH]
'use strict';

const child = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { until } = require('../tests/func/harness');
const { median, watchMemory, row, withServer } = require('./common');

const objects = Number(process.argv[2] || 1000000);
const folders = Number(process.argv[3] || 1000);
const nameLength = Number(process.argv[4] || 16);
const floor = path.join(__dirname, '..', 'build', 'bench', 'floor_list');
const runs = 5;

function makeTree(root) {
  const each = Math.ceil(objects / folders);
  for (let d = 0, n = 0; d < folders; d++) {
    const folder = path.join(root, `folder-${String(d).padStart(5, '0')}`);
    fs.mkdirSync(folder, { recursive: true });
    for (let i = 0; i < each && n < objects; i++, n++) fs.closeSync(fs.openSync(path.join(folder, `IMG_${String(n).padStart(nameLength - 8, '0')}.txt`), 'w'));
  }
}

withServer({ extra: ['--rescan-interval', '86400'] }, async (server) => {
  const root = server.bucket('bench');
  console.error(`making ${objects} files in ${folders} folders ...`);
  makeTree(root);
  const where = await server.dataset('p', 'd');
  const memory = watchMemory(server);
  console.error('first scan ...');
  let begin = Date.now();
  await server.bindAndWait(where, 'bench', { seconds: 3000, every: 500 });
  row('first scan, objects/s', Math.round(objects / ((Date.now() - begin) / 1000)));

  const binding = { ...where, URI: 'oss://bench' };
  const jobs = async () => (await server.admin('GetStatus')).Status.JobsDone;
  const stored = async () => (await server.call('SimpleQuery', { ...where, Sort: 'UpdateTime', Order: 'desc', MaxResults: 1 })).Files[0].UpdateTime;
  const [jobsBefore, storedBefore] = [await jobs(), await stored()];
  const ours = [];
  const bare = [];
  for (let i = 0; i < runs; i++) {
    bare.push(Number(child.execFileSync(floor, [root], { encoding: 'utf8' })));
    const before = (await server.binding(where, 'bench')).Progress.StartTime;
    begin = process.hrtime.bigint();
    await server.admin('RescanBinding', binding);
    await until('the re-scan is over', async () => {
      const { Progress: p } = await server.binding(where, 'bench');
      return p.StartTime !== before && p.Unchanged === objects;
    }, { seconds: 600, every: 5 });
    ours.push(objects / (Number(process.hrtime.bigint() - begin) / 1e9));
  }
  const peak = memory.stop();
  row('floor: sorted getdents + statx, objects/s', Math.round(median(bare)));
  row('re-scan, objects/s', Math.round(median(ours)));
  row('re-scan / floor', (median(ours) / median(bare)).toFixed(2), 'goal: at least 0.50');
  row('objects extracted by the re-scans', (await jobs()) - jobsBefore, 'goal: 0');
  row('rows written by the re-scans', (await stored()) === storedBefore ? 0 : 'some', 'goal: 0');
  row('RssAnon of the server, MB', peak.server, 'goal: under 150');
  row('RssAnon of a worker, MB', peak.worker, 'goal: under 150');
}).catch((e) => { console.error(e); process.exitCode = 1; });

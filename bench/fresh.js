// How soon a new file is in the answers: 300 files of 3 MB are written one after the other while a full scan of another
// bucket runs; from close() to the row in SimpleQuery, polled every 5 ms. Usage: node bench/fresh.js [FILES] [BACKGROUND]
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const samples = require('../tests/func/samples');
const { median, quantile, watchMemory, row, withServer } = require('./common');

const files = Number(process.argv[2] || 300);
const background = Number(process.argv[3] || 150000);
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

withServer({}, async (server) => {
  const fresh = server.bucket('fresh');
  console.error(`making ${background} pictures for the scan in the background ...`);
  const busy = server.bucket('busy');
  for (let i = 0; i < background; i++) {
    if (i % 1000 === 0) fs.mkdirSync(path.join(busy, `d${i / 1000}`));
    fs.writeFileSync(path.join(busy, `d${Math.floor(i / 1000)}`, `p${i}.jpg`), samples.jpeg(8 + i % 64, 8));
  }
  const where = await server.dataset('p', 'd');
  await server.bindAndWait(where, 'fresh');
  const memory = watchMemory(server);
  const begin = Date.now();
  await server.call('CreateBinding', { ...where, URI: 'oss://busy' });
  const content = Buffer.concat([samples.jpeg(640, 480), Buffer.alloc(3 << 20)]);
  const times = [];
  let during = 0;
  for (let i = 0; i < files; i++) {
    const name = `new-${i}.jpg`;
    fs.writeFileSync(path.join(fresh, name), content);
    const closed = process.hrtime.bigint();
    const query = { ...where, Query: { Field: 'URI', Operation: 'eq', Value: `oss://fresh/${name}` }, WithoutTotalHits: true };
    for (;;) {
      const { Files: [found] } = await server.v3('SimpleQuery', query);
      if (found && found.ObjectStatus === 'Indexed' && found.ImageWidth === 640) break;
      await pause(5);
    }
    times.push(Number(process.hrtime.bigint() - closed) / 1e6);
    if (i % 20 === 0) during = (await server.binding(where, 'busy')).Phase === 'FullScanning' ? i : during;
  }
  const scan = await server.binding(where, 'busy');
  const peak = memory.stop();
  row('files written', files, `of them at least ${during} while the scan ran`);
  row('scan in the background, objects/s', Math.round(scan.Progress.Indexed / ((Date.now() - begin) / 1000)));
  row('close() to row, median ms', median(times).toFixed(1), 'goal: under 50');
  row('close() to row, p99 ms', quantile(times, 0.99).toFixed(1), 'goal: under 250');
  row('RssAnon of the server, MB', peak.server, 'goal: under 150');
  row('RssAnon of a worker, MB', peak.worker, 'goal: under 150');
}).catch((e) => { console.error(e); process.exitCode = 1; });

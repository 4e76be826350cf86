// Every sample, cut short at many places and with bytes overwritten: whatever a file is, it becomes a row, and neither
// the server nor a worker is harmed. With BINDERY_TEST_LONG 200 cuts and 1,000 overwritten copies of each.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { useServer, assertSmall, random, project } = require('./harness');
const { assertEqual, assertStatistics } = require('./bucket');

const folder = path.join(project, 'tests/samples');
const [cuts, flips] = process.env.BINDERY_TEST_LONG ? [200, 1000] : [6, 10];
const AT_ONCE = 30000; // files of one bucket

/** Damaged copies of a file, always the same ones: [content]. */
function damaged(content, seed) {
  const copies = Array.from({ length: cuts }, (_, i) => content.subarray(0, Math.floor((i * content.length) / cuts)));
  const numbers = random(seed);
  for (let i = 0; i < flips && content.length; i++) {
    const copy = Buffer.from(content);
    const reach = numbers.below(4) ? Math.min(copy.length, 4096) : copy.length;
    for (let n = 1 + numbers.below(15); n > 0; n--) copy[numbers.below(reach)] = numbers.below(256);
    copies.push(copy);
  }
  return copies;
}

const samples = fs.readdirSync(folder).filter((name) => !name.endsWith('.json'));
const groups = [];
for (let each = Math.max(1, Math.floor(AT_ONCE / (cuts + flips))), i = 0; i < samples.length; i += each) groups.push(samples.slice(i, i + each));

describe('damaged samples', () => {
  const server = useServer();
  for (const [g, names] of groups.entries())
    it(`are rows, and harm nobody: ${names[0]} to ${names[names.length - 1]}`, async () => {
      const where = await server.dataset(`p${g}`, 'd');
      const files = {};
      for (const name of names)
        damaged(fs.readFileSync(path.join(folder, name)), g).forEach((copy, i) => {
          files[`${name}/${i}${path.extname(name)}`] = copy;
        });
      const bucket = server.bucket(`damaged-${g}`, files);
      await server.bindAndWait(where, `damaged-${g}`, { seconds: 600 });
      await assertStatistics(server, where, await assertEqual(server, where, `damaged-${g}`));
      const { Status } = await server.admin('GetStatus');
      assert.deepEqual([Status.WorkerCrashes, Status.WorkerTimeouts], [0, 0]);
      assertSmall(server);
      await server.call('DeleteBinding', { ...where, URI: `oss://damaged-${g}` });
      fs.rmSync(bucket, { recursive: true });
    });
});

// Every file of a large collection of real, odd and broken files, where it is at hand
// (BINDERY_CORPUS, or ../shared/corpus beside the project).
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { useServer, assertSmall, project } = require('./harness');
const { assertEqual, assertStatistics } = require('./bucket');

const corpus = process.env.BINDERY_CORPUS || path.join(project, '..', 'shared', 'corpus');
const reviewed = path.join(__dirname, 'corpus-failed.txt');
const skip = fs.existsSync(corpus) ? false : `no folder ${corpus}`;

describe('the corpus', { skip }, () => {
  const server = useServer();

  it('has a row for every file, without a crash or a timeout; what failed is what a person reviewed', async (t) => {
    fs.cpSync(corpus, server.bucket('corpus'), { recursive: true });
    const where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'corpus', { seconds: 300 });
    await assertStatistics(server, where, await assertEqual(server, where, 'corpus'));
    const { Status } = await server.admin('GetStatus');
    assert.deepEqual([Status.WorkerCrashes, Status.WorkerTimeouts], [0, 0]);
    const failed = await server.queryAll(where, {
      Query: { Field: 'ObjectStatus', Operation: 'eq', Value: 'Failed' },
      Sort: 'Filename',
      Order: 'asc',
    });
    for (const f of failed) t.diagnostic(`${f.Filename}: ${f.Reason}`);
    const known = fs
      .readFileSync(reviewed, 'utf8')
      .split('\n')
      .filter((l) => l && !l.startsWith('#'))
      .map((l) => l.split('\t')[0]);
    assert.deepEqual(
      failed.map((f) => f.Filename),
      known.sort(),
    );
    for (const f of failed) assert.ok(f.Reason, `${f.Filename} has a reason`);
  });

  it('stays small', (t) => t.diagnostic(`RssAnon in MB, server first: ${assertSmall(server)}`));
});

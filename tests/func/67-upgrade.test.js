// A data folder that an older, or a newer, version of the program left.
'use strict';

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, until } = require('./harness');
const { assertEqual, assertStatistics } = require('./bucket');
const samples = require('./samples');

describe('a dataset file of another version', () => {
  const server = useServer();
  let where;
  const hits = async () => (await server.call('SimpleQuery', { ...where, MaxResults: 1 })).TotalHits;
  const change = (script) => {
    const folder = path.join(server.data, 'datasets');
    const file = path.join(folder, fs.readdirSync(folder).find((name) => name.endsWith('.db')));
    execFileSync('python3', ['-c', 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.close()', file, script]);
  };
  before(async () => {
    server.bucket('root', Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`d${i % 4}/f${i}.jpg`, samples.jpeg(8 + i, 8)])));
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'root');
    assert.equal(await hits(), 40);
  });

  it('is filled anew from the bucket if it is older', async () => {
    await server.stop();
    change("UPDATE schema_version SET version = '1-00000000'; DROP TABLE doc; CREATE TABLE doc (old)");
    await server.start();
    assert.match(server.log, /an older version made this dataset file/);
    await until('the bucket is scanned again', async () => (await server.binding(where, 'root')).Phase === 'IncrementalScanning' && (await hits()) === 40);
    const files = await assertEqual(server, where, 'root');
    await assertStatistics(server, where, files);
  });

  it('is refused, by its name, if it is newer', async () => {
    await server.stop();
    change("UPDATE schema_version SET version = '1000-00000000'");
    await assert.rejects(server.start());
    assert.match(server.log, /datasets\/\d+\.db.*version 1000-00000000.*newer program/);
  });
});

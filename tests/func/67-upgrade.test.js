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

const PYTHON = 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.close()';
const run = (file, script) => execFileSync('python3', ['-c', PYTHON, file, script]);

describe('a dataset file of another version', () => {
  const server = useServer();
  let where;
  const hits = async () => (await server.call('SimpleQuery', { ...where, MaxResults: 1 })).TotalHits;
  const change = (script) => {
    const folder = path.join(server.data, 'datasets');
    run(path.join(folder, fs.readdirSync(folder).find((name) => name.endsWith('.db'))), script);
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

describe('a catalogue of another version', () => {
  const server = useServer();
  const change = (script) => run(path.join(server.data, 'catalog.db'), script);
  const older = { 2: 'DROP TABLE user; DROP TABLE access_key; DROP TABLE policy; DROP TABLE user_policy;' };
  older[1] = `${older[2]} ALTER TABLE binding DROP COLUMN secret; ALTER TABLE binding DROP COLUMN subscription;`;

  for (const [version, script] of Object.entries(older))
    it(`keeps what it has and gets users if it is of version ${version}`, async () => {
      server.bucket(`bucket-${version}`, { 'a.jpg': samples.jpeg(8, 8) });
      const where = await server.dataset(`p${version}`);
      await server.bindAndWait(where, `bucket-${version}`);
      await server.stop();
      change(`${script} UPDATE schema_version SET version = '${version}'`);
      fs.rmSync(path.join(server.data, 'secret-key'));
      for (let starts = 0; starts < 2; starts++) {
        await server.start();
        assert.equal((await server.call('ListBindings', where)).Bindings.length, 1);
        assert.equal((await server.fileMeta(where, `oss://bucket-${version}/a.jpg`)).ImageWidth, 8);
        await server.admin('CreateUser', { UserName: `u${starts}` });
        await server.admin('CreateAccessKey', { UserName: `u${starts}` });
        if (!starts) await server.stop();
      }
      assert.equal((await server.admin('ListUsers')).Users.length, 2);
    });

  it('is refused if it is newer', async () => {
    await server.stop();
    change("UPDATE schema_version SET version = '1000'");
    await assert.rejects(server.start());
    await until('the log says why', () => /version 1000.*use the program that made the data folder/.test(server.log));
  });
});

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
const ASK = 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())';
const ask = (file, query) => execFileSync('python3', ['-c', ASK, file, query], { encoding: 'utf8' }).trim();

describe('a dataset file of another version', () => {
  const server = useServer();
  let where;
  const hits = async () => (await server.call('SimpleQuery', { ...where, MaxResults: 1 })).TotalHits;
  const file = () => {
    const folder = path.join(server.data, 'datasets');
    return path.join(folder, fs.readdirSync(folder).find((name) => name.endsWith('.db')));
  };
  const change = (script) => run(file(), script);
  const version = () => ask(file(), 'SELECT version FROM schema_version');
  const OLD = '1-00000000';
  const makeOld = () => change(`UPDATE schema_version SET version = '${OLD}'`);
  const assertWhole = async () => {
    await until('the bucket is scanned again', async () => (await server.binding(where, 'root')).Phase === 'IncrementalScanning' && (await hits()) === 40);
    const files = await assertEqual(server, where, 'root');
    await assertStatistics(server, where, files);
  };
  before(async () => {
    server.bucket('root', Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`d${i % 4}/f${i}.jpg`, samples.jpeg(8 + i, 8)])));
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'root');
    assert.equal(await hits(), 40);
  });

  it('is filled anew from the bucket if it is older', async () => {
    await server.stop();
    makeOld();
    change('DROP TABLE doc; CREATE TABLE doc (old)');
    await server.start();
    await until('the log says so', () => /an older version made this dataset file/.test(server.log));
    await assertWhole();
  });

  // What is kept of the old file is so much here that making it anew takes its time, and can be seen in the log of changes.
  const KEPT = 200000;
  const logged = () => {
    try {
      return fs.statSync(`${file()}-wal`).size;
    } catch {
      return 0;
    }
  };
  for (const [when, bytes] of [
    ['has begun to be', 1],
    ['is nearly', 24e6],
  ])
    it(`is filled anew, and loses nothing, if the server is killed when it ${when} made anew`, async () => {
      await server.stop();
      change(`INSERT OR IGNORE INTO mount WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${KEPT})
        SELECT 999999, printf ('%100d', i), i, i, i FROM n`);
      await until(
        'a kill comes before the end of it',
        async () => {
          makeOld();
          server.log = '';
          server.process = server.spawn();
          await until(`${bytes} bytes are logged`, () => logged() >= bytes || /older version made/.test(server.log), { every: 1 });
          await server.kill();
          return version() === OLD;
        },
        { seconds: 120 },
      );
      server.log = '';
      await server.start();
      await until('the log says so', () => /an older version made this dataset file/.test(server.log));
      await assertWhole();
      assert.equal(ask(file(), 'SELECT count (*) FROM mount WHERE binding = 999999'), `${KEPT}`);
    });

  it('is filled anew if the server is killed before the first scan of it ends', async () => {
    await server.stop();
    makeOld();
    server.log = '';
    server.process = server.spawn();
    await until('the file was made anew', () => /an older version made this dataset file/.test(server.log), { every: 1 });
    await server.kill();
    await server.start();
    await assertWhole();
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
  const older = { 2: 'DROP TABLE style; DROP TABLE user; DROP TABLE access_key; DROP TABLE policy; DROP TABLE user_policy;' };
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

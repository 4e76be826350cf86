// Files that take over the worker, as a worker that misbehaves on purpose: the extension says how. Each is stopped and its
// object is Failed, with the reason; every other object is indexed.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, until, build, project } = require('./harness');

const worker = (name) => path.join(build, 'tests', 'malice', name);

/** [{mode, code, message}] of the list that the tests of the pool use, too. */
const crimes = [
  ...fs
    .readFileSync(path.join(project, 'tests', 'malice', 'crimes.def'), 'utf8')
    .matchAll(/^CRIME \("(.*?)", (\w+), "(.*?)",/gm),
].map(([, mode, code, message]) => ({ mode, code, message }));

// Each takes two deadlines of 20 s; they run side by side.
const TIMEOUTS = process.env.BINDERY_TEST_LONG ? ['spin', 'spin-deaf', 'stall', 'halfway'] : ['spin-deaf', 'stall'];
const isTried = (c) => !c.mode.startsWith('need') && (c.code !== 'WORKER_TIMEOUT' || c.message === 'CPU time' || TIMEOUTS.includes(c.mode));

describe('a worker that is hostile', { skip: process.env.BINDERY_SANITIZED && 'there is no jail' }, () => {
  const server = useServer({ flags: { workers: '4', 'worker-path': worker('bad-worker') } });
  const tried = crimes.filter(isTried);
  const failing = tried.filter((c) => c.code !== 'OK' && c.code !== 'IO');
  const key = (c) => `a-file.${c.mode}`;
  const status = async () => (await server.admin('GetStatus')).Status;
  let where;
  let folder;
  let failures;

  const listFailures = async () => {
    const found = new Map();
    for (let token = ''; ;) {
      const page = await server.admin('ListFailures', { ...where, URI: 'oss://bad', NextToken: token });
      for (const f of page.Failures) found.set(f.Key, f.Reason);
      token = page.NextToken;
      if (!token) return found;
    }
  };
  before(async () => {
    const files = {};
    tried.forEach((c) => Object.assign(files, { [key(c)]: c.mode, [`${key(c)}.good`]: 'good' }));
    folder = server.bucket('bad', files);
    where = await server.dataset('p', 'd');
    await server.call('CreateBinding', { ...where, URI: 'oss://bad' });
    await until(
      'only what cannot be read is left',
      async () => {
        const b = await server.binding(where, 'bad');
        return b.Progress.Failed === failing.length && b.Progress.Pending === 1;
      },
      { seconds: 120 },
    );
    failures = await listFailures();
  });

  for (const c of failing)
    it(`is stopped: ${c.mode}`, () => {
      const reason = failures.get(key(c));
      const wanted = JSON.parse(`"${c.message.replace('\\357\\277\\275', '\ufffd')}"`);
      assert.ok(reason && reason.includes(wanted), `'${reason}' says '${wanted}'`);
    });

  it('fails nothing but the file that it was about', async () => {
    assert.deepEqual([...failures.keys()].sort(), failing.map(key).sort());
    const query = { Field: 'ObjectStatus', Operation: 'eq', Value: 'Indexed' };
    const files = await server.queryAll(where, { Query: query });
    const indexed = files.map((f) => f.URI.slice('oss://bad/'.length));
    const harmless = tried.filter((c) => c.code === 'OK');
    assert.deepEqual(indexed.sort(), [...tried.map((c) => `${key(c)}.good`), ...harmless.map(key)].sort());
    assert.ok(
      files.every((f) => f.MediaType === 'other'),
      'nothing escaped',
    );
  });

  it('is no reason to fail a file that could not be read: it is tried again', async () => {
    const uri = `oss://bad/a-file.unreadable`;
    assert.equal((await server.fileMeta(where, uri)).ObjectStatus, 'Pending');
    await until('it was tried again', () => /an object cannot be read.*attempts=2/.test(server.log));
    fs.rmSync(path.join(folder, 'a-file.unreadable'));
    await server.fileVanishes(where, uri);
    await server.settled(where, 'bad');
  });

  it('is not asked again about a file that failed, until that changes', async () => {
    const exec = failing.find((c) => c.mode === 'exec');
    const crashes = async () => (await status()).WorkerCrashes;
    const had = await crashes();
    const indexedBefore = (await server.binding(where, 'bad')).Progress.Indexed;
    await server.admin('RescanBinding', { ...where, URI: 'oss://bad' });
    fs.writeFileSync(path.join(folder, 'new.good'), 'x');
    await server.fileAppears(where, 'oss://bad/new.good');
    await server.settled(where, 'bad');
    assert.equal(await crashes(), had, `the re-scan (${indexedBefore} indexed before) tried none again`);
    fs.writeFileSync(path.join(folder, key(exec)), 'another version');
    await until('it has two strikes more', async () => (await crashes()) >= had + 2);
    await server.settled(where, 'bad');
    assert.equal((await server.fileMeta(where, `oss://bad/${key(exec)}`)).ObjectStatus, 'Failed');
    await server.admin('RetryFailures', { ...where, URI: 'oss://bad' });
    await until('all were tried again', async () => (await crashes()) > had + 4, { seconds: 60 });
  });
});

describe('a file that is cut while the worker reads it', { skip: process.env.BINDERY_SANITIZED && 'there is no jail' }, () => {
  const server = useServer({ flags: { workers: '1', 'worker-path': worker('bad-worker') } });

  it('costs the worker its life, and is neither a strike nor Failed', async () => {
    const folder = server.bucket('cut', { 'a.shrink': 'x'.repeat(5000) });
    const file = path.join(folder, 'a.shrink');
    const where = await server.dataset('p', 'd');
    await server.call('CreateBinding', { ...where, URI: 'oss://cut' });
    // It waits for the end of the file to go, and crashes: as often as objects have strikes, and once more.
    for (let size = 4000; size >= 2000; size -= 1000) {
      await until('the worker has it', async () => (await server.admin('GetStatus')).Status.WorkersBusy === 1);
      fs.truncateSync(file, size);
      await until('the worker is another', async () => (await server.admin('GetStatus')).Status.WorkerCrashes === (5000 - size) / 1000);
    }
    await until('the worker has it', async () => (await server.admin('GetStatus')).Status.WorkersBusy === 1);
    fs.writeFileSync(file, 'done');
    const row = await server.fileAppears(where, 'oss://cut/a.shrink');
    assert.deepEqual([row.ObjectStatus, row.Size], ['Indexed', 4]);
  });
});

describe('a system without a whole jail', () => {
  const missing = /lacks.*Landlock|jail cannot be set up/;
  const server = useServer({ flags: { 'worker-path': worker('half-jailed-worker'), sandbox: 'best-effort' } });

  it('works if the operator wants it, and says what is missing', async () => {
    const { Status } = await server.admin('GetStatus');
    assert.equal(Status.JailMissing, 'Landlock');
    await until('the log says so', () => /warn .*the jail of the workers is not whole.*missing=Landlock/.test(server.log));
    assert.match((await server.cli(['status', '--endpoint', server.endpoints.imm, '--admin-endpoint', server.endpoints.admin])).out, /WARNING.*lacks Landlock/);
  });

  it('is refused by default', async () => {
    await server.stop();
    server.flags.sandbox = null;
    await assert.rejects(() => server.start(), missing);
    server.process = null;
  });
});

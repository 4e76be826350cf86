// Things that break under the server: a bucket that goes away, workers that die.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after } = require('node:test');

const { useServer, until, hasEnded, tempFolder, binary } = require('./harness');
const { assertEqual, assertStatistics } = require('./bucket');
const samples = require('./samples');

describe('a bucket that goes away', () => {
  const server = useServer({ flags: { 'retry-interval': 1, 'rescan-interval': 1, 'poll-interval': 1 } });
  let where;
  let folder;
  let away;
  const state = () => server.binding(where, 'root').then((b) => b.State);
  const hits = async () => (await server.call('SimpleQuery', { ...where, MaxResults: 1 })).TotalHits;
  before(async () => {
    folder = server.bucket('root', Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`d${i % 5}/f${i}`, `content ${i}`])));
    away = path.join(server.root, 'away');
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'root');
  });

  const departures = [
    ['is moved away', () => fs.renameSync(folder, away), () => fs.renameSync(away, folder)],
    [
      'is swapped for an empty folder',
      () => {
        fs.renameSync(folder, away);
        fs.mkdirSync(folder);
      },
      () => {
        fs.rmdirSync(folder);
        fs.renameSync(away, folder);
      },
    ],
    [
      'is swapped for a folder with other files',
      () => {
        fs.renameSync(folder, away);
        fs.mkdirSync(folder);
        fs.writeFileSync(path.join(folder, 'other'), 'x');
      },
      () => {
        fs.rmSync(folder, { recursive: true });
        fs.renameSync(away, folder);
      },
    ],
    [
      'is swapped for a file',
      () => {
        fs.renameSync(folder, away);
        fs.writeFileSync(folder, 'x');
      },
      () => {
        fs.rmSync(folder);
        fs.renameSync(away, folder);
      },
    ],
    [
      'is swapped for a link to an empty folder',
      () => {
        fs.renameSync(folder, away);
        fs.mkdirSync(`${away}-empty`);
        fs.symlinkSync(`${away}-empty`, folder);
      },
      () => {
        fs.rmSync(folder);
        fs.rmdirSync(`${away}-empty`);
        fs.renameSync(away, folder);
      },
    ],
  ];
  for (const [what, leave, back] of departures) {
    it(`keeps every row when it ${what}, says Retrying and why, and recovers by itself`, async () => {
      leave();
      const b = await until('it is Retrying', async () => {
        const x = await server.binding(where, 'root');
        return x.State === 'Retrying' && x;
      });
      assert.notEqual(b.Reason, '');
      assert.equal(await hits(), 50);
      back();
      fs.writeFileSync(path.join(folder, 'changed'), what);
      await until('it runs again', async () => (await state()) === 'Running');
      await server.fileAppears(where, 'oss://root/changed', (f) => f.Size === Buffer.byteLength(what));
      await until('no reason is left', async () => (await server.binding(where, 'root')).Reason === '');
      fs.rmSync(path.join(folder, 'changed'));
      await server.fileVanishes(where, 'oss://root/changed');
      await server.settled(where, 'root');
      await assertStatistics(server, where, await assertEqual(server, where, 'root'));
    });
  }

  it('keeps every row when it went away while the server was down', async () => {
    await server.stop();
    fs.renameSync(folder, away);
    fs.mkdirSync(folder);
    await server.start();
    await until('it is Retrying', async () => (await state()) === 'Retrying');
    assert.equal(await hits(), 50);
    await server.kill();
    await server.start();
    await until('it is Retrying', async () => (await state()) === 'Retrying');
    assert.equal(await hits(), 50);
    fs.rmdirSync(folder);
    fs.renameSync(away, folder);
    await server.settled(where, 'root');
    await assertStatistics(server, where, await assertEqual(server, where, 'root'));
  });

  it('accepts the new folder when an operator says that it is right', async () => {
    fs.renameSync(folder, away);
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'new-disk.txt'), 'x');
    await until('it is Retrying', async () => (await state()) === 'Retrying');
    await server.admin('RescanBinding', { ...where, URI: 'oss://root', AcceptMounts: true });
    await server.settled(where, 'root');
    await until('only the new file is there', async () => (await hits()) === 1);
    await assertStatistics(server, where, await assertEqual(server, where, 'root'));
  });

  it('can be unbound while it is away', async () => {
    fs.renameSync(folder, `${away}-for-good`);
    await until('it is Retrying', async () => (await state()) === 'Retrying');
    await server.call('DeleteBinding', { ...where, URI: 'oss://root' });
    assert.equal(await hits(), 1);
    await server.refused('CreateBinding', { ...where, URI: 'oss://root' }, 'InvalidURI');
  });
});

describe('workers that die', () => {
  const server = useServer({ flags: { workers: '2' } });

  it('are replaced, and no file is lost or blamed', async () => {
    const files = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`f${i}.jpg`, samples.jpeg(8 + 8 * (i % 20), 16)]));
    server.bucket('many', files);
    const where = await server.dataset('p', 'd');
    await server.call('CreateBinding', { ...where, URI: 'oss://many' });
    for (let i = 0; i < 12; i++) {
      const [victim] = await server.runningWorkers();
      try {
        process.kill(victim, 'SIGKILL');
      } catch {
        /* replaced already */
      }
      await until('it is gone', () => !server.workers().includes(victim));
    }
    await server.settled(where, 'many');
    // One that was with two of them had bad luck, and says so; it is well when it is tried again.
    const { Failures } = await server.admin('ListFailures', { ...where, URI: 'oss://many' });
    assert.ok(Failures.length <= 1 && Failures.every((f) => /killed by/.test(f.Reason)), JSON.stringify(Failures));
    await server.admin('RetryFailures', { ...where, URI: 'oss://many' });
    await server.settled(where, 'many');
    const objects = await assertEqual(server, where, 'many');
    await assertStatistics(server, where, objects);
    const { TotalHits } = await server.call('SimpleQuery', {
      ...where,
      Query: { Field: 'ObjectStatus', Operation: 'eq', Value: 'Indexed' },
      MaxResults: 1,
    });
    assert.equal(TotalHits, objects.size, 'a killed worker is not the fault of the file, unless it happens again and again');
  });

  it('go with the server when that is killed', async () => {
    const workers = await server.runningWorkers();
    await server.kill();
    await until('no worker is left', () => workers.every(hasEnded));
    await server.start();
  });

  it('have no network, no access to files, and no way to start programs', async () => {
    const workers = await server.runningWorkers();
    for (const pid of workers) {
      const has = (line) => line.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
      await until('its libraries are loaded and it is in its jail', () => {
        return has(/^NoNewPrivs:\s+1$/m) && (process.env.BINDERY_SANITIZED || has(/^Seccomp:\s+2$/m));
      });
      const env = fs.readFileSync(`/proc/${pid}/environ`, 'utf8');
      assert.ok(!env.includes('SECRET'), 'the secret is not in its environment');
    }
  });
});

describe('a worker program that is gone', () => {
  const folder = tempFolder();
  const program = path.join(folder, 'bindery-worker');
  fs.copyFileSync(path.join(path.dirname(binary), 'bindery-worker'), program);
  const server = useServer({ flags: { workers: '1', 'worker-path': program } });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('is told of in the log; what waits is done when it is back', async () => {
    await server.runningWorkers();
    fs.renameSync(program, `${program}.away`);
    for (const pid of server.workers()) process.kill(pid, 'SIGKILL');
    await until('the log says so', () => /a worker failed.*bindery-worker/.test(server.log));
    const status = async () => (await server.admin('GetStatus')).Status;
    await until('the status says so', async () => {
      const s = await status();
      return s.Workers === 0 && s.WorkersFailing > 0 && /bindery-worker/.test(s.WorkerError);
    });
    const { out } = await server.cli(['status', '--data', server.data]);
    assert.match(out, /WARNING: \d+ workers do not start: ./);
    server.bucket('late', { 'a.png': samples.png(3, 4) });
    const where = await server.dataset('p', 'd');
    await server.call('CreateBinding', { ...where, URI: 'oss://late' });
    fs.renameSync(`${program}.away`, program);
    await server.settled(where, 'late');
    await assertStatistics(server, where, await assertEqual(server, where, 'late'));
    await until('the status is well again', async () => (await status()).WorkersFailing === 0);
    assert.equal((await status()).WorkerError, '');
  });
});

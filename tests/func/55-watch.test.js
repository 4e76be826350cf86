// After the first scan: what changes in the bucket changes in the index, soon and exactly.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after } = require('node:test');

const { useServer, random, until, pause } = require('./harness');
const { assertEqual, assertStatistics, walk, differences } = require('./bucket');
const samples = require('./samples');

/** Waits until index equals bucket, statistics included. */
async function inStep(server, where, bucket, seconds = 30) {
  const folder = path.join(server.store, bucket);
  const begins = { Query: { Field: 'URI', Operation: 'prefix', Value: `oss://${bucket}/` } };
  let wrong = [];
  await until(
    'the index is in step with the bucket',
    async () => {
      wrong = differences(await server.queryAll(where, begins), walk(folder), bucket);
      return wrong.length === 0;
    },
    { seconds, every: 100 },
  ).catch((e) => {
    throw new Error(`${e.message}: ${wrong.slice(0, 5).join('; ')} (${wrong.length})`);
  });
  await server.settled(where, bucket);
  await assertStatistics(server, where, await assertEqual(server, where, bucket));
}

describe('a watched bucket', () => {
  // No scan helps: what is seen here was told by the watch.
  const server = useServer({ flags: { 'rescan-interval': 86400, 'poll-interval': 86400 } });
  const uri = (key) => `oss://watched/${key}`;
  let where;
  let folder;
  const at = (key) => path.join(folder, key);
  let restless;
  before(async () => {
    const limit = Number(fs.readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'));
    assert.ok(limit >= 1000, `this machine gives only ${limit} watches (fs.inotify.max_user_watches): too few for this test`);
    folder = server.bucket('watched', { 'first.txt': '1', 'dir/second.txt': '2', 'dir/sub/third.txt': '3' });
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'watched');
    restless = await neverResting({ ...where, DatasetName: 'restless' });
  });
  after(() => restless && restless.stop());

  /** A file that is written to twice a second, in a dataset of its own. */
  async function neverResting(dataset) {
    const log = path.join(server.bucket('restless'), 'never-rests.log');
    await server.call('CreateDataset', dataset);
    await server.bindAndWait(dataset, 'restless');
    const fd = fs.openSync(log, 'w');
    const timer = setInterval(() => fs.writeSync(fd, 'one more line\n'), 500);
    return {
      dataset,
      began: Date.now(),
      stop: () => {
        clearInterval(timer);
        fs.closeSync(fd);
      },
    };
  }

  it('shows a new file', async () => {
    fs.writeFileSync(at('new.jpg'), samples.jpeg(20, 10));
    assert.equal((await server.fileAppears(where, uri('new.jpg'))).ImageWidth, 20);
  });

  it('shows a new file within a second of its closing', async () => {
    let n = 0;
    await until(
      'a file is there within a second; else this machine is slow',
      async () => {
        const begin = Date.now();
        const name = `quick${n++}.txt`;
        fs.writeFileSync(at(name), 'quick');
        await server.fileAppears(where, uri(name));
        return Date.now() - begin < 1000;
      },
    );
    fs.writeFileSync(at('quick.txt'), 'quick');
    await server.fileAppears(where, uri('quick.txt'));
  });

  it('shows changed content, and keeps id and CreateTime', async () => {
    const was = await server.fileMeta(where, uri('new.jpg'));
    fs.writeFileSync(at('new.jpg'), samples.jpeg(50, 60));
    const is = await server.fileAppears(where, uri('new.jpg'), (f) => f.ImageWidth === 50);
    assert.equal(is.CreateTime, was.CreateTime);
    assert.equal(is.ObjectId, was.ObjectId);
    assert.notEqual(is.ETag, was.ETag);
    assert.notEqual(is.UpdateTime, was.UpdateTime);
  });

  it('forgets what it knew of an image that has become a text', async () => {
    fs.writeFileSync(at('new.jpg'), 'now a text');
    const f = await server.fileAppears(where, uri('new.jpg'), (x) => x.ContentType === 'text/plain');
    assert.equal(f.ImageWidth, undefined);
  });

  it('follows renames of files, and replacement by rename', async () => {
    fs.renameSync(at('quick.txt'), at('renamed.txt'));
    await server.fileAppears(where, uri('renamed.txt'));
    await server.fileVanishes(where, uri('quick.txt'));
    fs.writeFileSync(at('tmp-1'), 'replaced whole');
    fs.renameSync(at('tmp-1'), at('renamed.txt'));
    await server.fileAppears(where, uri('renamed.txt'), (f) => f.Size === 14);
    await server.fileVanishes(where, uri('tmp-1'));
  });

  it('notices touch, and shows the new time', async () => {
    fs.utimesSync(at('first.txt'), 1600000000, 1600000000);
    await server.fileAppears(where, uri('first.txt'), (f) => f.FileModifiedTime.startsWith('2020-09-13T12:26:40'));
  });

  it('follows files moved in from elsewhere, hard links, and links', async () => {
    const outside = path.join(server.root, 'outside.txt');
    fs.writeFileSync(outside, 'from outside');
    fs.renameSync(outside, at('moved-in.txt'));
    fs.linkSync(at('moved-in.txt'), at('linked.txt'));
    fs.symlinkSync('moved-in.txt', at('link.txt'));
    for (const key of ['moved-in.txt', 'linked.txt', 'link.txt']) await server.fileAppears(where, uri(key), (f) => f.Size === 12);
  });

  it('forgets deleted files', async () => {
    fs.rmSync(at('linked.txt'));
    await server.fileVanishes(where, uri('linked.txt'));
  });

  it('follows new folders with what is in them at once', async () => {
    for (let i = 0; i < 20; i++) {
      fs.mkdirSync(at(`made-${i}/a/b/c`), { recursive: true });
      for (const f of ['x', 'a/x', 'a/b/x', 'a/b/c/x']) fs.writeFileSync(at(`made-${i}/${f}`), 'x');
    }
    await inStep(server, where, 'watched');
  });

  it('follows renamed folders, and goes on watching below their new name', async () => {
    fs.renameSync(at('dir'), at('folder'));
    await server.fileAppears(where, uri('folder/sub/third.txt'));
    await server.fileVanishes(where, uri('dir/sub/third.txt'));
    fs.writeFileSync(at('folder/sub/fourth.txt'), '4');
    await server.fileAppears(where, uri('folder/sub/fourth.txt'));
    await inStep(server, where, 'watched');
  });

  it('follows folders moved out and in again', async () => {
    const away = path.join(server.root, 'away');
    fs.renameSync(at('folder'), away);
    await server.fileVanishes(where, uri('folder/sub/third.txt'));
    fs.writeFileSync(path.join(away, 'added-outside.txt'), 'x');
    fs.renameSync(away, at('back'));
    await server.fileAppears(where, uri('back/added-outside.txt'));
    fs.writeFileSync(at('back/sub/again.txt'), 'x');
    await server.fileAppears(where, uri('back/sub/again.txt'));
    await inStep(server, where, 'watched');
  });

  it('forgets deleted folders with all that was below', async () => {
    fs.rmSync(at('back'), { recursive: true });
    for (let i = 0; i < 20; i++) fs.rmSync(at(`made-${i}`), { recursive: true });
    await inStep(server, where, 'watched');
  });

  it('swaps a file for a folder of the same name, and back', async () => {
    fs.writeFileSync(at('swap'), 'file');
    await server.fileAppears(where, uri('swap'));
    fs.rmSync(at('swap'));
    fs.mkdirSync(at('swap'));
    fs.writeFileSync(at('swap/inside'), 'x');
    await server.fileAppears(where, uri('swap/inside'));
    await server.fileVanishes(where, uri('swap'));
    fs.rmSync(at('swap'), { recursive: true });
    fs.writeFileSync(at('swap'), 'file again');
    await server.fileAppears(where, uri('swap'), (f) => f.Size === 10);
    await server.fileVanishes(where, uri('swap/inside'));
  });

  it('shows a file that is written slowly when it has been closed, whole', async () => {
    const fd = fs.openSync(at('slow.jpg'), 'w');
    const content = samples.jpeg(640, 480);
    for (let i = 0; i < content.length; i += 500) {
      fs.writeSync(fd, content, i, Math.min(500, content.length - i));
      await pause(50); // the slow writer itself, not a wait for the server
    }
    fs.closeSync(fd);
    const f = await server.fileAppears(where, uri('slow.jpg'), (x) => x.Size === content.length && x.ObjectStatus !== 'Pending');
    assert.deepEqual([f.ObjectStatus, f.ImageWidth], ['Indexed', 640]);
  });

  it('shows a file that stays open whenever it has been quiet, and whole when it is closed', async () => {
    const fd = fs.openSync(at('open.txt'), 'w');
    fs.writeSync(fd, 'one');
    await server.fileAppears(where, uri('open.txt'), (f) => f.Size === 3);
    fs.writeSync(fd, 'two');
    await server.fileAppears(where, uri('open.txt'), (f) => f.Size === 6);
    fs.writeSync(fd, 'three');
    fs.closeSync(fd);
    await server.fileAppears(where, uri('open.txt'), (f) => f.Size === 11);
  });

  it('settles on the last of many quick changes', async () => {
    for (let i = 0; i < 200; i++) fs.writeFileSync(at('busy.txt'), 'x'.repeat(i));
    await server.fileAppears(where, uri('busy.txt'), (f) => f.Size === 199);
    for (let i = 0; i < 50; i++) {
      fs.writeFileSync(at('blink.txt'), 'x');
      fs.rmSync(at('blink.txt'));
    }
    await inStep(server, where, 'watched');
  });

  it('is in step after a storm of random changes', async () => {
    const make = random(55);
    const names = Array.from({ length: 40 }, (_, i) => `s${i}`);
    const dirs = ['', 'p/', 'p/q/', 'r/'];
    const key = () => make.pick(dirs) + make.pick(names);
    const quietly = (fn) => {
      try {
        fn();
      } catch (e) {
        if (!/^E(NOENT|NOTEMPTY|EXIST|NOTDIR|ISDIR|INVAL)/.test(e.code)) throw e;
      }
    };
    for (let i = 0; i < 3000; i++) {
      const what = make.below(10);
      quietly(() => {
        if (what < 5) {
          const k = key();
          fs.mkdirSync(path.dirname(at(k)), { recursive: true });
          fs.writeFileSync(at(k), 'x'.repeat(make.below(100)));
        } else if (what < 7) fs.rmSync(at(key()));
        else if (what < 8) fs.renameSync(at(key()), at(key()));
        else if (what < 9) fs.renameSync(at(make.pick(['p', 'r', 'p/q'])), at(make.pick(['p', 'r', 't', 'p/q'])));
        else fs.rmSync(at(make.pick(['t', 'r', 'p/q'])), { recursive: true });
      });
      if (i % 100 === 0) await pause(1); // lets the server read in between
    }
    await inStep(server, where, 'watched', 60);
  });

  it('survives a burst of more changes than the kernel remembers', async () => {
    const limit = Number(fs.readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
    fs.mkdirSync(at('burst'));
    await server.fileAppears(where, (fs.writeFileSync(at('burst/0'), ''), uri('burst/0')));
    process.kill(server.process.pid, 'SIGSTOP'); // it cannot read them while they come
    for (let i = 0; i < limit; i++) fs.writeFileSync(at(`burst/f${i % 500}`), '');
    for (let i = 0; i < 2000; i++) fs.writeFileSync(at(`burst/g${i}`), String(i));
    process.kill(server.process.pid, 'SIGCONT');
    await inStep(server, where, 'watched', 90);
  });

  it('shows a file that never rests after a minute, all the same', async () => {
    const seconds = Math.max(90 - (Date.now() - restless.began) / 1000, 30);
    const f = await server.fileAppears(restless.dataset, 'oss://restless/never-rests.log', (x) => x.ObjectStatus === 'Indexed', {
      seconds,
    });
    assert.ok(f.Size > 0);
    restless.stop();
    restless = null;
  });

  it('picks up what changed while it was not running', async () => {
    await server.stop();
    fs.writeFileSync(at('while-down.txt'), 'x');
    fs.rmSync(at('renamed.txt'));
    fs.writeFileSync(at('first.txt'), 'changed while down');
    await server.start();
    await inStep(server, where, 'watched', 60);
  });

  it('stops at once after DeleteBinding, while changes go on', async () => {
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        fs.writeFileSync(at(`late-${i}`), 'x');
        await pause(2);
      }
    })();
    await server.fileAppears(where, uri('late-10'));
    const begin = Date.now();
    await server.call('DeleteBinding', { ...where, URI: 'oss://watched' });
    assert.ok(Date.now() - begin < 5000, `${Date.now() - begin} ms`);
    const count = (await server.call('SimpleQuery', { ...where, MaxResults: 1 })).TotalHits;
    fs.writeFileSync(at('after-the-end.txt'), 'x');
    // Another binding sees its new file: the server had time to see ours too, if it still looked.
    server.bucket('witness', { w: 'w' });
    await server.bindAndWait(where, 'witness');
    fs.writeFileSync(path.join(server.store, 'witness', 'w2'), 'w');
    await server.fileAppears(where, 'oss://witness/w2');
    writing = false;
    await writer;
    assert.equal((await server.call('SimpleQuery', { ...where, MaxResults: 1 })).TotalHits, count + 2);
    assert.equal(await server.fileMeta(where, uri('after-the-end.txt')), undefined);
  });
});

describe('a bucket that cannot be watched well', () => {
  const server = useServer({ flags: { 'rescan-interval': 1 } });

  it('is brought into step by the regular scan', async () => {
    const folder = server.bucket('scanned', { a: '1' });
    const where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'scanned');
    // Written through a mapping and with its old time put back: only size and place tell.
    const time = fs.statSync(path.join(folder, 'a')).mtime;
    fs.writeFileSync(path.join(folder, 'a'), '22');
    fs.utimesSync(path.join(folder, 'a'), time, time);
    await server.fileAppears(where, 'oss://scanned/a', (f) => f.Size === 2);
    await until('the regular scan has run again and again', async () => (await server.binding(where, 'scanned')).Progress.Unchanged === 1);
    await inStep(server, where, 'scanned');
  });

  it('scans a part of the bucket on demand', async () => {
    const where = { ProjectName: 'p', DatasetName: 'd' };
    await server.admin('RescanBinding', { ...where, URI: 'oss://scanned', Prefix: 'some/prefix/' });
    await server.admin('RescanBinding', { ...where, URI: 'oss://scanned', Reindex: true });
    await inStep(server, where, 'scanned');
  });
});

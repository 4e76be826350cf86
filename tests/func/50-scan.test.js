// The first scan: what a bucket holds is what the index holds, whatever lies in the bucket.
'use strict';

const assert = require('node:assert');
const child = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, random, until, tempFolder } = require('./harness');
const { assertEqual, assertStatistics, walk } = require('./bucket');
const samples = require('./samples');

const kinds = [
  ['a.jpg', samples.jpeg(40, 30), 'image', 'image/jpeg', 40, 30],
  ['a.png', samples.png(33, 21), 'image', 'image/png', 33, 21],
  ['a.gif', samples.gif(12, 34), 'image', 'image/gif', 12, 34],
  ['a.webp', samples.webp(123, 77), 'image', 'image/webp', 123, 77],
  ['a.tif', samples.tiff(50, 20), 'image', 'image/tiff', 50, 20],
  ['a.txt', samples.text(), 'document', 'text/plain'],
  ['a.pdf', samples.pdf(), 'document', 'application/pdf'],
  ['a.mp3', samples.mp3(), 'audio', 'audio/mpeg'],
  ['a.mp4', samples.mp4(), 'video', 'video/mp4'],
  ['a.zip', samples.zip(), 'archive', 'application/zip'],
  ['a.bin', samples.binary(), 'other', 'application/octet-stream'],
  ['no-extension', samples.png(5, 6), 'image', 'image/png', 5, 6],
  ['really-a-png.txt', samples.png(7, 8), 'image', 'image/png', 7, 8],
  ['really-text.jpg', samples.text(), 'document', 'text/plain'],
  ['UPPER.JPG', samples.jpeg(16, 8), 'image', 'image/jpeg', 16, 8],
];

describe('the scan of a mixed bucket', () => {
  const server = useServer();
  const make = random(50);
  let where;
  before(async () => {
    const files = Object.fromEntries(kinds.map(([key, content]) => [key, content]));
    for (let i = 0; i < 300; i++)
      files[`${make.pick(['a', 'b/c', 'b-c', 'b', 'deep/er/and/deeper', 'z'])}/${make.pick(['f', 'G', 'é'])}${i}`] = 'x'.repeat(
        make.below(50),
      );
    server.bucket('mixed', files);
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'mixed');
  });

  it('makes the index equal to the bucket, in any order and page size', async () => {
    const orders = [
      { MaxResults: 7 },
      { MaxResults: 100 },
      { Sort: 'Size', Order: 'asc', MaxResults: 7 },
      { Sort: 'FileModifiedTime,Filename', MaxResults: 100 },
      { Sort: 'MediaType', Order: 'desc', MaxResults: 13 },
    ];
    const objects = await assertEqual(server, where, 'mixed', { orders });
    await assertStatistics(server, where, objects);
  });

  for (const [key, , mediaType, contentType, width, height] of kinds) {
    it(`knows ${key} as ${contentType}`, async () => {
      const f = await server.fileMeta(where, `oss://mixed/${key}`);
      assert.deepEqual(
        [f.ObjectStatus, f.MediaType, f.ContentType, f.ImageWidth, f.ImageHeight],
        ['Indexed', mediaType, contentType, width, height],
        f.Reason,
      );
    });
  }

  it('groups by MediaType as the files are', async () => {
    const files = await server.queryAll(where);
    const { Aggregations } = await server.call('SimpleQuery', { ...where, Aggregations: [{ Field: 'MediaType', Operation: 'group' }] });
    for (const g of Aggregations[0].Groups) assert.equal(g.Count, files.filter((f) => f.MediaType === g.Value).length, g.Value);
    assert.equal(
      Aggregations[0].Groups.reduce((n, g) => n + g.Count, 0),
      files.length,
    );
  });

  it('tells its progress in numbers that fit', async () => {
    const objects = walk(path.join(server.store, 'mixed'));
    const { Progress } = await server.binding(where, 'mixed');
    assert.deepEqual(
      [Progress.Listed, Progress.Indexed, Progress.Unchanged, Progress.Deleted, Progress.Failed, Progress.Pending],
      [objects.size, objects.size, 0, 0, 0, 0],
    );
    assert.ok(Date.parse(Progress.StartTime) <= Date.now());
  });

  it('reads and writes nothing when it scans again and nothing has changed', async () => {
    const was = await server.queryAll(where);
    const objects = walk(path.join(server.store, 'mixed'));
    await server.admin('RescanBinding', { ...where, URI: 'oss://mixed' });
    const b = await until('the second scan is over', async () => {
      const now = await server.binding(where, 'mixed');
      return now.Progress.Unchanged === objects.size && now.Progress.Pending === 0 && now;
    });
    assert.deepEqual([b.Progress.Indexed, b.Progress.Deleted], [0, 0]);
    assert.deepEqual(await server.queryAll(where), was);
  });

  it('keeps the rows after DeleteBinding, and takes them up again when it is bound again', async () => {
    const was = await server.queryAll(where);
    await server.call('DeleteBinding', { ...where, URI: 'oss://mixed' });
    assert.deepEqual(await server.queryAll(where), was);
    fs.rmSync(path.join(server.store, 'mixed', 'a.jpg'));
    server.bucket('mixed', { 'while-away.txt': 'new' });
    const b = await server.bindAndWait(where, 'mixed');
    assert.ok(b.Progress.Unchanged > 300, 'what is known is not read again');
    await assertStatistics(server, where, await assertEqual(server, where, 'mixed'));
  });

  it('removes all rows of a bucket on demand', async () => {
    await server.call('DeleteBinding', { ...where, URI: 'oss://mixed' });
    const count = (await server.call('SimpleQuery', where)).TotalHits;
    assert.equal((await server.admin('PurgeBucket', { ...where, URI: 'oss://mixed' })).Removed, count);
    assert.equal((await server.call('SimpleQuery', where)).TotalHits, 0);
    await assertStatistics(server, where);
    await server.bindAndWait(where, 'mixed');
    await server.refused('PurgeBucket', { ...where, URI: 'oss://mixed' }, 'StatusConflict', 400, server.adminClient);
    await assertStatistics(server, where, await assertEqual(server, where, 'mixed'));
  });
});

describe('the scan of odd things', () => {
  const server = useServer();
  let where;
  let folder;
  before(async () => {
    folder = server.bucket('odd');
    where = await server.dataset('p', 'd');
  });

  it('takes any UTF-8 name, and reports those that are none', async () => {
    const names = [
      'new\nline',
      '"quotes" \'and\' `ticks`',
      'emoji 🎞️.txt',
      '100%',
      '%2e%2e',
      'a+b',
      ' space ',
      '~',
      '\\back\\slash',
      '\x01control',
      'x'.repeat(255),
      '漢'.repeat(85),
      '.hidden',
      '...',
      '-rf',
      '*',
      '?',
      '#',
      'a:b',
      '\u00e9',
      'e\u0301',
      '\u{10ffff}',
    ];
    for (const n of names) fs.writeFileSync(path.join(folder, n), n);
    for (const b of [Buffer.from([0xff, 0xfe]), Buffer.from('latin-\xe9', 'latin1'), Buffer.from([0xed, 0xa0, 0x80])]) {
      fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), b]), 'not utf-8');
    }
    fs.mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xfe])]));
    await server.bindAndWait(where, 'odd');
    await assertStatistics(server, where, await assertEqual(server, where, 'odd', { orders: [{ MaxResults: 7 }] }));
    for (const n of names) {
      for (const client of Object.values(server.clients)) {
        const { Files } = await server.call('GetFileMeta', { ...where, URI: `oss://odd/${n}` }, client);
        assert.equal(Files.length, 1, JSON.stringify(n));
        assert.equal(Files[0].Filename, n);
      }
    }
    const { Failures } = await server.admin('ListFailures', { ...where, URI: 'oss://odd' });
    assert.ok(Failures.length >= 3, JSON.stringify(Failures));
    for (const f of Failures) assert.ok(f.Key && f.Reason && !f.IsIndexed, JSON.stringify(f));
  });

  it('lists keys in byte order, folders and files mixed', async () => {
    const bucket = server.bucket('order', {
      'a/x': '',
      'a-b': '',
      'a.b': '',
      a0: '',
      'a/y/z': '',
      'a/y-z': '',
      A: '',
      'ab/c': '',
      'a!': '',
    });
    const d = { ...where, DatasetName: 'order' };
    await server.call('CreateDataset', d);
    await server.bindAndWait(d, 'order');
    const keys = [...walk(bucket).keys()].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    assert.deepEqual(
      (await server.queryAll(d, { MaxResults: 2 })).map((f) => f.Filename),
      keys,
    );
  });

  it('neither follows links out of the bucket nor runs in circles', async () => {
    const outside = tempFolder();
    fs.writeFileSync(path.join(outside, 'secret.txt'), 'not yours');
    const bucket = server.bucket('links', { 'real/file.txt': 'real' });
    const link = (target, name) => fs.symlinkSync(target, path.join(bucket, name));
    link('real/file.txt', 'to-file');
    link('../links/real/file.txt', 'around');
    link('.', 'self');
    link('..', 'up');
    link('real', 'to-folder');
    link('loop-b', 'loop-a');
    link('loop-a', 'loop-b');
    link('nowhere', 'dangling');
    link(path.join(outside, 'secret.txt'), 'out');
    link('/etc/passwd', 'passwd');
    link('/proc/self/environ', 'proc');
    link(outside, 'out-folder');
    const d = { ...where, DatasetName: 'links' };
    await server.call('CreateDataset', d);
    await server.bindAndWait(d, 'links');
    const keys = (await server.queryAll(d)).map((f) => f.Filename);
    assert.ok(keys.includes('real/file.txt') && keys.includes('to-file'), keys.join());
    assert.deepEqual(
      keys.filter((k) => !['real/file.txt', 'to-file', 'around'].includes(k)),
      [],
    );
    fs.rmSync(outside, { recursive: true });
  });

  it('counts hard links as the objects that their names are', async () => {
    const bucket = server.bucket('hard', { a: 'same' });
    fs.linkSync(path.join(bucket, 'a'), path.join(bucket, 'b'));
    const d = { ...where, DatasetName: 'hard' };
    await server.call('CreateDataset', d);
    await server.bindAndWait(d, 'hard');
    await assertStatistics(server, d, await assertEqual(server, d, 'hard'));
  });

  it('passes over pipes, sockets and devices without waiting for them', async () => {
    const bucket = server.bucket('special', { 'a.txt': 'a', 'z.txt': 'z' });
    child.execFileSync('mkfifo', [path.join(bucket, 'pipe.jpg')]);
    const socket = net.createServer();
    await new Promise((resolve) => {
      socket.listen(path.join(bucket, 'socket.jpg'), resolve);
    });
    if (process.getuid() === 0) child.spawnSync('mknod', [path.join(bucket, 'device.jpg'), 'c', '1', '5']);
    const d = { ...where, DatasetName: 'special' };
    await server.call('CreateDataset', d);
    await server.bindAndWait(d, 'special');
    await assertEqual(server, d, 'special');
    socket.close();
  });

  it('has a row for a file that cannot be understood, with the reason, and goes on', async () => {
    const whole = samples.jpeg(640, 480);
    server.bucket('corrupt', {
      'cut.jpg': whole.subarray(0, 60),
      'header-only.jpg': whole.subarray(0, 3),
      'noise.png': Buffer.concat([samples.png(9, 9).subarray(0, 12), Buffer.from('broken header here, and more of it')]),
      'cut.tif': samples.tiff(10, 10).subarray(0, 30),
      'cut.gif': Buffer.from('GIF89a'),
      'cut.webp': samples.webp(9, 9).subarray(0, 14),
      'good.jpg': whole,
    });
    fs.closeSync(fs.openSync(path.join(server.store, 'corrupt', 'huge.jpg'), 'w'));
    fs.truncateSync(path.join(server.store, 'corrupt', 'huge.jpg'), 2 * 1024 ** 3);
    const d = { ...where, DatasetName: 'corrupt' };
    await server.call('CreateDataset', d);
    await server.bindAndWait(d, 'corrupt', { seconds: 60 });
    const objects = await assertEqual(server, d, 'corrupt');
    await assertStatistics(server, d, objects);
    const query = async (value) =>
      (await server.queryAll(d, { Query: { Field: 'ObjectStatus', Operation: 'eq', Value: value } })).map((f) => f.Filename);
    const failed = await query('Failed');
    for (const key of ['cut.jpg', 'noise.png']) assert.ok(failed.includes(key), `${key} is Failed: ${failed}`);
    assert.ok((await query('Indexed')).includes('good.jpg'));
    for (const key of failed) {
      const f = await server.fileMeta(d, `oss://corrupt/${key}`);
      assert.ok(f.Reason, `${key} has a reason`);
      assert.equal(f.Size, objects.get(key).size, `${key} keeps its own facts`);
    }
    const { Failures } = await server.admin('ListFailures', { ...d, URI: 'oss://corrupt' });
    assert.deepEqual(Failures.map((f) => f.Key).sort(), failed.sort());
    const groups = (await server.call('SimpleQuery', { ...d, Aggregations: [{ Field: 'ObjectStatus', Operation: 'group' }] }))
      .Aggregations[0].Groups;
    assert.equal(groups.find((g) => g.Value === 'Failed').Count, failed.length);
    const status = (await server.admin('GetStatus')).Status;
    assert.deepEqual([status.WorkerCrashes, status.WorkerTimeouts], [0, 0]);
  });

  it('tries failed files again on demand, and forgets the failure when they have become good', async () => {
    const d = { ...where, DatasetName: 'corrupt' };
    const before = (await server.admin('ListFailures', { ...d, URI: 'oss://corrupt' })).Failures.length;
    const { Retried } = await server.admin('RetryFailures', { ...d, URI: 'oss://corrupt' });
    assert.equal(Retried, before);
    await server.settled(d, 'corrupt');
    assert.equal((await server.admin('ListFailures', { ...d, URI: 'oss://corrupt' })).Failures.length, before);
    fs.writeFileSync(path.join(server.store, 'corrupt', 'cut.jpg'), samples.jpeg(64, 64));
    await server.fileAppears(d, 'oss://corrupt/cut.jpg', (f) => f.ObjectStatus === 'Indexed' && f.ImageWidth === 64);
    assert.equal((await server.admin('ListFailures', { ...d, URI: 'oss://corrupt' })).Failures.length, before - 1);
  });

  it('lists failures in pages', async () => {
    const d = { ...where, DatasetName: 'corrupt', URI: 'oss://corrupt' };
    const all = (await server.admin('ListFailures', d)).Failures;
    const paged = [];
    for (let NextToken = ''; ;) {
      const page = await server.admin('ListFailures', { ...d, MaxResults: 1, NextToken });
      paged.push(...page.Failures);
      NextToken = page.NextToken;
      if (!NextToken) break;
    }
    assert.deepEqual(paged, all);
  });

  it('goes down 200 folders', async () => {
    const bucket = server.bucket('deep');
    const deep = Array(200).fill('d').join('/');
    fs.mkdirSync(path.join(bucket, deep), { recursive: true });
    fs.writeFileSync(path.join(bucket, deep, 'bottom.txt'), 'here');
    const d = { ...where, DatasetName: 'deep' };
    await server.call('CreateDataset', d);
    await server.bindAndWait(d, 'deep');
    assert.equal((await server.fileMeta(d, `oss://deep/${deep}/bottom.txt`)).Size, 4);
  });

  it('takes no more files than the dataset may hold', async () => {
    server.bucket('quota', Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`f${i}`, 'x'])));
    const d = { ...where, DatasetName: 'quota' };
    await server.call('CreateDataset', { ...d, DatasetMaxFileCount: 5 });
    await server.call('CreateBinding', { ...d, URI: 'oss://quota' });
    await until('five files are there', async () => (await server.call('SimpleQuery', d)).TotalHits === 5);
    await until('the scan is over', async () => (await server.binding(d, 'quota')).Phase === 'IncrementalScanning');
    assert.equal((await server.call('SimpleQuery', d)).TotalHits, 5);
  });
});

describe('buckets by name, and patterns', () => {
  const elsewhere = tempFolder();
  const config = path.join(elsewhere, 'bindery.conf');
  fs.mkdirSync(path.join(elsewhere, 'my folder'));
  for (const f of ['keep.jpg', 'drop.tmp', 'Thumbs.db', 'keep.txt']) fs.writeFileSync(path.join(elsewhere, 'my folder', f), f);
  fs.mkdirSync(path.join(elsewhere, 'my folder', 'cache'));
  fs.writeFileSync(path.join(elsewhere, 'my folder', 'cache', 'x.jpg'), 'x');
  fs.writeFileSync(config, '[bucket named]\nexclude = *.tmp;Thumbs.db;cache/*\n');
  const server = useServer({ flags: { bucket: `named=${elsewhere}/my folder`, config } });

  it('binds a folder that was given by name, without what the patterns leave out', async () => {
    const where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'named');
    assert.deepEqual(
      (await server.queryAll(where)).map((f) => f.Filename),
      ['keep.jpg', 'keep.txt'],
    );
    fs.writeFileSync(path.join(elsewhere, 'my folder', 'more.tmp'), 'x');
    fs.writeFileSync(path.join(elsewhere, 'my folder', 'more.jpg'), 'x');
    await server.fileAppears(where, 'oss://named/more.jpg');
    assert.equal(await server.fileMeta(where, 'oss://named/more.tmp'), undefined);
  });

  it('lists what can be bound, and warns of what cannot', async () => {
    server.bucket('listed');
    fs.mkdirSync(path.join(server.store, 'Not_A_Bucket'));
    fs.writeFileSync(path.join(server.store, 'loose-file'), '');
    const { Buckets } = await server.admin('ListBuckets');
    assert.deepEqual(
      Buckets.map((b) => b.Bucket)
        .filter((b) => ['named', 'listed'].includes(b))
        .sort(),
      ['listed', 'named'],
    );
    assert.ok(!Buckets.some((b) => b.Bucket === 'Not_A_Bucket' || b.Bucket === 'loose-file'));
    await server.restart();
    await until('the log names them', () => /Not_A_Bucket/.test(server.log) && /loose-file/.test(server.log));
  });
});

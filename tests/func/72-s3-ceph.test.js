// Buckets of Ceph's gateway, whose signatures, pages and notifications are real.
'use strict';

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { until } = require('./harness');
const { unavailable, ARCHIVED } = require('./ceph');
const { Proxy, faults } = require('./faulty');
const { useRemote } = require('./remote');
const samples = require('./samples');

const REREAD = ['get', 'head', 'tagging'];

describe('buckets of Ceph', { skip: unavailable() }, () => {
  const remote = useRemote({ flags: { 'rescan-interval': 86400 } });
  const { server, proxy } = remote;
  const relay = new Proxy(); // between the store and the server's events: keeps its address while the server changes its own
  let live;
  before(async () => {
    await relay.start(() => `http://${server.endpoints.imm}`);
    await remote.s3.bucket('live', { 'first.jpg': samples.jpeg(8, 8) });
    live = await server.dataset('live');
    await server.bindAndWait(live, 'live');
    await remote.notify(live, 'live', relay.endpoint);
  });
  after(() => relay.stop());
  afterEach(() => {
    proxy.clear();
    relay.clear();
  });
  const requests = (...ops) => ops.reduce((sum, op) => sum + (proxy.counts()[op] || 0), 0);
  describe('of more objects than a page has', () => {
    const COUNT = 2010;
    let where;
    before(async () => {
      const files = Array.from({ length: COUNT }, (_, i) => [`d${i % 10}/${i}.jpg`, samples.jpeg(8 + (i % 64), 8)]);
      await remote.s3.bucket('pages', files);
      where = await server.dataset('pages');
    });

    it('are indexed, with little more than one request for each object', async () => {
      proxy.forget();
      await server.bindAndWait(where, 'pages');
      await remote.assertEqual(where, 'pages', { orders: [{ MaxResults: 100 }, { Sort: 'Size', MaxResults: 100 }] });
      assert.ok(requests(...REREAD) <= COUNT * 1.1, JSON.stringify(proxy.counts()));
      assert.equal(proxy.requests.filter((r) => r.method === 'PUT' || r.method === 'DELETE').length, 0, 'the store is only read');
    });

    it('are listed, not read, when they are scanned again, also by a server that was started again', async () => {
      for (const restart of [false, true]) {
        if (restart) await server.restart();
        await server.settled(where, 'pages');
        proxy.forget();
        await remote.s3.put('pages', `zz-${restart}`, 'x');
        await server.admin('RescanBinding', { ...where, URI: 'oss://pages' });
        await server.fileAppears(where, `oss://pages/zz-${restart}`); // the last that the scan sees
        await server.settled(where, 'pages');
        const read = proxy.requests.filter((r) => REREAD.includes(r.op)).map((r) => r.key);
        assert.deepEqual([...new Set(read)], [`zz-${restart}`], 'the scan of the start may look at the new one, too');
      }
      await remote.assertEqual(where, 'pages');
    });

    it('follow what is written, overwritten and deleted at the ends of pages', async () => {
      const keys = [...(await remote.s3.list('pages')).keys()];
      for (const at of [0, 998, 999, 1000, 1001, 1999, 2000, COUNT - 1]) {
        await remote.s3.remove('pages', keys[at]);
        await remote.s3.put('pages', `${keys[at]}-after`, 'x');
        await remote.s3.put('pages', `${keys[at]}!`, 'x');
      }
      await remote.s3.put('pages', keys[1500], 'other');
      await server.admin('RescanBinding', { ...where, URI: 'oss://pages' });
      await remote.becomesEqual(where, 'pages');
    });
  });

  describe('with odd keys', () => {
    const keys = [
      'new\nline',
      'carriage\rreturn',
      'tab\t',
      '"quotes" \'and\' `ticks`',
      '<xml> & ]]> &amp;',
      'emoji 🎞️.txt',
      '100%',
      '%2e%2e',
      '%2F/%00',
      'a+b',
      'a b',
      ' space ',
      '~',
      '\\back\\slash',
      'x'.repeat(1000),
      '漢'.repeat(300),
      '.hidden',
      '...',
      '-rf',
      '*',
      '?',
      '?list-type=2&prefix=x',
      '#',
      ';',
      'a:b',
      'a=b',
      '@',
      '$',
      ',',
      '(a)[b]{c}',
      '\u00e9',
      'e\u0301',
      '\u{10ffff}',
      '\u007f',
      'a/b/c//d',
      'a//',
      'with content/',
      'oss://odd/x',
    ];
    let where;
    before(async () => {
      await remote.s3.bucket(
        'odd',
        keys.map((k) => [k, `content of ${k}`]),
      );
      await remote.s3.put('odd', 'a folder/', Buffer.alloc(0));
      where = await server.dataset('odd');
    });

    it('are signed, listed and read right', async () => {
      await server.bindAndWait(where, 'odd');
      const objects = await remote.assertEqual(where, 'odd', { orders: [{ MaxResults: 7 }] });
      assert.equal(objects.size, keys.length);
      for (const key of keys) {
        const f = await server.fileMeta(where, `oss://odd/${key}`);
        assert.deepEqual([f?.Filename, f?.ObjectStatus], [key, 'Indexed'], JSON.stringify(key));
      }
      assert.equal((await server.admin('ListFailures', { ...where, URI: 'oss://odd' })).Failures.length, 0);
    });

    it('have no row for a marker of a folder', async () => {
      assert.equal(await server.fileMeta(where, 'oss://odd/a folder/'), undefined);
    });
  });

  it('with versions are indexed as they are now', async () => {
    await remote.s3.send('CreateBucket', { Bucket: 'versioned' });
    await remote.s3.send('PutBucketVersioning', { Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } });
    for (const i of [1, 2, 3]) await remote.s3.put('versioned', 'a.jpg', samples.jpeg(8 * i, 16));
    await remote.s3.put('versioned', 'b.jpg', samples.jpeg(8, 8));
    await remote.s3.remove('versioned', 'b.jpg');
    await remote.s3.put('versioned', 'c.jpg', samples.jpeg(8, 8));
    const where = await server.dataset('versioned');
    await server.bindAndWait(where, 'versioned');
    assert.equal((await remote.assertEqual(where, 'versioned')).size, 2);
    const a = await server.fileMeta(where, 'oss://versioned/a.jpg');
    assert.deepEqual([a.ImageWidth, a.ImageHeight], [24, 16]);
    const { DeleteMarkers, Versions } = await remote.s3.send('ListObjectVersions', { Bucket: 'versioned' });
    assert.equal(a.OSSVersionId, Versions.find((v) => v.Key === 'a.jpg' && v.IsLatest).VersionId);
    // What was deleted comes back without its marker; what is there becomes what it was without its last version.
    await remote.s3.send('DeleteObject', { Bucket: 'versioned', Key: 'b.jpg', VersionId: DeleteMarkers[0].VersionId });
    await remote.s3.send('DeleteObject', { Bucket: 'versioned', Key: 'a.jpg', VersionId: a.OSSVersionId });
    await remote.s3.remove('versioned', 'c.jpg');
    await server.admin('RescanBinding', { ...where, URI: 'oss://versioned' });
    await remote.becomesEqual(where, 'versioned');
    assert.equal((await server.fileMeta(where, 'oss://versioned/a.jpg')).ImageWidth, 16);
  });

  it('have multipart objects and copies', async () => {
    await remote.s3.bucket('parts', { 'from.jpg': samples.jpeg(40, 24) });
    await remote.s3.send('CopyObject', { Bucket: 'parts', Key: 'copy.jpg', CopySource: 'parts/from.jpg' });
    const what = { Bucket: 'parts', Key: 'parts.jpg' };
    const { UploadId } = await remote.s3.send('CreateMultipartUpload', what);
    const whole = Buffer.concat([samples.jpeg(48, 24), Buffer.alloc(5000)]);
    const Parts = [];
    for (const [i, Body] of [whole.subarray(0, 2000), whole.subarray(2000)].entries())
      Parts.push({ PartNumber: i + 1, ETag: (await remote.s3.send('UploadPart', { ...what, UploadId, PartNumber: i + 1, Body })).ETag });
    const where = await server.dataset('parts');
    await server.bindAndWait(where, 'parts');
    assert.equal((await remote.assertEqual(where, 'parts')).size, 2, 'an upload that goes on is no object');
    await remote.s3.send('CompleteMultipartUpload', { ...what, UploadId, MultipartUpload: { Parts } });
    await server.admin('RescanBinding', { ...where, URI: 'oss://parts' });
    await remote.becomesEqual(where, 'parts');
    const [copy, parts] = await Promise.all(['copy', 'parts'].map((n) => server.fileMeta(where, `oss://parts/${n}.jpg`)));
    assert.match(parts.ETag, /^[0-9a-f]{32}-2$/);
    assert.deepEqual([copy.ImageWidth, parts.ImageWidth], [40, 48]);
  });

  it('fill the fields of the model with what the store tells of an object', async () => {
    await remote.s3.send('CreateBucket', { Bucket: 'told' });
    await remote.s3.put('told', 'all.jpg', samples.jpeg(8, 8), {
      ContentType: 'image/jpeg',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="a.jpg"',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      Metadata: { colour: 'blue', camera: 'box 7' },
      Tagging: 'project=moon&state=draft%2Bnew',
    });
    await remote.s3.put('told', 'nothing.jpg', samples.jpeg(8, 8));
    const where = await server.dataset('told');
    proxy.forget();
    await server.bindAndWait(where, 'told');
    await remote.assertEqual(where, 'told');
    const f = await server.fileMeta(where, 'oss://told/all.jpg');
    assert.deepEqual(
      [f.CacheControl, f.ContentDisposition, f.ContentEncoding, f.ContentLanguage],
      ['max-age=60', 'attachment; filename="a.jpg"', 'identity', 'de'],
    );
    assert.deepEqual(f.OSSUserMeta, { 'x-amz-meta-colour': 'blue', 'x-amz-meta-camera': 'box 7' });
    assert.equal(f.OSSTaggingCount, 2);
    assert.deepEqual(f.OSSTagging, { project: 'moon', state: 'draft+new' });
    assert.equal(f.OSSStorageClass, 'Standard');
    const bare = await server.fileMeta(where, 'oss://told/nothing.jpg');
    assert.deepEqual([bare.OSSTagging, bare.OSSUserMeta, bare.CacheControl], [undefined, undefined, undefined]);
    assert.equal(requests('tagging'), 1, 'tags are asked for where there are any');
  });

  it('have archived objects, which are indexed from the listing and never read', async () => {
    await remote.s3.bucket('archive', { 'old.jpg': samples.jpeg(8, 8), 'older.txt': 'x' }, { StorageClass: ARCHIVED });
    await remote.s3.put('archive', 'new.jpg', samples.jpeg(16, 8));
    const where = await server.dataset('archive');
    proxy.forget();
    await server.bindAndWait(where, 'archive');
    await remote.assertEqual(where, 'archive');
    assert.deepEqual(
      proxy.requests.filter((r) => r.op === 'get').map((r) => r.key),
      ['new.jpg'],
    );
    for (const key of ['old.jpg', 'older.txt']) {
      const f = await server.fileMeta(where, `oss://archive/${key}`);
      assert.deepEqual([f.ObjectStatus, f.OSSStorageClass], ['Indexed', ARCHIVED], key);
    }
    // Restored, or copied to where it can be read: read now.
    await remote.s3.put('archive', 'old.jpg', samples.jpeg(24, 8));
    await server.admin('RescanBinding', { ...where, URI: 'oss://archive' });
    await remote.becomesEqual(where, 'archive');
    assert.equal((await server.fileMeta(where, 'oss://archive/old.jpg')).ImageWidth, 24);
  });

  it('are listed for those who want to bind them', async () => {
    const { Buckets } = await server.admin('ListBuckets');
    const names = Buckets.map((b) => b.Bucket || b.Name);
    for (const name of ['pages', 'odd', 'archive']) assert.ok(names.includes(name), JSON.stringify(Buckets));
    const where = await server.dataset('nothing');
    await server.refused('CreateBinding', { ...where, URI: 'oss://not-there' }, 'InvalidURI');
  });

  describe('that report changes', () => {
    const appears = (key, test) => server.fileAppears(live, `oss://live/${key}`, test);

    it('make rows of what is written, overwritten, copied and deleted, without a listing', async () => {
      proxy.forget();
      await remote.s3.put('live', 'a.jpg', samples.jpeg(16, 8));
      await appears('a.jpg', (f) => f.ImageWidth === 16);
      await remote.s3.put('live', 'a.jpg', samples.jpeg(32, 8));
      await appears('a.jpg', (f) => f.ImageWidth === 32);
      await remote.s3.send('CopyObject', { Bucket: 'live', Key: 'b.jpg', CopySource: 'live/a.jpg' });
      await appears('b.jpg', (f) => f.ImageWidth === 32);
      await remote.s3.remove('live', 'a.jpg');
      await server.fileVanishes(live, 'oss://live/a.jpg');
      await remote.becomesEqual(live, 'live');
      assert.equal(proxy.counts().list || 0, 0, JSON.stringify(proxy.counts()));
    });

    it('name odd keys right', async () => {
      const keys = ['a b+c%20d', '100% é 漢 🎞️', 'x&y=<z>"', 'deep/er//x', '%41'];
      for (const key of keys) await remote.s3.put('live', key, key);
      for (const key of keys) await appears(key, (f) => f.Size === Buffer.byteLength(key) && f.ObjectStatus === 'Indexed');
      await remote.becomesEqual(live, 'live');
    });

    it('may come twice and late', async () => {
      const held = [];
      relay.fault({ op: 'post' }, async (x) => {
        held.push(x.sent);
        await x.answer(await x.ask());
        await x.ask();
      });
      await remote.s3.put('live', 'twice.txt', '1');
      await appears('twice.txt');
      await remote.s3.remove('live', 'twice.txt');
      await server.fileVanishes(live, 'oss://live/twice.txt');
      relay.clear();
      assert.ok(held.length >= 2);
      await remote.becomesEqual(live, 'live');
    });

    it('wait while nobody is there to take them', async () => {
      await relay.down();
      for (let i = 0; i < 30; i++) await remote.s3.put('live', `late/${i}`, 'x');
      await remote.s3.remove('live', 'b.jpg');
      await relay.up();
      await appears('late/29');
      await server.fileVanishes(live, 'oss://live/b.jpg');
      await remote.becomesEqual(live, 'live');
    });

    it('may be lost, for which the next scan makes up', async () => {
      await remote.s3.bucket('unkept', { a: 'x', b: 'x' });
      const where = await server.dataset('unkept');
      await server.bindAndWait(where, 'unkept');
      await remote.notify(where, 'unkept', relay.endpoint, { isKept: false });
      await remote.s3.put('unkept', 'c', 'x');
      await server.fileAppears(where, 'oss://unkept/c');
      relay.fault({ op: 'post' }, faults.resetBefore());
      await remote.s3.put('unkept', 'd', 'x');
      await remote.s3.remove('unkept', 'a');
      relay.clear();
      await remote.s3.put('unkept', 'e', 'x');
      await server.fileAppears(where, 'oss://unkept/e');
      assert.equal(await server.fileMeta(where, 'oss://unkept/d'), undefined, 'nobody has told');
      await server.admin('RescanBinding', { ...where, URI: 'oss://unkept' });
      await remote.becomesEqual(where, 'unkept');
    });

    it('go on after the server was killed', async () => {
      await server.kill();
      await remote.s3.put('live', 'while-down.txt', 'x');
      await server.start();
      await appears('while-down.txt');
      await remote.becomesEqual(live, 'live');
      await remote.s3.put('live', 'after.txt', 'x');
      await appears('after.txt');
    });

    it('are taken while the store fails; what they name is read later', async () => {
      proxy.fault({ op: ['get', 'head', 'list'] }, faults.refuse(503, 'SlowDown'));
      relay.forget();
      await remote.s3.put('live', 'patience.jpg', samples.jpeg(64, 8));
      await until('it was told', () => relay.requests.some((r) => r.status === 200));
      proxy.clear();
      await appears('patience.jpg', (f) => f.ImageWidth === 64);
      await remote.becomesEqual(live, 'live');
    });
  });
});

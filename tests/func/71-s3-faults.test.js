// What stores and networks do on bad days, by a proxy that does it: each fault costs time, and ends in an index that
// equals the bucket.
'use strict';

const assert = require('node:assert');
const { describe, it, before, afterEach } = require('node:test');

const { until, random } = require('./harness');
const { unavailable } = require('./ceph');
const { faults } = require('./faulty');
const { useRemote } = require('./remote');
const samples = require('./samples');

const SILENCE_MS = 30000; // a store that says nothing is given up after that
const seed = Number(process.env.BINDERY_SEED || Date.now() % 1000000);

/** A JPEG that tells its size behind 320 KB of other segments: more than a first look sees. */
function farJpeg(width, height) {
  const plain = samples.jpeg(width, height);
  const segment = Buffer.concat([Buffer.from([0xff, 0xef, 0xff, 0xff]), Buffer.alloc(65533, 7)]);
  return Buffer.concat([plain.subarray(0, 2), ...Array(5).fill(segment), plain.subarray(2)]);
}

/** A few objects of each sort that is read in another way; images are 8, 16, 24 ... wide. */
function mixed() {
  const files = { empty: Buffer.alloc(0), 'plain.txt': samples.text(), 'film.mp4': samples.mp4(), 'report.pdf': samples.pdf() };
  for (let i = 1; i <= 20; i++) files[`near/${i}.jpg`] = samples.jpeg(8 * i, 16);
  for (let i = 1; i <= 4; i++) files[`far/${i}.jpg`] = farJpeg(8 * i, 16);
  return files;
}

/** Answers a GET with what the SDK got for `asked`, so that no signature ties it to what was really asked. */
const bySdk = (remote, asked) => async (x) => {
  const { bucket, key, range } = x.asked;
  const o = await remote.s3.send('GetObject', { Bucket: bucket, Key: key, ...asked(range) });
  const body = Buffer.from(await o.Body.transformToByteArray());
  const headers = { etag: o.ETag, 'last-modified': o.LastModified.toUTCString(), 'content-type': o.ContentType };
  if (o.ContentRange) headers['content-range'] = o.ContentRange;
  x.answer({ status: o.ContentRange ? 206 : 200, headers, body });
};

/** Every image has the size that its name says: it was read whole and unmixed, and none has failed. */
function assertRead(files) {
  const image = /(\d+)\.jpg$/;
  for (const f of files) {
    assert.equal(f.ObjectStatus, 'Indexed', `${f.URI}: ${f.Reason}`);
    const [, n] = image.exec(f.URI) || [];
    if (n) assert.deepEqual([f.ImageWidth, f.ImageHeight], [8 * n, 16], f.URI);
  }
}

function objects() {
  const remote = useRemote({ flags: { 'rescan-interval': 1 } });
  const { server, proxy } = remote;
  afterEach(() => proxy.clear());
  const files = mixed();
  const count = Object.keys(files).length;
  const far = /^far\//;
  let never = 0;

  const passing = [
    ['503 SlowDown', { times: 30 }, faults.refuse(503, 'SlowDown')],
    ['429', { times: 30 }, faults.refuse(429, 'TooManyRequests', { 'retry-after': '1' })],
    ['500', { times: 10 }, faults.refuse(500, 'InternalError')],
    ['an error in XML that is none', { times: 10 }, faults.refuse(500, '<&')],
    ['connections cut before the answer', { times: 10 }, faults.resetBefore()],
    ['connections cut in the middle of the body', { times: 10 }, faults.resetMiddle()],
    ['connections cut after the head', { times: 10 }, faults.resetMiddle(0)],
    ['bodies that end early', { times: 10 }, faults.truncated(0.9)],
    ['bodies that are shorter than they should be', { times: 10 }, faults.shortened()],
    ['bodies that are longer than they should be', { times: 10 }, faults.lengthened()],
    ['empty bodies', { times: 10 }, faults.empty()],
    ['another Content-Range than was asked for', { times: 10 }, faults.otherRange()],
    ['no Content-Range', { times: 10 }, faults.headers({ 'content-range': null })],
    ['a Content-Range that is none', { times: 10 }, faults.headers({ 'content-range': 'bytes 12-many/of' })],
    ['a Content-Range of an object of another size', { times: 10 }, faults.headers((a) => ({ 'content-range': (a.headers['content-range'] || '').replace(/\/.*/, '/7') }))],
    ['another ETag', { times: 10 }, faults.headers({ etag: '"00000000000000000000000000000000"' })],
    ['no ETag', { times: 10 }, faults.headers({ etag: null })],
    ['an ETag of 10,000 bytes', { times: 10 }, faults.headers({ etag: `"${'e'.repeat(10000)}"` })],
    ['a Last-Modified that is none', { times: 10 }, faults.headers({ 'last-modified': 'yesterday' })],
    ['all of the object, whatever range was asked for', { times: 10 }, (x) => bySdk(remote, () => ({}))(x)],
    ['HTML with 200 in place of the object', { times: 10 }, faults.html()],
    ['404 NoSuchKey of objects that are there', { times: 10 }, faults.refuse(404, 'NoSuchKey')],
    ['404 NoSuchBucket of a bucket that is there', { times: 3 }, faults.refuse(404, 'NoSuchBucket')],
    ['answers that come late', {}, faults.delay(300)],
    ['answers that come in small pieces', { key: far }, faults.drip(8192, 5)],
    ['answers that never come, or a byte at a time', { times: 4 }, (x) => (never++ % 2 ? faults.silence()(x) : faults.drip(1, 100)(x))],
    ['a clock that is said to be wrong and is not', { times: 3 }, faults.skewed(3 * 3600 * 1000)],
  ];
  for (const [i, [what, rule, act]] of passing.entries())
    it(`are read in the end: ${what}`, async () => {
      const where = await server.dataset(`p${i}`);
      const bucket = await remote.s3.bucket(`passing-${i}`, files);
      const fault = proxy.fault({ op: 'get', bucket, ...rule }, act);
      await server.call('CreateBinding', { ...where, URI: `oss://${bucket}` });
      await until('it has happened', () => fault.hits >= Math.min(rule.times || Infinity, 4));
      await remote.becomesEqual(where, bucket);
      if (rule.times) await until('every image is read', async () => assertRead(await server.queryAll(where)) || true);
      else assertRead(await server.queryAll(where));
      await server.call('DeleteBinding', { ...where, URI: `oss://${bucket}` });
      proxy.clear();
    });

  it('are read in the end though every third request fails in another way', async () => {
    const make = random(seed);
    // Not the clock: that is a 403, which without a body (of a HEAD) can only be taken for denied access.
    const ways = passing.filter(([what, rule]) => rule.times && !what.startsWith('a clock')).map(([, , act]) => act);
    const where = await server.dataset('chaos');
    const bucket = await remote.s3.bucket('chaos', { ...files, ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`t/${i}`, `text ${i}`])) });
    const fault = proxy.fault({ bucket, test: () => make.below(3) === 0 }, (x) => make.pick(ways)(x));
    await server.call('CreateBinding', { ...where, URI: `oss://${bucket}` });
    await until(`it has happened (BINDERY_SEED=${seed})`, () => fault.hits >= 60);
    await until('most of it is there', async () => (await remote.hits(where)) > count);
    for (let i = 0; i < 100; i += 2) await remote.s3.remove(bucket, `t/${i}`);
    for (let i = 1; i < 100; i += 2) await remote.s3.put(bucket, `t/${i}`, `other text ${i}`);
    proxy.clear();
    await remote.becomesEqual(where, bucket);
    await until('every image is read', async () => assertRead(await server.queryAll(where)) || true);
    await server.call('DeleteBinding', { ...where, URI: `oss://${bucket}` });
  });

  it('are read in the end when each one fails for some time; the others need not wait', async () => {
    const where = await server.dataset('some');
    const bucket = await remote.s3.bucket('some', files);
    const fault = proxy.fault({ op: 'get', bucket, key: far }, faults.refuse(503, 'SlowDown'));
    await server.call('CreateBinding', { ...where, URI: `oss://${bucket}` });
    await until('the others are read', async () => (await server.queryAll(where)).filter((f) => f.ObjectStatus === 'Indexed').length >= count - 4);
    assert.ok(fault.hits > 0);
    proxy.clear();
    await remote.becomesEqual(where, bucket);
    await until('every image is read', async () => assertRead(await server.queryAll(where)) || true);
    await server.call('DeleteBinding', { ...where, URI: `oss://${bucket}` });
  });

  it('are Failed with the reason if access to them is denied; the others go on', async () => {
    const where = await server.dataset('denied');
    const bucket = await remote.s3.bucket('denied', files);
    proxy.fault({ op: ['get', 'head'], bucket, key: far }, faults.refuse(403, 'AccessDenied'));
    await server.bindAndWait(where, bucket);
    await remote.assertEqual(where, bucket);
    const rows = await server.queryAll(where);
    for (const f of rows) assert.equal(f.ObjectStatus, far.test(f.URI.slice(`oss://${bucket}/`.length)) ? 'Failed' : 'Indexed', f.URI);
    const { Failures } = await server.admin('ListFailures', { ...where, URI: `oss://${bucket}` });
    assert.equal(Failures.length, 4);
    for (const f of Failures) assert.match(f.Reason, /denied|refuse/i);
    assert.equal((await server.binding(where, bucket)).State, 'Running');
    proxy.clear();
    await server.admin('RetryFailures', { ...where, URI: `oss://${bucket}` });
    await until('every image is read', async () => assertRead(await server.queryAll(where)) || true);
    await remote.becomesEqual(where, bucket);
    await server.call('DeleteBinding', { ...where, URI: `oss://${bucket}` });
  });

  it('are never a mixture of two versions when they are replaced between two reads', async () => {
    const where = await server.dataset('mixed');
    const bucket = await remote.s3.bucket('mixed', { '1.jpg': farJpeg(8, 16) });
    const seen = [];
    const replaced = proxy.fault({ op: 'get', bucket, after: 1, times: 1 }, faults.first(() => remote.s3.put(bucket, '1.jpg', farJpeg(80, 32))));
    await server.call('CreateBinding', { ...where, URI: `oss://${bucket}` });
    await until('the new version is read', async () => {
      const [f] = await server.queryAll(where);
      if (f) seen.push(`${f.ImageWidth} x ${f.ImageHeight}`);
      return f && f.ImageWidth === 80;
    });
    assert.equal(replaced.hits, 1);
    assert.deepEqual(
      seen.filter((s) => !['undefined x undefined', '8 x 16', '80 x 32'].includes(s)),
      [],
    );
    await remote.becomesEqual(where, bucket);
    await server.call('DeleteBinding', { ...where, URI: `oss://${bucket}` });
  });

  it('are never a mixture either where the store does not know If-Match', async () => {
    const where = await server.dataset('unmatched');
    const bucket = await remote.s3.bucket('unmatched', { '1.jpg': farJpeg(8, 16) });
    let n = 0;
    const fault = proxy.fault({ op: 'get', bucket }, async (x) => {
      if (++n === 2) await remote.s3.put(bucket, '1.jpg', farJpeg(80, 32));
      await bySdk(remote, (range) => (range ? { Range: range } : {}))(x);
    });
    await server.call('CreateBinding', { ...where, URI: `oss://${bucket}` });
    await until('the new version is read', async () => {
      const [f] = await server.queryAll(where);
      assert.ok(!f || f.ImageWidth === undefined || f.ImageWidth * 2 === f.ImageHeight || f.ImageWidth === 80, 'not a mixture');
      return f && f.ImageWidth === 80 && f.ImageHeight === 32;
    });
    assert.ok(fault.hits >= 2);
    proxy.clear();
    await remote.becomesEqual(where, bucket);
    await server.call('DeleteBinding', { ...where, URI: `oss://${bucket}` });
  });
}

function listings() {
  const remote = useRemote();
  const { server, proxy } = remote;
  afterEach(() => proxy.clear());
  const COUNT = 1200; // two pages
  let where;
  let n = 0;
  before(async () => {
    await remote.s3.bucket(
      'many',
      Array.from({ length: COUNT }, (_, i) => [`d${i % 7}/f${i}`, `content ${i}`]),
    );
    where = await server.dataset('p');
    await server.bindAndWait(where, 'many');
  });

  const lies = [
    ['repeats a page', () => faults.repeats()],
    ['is not in order', () => faults.disordered()],
    ['has a key twice', () => faults.doubled()],
    ['does not say whether there is more', () => faults.endless()],
    ['says that there is more and gives nothing', () => faults.hollow()],
    ['ends in the middle of a page', () => faults.cutPage()],
    ['has sizes that are no numbers', () => faults.badSizes()],
    ['is HTML', () => faults.html()],
    ['is empty without being XML', () => faults.empty()],
    ['is cut by the network', () => faults.resetMiddle()],
    ['is shorter than it says', () => faults.truncated()],
    ['is refused with 503', () => faults.refuse(503, 'SlowDown')],
    ['is refused with 500', () => faults.refuse(500, 'InternalError')],
    ['is refused with 403', () => faults.refuse(403, 'AccessDenied')],
    ['is of a bucket that is said not to exist', () => faults.refuse(404, 'NoSuchBucket')],
    ['is refused with a redirect to nowhere', () => faults.refuse(301, 'PermanentRedirect', { location: 'http://127.0.0.1:1/' })],
  ];
  for (const [what, act] of lies)
    it(`loses no row if it ${what}, says Retrying and why, and goes on by itself`, async () => {
      const fault = proxy.fault({ op: 'list', bucket: 'many' }, act());
      await server.admin('RescanBinding', { ...where, URI: 'oss://many' });
      const b = await remote.becomes(where, 'many', 'Retrying');
      assert.notEqual(b.Reason, '');
      assert.ok(fault.hits > 0);
      assert.equal(await remote.hits(where), COUNT + n);
      await remote.s3.put('many', `d3/new${n++}`, what);
      proxy.clear();
      assert.equal((await remote.becomes(where, 'many', 'Running')).Reason, '');
      await remote.becomesEqual(where, 'many');
    });

  it('is scanned for the first time, too, while every other page is refused, late, cut or a lie', async () => {
    const make = random(seed);
    const ways = [...lies.slice(0, 13).map(([, act]) => act()), faults.delay(200)];
    const other = await server.dataset('first');
    let pages = 0;
    const fault = proxy.fault({ op: 'list', bucket: 'many', test: () => pages++ % 2 === 0, times: 25 }, (x) => make.pick(ways)(x));
    await server.call('CreateBinding', { ...other, URI: 'oss://many' });
    await remote.becomesEqual(other, 'many');
    assert.ok(fault.hits > 0);
    proxy.clear();
    await server.call('DeleteBinding', { ...other, URI: 'oss://many' });
  });
}

function departures() {
  const remote = useRemote({ flags: { 'rescan-interval': 1 } });
  const { server, proxy } = remote;
  afterEach(() => proxy.clear());
  let where;
  before(async () => {
    await remote.s3.bucket('root', Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`d${i % 5}/f${i}`, `content ${i}`])));
    where = await server.dataset('p');
    await server.bindAndWait(where, 'root');
  });

  const refused = (status, code, headers) => [() => proxy.fault({}, faults.refuse(status, code, headers)), () => proxy.clear()];
  const ways = [
    ['cannot be reached', /./, () => proxy.down(), () => proxy.up()],
    ['answers 503 to everything', /./, ...refused(503, 'SlowDown')],
    ['says that the token has expired', /credential|token|expired/i, ...refused(400, 'ExpiredToken')],
    ['does not know the key any more', /credential|key/i, ...refused(403, 'InvalidAccessKeyId')],
    ['finds no signature right', /credential|signature/i, ...refused(403, 'SignatureDoesNotMatch')],
    ['says that the clock is wrong', /clock|time/i, () => proxy.fault({}, faults.skewed(0)), () => proxy.clear()],
    ['denies access to the bucket', /denied|access/i, ...refused(403, 'AccessDenied')],
    ['says that there is no such bucket', /bucket/i, ...refused(404, 'NoSuchBucket')],
    ['is a portal that wants a password', /./, () => proxy.fault({}, faults.html()), () => proxy.clear()],
  ];
  for (const [i, [what, reason, leave, back]] of ways.entries())
    it(`keeps every row when it ${what}, says Retrying and why, and goes on by itself`, async () => {
      const had = await remote.hits(where);
      await leave();
      const b = await remote.becomes(where, 'root', 'Retrying');
      assert.match(b.Reason, reason);
      assert.equal(await remote.hits(where), had);
      await remote.s3.put('root', `d1/new${i}`, what);
      await remote.s3.remove('root', `d1/f${5 * i + 1}`);
      await server.assertAlive();
      await back();
      assert.equal((await remote.becomes(where, 'root', 'Running')).Reason, '');
      await remote.becomesEqual(where, 'root');
    });

  it('keeps every row over a restart, too', async () => {
    const had = await remote.hits(where);
    await server.stop();
    await proxy.down();
    await server.start();
    await remote.becomes(where, 'root', 'Retrying');
    assert.equal(await remote.hits(where), had);
    await proxy.up();
    await remote.becomesEqual(where, 'root');
  });

  it('does not hold up the calls of the API while it is silent', async () => {
    proxy.fault({}, faults.silence());
    const begin = Date.now();
    await server.assertAlive();
    await remote.hits(where);
    await server.binding(where, 'root');
    await server.call('CreateBinding', { ...where, URI: 'oss://elsewhere' }); // nobody knows whether it can be bound
    assert.ok(Date.now() - begin < SILENCE_MS / 2, `${Date.now() - begin} ms`);
    const { ms } = await server.stop();
    assert.ok(ms < SILENCE_MS / 2, `the server ends in ${ms} ms`);
    await server.start();
    assert.notEqual((await remote.becomes(where, 'elsewhere', 'Retrying')).Reason, '');
    proxy.clear();
    await remote.becomesEqual(where, 'root');
    await until('it turns out that there is no such bucket', async () => /bucket/i.test((await server.binding(where, 'elsewhere')).Reason));
    await server.call('DeleteBinding', { ...where, URI: 'oss://elsewhere' });
  });

  it('loses its rows with its objects when the bucket is emptied', async () => {
    await remote.s3.empty('root');
    await until('no row is left', async () => (await remote.hits(where)) === 0);
    await remote.becomesEqual(where, 'root');
    await remote.s3.put('root', 'again', 'x');
    await server.fileAppears(where, 'oss://root/again');
  });

  it('keeps every row when the bucket is deleted, and follows when it is made again', async () => {
    await server.settled(where, 'root');
    const had = await remote.hits(where);
    assert.ok(had > 0);
    await server.admin('PauseBinding', { ...where, URI: 'oss://root' });
    await until('nothing is listed any more', () => proxy.underWay === 0);
    await remote.s3.removeBucket('root');
    await server.admin('ResumeBinding', { ...where, URI: 'oss://root' });
    const b = await remote.becomes(where, 'root', 'Retrying');
    assert.match(b.Reason, /bucket/i);
    proxy.forget();
    await until('it is tried again', () => proxy.requests.length > 0);
    assert.equal(await remote.hits(where), had);
    await remote.s3.bucket('root', { other: 'y' });
    await remote.becomesEqual(where, 'root');
  });
}

// Most of their time they wait for the next try, each with a store of its own: so they do it at the same time.
describe('what stores and networks do', { skip: unavailable(), concurrency: 3 }, () => {
  describe('objects that cannot be read well', { concurrency: 1 }, objects);
  describe('a bucket whose listing cannot be trusted', { concurrency: 1 }, listings);
  describe('a store that goes away', { concurrency: 1 }, departures);
});

// Long listings of a remote bucket: a store in memory that answers slowly, so that it can be seen who waits for whom,
// with storage classes, tags and metadata.
'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { describe, it, before, after } = require('node:test');

const { Server, until } = require('./harness');

const PAGE_MS = 60;
const ARCHIVED = 12000;

const escape = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

/** Just enough of S3: lists, gives and refuses objects; counts. */
class MemoryStore {
  constructor() {
    this.objects = new Map();
    this.forget();
  }

  forget() {
    this.counts = { list: 0, object: 0, tagging: 0 };
    this.listing = 0;
    this.mostListing = 0;
  }

  put(key, body, { storageClass = 'STANDARD', headers = {}, tags = null } = {}) {
    const etag = `"${Buffer.from(`${key}${body}`).toString('hex').slice(-30)}"`;
    this.objects.set(key, { body, etag, storageClass, headers, tags, mtime: new Date(1600000000000) });
    this.sorted = null;
  }

  keys() {
    this.sorted ||= [...this.objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return this.sorted;
  }

  async start() {
    this.server = http.createServer((req, res) => this.answer(req, res));
    await new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.endpoint = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  answer(req, res) {
    const url = new URL(req.url, 'http://store');
    const [bucket, ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const key = rest.join('/');
    if (bucket !== 'large') return this.refuse(req, res, 404, 'NoSuchBucket');
    if (!key) return req.method === 'HEAD' ? res.end() : this.list(url.searchParams, res);
    const object = this.objects.get(key);
    this.counts[url.searchParams.has('tagging') ? 'tagging' : 'object'] += 1;
    if (!object) return this.refuse(req, res, 404, 'NoSuchKey');
    return url.searchParams.has('tagging') ? this.tagging(object, res) : this.give(req, object, res);
  }

  refuse(req, res, status, code) {
    res.writeHead(status, { 'content-type': 'application/xml' });
    res.end(req.method === 'HEAD' ? '' : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
  }

  list(query, res) {
    this.counts.list += 1;
    this.listing += 1;
    this.mostListing = Math.max(this.mostListing, this.listing);
    setTimeout(() => {
      this.listing -= 1;
      const after = query.get('start-after') || '';
      const most = Number(query.get('max-keys') || 1000);
      const all = this.keys();
      let begin = 0;
      for (let end = all.length; begin < end; ) {
        const middle = (begin + end) >> 1;
        if (Buffer.compare(Buffer.from(all[middle]), Buffer.from(after)) > 0) end = middle;
        else begin = middle + 1;
      }
      const entries = all.slice(begin, begin + most).map((key) => {
        const o = this.objects.get(key);
        return (
          `<Contents><Key>${escape(encodeURIComponent(key))}</Key><LastModified>${o.mtime.toISOString()}</LastModified>` +
          `<ETag>${o.etag}</ETag><Size>${o.body.length}</Size><StorageClass>${o.storageClass}</StorageClass></Contents>`
        );
      });
      const isTruncated = begin + most < all.length;
      res.writeHead(200, { 'content-type': 'application/xml' });
      res.end(
        `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>large</Name><EncodingType>url</EncodingType>` +
          `<MaxKeys>${most}</MaxKeys><KeyCount>${entries.length}</KeyCount><IsTruncated>${isTruncated}</IsTruncated>` +
          `${isTruncated ? '<NextContinuationToken>next</NextContinuationToken>' : ''}${entries.join('')}</ListBucketResult>`,
      );
    }, PAGE_MS);
  }

  tagging(object, res) {
    const tags = Object.entries(object.tags || {}).map(([k, v]) => `<Tag><Key>${escape(k)}</Key><Value>${escape(v)}</Value></Tag>`);
    res.writeHead(200, { 'content-type': 'application/xml' });
    res.end(`<?xml version="1.0"?><Tagging><TagSet>${tags.join('')}</TagSet></Tagging>`);
  }

  give(req, object, res) {
    const { body, storageClass } = object;
    if (req.method === 'GET' && storageClass === 'GLACIER') return this.refuse(req, res, 403, 'InvalidObjectState');
    const [, from, to] = /bytes=(\d+)-(\d*)/.exec(req.headers.range || '') || [];
    const begin = Number(from || 0);
    const end = Math.min(to ? Number(to) + 1 : body.length, body.length);
    const headers = {
      etag: object.etag,
      'last-modified': object.mtime.toUTCString(),
      'content-length': req.method === 'HEAD' ? body.length : end - begin,
      ...(storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': storageClass }),
      ...(object.tags ? { 'x-amz-tagging-count': String(Object.keys(object.tags).length) } : {}),
      ...object.headers,
    };
    if (from !== undefined) headers['content-range'] = `bytes ${begin}-${end - 1}/${body.length}`;
    res.writeHead(from === undefined ? 200 : 206, headers);
    return res.end(req.method === 'HEAD' ? undefined : body.slice(begin, end));
  }
}

describe('a long listing', () => {
  const store = new MemoryStore();
  const server = new Server({
    flags: { 'retry-interval': 1, 'rescan-interval': 86400 },
    env: { BINDERY_STORE_ACCESS_KEY_ID: 'id', BINDERY_STORE_ACCESS_KEY_SECRET: 'secret' },
  });
  const cli = (...args) => server.cli(args, { env: { BINDERY_DATA: server.data } });
  let where;

  const ask = async (Field, Operation, Value) => {
    const { Files } = await server.call('SimpleQuery', { ...where, Query: { Field, Operation, Value }, Sort: 'Filename', Order: 'asc' });
    return Files.map((f) => f.Filename);
  };
  const count = async (Field, Operation, Value) =>
    (await server.call('SimpleQuery', { ...where, Query: { Field, Operation, Value }, MaxResults: 1 })).TotalHits;
  const rescan = async () => {
    const before = (await server.binding(where, 'large')).Progress;
    store.forget();
    const { code, err } = await cli('rescan', 'large', '-p', where.ProjectName, '-d', where.DatasetName);
    assert.equal(code, 0, err);
    await until('all is listed again', async () => {
      const { Progress } = await server.binding(where, 'large');
      return Progress.StartTime !== before.StartTime && Progress.Listed === store.objects.size && Progress.Pending === 0;
    });
  };

  before(async () => {
    for (let i = 0; i < ARCHIVED; i += 1)
      store.put(`archive/${2000 + (i % 20)}/${i}.txt`, 'not to be read', { storageClass: 'GLACIER' });
    for (let i = 0; i < 40; i += 1) store.put(`new/${i}.txt`, `text number ${i}`);
    store.put('tagged.txt', 'tagged', {
      tags: { Color: 'Red', 'a b': 'ü' },
      headers: { 'x-amz-meta-location': 'Oslo', 'cache-control': 'no-store', 'x-amz-server-side-encryption': 'AES256' },
    });
    await store.start();
    server.flags.store = store.endpoint;
    await server.start();
    where = await server.dataset('long');
    await server.bindAndWait(where, 'large');
  });
  after(async () => {
    if (process.env.BINDERY_TEST_LOG) process.stderr.write(server.log);
    await server.remove();
    await store.stop();
  });

  it('is split while it runs, and every object is there once', async () => {
    assert.equal(await count('URI', 'prefix', 'oss://large/'), store.objects.size);
    const { Progress } = await server.binding(where, 'large');
    assert.equal(Progress.Listed, store.objects.size);
    assert.equal(Progress.Pending, 0);
    assert.ok(store.mostListing >= 4, `${store.mostListing} at once`);
    assert.ok(store.counts.list <= 13 + 16 * 2 + 64 + 20, `${store.counts.list} pages`);
  });

  it('has archived objects, which nobody asked for', async () => {
    assert.equal(store.counts.object, 41);
    assert.equal(await count('OSSStorageClass', 'eq', 'GLACIER'), ARCHIVED);
    const file = await server.fileMeta(where, 'oss://large/archive/2007/7.txt');
    assert.equal(file.ObjectStatus, 'Indexed');
    assert.equal(file.Size, 'not to be read'.length);
    assert.equal(file.OSSStorageClass, 'GLACIER');
    assert.equal(file.ContentType, undefined);
  });

  it('costs a re-scan nothing but pages, several at once', async () => {
    await rescan();
    const { Progress } = await server.binding(where, 'large');
    assert.deepEqual([store.counts.object, store.counts.tagging], [0, 0]);
    assert.equal(Progress.Listed, store.objects.size);
    assert.equal(Progress.Unchanged, store.objects.size);
    assert.ok(store.mostListing >= 4, `${store.mostListing} at once`);
    assert.ok(store.counts.list <= 13 + 16 * 2, `${store.counts.list} pages`);
  });

  it('tells of tags, metadata and headers', async () => {
    assert.deepEqual(await ask('OSSTagging.Color', 'eq', 'Red'), ['tagged.txt']);
    assert.deepEqual(await ask('OSSTagging.a b', 'prefix', 'ü'), ['tagged.txt']);
    assert.deepEqual(await ask('OSSUserMeta.X-Amz-Meta-Location', 'eq', 'Oslo'), ['tagged.txt']);
    assert.deepEqual(await ask('CacheControl', 'exist', ''), ['tagged.txt']);
    assert.deepEqual(await ask('ServerSideEncryption', 'eq', 'AES256'), ['tagged.txt']);
    assert.deepEqual(await ask('OSSTaggingCount', 'gt', '1'), ['tagged.txt']);
    const file = await server.fileMeta(where, 'oss://large/tagged.txt');
    assert.deepEqual(file.OSSTagging, { Color: 'Red', 'a b': 'ü' });
    assert.deepEqual(file.OSSUserMeta, { 'x-amz-meta-location': 'Oslo' });
    assert.equal(file.OSSStorageClass, 'Standard');
  });

  it('follows storage classes, and reads what can be read again', async () => {
    store.objects.get('new/3.txt').storageClass = 'GLACIER';
    store.objects.get('archive/2007/7.txt').storageClass = 'STANDARD';
    store.objects.delete('archive/2008/8.txt');
    store.sorted = null;
    await rescan();
    assert.equal(store.counts.object, 1);
    const archived = await server.fileMeta(where, 'oss://large/new/3.txt');
    assert.equal(archived.OSSStorageClass, 'GLACIER');
    assert.equal(archived.ContentType, 'text/plain');
    const restored = await server.fileMeta(where, 'oss://large/archive/2007/7.txt');
    assert.equal(restored.OSSStorageClass, 'Standard');
    assert.equal(restored.ContentType, 'text/plain');
    assert.equal(await count('URI', 'prefix', 'oss://large/'), store.objects.size);
  });
});

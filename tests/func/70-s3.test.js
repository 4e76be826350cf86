// Several stores at once: two small S3 servers, one of which is down for a while, and folders.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after } = require('node:test');

const { Server, until } = require('./harness');
const { SmallStore, SMALL_KEY: KEY } = require('./remote');
const comparison = require('./bucket');
const samples = require('./samples');

const COUNT = 60;

// What such a server can keep in its folders.
const ODD = ['with space.txt', 'plus+plus.txt', '100%.txt', '%2F.txt', 'grüße/日本語.txt', '😀.txt', 'a&b=c?d#e.txt', 'star*(!)~\'".txt', 'end ', '+', '%', 'x/y/z'];

describe('several stores', () => {
  const server = new Server({ flags: { 'retry-interval': 1, 'rescan-interval': 86400 } });
  const one = new SmallStore(path.join(server.root, 'one'));
  const two = new SmallStore(path.join(server.root, 'two'));
  const begins = (bucket) => ({ Query: { Field: 'URI', Operation: 'prefix', Value: `oss://${bucket}/` }, MaxResults: 100 });
  const cli = (...args) => server.cli(args, { env: { BINDERY_DATA: server.data } });
  let where;

  const becomesEqual = async (bucket, objects) => {
    let wrong;
    await until('index equals bucket', async () => {
      wrong = comparison.differences(await server.queryAll(where, begins(bucket)), objects, bucket);
      return !wrong.length;
    }).catch((e) => assert.fail(`${e.message}: ${wrong.slice(0, 5).join('; ')}`));
  };

  before(async () => {
    await Promise.all([one.start(), two.start()]);
    const jpegs = Array.from({ length: COUNT }, (_, i) => [`n/${i}.jpg`, samples.jpeg(8 + (i % 50), 8)]);
    await one.s3.bucket('photos', [...jpegs, ...ODD.map((key) => [key, `content of ${key}`]), ['empty', ''], ['marker/', '']]);
    await one.s3.bucket('shared', { 'of-one.txt': 'one' });
    await two.s3.bucket('shared', { 'of-two.txt': 'two', 'more.txt': 'more' });
    await two.s3.bucket('secret', { 'a.txt': 'a' });
    server.bucket('folder', { 'b.txt': 'b' });
    server.bucket('clash', {});
    await one.s3.bucket('clash', { 'c.txt': 'c' });
    const key = `access-key-id = ${KEY.id}\naccess-key-secret = ${KEY.secret}\n`;
    server.flags.config = path.join(server.root, 'bindery.conf');
    fs.writeFileSync(
      server.flags.config,
      `[store one]\nurl = ${one.endpoint}\n${key}[store two]\nurl = ${two.endpoint}\n${key}alias shared-two = shared\n` +
        `[store wrong]\nurl = ${two.endpoint}\naccess-key-id = NOBODY\naccess-key-secret = oops\nbuckets = none\nalias refused = secret\n` +
        '[bucket photos]\nexclude = x/*\n',
    );
    await server.start();
    where = await server.dataset('stores');
  });
  after(async () => {
    if (process.env.BINDERY_TEST_LOG) process.stderr.write(server.log);
    await server.remove();
    await Promise.all([one.stop(), two.stop()]);
  });

  it('have their buckets listed, with the names of the stores', async () => {
    const { out, err, code } = await cli('buckets');
    assert.equal(code, 0, err);
    const rows = out.trim().split('\n').map((line) => line.split(/\s+/).slice(0, 2).join(' '));
    for (const row of ['folder dir', 'photos one', 'shared one', 'shared-two two', 'secret two']) assert.ok(rows.includes(row), out);
    assert.ok(rows.includes('clash dir') && rows.includes('clash one'), out);
    assert.match(out, /clash .*alias/);
  });

  it('fill one dataset, each object as its bucket has it', async () => {
    for (const bucket of ['photos', 'shared-two', 'folder']) await server.bindAndWait(where, bucket);
    const photos = await one.s3.list('photos');
    assert.equal(photos.size, COUNT + ODD.length + 1);
    photos.delete('x/y/z'); // the patterns of the bucket leave it out
    const shared = await two.s3.list('shared');
    assert.equal(shared.size, 2);
    await comparison.assertEqual(server, where, 'photos', { objects: photos });
    await comparison.assertEqual(server, where, 'shared-two', { objects: shared });
    await comparison.assertEqual(server, where, 'folder');
    const jpeg = await server.fileMeta(where, 'oss://photos/n/7.jpg');
    assert.deepEqual([jpeg.ImageWidth, jpeg.ImageHeight, jpeg.ContentType], [15, 8, 'image/jpeg']);
  });

  it('do not have what no one store alone has', async () => {
    const wrong = (bucket) => server.refused('CreateBinding', { ...where, URI: `oss://${bucket}` }, 'InvalidURI');
    assert.match((await wrong('nowhere')).message, /nowhere/);
    assert.match((await wrong('clash')).message, /'dir' and 'one'.*alias/);
    await server.refused('AttachOSSBucket', { ProjectName: 'stores', OSSBucket: 'clash' }, 'InvalidOSSBucket');
  });

  it('tell of wrong keys in the binding, which is made all the same', async () => {
    await server.call('CreateBinding', { ...where, URI: 'oss://refused' });
    const { State, Reason } = await server.binding(where, 'refused');
    assert.equal(State, 'Retrying');
    assert.match(Reason, /InvalidAccessKeyId/);
    await server.call('DeleteBinding', { ...where, URI: 'oss://refused' });
  });

  it('fail alone: the others go on, and nothing is lost of the one that is down', async () => {
    await two.stop();
    const rescan = await cli('rescan', 'shared-two', '-p', 'stores', '-d', 'd');
    assert.equal(rescan.code, 0, rescan.err);
    await until('it is Retrying', async () => (await server.binding(where, 'shared-two')).State === 'Retrying');
    await server.call('CreateBinding', { ...where, URI: 'oss://secret' });
    assert.equal((await server.binding(where, 'secret')).State, 'Retrying');
    await one.s3.put('photos', 'new.txt', 'new');
    await cli('rescan', 'photos', '-p', 'stores', '-d', 'd');
    const photos = await one.s3.list('photos');
    photos.delete('x/y/z');
    await becomesEqual('photos', photos);
    assert.equal((await server.queryAll(where, begins('shared-two'))).length, 2);
    await two.start();
    await two.s3.remove('shared', 'more.txt');
    await server.settled(where, 'secret');
    await cli('rescan', 'shared-two', '-p', 'stores', '-d', 'd');
    await becomesEqual('shared-two', await two.s3.list('shared'));
  });

  it('keep their buckets apart: one that is gone is not an empty one', async () => {
    await two.s3.remove('secret', 'a.txt');
    await two.s3.send('DeleteBucket', { Bucket: 'secret' });
    await cli('rescan', 'secret', '-p', 'stores', '-d', 'd');
    const { Reason } = await until('it is Retrying', async () => {
      const b = await server.binding(where, 'secret');
      return b.State === 'Retrying' && b;
    });
    assert.match(Reason, /bucket/);
    assert.equal((await server.queryAll(where, begins('secret'))).length, 1);
  });

  it('are not asked to end their notifications; who unbinds is told', async () => {
    const { Notification } = await server.admin('GetNotification', { ...where, URI: 'oss://photos', Endpoint: `http://${server.endpoints.imm}` });
    const unbound = await cli('unbind', 'photos', '-p', 'stores', '-d', 'd');
    assert.equal(unbound.code, 0, unbound.err);
    assert.match(unbound.out, new RegExp(`take the notification ${Notification.Id} out of it`));
  });
});

// Events that stores post: who may, what they do, and that none is lost once it was answered. The changes here are
// made through another link to the file, outside of the bucket, which no watch sees.
'use strict';

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, until } = require('./harness');
const samples = require('./samples');

const KEYS = 40;
const record = (key, bucket = 'photos', eventName = 'ObjectCreated:Put') => ({
  eventName,
  s3: { bucket: { name: bucket }, object: { key } },
});

describe('the events of a bucket', () => {
  // No scan helps.
  const server = useServer({ flags: { 'rescan-interval': 86400, 'poll-interval': 86400 } });
  const key = (i) => `2024/a b+${i}.jpg`;
  const uri = (k, bucket = 'photos') => `oss://${bucket}/${k}`;
  let where;
  let secret;
  let address;
  const outside = (i) => path.join(server.root, 'outside', String(i));
  const change = (i, width) => fs.writeFileSync(outside(i), samples.jpeg(width, 8));
  const width = async (i) => (await server.fileMeta(where, uri(key(i)))).ImageWidth;
  const post = async (body, { as = { authorization: `Bearer ${secret}` }, to = address, method = 'POST', query = '' } = {}) => {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const answer = await fetch(`http://${server.endpoints.imm}${to}${query}`, { method, body: text, headers: as });
    const read = await answer.text();
    return { status: answer.status, headers: answer.headers, body: read ? JSON.parse(read) : null };
  };
  const notification = async (bucket = 'photos') =>
    (await server.admin('GetNotification', { ...where, URI: `oss://${bucket}`, Endpoint: `http://${server.endpoints.imm}` })).Notification;
  before(async () => {
    const files = Object.fromEntries(Array.from({ length: KEYS }, (_, i) => [key(i), samples.jpeg(16, 8)]));
    const folder = server.bucket('photos', files);
    server.bucket('other', { 'x.jpg': samples.jpeg(16, 8) });
    fs.mkdirSync(path.join(server.root, 'outside'));
    for (let i = 0; i < KEYS; i++) fs.linkSync(path.join(folder, key(i)), outside(i));
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'photos');
    await server.bindAndWait(where, 'other');
    const n = await notification();
    secret = n.Secret;
    address = new URL(n.Address).pathname;
  });

  it('bring a changed object into the index, in every reading of its key', async () => {
    const plain = key(0);
    const spellings = [plain, encodeURIComponent(plain), encodeURIComponent(plain).replace(/%20/g, '+'), plain.replace(/ /g, '%20')];
    for (const [i, spelling] of spellings.entries()) {
      change(0, 32 + i);
      assert.equal(await width(0), i ? 31 + i : 16, 'no watch saw it');
      const answer = await post({ Records: [record(spelling)] });
      assert.equal(answer.status, 200);
      await until(`the change is indexed as '${spelling}'`, async () => (await width(0)) === 32 + i);
    }
    assert.equal((await server.queryAll(where)).length, KEYS + 1, 'readings that are no objects make no rows');
    assert.equal((await server.binding(where, 'photos')).Progress.Deleted, 0);
  });

  it('may come in batches, twice, in any order, and about other buckets', async () => {
    for (let i = 0; i < KEYS; i++) change(i, 64);
    const records = [];
    for (let i = KEYS - 1; i >= 0; i--)
      records.push(record(key(i), 'photos', 's3:ObjectRemoved:Delete'), record(key(i)), record(key(i), 'nobody'));
    const { status, body } = await post({ Records: records });
    assert.equal(status, 200);
    assert.ok(body.Keys >= KEYS);
    await until('all are indexed', async () => (await Promise.all(Array.from({ length: KEYS }, (_, i) => width(i)))).every((w) => w === 64));
  });

  it('are let in by the secret of the binding only', async () => {
    const other = await notification('other');
    const event = { Records: [record(key(0))] };
    const basic = (word) => ({ authorization: `Basic ${Buffer.from(`any:${word}`).toString('base64')}` });
    assert.equal((await post(event, { as: basic(secret) })).status, 200);
    assert.equal((await post(event, { as: {}, query: `?secret=${secret}` })).status, 200);
    assert.equal((await post(undefined, { method: 'GET' })).status, 200);
    assert.equal((await post(undefined, { method: 'HEAD' })).status, 200);
    for (const as of [{}, basic(''), basic(other.Secret), { authorization: `Bearer ${other.Secret}` }, { authorization: 'Bearer' }])
      assert.equal((await post(event, { as })).status, 403);
    assert.equal((await post(event, { as: {}, query: '?secret=' })).status, 403);
    assert.equal((await post(undefined, { method: 'HEAD', as: {} })).status, 403);
    assert.equal((await post(event, { to: '/events/999' })).status, 404);
    assert.equal((await post(event, { to: '/events/' })).status, 404);
    assert.equal((await post(event, { to: '/event' })).status, 404);
    assert.equal((await post(event, { method: 'PUT' })).status, 405);
    assert.ok(!server.log.includes(secret), 'the log does not have the secret');
    assert.ok(!JSON.stringify(await server.binding(where, 'photos')).includes(secret));
  });

  it('are refused with a reason if they are none, or too many', async () => {
    for (const body of ['', '{', '[]x', '{}', '7', '"text"', { Records: 7 }, { Records: [{}] }, { Message: 'hello' }]) {
      const answer = await post(body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.ok(answer.body.Message.length > 20);
    }
    const many = Array.from({ length: 1001 }, () => record('k'));
    assert.equal((await post({ Records: many })).status, 413);
    assert.equal((await post(' '.repeat(4 * 1024 * 1024 + 1))).status, 413);
    assert.equal((await post(' '.repeat(9 * 1024 * 1024))).status, 413);
    for (const body of [{ Records: [] }, [], { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'photos' }])
      assert.equal((await post(body)).status, 200);
    await server.assertAlive();
  });

  it('do no harm with keys that a folder cannot have', async () => {
    const hostile = ['../../etc/passwd', '/etc/passwd', 'a//b', '.', '..', '2024', '2024/', 'x'.repeat(4096), '2024/./a', '%2e%2e%2fa', '\u0001'];
    const was = (await server.queryAll(where)).length;
    assert.equal((await post({ Records: hostile.map((k) => record(k)) })).status, 200);
    const { Progress } = await until('all were looked at', async () => {
      const b = await server.binding(where, 'photos');
      return b.Progress.Pending === 0 && b;
    });
    assert.deepEqual([Progress.Failed, Progress.Deleted], [0, 0]);
    assert.equal((await server.queryAll(where)).length, was);
  });

  it('are kept through kill -9 once they were answered, also while the binding is paused', async () => {
    await server.admin('PauseBinding', { ...where, URI: 'oss://photos' });
    for (let i = 0; i < KEYS; i++) change(i, 96);
    const answers = await Promise.all(Array.from({ length: KEYS }, (_, i) => post({ Records: [record(key(i))] })));
    await server.kill();
    assert.ok(answers.every((a) => a.status === 200));
    const folder = path.join(server.data, 'datasets');
    const file = path.join(folder, fs.readdirSync(folder).find((name) => name.endsWith('.db')));
    const script = "import sqlite3, sys, json; print(json.dumps([r[0] for r in sqlite3.connect(sys.argv[1]).execute('SELECT key FROM work')]))";
    const kept = new Set(JSON.parse(execFileSync('python3', ['-c', script, file])));
    for (let i = 0; i < KEYS; i++) assert.ok(kept.has(key(i)), `${key(i)} is on disk`);
    await server.start();
    await server.admin('ResumeBinding', { ...where, URI: 'oss://photos' });
    await until('all are indexed', async () => (await Promise.all(Array.from({ length: KEYS }, (_, i) => width(i)))).every((w) => w === 96));
  });

  it('tell people, and nobody else, how a subscription is confirmed', async () => {
    const confirmation = {
      Type: 'SubscriptionConfirmation',
      TopicArn: 'arn:aws:sns:us-west-2:123456789012:bindery',
      Token: '2336412f37fb687f5d51e6e241d09c80',
      Message: 'You have chosen to subscribe to the topic.',
      SubscribeURL: `http://${server.endpoints.imm}/must-not-be-fetched`,
    };
    assert.equal((await post(confirmation)).status, 200);
    const { out } = await server.cli(['notify', 'photos', '-p', 'p', '-d', 'd', '--data', server.data]);
    assert.match(out, /aws sns confirm-subscription --topic-arn arn:aws:sns:us-west-2:123456789012:bindery --token 2336412f37fb687f5d51e6e241d09c80/);
    const test = JSON.stringify({ Event: 's3:TestEvent' });
    assert.equal((await post({ Type: 'Notification', TopicArn: confirmation.TopicArn, Message: test })).status, 200);
    assert.equal((await notification()).Subscription, '');
  });

  it('can be locked out by a new secret', async () => {
    const args = ['notify', 'photos', '-p', 'p', '-d', 'd', '--data', server.data];
    const { code, out } = await server.cli([...args, '--new-secret', '--style', 'minio', '--url', 'https://b.example']);
    assert.equal(code, 0);
    assert.ok(!out.includes(secret));
    assert.equal((await post({ Records: [] })).status, 403);
    secret = (await notification()).Secret;
    assert.ok(out.includes(`auth_token='${secret}'`));
    assert.equal((await post({ Records: [] })).status, 200);
    assert.match((await server.cli([...args, '--style', 'ceph', '--apply'])).err, /is a folder: it is watched/);
    assert.equal((await server.cli([...args, '--apply'])).code, 2);
    assert.equal((await server.cli([...args, '--apply', '--remove', '--style', 'aws'])).code, 2);
  });

  it('end with the binding', async () => {
    await server.call('DeleteBinding', { ...where, URI: 'oss://photos' });
    assert.equal((await post({ Records: [record(key(0))] })).status, 404);
  });
});

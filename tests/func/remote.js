// A server bound to buckets of Ceph's gateway, with a proxy between them that can do harm, and the vendor's SDK to write
// to the buckets and to say what they hold.
'use strict';

const assert = require('node:assert');
const child = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { before, after } = require('node:test');

const sdk = require('@aws-sdk/client-s3');
const { SignatureV4 } = require('@smithy/signature-v4');
const { Sha256 } = require('@aws-crypto/sha256-js');

const { Server, until } = require('./harness');
const { Proxy } = require('./faulty');
const { useCeph } = require('./ceph');
const comparison = require('./bucket');

const AT_ONCE = 16; // requests of the SDK
const PATIENCE_MS = 30000; // of the SDK: a gateway whose notification is cut in the middle may never answer; it is asked again

/** Calls `work` with each item, some at a time. */
async function each(items, work, atOnce = AT_ONCE) {
  const left = [...items].entries();
  const one = async () => {
    for (const [i, item] of left) await work(item, i);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** A store as its users see it: the SDK, talking to the store itself and not through the proxy. */
class Store {
  constructor(endpoint, key) {
    this.endpoint = endpoint;
    this.credentials = { accessKeyId: key.id, secretAccessKey: key.secret };
    this.client = new sdk.S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 5,
      requestHandler: { requestTimeout: PATIENCE_MS },
      credentials: this.credentials,
    });
  }

  /** `name` is that of a command: send('PutObject', {...}). */
  send(name, params) {
    return this.client.send(new sdk[`${name}Command`](params));
  }

  put(Bucket, Key, Body, more = {}) {
    return this.send('PutObject', { Bucket, Key, Body, ...more });
  }

  remove(Bucket, Key) {
    return this.send('DeleteObject', { Bucket, Key });
  }

  /** Makes a bucket filled with {key: content} or [[key, content]]. */
  async bucket(Bucket, files = {}, more = {}) {
    await this.send('CreateBucket', { Bucket });
    await each(Array.isArray(files) ? files : Object.entries(files), ([key, content]) => this.put(Bucket, key, content, more));
    return Bucket;
  }

  /** What is in a bucket: Map of key to {size, mtime, etag}; mtime in ns, whole seconds. Not markers of folders. */
  async list(Bucket) {
    const objects = new Map();
    for (let token; ;) {
      const page = await this.send('ListObjectsV2', { Bucket, ContinuationToken: token, EncodingType: 'url' });
      const isEncoded = page.EncodingType === 'url'; // not every store does as it is asked
      for (const o of page.Contents || []) {
        const key = isEncoded ? decodeURIComponent(o.Key.replace(/\+/g, ' ')) : o.Key;
        const mtime = BigInt(Math.floor(o.LastModified.getTime() / 1000)) * 1000000000n;
        if (o.Size > 0 || !key.endsWith('/')) objects.set(key, { size: o.Size, mtime, etag: o.ETag.replace(/"/g, '') });
      }
      token = page.NextContinuationToken;
      if (!token) return objects;
    }
  }

  /** Removes what is in a bucket, all versions, but not the bucket. */
  async empty(Bucket) {
    for (;;) {
      const page = await this.send('ListObjectVersions', { Bucket });
      const all = [...(page.Versions || []), ...(page.DeleteMarkers || [])];
      if (!all.length) return;
      await each(all, ({ Key, VersionId }) => this.send('DeleteObject', { Bucket, Key, VersionId }));
    }
  }

  /** Has it tell `address` of every change, once: what is not taken is lost. */
  async report(Bucket, address) {
    const url = new URL(this.endpoint);
    const TopicArn = `arn:aws:sns:default::${Bucket}`;
    const body = new URLSearchParams({
      Action: 'CreateTopic',
      Name: Bucket,
      'Attributes.entry.1.key': 'push-endpoint',
      'Attributes.entry.1.value': address,
    }).toString();
    const signer = new SignatureV4({ credentials: this.credentials, region: 'default', service: 's3', sha256: Sha256 });
    const headers = { host: url.host, 'content-type': 'application/x-www-form-urlencoded' };
    const request = await signer.sign({ method: 'POST', protocol: 'http:', hostname: url.hostname, port: url.port, path: '/', headers, body });
    const answer = await fetch(url, { method: 'POST', headers: request.headers, body });
    assert.equal(answer.status, 200, await answer.text());
    const TopicConfigurations = [{ Id: 'test', TopicArn, Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] }];
    await this.send('PutBucketNotificationConfiguration', { Bucket, NotificationConfiguration: { TopicConfigurations } });
  }

  async removeBucket(Bucket) {
    await this.empty(Bucket);
    await this.send('DeleteBucket', { Bucket });
  }
}

/**
 * For all tests of the enclosing describe(): {server, proxy, s3, ceph}. The server reaches the store through the proxy
 * only. Their members may be used once tests run.
 */
function useRemote({ flags = {}, env = {} } = {}) {
  const ceph = useCeph();
  const proxy = new Proxy();
  const server = new Server({
    flags: { 'retry-interval': 1, ...flags },
    env: { BINDERY_STORE_ACCESS_KEY_ID: ceph.key.id, BINDERY_STORE_ACCESS_KEY_SECRET: ceph.key.secret, ...env },
  });
  const remote = { server, proxy, ceph, s3: null };
  before(async () => {
    await proxy.start(ceph.endpoint);
    server.flags.store = proxy.endpoint;
    remote.s3 = new Store(ceph.endpoint, ceph.key);
    await server.start();
  });
  after(async () => {
    if (process.env.BINDERY_TEST_LOG) process.stderr.write(server.log);
    await server.remove();
    await proxy.stop();
    if (remote.s3) remote.s3.client.destroy();
  });

  /** Index equals bucket now, statistics included if the dataset has nothing else. */
  remote.assertEqual = async (where, bucket, options = {}) => {
    const objects = await remote.s3.list(bucket);
    await comparison.assertEqual(server, where, bucket, { ...options, objects });
    if (!options.isOneOfMany) await comparison.assertStatistics(server, where, objects);
    return objects;
  };

  /** The same once it has become so; the server may still be busy finding out. */
  remote.becomesEqual = async (where, bucket) => {
    let wrong = [];
    const begins = { Query: { Field: 'URI', Operation: 'prefix', Value: `oss://${bucket}/` }, MaxResults: 100 };
    await until(
      `index equals ${bucket}`,
      async () => {
        wrong = comparison.differences(await server.queryAll(where, begins), await remote.s3.list(bucket), bucket);
        return wrong.length === 0;
      },
      { every: 100 },
    ).catch((e) => assert.fail(`${e.message}: ${wrong.slice(0, 5).join('; ')} (${wrong.length})`));
    await server.settled(where, bucket);
    const objects = await remote.s3.list(bucket);
    assert.equal(await remote.hits({ ...where, ...begins }), objects.size, 'TotalHits is the number of objects');
    await comparison.assertStatistics(server, where, objects);
    return objects;
  };

  /**
   * Has the store report changes of the bucket to `url`, as an operator would. Ceph begins after up to 30 s, and keeps
   * what it could not deliver. Not so without `isKept`.
   */
  remote.notify = async (where, bucket, url, { isKept = true } = {}) => {
    if (isKept) {
      const command = ['notify', bucket, '-p', where.ProjectName, '-d', where.DatasetName, '--data', server.data];
      const { code, out, err } = await server.cli([...command, '--url', url, '--style', 'ceph', '--apply']);
      assert.equal(code, 0, out + err);
    } else {
      const { Notification } = await server.admin('GetNotification', { ...where, URI: `oss://${bucket}`, Endpoint: url });
      await remote.s3.report(bucket, `${Notification.Address}?secret=${Notification.Secret}`);
    }
  };

  remote.becomes = (where, bucket, state, options) =>
    until(
      `oss://${bucket} is ${state}`,
      async () => {
        const b = await server.binding(where, bucket);
        return b.State === state && b;
      },
      options,
    );
  remote.hits = async (where) => (await server.call('SimpleQuery', { ...where, MaxResults: 1 })).TotalHits;
  return remote;
}

const SMALL_KEY = { id: 'S3RVER', secret: 'S3RVER' }; // the one that s3rver knows

/** The npm package s3rver as a process of its own, over a folder. */
class SmallStore {
  constructor(folder) {
    this.folder = folder;
    this.port = 0;
    fs.mkdirSync(folder);
  }

  async start() {
    const program = path.join(__dirname, 'node_modules/s3rver/bin/s3rver.js');
    const words = ['--no-deprecation', program, '-s', '-d', this.folder, '-a', '127.0.0.1', '-p', String(this.port)];
    this.process = child.spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    this.process.stdout.on('data', (text) => {
      said += text;
    });
    const [, port] = await until('s3rver listens', () => /listening on 127\.0\.0\.1:(\d+)/.exec(said));
    this.port = Number(port);
    this.endpoint = `http://127.0.0.1:${port}`;
    this.s3 = new Store(this.endpoint, SMALL_KEY);
    return this;
  }

  async stop() {
    if (!this.process) return;
    this.s3.client.destroy();
    const gone = new Promise((resolve) => {
      this.process.on('exit', resolve);
    });
    this.process.kill();
    await gone;
    this.process = null;
  }
}

module.exports = { useRemote, Store, SmallStore, SMALL_KEY, each };

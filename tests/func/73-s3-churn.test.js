// The SDK changes 2,000 objects in all ways there are while the server that indexes them is killed and started, and
// notifications are lost. Afterwards index equals bucket.
'use strict';

const assert = require('node:assert');
const { describe, it, before, after } = require('node:test');

const { random, pause } = require('./harness');
const { unavailable } = require('./ceph');
const { Proxy, faults } = require('./faulty');
const { useRemote, each } = require('./remote');
const samples = require('./samples');

const [OBJECTS, KILLS, ROUND_MS] = process.env.BINDERY_TEST_LONG ? [20000, 60, 4000] : [2000, 8, 2000];
const WRITERS = 4;
const seed = Number(process.env.BINDERY_SEED || Date.now() % 1000000);

describe(`a bucket that changes all the time (BINDERY_SEED=${seed})`, { skip: unavailable() }, () => {
  const remote = useRemote({ flags: { 'rescan-interval': 3 } });
  const { server, proxy } = remote;
  const events = new Proxy(); // where the store sends notifications to: keeps its address while the server changes its own
  const make = random(seed);
  const bucket = 'churn';
  const names = new Set();
  const busy = new Set(); // a key is changed by one writer at a time, so that the test knows what it did
  const did = {};
  let where;
  before(() => events.start(() => `http://${server.endpoints.imm}`));
  after(() => events.stop());

  const name = () => `d${make.below(20)}/${make.pick(['e', 'é', 'f g', 'h+i'])}/${make.below(OBJECTS)}.${make.pick(['txt', 'jpg'])}`;
  const content = (key) => (key.endsWith('jpg') ? samples.jpeg(8 + make.below(64), 8 + make.below(64)) : Buffer.from('x'.repeat(make.below(2000))));

  const ways = {
    put: (key) => remote.s3.put(bucket, key, content(key)),
    overwrite: (key) => remote.s3.put(bucket, key, content(key)),
    remove: (key) => remote.s3.remove(bucket, key),
    copy: (key, from) => remote.s3.send('CopyObject', { Bucket: bucket, Key: key, CopySource: encodeURI(`${bucket}/${from}`).replace(/\+/g, '%2B') }),
    async multipart(key) {
      const what = { Bucket: bucket, Key: key };
      const { UploadId } = await remote.s3.send('CreateMultipartUpload', what);
      const Parts = [];
      for (const PartNumber of [1, 2]) {
        const Body = Buffer.concat([content(key), Buffer.alloc(2000, PartNumber)]);
        const { ETag } = await remote.s3.send('UploadPart', { ...what, UploadId, PartNumber, Body });
        Parts.push({ ETag, PartNumber });
      }
      await remote.s3.send('CompleteMultipartUpload', { ...what, UploadId, MultipartUpload: { Parts } }).catch((e) => {
        if (e.name !== 'NoSuchUpload' || e.$metadata.attempts === 1) throw e; // it had been done, unanswered
      });
    },
  };

  /** One change of one object. */
  async function change() {
    const way = make.pick(['put', 'put', 'overwrite', 'overwrite', 'remove', 'remove', 'copy', 'multipart']);
    const all = [...names];
    const key = way === 'overwrite' || way === 'remove' ? make.pick(all) : name();
    const from = make.pick(all);
    if (!key || busy.has(key) || busy.has(from) || (way === 'copy' && from === key)) return;
    busy.add(key).add(from);
    await ways[way](key, from);
    if (way === 'remove') names.delete(key);
    else names.add(key);
    busy.delete(key);
    busy.delete(from);
    did[way] = (did[way] || 0) + 1;
  }

  async function changes(going) {
    const one = async () => {
      while (going()) await change();
    };
    await Promise.all(Array.from({ length: WRITERS }, one));
  }

  it(`is indexed as it is in the end, ${KILLS} kills and many lost notifications later`, async () => {
    const files = [];
    for (const key of Array.from({ length: OBJECTS }, name)) {
      if (names.has(key)) continue;
      names.add(key);
      files.push([key, content(key)]);
    }
    await remote.s3.bucket(bucket, files);
    where = await server.dataset('p');
    await server.call('CreateBinding', { ...where, URI: `oss://${bucket}` });
    await remote.notify(where, bucket, events.endpoint, { isKept: false });
    for (let i = 0; i < KILLS; i++) {
      let isOn = true;
      const work = changes(() => isOn);
      if (i % 4 === 1) await events.down();
      if (i % 4 === 2) proxy.fault({ test: () => make.below(5) === 0, times: 20 }, make.pick([faults.resetMiddle(), faults.refuse(503, 'SlowDown')]));
      await pause(make.below(ROUND_MS));
      await server.kill();
      await pause(make.below(200));
      await server.start();
      if (!events.server.listening) await events.up();
      isOn = false;
      await work;
    }
    proxy.clear();
    for (const way of Object.keys(ways)) assert.ok(did[way] > 0, `${way}: ${JSON.stringify(did)}`);
    const objects = await remote.becomesEqual(where, bucket);
    assert.deepEqual([...objects.keys()].sort(), [...names].sort(), 'the test knows its own objects');
    assert.ok(events.requests.length > 0, 'notifications came');
  });

  it('reads nothing again when it is scanned once more', async () => {
    await server.restart();
    await server.settled(where, bucket);
    proxy.forget();
    await remote.s3.put(bucket, 'zz', 'x');
    await server.admin('RescanBinding', { ...where, URI: `oss://${bucket}` });
    await server.fileAppears(where, `oss://${bucket}/zz`); // the last that the scan sees
    await server.settled(where, bucket);
    const read = proxy.requests.filter((r) => ['get', 'head'].includes(r.op)).map((r) => r.key);
    assert.deepEqual([...new Set(read)], ['zz'], 'twice, if its notification comes while it is read');
    await remote.assertEqual(where, bucket);
    await each([...names].slice(0, 50), (key) => remote.s3.remove(bucket, key));
    await remote.becomesEqual(where, bucket);
  });
});

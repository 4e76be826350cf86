// What a bucket holds, seen by the test itself, and the comparison of that with the index.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const isUtf8 = (bytes) => Buffer.from(bytes.toString()).equals(bytes);

/** Every object below a folder: Map of key to {size, mtime} with mtime in ns; not what cannot be one. */
function walk(folder) {
  const objects = new Map();
  const root = fs.realpathSync(folder);
  const visit = (dir, prefix) => {
    for (const entry of fs.readdirSync(dir, { withFileTypes: true, encoding: 'buffer' })) {
      const full = Buffer.concat([dir, Buffer.from('/'), entry.name]);
      const key = Buffer.concat([prefix, entry.name]);
      if (entry.isDirectory()) visit(full, Buffer.concat([key, Buffer.from('/')]));
      else if (isUtf8(entry.name) && isObject(full, entry, root)) add(full, key);
    }
  };
  const add = (full, key) => {
    if (!isUtf8(key)) return;
    const facts = fs.statSync(full, { bigint: true });
    objects.set(key.toString(), { size: Number(facts.size), mtime: facts.mtimeNs });
  };
  visit(Buffer.from(root), Buffer.alloc(0));
  return objects;
}

function isObject(full, entry, root) {
  if (entry.isFile()) return true;
  if (!entry.isSymbolicLink()) return false;
  try {
    const target = fs.realpathSync(full);
    return target.startsWith(`${root}/`) && fs.statSync(target).isFile();
  } catch {
    return false;
  }
}

/** Nanoseconds since 1970 of an RFC 3339 time. */
function nanoseconds(time) {
  const [, seconds, fraction = '', zone] = /^(.{19})(?:\.(\d+))?([+-]\d\d:\d\d|Z)$/.exec(time);
  return BigInt(Date.parse(seconds + zone)) * 1000000n + BigInt(fraction.padEnd(9, '0'));
}

const keyOf = (bucket, file) => file.URI.slice(`oss://${bucket}/`.length);

/** Differences between index and bucket, as sentences. */
function differences(files, objects, bucket) {
  const wrong = [];
  const seen = new Set();
  for (const file of files) {
    const key = keyOf(bucket, file);
    const object = objects.get(key);
    if (seen.has(key)) wrong.push(`${key} is there twice`);
    else if (!object) wrong.push(`${key} is in the index only`);
    else if (object.size !== file.Size) wrong.push(`${key} has ${object.size} bytes, the index says ${file.Size}`);
    else if (object.mtime !== nanoseconds(file.FileModifiedTime))
      wrong.push(`${key} was modified at ${object.mtime}, the index says ${file.FileModifiedTime}`);
    else if (object.etag && object.etag !== file.ETag) wrong.push(`${key} has the ETag ${object.etag}, the index says ${file.ETag}`);
    else if (file.ObjectStatus === 'Pending') wrong.push(`${key} is still pending`);
    seen.add(key);
  }
  for (const key of objects.keys()) if (!seen.has(key)) wrong.push(`${key} is in the bucket only`);
  return wrong;
}

function assertNone(wrong) {
  assert.equal(
    wrong.length,
    0,
    `index equals bucket, but: ${wrong.slice(0, 10).join('; ')}${wrong.length > 10 ? ` and ${wrong.length - 10} more` : ''}`,
  );
}

/**
 * Index equals bucket, by paging through all rows in the orders given, counters included. `objects` is what the bucket
 * holds; otherwise that is read from its folder.
 */
async function assertEqual(server, where, bucket, { orders = [{ MaxResults: 100 }], folder, objects } = {}) {
  objects ||= walk(folder || path.join(server.store, bucket));
  const begins = { Query: { Field: 'URI', Operation: 'prefix', Value: `oss://${bucket}/` } };
  for (const order of orders) assertNone(differences(await server.queryAll(where, { ...begins, ...order }), objects, bucket));
  const first = await server.call('SimpleQuery', { ...where, ...begins, MaxResults: 1 });
  assert.equal(first.TotalHits, objects.size, 'TotalHits is the number of objects');
  return objects;
}

/** FileCount and TotalFileSize of the dataset are those of the given objects (several buckets' Maps). */
async function assertStatistics(server, where, ...buckets) {
  const all = buckets.flatMap((b) => [...b.values()]);
  const { Dataset } = await server.call('GetDataset', { ...where, WithStatistics: true });
  assert.equal(Dataset.FileCount, all.length, 'FileCount');
  assert.equal(
    Dataset.TotalFileSize,
    all.reduce((sum, o) => sum + o.size, 0),
    'TotalFileSize',
  );
}

module.exports = { walk, differences, assertEqual, assertStatistics, nanoseconds, keyOf };

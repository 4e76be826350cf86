// Texts follow their rows: whatever comes in between, each row gets the text that its object has.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, until } = require('./harness');

const FILES = 400;
const words = (i) => `word${i} ${'about the many things that were said. '.repeat(200)}`;

describe('texts of a full scan', () => {
  const server = useServer();
  let where;
  const at = (i) => path.join(server.store, 'texts', `t${i}.txt`);
  const count = async (Query) => (await server.call('SimpleQuery', { ...where, Query, MaxResults: 1 })).TotalHits;
  const having = (word) => count({ Field: 'DocumentText', Operation: 'match-phrase', Value: word });
  const all = () => having('about the many things');
  const rowsAreThere = (n) =>
    until('rows are there', async () => {
      const b = await server.binding(where, 'texts');
      return b.Progress.Indexed === n && b;
    }, { every: 2 });

  before(async () => {
    server.bucket('texts', Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`t${i}.txt`, words(i)])));
    where = await server.dataset('p', 'd', { TemplateId: 'Official:AllFunction' });
  });

  it('come after all rows, and after a kill in between', async () => {
    const b = await until('all rows are seen before their texts; if they were not in time, once more', async () => {
      await server.call('CreateBinding', { ...where, URI: 'oss://texts' });
      const now = await rowsAreThere(FILES);
      if (now.Progress.Pending > 0) return now;
      await server.call('DeleteBinding', { ...where, URI: 'oss://texts' });
      await server.admin('PurgeBucket', { ...where, URI: 'oss://texts' });
      return null;
    });
    assert.equal(b.Phase, 'FullScanning');
    await server.kill();
    fs.writeFileSync(at(1), words('changed'));
    fs.rmSync(at(2));
    await server.start();
    await until('the texts are as the bucket is', async () => (await having('wordchanged')) === 1 && (await all()) === FILES - 1);
    await server.settled(where, 'texts');
    assert.deepEqual([await having('word399'), await having('word1'), await having('word2')], [1, 0, 0]);
  });

  it('are not looked for again', async () => {
    const was = await server.queryAll(where);
    await server.admin('RescanBinding', { ...where, URI: 'oss://texts' });
    const b = await until('the second scan is over', async () => {
      const now = await server.binding(where, 'texts');
      return now.Progress.Unchanged === FILES - 1 && now.Progress.Pending === 0 && now;
    });
    assert.equal(b.Progress.Indexed, 0);
    assert.deepEqual(await server.queryAll(where), was);
  });

  it('come where the bucket was unbound before they came', async () => {
    await server.call('DeleteBinding', { ...where, URI: 'oss://texts' });
    const hourAgo = new Date(Date.now() - 3600e3);
    for (let i = 3; i < FILES; i++) {
      fs.writeFileSync(at(i), words(`again${i}`));
      fs.utimesSync(at(i), hourAgo, hourAgo);
    }
    await server.call('CreateBinding', { ...where, URI: 'oss://texts' });
    await rowsAreThere(FILES - 3);
    await server.call('DeleteBinding', { ...where, URI: 'oss://texts' });
    await server.bindAndWait(where, 'texts');
    assert.deepEqual([await having('wordagain399'), await all()], [1, FILES - 1]);
  });

  it('are not kept by a template that asks for none', async () => {
    await server.call('UpdateDataset', { ...where, TemplateId: 'Official:ImageManagement' });
    await server.admin('RescanBinding', { ...where, URI: 'oss://texts', Reindex: true });
    await until('no text is left', async () => (await all()) === 0);
    await server.settled(where, 'texts');
    assert.equal(await count({ Field: 'ObjectStatus', Operation: 'eq', Value: 'Indexed' }), FILES - 1);
  });
});

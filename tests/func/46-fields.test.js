// Queries over what is found in recordings and documents: every answer against the files' own expectations.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, until } = require('./harness');

const folder = path.join(__dirname, '..', 'samples');
const SUFFIX = '.expected.json';

/** What each sample is expected to answer, by its name; sidecars and their images are a matter of other tests. */
function expectations() {
  const all = fs.readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
  const entries = all.map((name) => [name.slice(0, -SUFFIX.length), JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))]);
  return new Map(entries.filter(([name]) => !name.includes('.xmp') && !fs.existsSync(path.join(folder, `${name}.xmp`))));
}

describe('fields of recordings and documents', () => {
  const server = useServer();
  const expected = expectations();
  let where;
  before(async () => {
    server.bucket('root');
    for (const name of expected.keys()) fs.copyFileSync(path.join(folder, name), path.join(server.store, 'root', name));
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'root');
  });
  const find = async (Query, more = {}) => {
    const names = [];
    for (let NextToken = ''; ; ) {
      const answer = await server.call('SimpleQuery', { ...where, Query: JSON.stringify(Query), MaxResults: 100, Sort: 'URI', Order: 'asc', NextToken, ...more });
      names.push(...answer.Files.map((f) => f.Filename));
      NextToken = answer.NextToken;
      if (!NextToken) return names;
    }
  };
  const wanted = (test) => [...expected].filter(([, e]) => test(e)).map(([name]) => name).sort();

  for (const name of ['Album', 'Duration', 'Bitrate', 'StreamCount', 'VideoWidth', 'PageCount', 'Rating', 'ColorProfile', 'DocumentText']) {
    it(`tells who has ${name}`, async () => {
      const found = await find({ Field: name, Operation: 'exist' });
      const names = wanted((e) => e[name] !== undefined && e[name] !== null);
      assert.ok(names.length > 0);
      assert.deepEqual(names.filter((key) => !found.includes(key)), []);
      assert.deepEqual(found.filter((key) => expected.get(key)[name] === null), []);
    });
  }

  it('finds keywords, and groups by them', async () => {
    const has = (e, label) => (e.Labels || []).some((l) => l.LabelName === label);
    const names = wanted((e) => has(e, 'gears'));
    assert.ok(names.length > 3);
    assert.deepEqual(await find({ Field: 'Labels.LabelName', Operation: 'eq', Value: 'gears' }), names);
    assert.deepEqual(await find({ Field: 'Labels.LabelName', Operation: 'prefix', Value: 'gear' }), names);
    assert.deepEqual(await find({ Field: 'Labels.LabelName', Operation: 'eq', Value: 'gear' }), []);
    const { Aggregations } = await server.call('SimpleQuery', { ...where, Aggregations: JSON.stringify([{ Field: 'Labels.LabelName', Operation: 'group' }]) });
    assert.equal(Aggregations[0].Groups.find((g) => g.Value === 'gears').Count, names.length);
  });

  it('finds words of documents, and answers without the text', async () => {
    const [name, { DocumentText }] = [...expected].find(([key, e]) => key.endsWith('.epub') && e.DocumentText);
    const phrase = DocumentText.match(/\p{L}+ \p{L}+ \p{L}+/u)[0];
    const query = JSON.stringify({ Field: 'DocumentText', Operation: 'match-phrase', Value: phrase.toUpperCase() });
    const { Files } = await server.call('SimpleQuery', { ...where, Query: query });
    assert.ok(Files.some((f) => f.Filename === name), phrase);
    for (const file of Files) assert.equal(file.DocumentText, undefined);
    assert.deepEqual(await find({ Field: 'DocumentText', Operation: 'match-phrase', Value: `${phrase} zyzzyva` }), []);
  });

  it('forgets the words of a document that changed or went', async () => {
    const file = path.join(server.store, 'root', 'note.html');
    const words = (Value) => find({ Field: 'DocumentText', Operation: 'match-phrase', Value });
    fs.writeFileSync(file, '<html><body>quokka sleeps</body></html>');
    await until('it is found', async () => (await words('quokka sleeps')).length === 1);
    fs.writeFileSync(file, '<html><body>wombat wakes</body></html>');
    await until('its new words are found', async () => (await words('wombat wakes')).length === 1);
    assert.deepEqual(await words('quokka'), []);
    fs.rmSync(file);
    await until('it is gone', async () => (await words('wombat wakes')).length === 0);
  });
});

describe('a template', () => {
  const server = useServer();
  const names = ['no-frame.jpg', 'cut.pdf', 'iptc.jpg', 'h264.mp4', 'letter.rtf'];
  before(async () => {
    server.bucket('some');
    for (const name of names) fs.copyFileSync(path.join(folder, name), path.join(server.store, 'some', name));
    await server.call('CreateProject', { ProjectName: 'p' });
  });

  /** The rows of a dataset with a template, by their keys. */
  const rows = async (template) => {
    const where = { ProjectName: 'p', DatasetName: template.replace(':', '') };
    await server.call('CreateDataset', { ...where, TemplateId: template });
    await server.bindAndWait(where, 'some');
    return Object.fromEntries((await server.queryAll(where)).map((f) => [f.Filename, f]));
  };
  const failed = (files) => names.filter((name) => files[name].ObjectStatus === 'Failed');

  it('for documents asks nothing of pictures and films but their type', async () => {
    const files = await rows('Official:DocumentManagement');
    assert.deepEqual(failed(files), ['cut.pdf']);
    assert.equal(files['no-frame.jpg'].ContentType, 'image/jpeg');
    for (const name of ['no-frame.jpg', 'iptc.jpg', 'h264.mp4'])
      for (const member of ['Reason', 'Labels', 'ProduceTime', 'Title', 'Duration']) assert.equal(files[name][member], undefined, `${name} ${member}`);
    assert.ok(files['letter.rtf'].Title);
  });

  it('for media asks nothing of documents but their type', async () => {
    const files = await rows('Official:MediaMeta');
    assert.deepEqual(failed(files), ['no-frame.jpg']);
    assert.equal(files['cut.pdf'].ContentType, 'application/pdf');
    for (const member of ['Title', 'ProduceTime', 'Labels', 'Language']) assert.equal(files['letter.rtf'][member], undefined, member);
    assert.equal(files['iptc.jpg'].Labels, undefined);
    assert.ok(files['h264.mp4'].Duration > 0);
  });

  it('for plain facts takes whatever there is', async () => {
    const files = await rows('Official:OSSBasicMeta');
    assert.deepEqual(failed(files), []);
    for (const name of names) {
      assert.equal(files[name].ContentType, undefined);
      assert.ok(files[name].ETag);
    }
  });
});

// Sidecars: what is written about an image in a file of its own is in the image's row, soon and whatever happens.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, random, until, pause } = require('./harness');
const samples = require('./samples');

const raw = fs.readFileSync(path.join(__dirname, '..', 'samples', 'canon.cr2'));
const EMBEDDED = '2020-08-19T17:11:11.25+08:00';
const sidecar = (title, more = '') => `<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:exif='http://ns.adobe.com/exif/1.0/'>
<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>${title}</rdf:li></rdf:Alt></dc:title>${more}
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>`;

describe('a bucket with sidecars', () => {
  // No scan helps: what is seen here was told by the watch.
  const server = useServer({ flags: { 'rescan-interval': 86400, 'poll-interval': 86400 } });
  const uri = (key) => `oss://raw/${key}`;
  let where;
  let folder;
  const at = (key) => path.join(folder, key);
  const titled = (key, title) => server.fileAppears(where, uri(key), (f) => f.ObjectStatus === 'Indexed' && f.Title === title);
  before(async () => {
    folder = server.bucket('raw', {
      'a.cr2': raw,
      'a.xmp': sidecar('Of a', '<exif:DateTimeOriginal>2021-01-02T03:04:05+01:00</exif:DateTimeOriginal>'),
      'b.CR2': raw,
      'b.XMP': sidecar('Adobe'),
      'b.CR2.XMP': sidecar('darktable'),
      'pair/c.jpg': samples.jpeg(20, 10),
      'pair/c.nef': raw,
      'pair/c.xmp': sidecar('Of the raw file'),
      'd.jpg': samples.jpeg(20, 10),
      'd.xmp': sidecar('Of the picture'),
      'alone.cr2': raw,
      'broken.cr2': raw,
      'broken.xmp': '<x:xmpmeta <<<',
      'elsewhere/a.xmp': sidecar('Of nothing'),
    });
    fs.symlinkSync('/etc/hostname', at('alone.xmp'));
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'raw');
  });

  it('has them merged after the first scan, and rows of their own', async () => {
    const a = await server.fileMeta(where, uri('a.cr2'));
    assert.deepEqual([a.Title, a.ProduceTime, a.Orientation], ['Of a', '2021-01-02T03:04:05+01:00', 6]);
    const titles = Object.fromEntries((await server.queryAll(where)).map((f) => [f.Filename, f.Title]));
    assert.equal(titles['b.CR2'], 'darktable');
    assert.equal(titles['pair/c.nef'], 'Of the raw file');
    assert.equal(titles['pair/c.jpg'], undefined);
    assert.equal(titles['d.jpg'], 'Of the picture');
    for (const key of ['alone.cr2', 'broken.cr2']) assert.equal((await server.fileMeta(where, uri(key))).ObjectStatus, 'Indexed');
    assert.ok('elsewhere/a.xmp' in titles, 'a sidecar of nothing is a file like others');
  });

  it('finds images by what their sidecars say', async () => {
    const found = await server.call('SimpleQuery', { ...where, Query: { Field: 'Title', Operation: 'eq', Value: 'darktable' } });
    assert.deepEqual(
      found.Files.map((f) => f.Filename),
      ['b.CR2'],
    );
  });

  it('does nothing in a scan when nothing changed', async () => {
    const times = async () => (await server.queryAll(where)).map((f) => f.UpdateTime);
    const was = await times();
    await server.admin('RescanBinding', { ...where, URI: 'oss://raw' });
    const { Progress } = await until('the scan is over', async () => {
      const b = await server.settled(where, 'raw');
      return b.Progress.Unchanged === was.length && b;
    });
    assert.deepEqual([Progress.Indexed, Progress.Deleted], [0, 0]);
    assert.deepEqual(await times(), was);
  });

  it('follows a sidecar that is written, renamed into place, rewritten, moved and deleted', async () => {
    fs.writeFileSync(at('new.cr2'), raw);
    await server.fileAppears(where, uri('new.cr2'), (f) => f.ObjectStatus === 'Indexed' && !f.Title);
    fs.writeFileSync(at('new.xmp'), sidecar('written'));
    await titled('new.cr2', 'written');
    fs.writeFileSync(at('new.tmp'), sidecar('renamed'));
    fs.renameSync(at('new.tmp'), at('new.xmp'));
    await titled('new.cr2', 'renamed');
    fs.renameSync(at('new.xmp'), at('new.cr2.xmp'));
    fs.writeFileSync(at('new.cr2.xmp'), sidecar('rewritten'));
    await titled('new.cr2', 'rewritten');
    fs.renameSync(at('new.cr2.xmp'), at('alone.cr2.xmp'));
    await titled('alone.cr2', 'rewritten');
    await titled('new.cr2', undefined);
    fs.rmSync(at('alone.cr2.xmp'));
    await titled('alone.cr2', undefined);
    assert.equal((await server.fileMeta(where, uri('alone.cr2'))).ProduceTime, EMBEDDED);
    fs.rmSync(at('a.xmp'));
    await server.fileAppears(where, uri('a.cr2'), (f) => f.ProduceTime === EMBEDDED);
  });

  it('gives the sidecar to a raw file that comes, and back when it goes', async () => {
    fs.writeFileSync(at('d.nef'), raw);
    await titled('d.nef', 'Of the picture');
    await titled('d.jpg', undefined);
    fs.rmSync(at('d.nef'));
    await titled('d.jpg', 'Of the picture');
  });

  it('follows a folder of images with sidecars that is moved', async () => {
    fs.renameSync(at('pair'), at('moved'));
    await titled('moved/c.nef', 'Of the raw file');
    await server.fileVanishes(where, uri('pair/c.nef'));
  });
});

const KILLS = 10;
const IMAGES = 600;
const seed = Number(process.env.BINDERY_SEED || Date.now() % 1000000);

describe(`sidecars of a server that is killed at random moments (BINDERY_SEED=${seed})`, () => {
  const server = useServer();
  const make = random(seed);
  let folder;
  const at = (key) => path.join(folder, key);
  const base = () => `d${make.below(8)}/i${make.below(IMAGES / 4)}`;
  const images = ['cr2', 'jpg', 'nef', 'NEF'];
  const sidecars = ['xmp', 'XMP', 'cr2.xmp', 'jpg.xmp'];
  let serial = 0;

  /** One random change of an image or, more often, of a sidecar. */
  function change() {
    const is_image = make.below(4) === 0;
    const key = `${base()}.${make.pick(is_image ? images : sidecars)}`;
    if (make.below(4) === 0) fs.rmSync(at(key), { force: true });
    else fs.writeFileSync(at(key), is_image ? raw : sidecar(`title ${++serial}`));
  }
  async function changeUntil(end) {
    for (let n = 0; Date.now() < end; n++) {
      change();
      if (n % 4 === 0) await pause(1);
    }
  }

  /** What the rows must say: {key: title or undefined} of all images, by the rules alone. */
  function expected() {
    const titles = {};
    for (const dir of fs.readdirSync(folder)) {
      const names = fs.readdirSync(at(dir));
      const title = (stem) => {
        const name = names.filter((n) => n.slice(0, -4) === stem && /\.xmp$/i.test(n)).sort()[0];
        return name && /title \d+/.exec(fs.readFileSync(at(`${dir}/${name}`), 'utf8'))[0];
      };
      for (const name of names.filter((n) => images.includes(n.split('.').slice(1).join('.')))) {
        const stem = name.split('.')[0];
        const raws = names.some((n) => n.startsWith(`${stem}.`) && /^[^.]*\.(cr2|nef)$/i.test(n));
        titles[`${dir}/${name}`] = title(name) || (raws && /jpg$/.test(name) ? undefined : title(stem));
      }
    }
    return titles;
  }

  it(`says in the end what the sidecars say, after ${KILLS} kills`, async () => {
    folder = server.bucket('killed');
    for (let i = 0; i < 8; i++) fs.mkdirSync(at(`d${i}`));
    for (let i = 0; i < IMAGES; i++) {
      fs.writeFileSync(at(`${base()}.${make.pick(images)}`), raw);
      change();
    }
    const where = await server.dataset('p', 'd');
    await server.call('CreateBinding', { ...where, URI: 'oss://killed' });
    for (let i = 0; i < KILLS; i++) {
      await changeUntil(Date.now() + make.below(400));
      await server.kill();
      if (i % 2) await changeUntil(Date.now() + make.below(50));
      await server.start();
    }
    let wrong;
    await until(
      'every image says what its sidecar says',
      async () => {
        await server.settled(where, 'killed');
        const want = expected();
        const rows = (await server.queryAll(where)).filter((f) => !/\.xmp$/i.test(f.Filename));
        const got = Object.fromEntries(rows.map((f) => [f.Filename, f.Title]));
        wrong = [...new Set([...Object.keys(want), ...Object.keys(got)])].filter((k) => !(k in got) || !(k in want) || want[k] !== got[k]);
        return wrong.length === 0;
      },
      { seconds: 60, every: 200 },
    ).catch((e) => {
      throw new Error(`${e.message}: ${wrong.slice(0, 5).join(' ')} (${wrong.length})`);
    });
  });
});

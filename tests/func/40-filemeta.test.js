// Looking up files by URI: what an answer holds, and what it does when there is nothing.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, ACCOUNT } = require('./harness');
const { nanoseconds } = require('./bucket');
const samples = require('./samples');

const ALWAYS = [
  'OwnerId',
  'ProjectName',
  'DatasetName',
  'ObjectType',
  'ObjectId',
  'URI',
  'CreateTime',
  'UpdateTime',
  'ObjectStatus',
  'Filename',
  'Size',
  'ETag',
  'FileModifiedTime',
  'ContentType',
  'MediaType',
];

describe('file metadata', () => {
  const server = useServer();
  const photo = 'oss://photos/2020/a photo.jpg';
  let where;
  let folder;
  before(async () => {
    folder = server.bucket('photos', {
      '2020/a photo.jpg': samples.jpeg(
        640,
        480,
        samples.exif({
          make: 'Acme',
          model: 'Box 1',
          orientation: 6,
          taken: '2020:08:19 17:11:11',
          lat: [30, 15, 36],
          lon: [120, 9, 0],
          latRef: 'S',
          lonRef: 'W',
        }),
      ),
      '2020/with-zone.jpg': samples.jpeg(16, 16, samples.exif({ taken: '2020:08:19 17:11:11', offset: '+08:00' })),
      'plain.png': samples.png(33, 21),
      'empty.jpg': '',
      'note.txt': 'a note',
    });
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'photos');
  });

  for (const name of ['v3', 'v1']) {
    it(`${name}: tells everything that is known of a photo`, async () => {
      const { Files } = await server.call('GetFileMeta', { ...where, URI: photo }, server.clients[name]);
      assert.equal(Files.length, 1);
      const f = Files[0];
      for (const m of ALWAYS) assert.ok(f[m] !== undefined && f[m] !== '', `${m} is there`);
      const facts = fs.statSync(path.join(folder, '2020/a photo.jpg'), { bigint: true });
      assert.deepEqual(
        [f.OwnerId, f.ProjectName, f.DatasetName, f.ObjectType, f.URI, f.Filename],
        [ACCOUNT, 'p', 'd', 'file', photo, '2020/a photo.jpg'],
      );
      assert.match(f.ObjectId, /^[0-9a-f]{64}$/);
      assert.equal(f.ObjectStatus, 'Indexed');
      assert.equal(f.Size, Number(facts.size));
      assert.equal(nanoseconds(f.FileModifiedTime), facts.mtimeNs);
      assert.deepEqual([f.ContentType, f.MediaType, f.ImageWidth, f.ImageHeight, f.Orientation], ['image/jpeg', 'image', 640, 480, 6]);
      assert.equal(f.ProduceTime, '2020-08-19T17:11:11+00:00');
      const [lat, long] = f.LatLong.split(',').map(Number);
      assert.ok(Math.abs(lat + 30.26) < 1e-4 && Math.abs(long + 120.15) < 1e-4, f.LatLong);
      const exif = JSON.parse(f.EXIF);
      assert.equal(exif.Make.value, 'Acme');
      assert.equal(exif.Model.value, 'Box 1');
    });

    it(`${name}: answers an empty list for what is not indexed`, async () => {
      for (const URI of ['oss://photos/nothing', 'oss://another-bucket/x']) {
        assert.deepEqual((await server.call('GetFileMeta', { ...where, URI }, server.clients[name])).Files, []);
      }
    });

    it(`${name}: looks up many at once, in the order asked for, and leaves out what is not there`, async () => {
      const URIs = ['oss://photos/plain.png', 'oss://photos/nothing', photo, 'oss://photos/note.txt'];
      const { Files } = await server.call('BatchGetFileMeta', { ...where, URIs }, server.clients[name]);
      assert.deepEqual(
        Files.map((f) => f.URI),
        [URIs[0], URIs[2], URIs[3]],
      );
    });

    it(`${name}: gives only the fields that are asked for`, async () => {
      const client = server.clients[name];
      const one = (await server.call('GetFileMeta', { ...where, URI: photo, WithFields: ['Size', 'ImageWidth'] }, client)).Files[0];
      assert.deepEqual(
        Object.keys(one)
          .filter((k) => k !== 'URI')
          .sort(),
        ['ImageWidth', 'Size'],
      );
      const many = (
        await server.call(
          'BatchGetFileMeta',
          { ...where, URIs: [photo, 'oss://photos/note.txt'], WithFields: ['MediaType', 'ImageWidth'] },
          client,
        )
      ).Files;
      assert.equal(many[0].MediaType, 'image');
      assert.equal(many[1].ImageWidth, undefined);
      await server.refused('GetFileMeta', { ...where, URI: photo, WithFields: ['Size', 'NoSuchField'] }, 'InvalidWithFields', 400, client);
      assert.equal((await server.call('GetFileMeta', { ...where, URI: photo, WithFields: [] }, client)).Files[0].Size > 0, true);
    });

    it(`${name}: refuses what is no URI of an object, and lists that are empty or too long`, async () => {
      const client = server.clients[name];
      for (const URI of [
        'photos/x',
        'http://photos/x',
        'oss://',
        'oss:///x',
        'oss://A_B/x',
        'oss://photos',
        'oss://photos/',
        `oss://photos/${'x'.repeat(5000)}`,
      ]) {
        await server.refused('GetFileMeta', { ...where, URI }, 'InvalidURI', 400, client);
        await server.refused('BatchGetFileMeta', { ...where, URIs: [photo, URI] }, 'InvalidURIs', 400, client);
      }
      await server.refused('BatchGetFileMeta', { ...where, URIs: [] }, 'InvalidURIs', 400, client);
      await server.refused('BatchGetFileMeta', { ...where, URIs: Array(101).fill(photo) }, 'InvalidURIs', 400, client);
    });

    it(`${name}: says which of project and dataset is not there`, async () => {
      const client = server.clients[name];
      for (const action of [
        ['GetFileMeta', { URI: photo }],
        ['BatchGetFileMeta', { URIs: [photo] }],
        ['SimpleQuery', {}],
      ]) {
        const project = await server.refused(
          action[0],
          { ...action[1], ProjectName: 'nowhere', DatasetName: 'd' },
          'ResourceNotFound',
          404,
          client,
        );
        assert.match(project.body.Message, /project/);
        const dataset = await server.refused(
          action[0],
          { ...action[1], ProjectName: 'p', DatasetName: 'nowhere' },
          'ResourceNotFound',
          404,
          client,
        );
        assert.match(dataset.body.Message, /dataset/);
      }
    });
  }

  it('answers 100 URIs in one call', async () => {
    const { Files } = await server.call('BatchGetFileMeta', {
      ...where,
      URIs: Array.from({ length: 100 }, (_, i) => (i ? `oss://photos/${i}` : photo)),
    });
    assert.equal(Files.length, 1);
  });

  it('knows the zone of a photo that says it', async () => {
    const f = await server.fileMeta(where, 'oss://photos/2020/with-zone.jpg');
    assert.equal(Date.parse(f.ProduceTime), Date.parse('2020-08-19T17:11:11+08:00'));
  });

  it('has a row for a file without a byte', async () => {
    const f = await server.fileMeta(where, 'oss://photos/empty.jpg');
    assert.equal(f.Size, 0);
    assert.notEqual(f.ObjectStatus, 'Pending');
  });

  it('gives every object an id and a tag of its own', async () => {
    const files = await server.queryAll(where);
    assert.equal(new Set(files.map((f) => f.ObjectId)).size, files.length);
    assert.equal(new Set(files.map((f) => f.ETag)).size, files.length);
  });
});

// The gate: which parameters and requests are let through, for every action of the model.
'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { useServer, Refusal } = require('./harness');
const { imm, checkRefusal } = require('./model');
const sign = require('./sign');

const BUILT = new Set(
  `CreateProject GetProject ListProjects UpdateProject DeleteProject CreateDataset GetDataset ListDatasets
  UpdateDataset DeleteDataset CreateBinding GetBinding ListBindings DeleteBinding AttachOSSBucket DetachOSSBucket
  GetOSSBucketAttachment ListAttachedOSSBuckets ListRegions GetFileMeta BatchGetFileMeta SimpleQuery`.split(/\s+/),
);

const samples = { string: 'x', bool: true, int32: 1, int64: 1, float: 1, double: 1, any: 'x' };
const named = { ProjectName: 'p', DatasetName: 'd', URI: 'oss://bucket-1', OSSBucket: 'bucket-1', SourceURI: 'oss://bucket-1/a.jpg' };

/** A value that a parameter of this type could have. */
function plausible(type, name) {
  if (Array.isArray(type)) return [plausible(type[0], name)];
  if (typeof type === 'object') return {};
  if (type === 'string' && named[name]) return named[name];
  if (type in samples) return samples[type];
  return Object.fromEntries(imm.models[type].filter((f) => f.required).map((f) => [f.name, plausible(f.type, f.name)]));
}

const required = (action) =>
  Object.fromEntries(imm.actions[action].params.filter((p) => p.required).map((p) => [p.name, plausible(p.type, p.name)]));

describe('the gate', () => {
  const server = useServer();

  it('knows all 105 actions, and answers those not built yet with NotImplemented to both clients', async () => {
    const actions = Object.keys(imm.actions);
    assert.equal(actions.length, 105);
    for (const action of actions.filter((a) => !BUILT.has(a))) {
      for (const client of Object.values(server.clients)) await server.refused(action, required(action), 'NotImplemented', 501, client);
    }
  });

  it('names the parameter that is missing, for every required parameter of every action', async () => {
    for (const action of Object.keys(imm.actions)) {
      const all = required(action);
      for (const name of Object.keys(all)) {
        const { [name]: left, ...others } = all;
        assert.ok(left !== undefined);
        const e = await server.refused(action, others, `Missing${name}`);
        assert.match(e.body.Message, new RegExp(name));
      }
    }
  });

  it('names the parameter that has the wrong type, for every typed parameter of every action', async () => {
    const bad = {
      int32: ['x', '1.5', '1x', '9999999999', ' 1'],
      int64: ['x', '1.5', '99999999999999999999'],
      bool: ['maybe', '2'],
      float: ['x'],
      double: ['x'],
    };
    for (const action of Object.keys(imm.actions)) {
      for (const p of imm.actions[action].params.filter((x) => bad[x.type])) {
        for (const value of bad[p.type]) await server.refused(action, { ...required(action), [p.name]: value }, `Invalid${p.name}`);
      }
    }
  });

  it('names the parameter and the place where JSON cannot be read, for every JSON parameter of every action', async () => {
    for (const action of Object.keys(imm.actions)) {
      for (const p of imm.actions[action].params.filter((x) => x.encoding === 'json')) {
        const e = await server.refused(action, { ...required(action), [p.name]: '{"a":' }, 'InvalidJSON');
        assert.match(e.body.Message, new RegExp(p.name));
        assert.match(e.body.Message, /\d/, 'the offset is named');
      }
    }
  });

  it('refuses JSON of the wrong shape, naming the parameter', async () => {
    const cases = [
      ['BatchGetFileMeta', 'URIs', ['{}', '"oss://b/k"', '[1]', '[["a"]]', '[null]', 'true']],
      ['GetFileMeta', 'WithFields', ['{}', '[1]', '"Size"']],
      ['SimpleQuery', 'Query', ['[]', '"x"', '1']],
      ['SimpleQuery', 'Aggregations', ['{}', '[1]', '["count"]']],
      ['CreateProject', 'Tag', ['{}', '["a"]', '[1]']],
    ];
    for (const [action, name, values] of cases) {
      for (const value of values) {
        const e = await server.refused(action, { ...required(action), [name]: value }, `Invalid${name}`).catch((x) => {
          throw new Error(`${name}=${value}: ${x.message}`);
        });
        assert.match(e.body.Message, new RegExp(name));
      }
    }
  });

  it('refuses JSON that is nested too deep, has a NUL, repeats a member or is not UTF-8', async () => {
    const where = { ProjectName: 'p', DatasetName: 'd' };
    const values = [
      '['.repeat(100000),
      `${'{"SubQueries":['.repeat(500)}{}${']}'.repeat(500)}`,
      '{"Field":"Size\\u0000"}',
      '{"Field":"a","Field":"b"}',
      '',
      ' ',
      '{} {}',
    ];
    for (const Query of values.filter((v) => v.trim())) {
      await assert.rejects(
        server.v3('SimpleQuery', { ...where, Query }),
        (e) => e instanceof Refusal && e.status === 400,
        Query.slice(0, 40),
      );
    }
    await server.assertAlive();
  });

  it('answers unknown actions, also with the wrong case, with InvalidApi.NotFound', async () => {
    for (const action of ['NoSuchAction', 'createProject2', 'CREATEPROJECT', 'x'.repeat(10000)]) {
      for (const client of Object.values(server.clients))
        await server.refused(action, {}, 'InvalidApi.NotFound', 404, client).catch((e) => {
          if (!/Missing/.test(e.message)) throw e;
        });
    }
    const e = await server.raw('signV3', { action: 'createproject', query: { ProjectName: 'p' } });
    assert.equal(`${e.status} ${e.body.Code}`, '404 InvalidApi.NotFound');
  });

  it('does not know administration actions on the public listener', async () => {
    for (const action of ['PauseBinding', 'GetStatus', 'PurgeBucket']) await server.refused(action, {}, 'InvalidApi.NotFound', 404);
  });

  it('ignores parameters that it does not know', async () => {
    for (const client of Object.values(server.clients))
      await server.call('ListProjects', { RegionId: 'somewhere', NewThing: '{"a":1}' }, client);
  });

  it('takes every action by GET and by POST, parameters in the query, in the form, or in both', async () => {
    const ways = [
      { method: 'GET', query: { ProjectName: 'w1', Description: 'one' } },
      { method: 'POST', query: { ProjectName: 'w2', Description: 'one' } },
      { method: 'POST', form: { ProjectName: 'w3', Description: 'one' } },
      { method: 'POST', query: { ProjectName: 'w4' }, form: { Description: 'one' } },
    ];
    for (const version of ['signV3', 'signV1']) {
      for (const way of ways) {
        const made = await server.raw(version, { action: 'CreateProject', ...way });
        assert.equal(made.status, 200, made.text);
        assert.equal(made.body.Project.Description, 'one');
        const gone = await server.raw(version, {
          action: 'DeleteProject',
          method: way.method,
          query: { ProjectName: made.body.Project.ProjectName },
        });
        assert.equal(gone.status, 200, gone.text);
      }
    }
  });

  it('brings any text through unharmed, by both clients and all ways', async () => {
    const texts = ['a b+c%20d&e=f?g#h', "~!*'()", '中文 и emoji 🎞', 'line\nbreak\ttab', '"quoted" \\ back', '%', '+', '=', '&&', 'a%2Bb'];
    await server.call('CreateProject', { ProjectName: 'texts' });
    for (const Description of texts) {
      for (const client of Object.values(server.clients)) {
        for (const method of ['GET', 'POST']) {
          await server.call('UpdateProject', { ProjectName: 'texts', Description }, client, { method });
          assert.equal((await server.call('GetProject', { ProjectName: 'texts' })).Project.Description, Description);
        }
      }
    }
  });

  it('refuses a parameter that is given twice', async () => {
    const twice = [
      ['ProjectName', 'twice-a'],
      ['ProjectName', 'twice-b'],
    ];
    const ways = [{ query: twice }, { form: twice }, { query: [twice[0]], form: [twice[1]] }];
    for (const version of ['signV3', 'signV1']) {
      for (const way of ways) {
        const e = await server.raw(version, { action: 'CreateProject', method: 'POST', ...way });
        assert.equal(e.status, 400, `${version} ${JSON.stringify(way)}: ${e.text}`);
        checkRefusal(e.body);
        assert.match(e.body.Message, /ProjectName/);
      }
    }
    await server.refused('GetProject', { ProjectName: 'twice-a' }, 'ResourceNotFound', 404);
  });

  it('refuses encodings that are broken', async () => {
    for (const text of [
      'ProjectName=%zz',
      'ProjectName=%f',
      'ProjectName=a%',
      'ProjectName=%ff%fe',
      'ProjectName=a%00b',
      '=x',
      'ProjectName=%C0%AF',
    ]) {
      for (const inBody of [false, true]) {
        const e = await server.raw('signV3', {
          action: 'CreateProject',
          body: inBody ? text : undefined,
          change: (r) => {
            if (!inBody) r.path = `/?${text}`;
          },
        });
        assert.ok(e.status === 400, `${text}: ${e.status} ${e.text}`);
        checkRefusal(e.body, text);
        if (text !== '=x') assert.match(e.body.Code, /^Invalid/, `${text}: ${e.text}`);
      }
    }
  });

  it('refuses more parameters than anybody needs', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => [`P${i}`, 'x']);
    const e = await server.raw('signV3', { action: 'ListProjects', query: many });
    assert.equal(e.status, 400, e.text);
    checkRefusal(e.body);
  });

  it('refuses wrong versions, formats, methods and body types', async () => {
    const cases = [
      ['signV3', { version: '2017-09-06' }, 400, /^InvalidVersion$/],
      ['signV1', { version: '2017-09-06' }, 400, /^InvalidVersion$/],
      ['signV1', { common: { Format: 'YAML' } }, 400, /^InvalidParameter\.Format$/],
      ['signV3', { method: 'PUT' }, 405, /^UnsupportedHTTPMethod$/],
      ['signV3', { method: 'DELETE' }, 405, /^UnsupportedHTTPMethod$/],
      ['signV3', { method: 'PATCH' }, 405, /^UnsupportedHTTPMethod$/],
      ['signV3', { method: 'OPTIONS' }, 405, /^UnsupportedHTTPMethod$/],
      ['signV1', { without: ['Action'] }, 400, /^Missing(Action|Parameter)$/],
      ['signV1', { without: ['Version'] }, 400, /^(MissingVersion|InvalidVersion)$/],
    ];
    for (const [version, how, status, code] of cases) {
      const e = await server.raw(version, { action: 'ListProjects', ...how });
      assert.equal(e.status, status, `${JSON.stringify(how)}: ${e.text}`);
      checkRefusal(e.body);
      assert.match(e.body.Code, code);
    }
  });

  it('answers XML only when it is asked for', async () => {
    const good = await server.raw('signV1', { action: 'ListProjects', common: { Format: 'XML' } });
    assert.equal(good.headers['content-type'], 'text/xml;charset=utf-8');
    assert.match(
      good.text,
      /^<\?xml[^>]*\?>\s*<ListProjectsResponse>.*<RequestId>[0-9A-F-]{36}<\/RequestId>.*<\/ListProjectsResponse>\s*$/s,
    );
    const bad = await server.raw('signV1', { action: 'GetProject', query: { ProjectName: '<&>' }, common: { Format: 'XML' } });
    assert.equal(bad.status, 400);
    assert.equal(bad.headers['content-type'], 'text/xml;charset=utf-8');
    assert.match(bad.text, /^(<\?xml[^>]*\?>\s*)?<Error>.*<Code>InvalidProjectName<\/Code>.*<\/Error>\s*$/s);
    for (const part of ['Message', 'RequestId', 'HostId', 'Recommend']) assert.match(bad.text, new RegExp(`<${part}>[^<]+</${part}>`));
    assert.ok(!bad.text.includes('<&>'), 'text is escaped');
    const odd = await server.raw('signV1', {
      action: 'GetProject',
      query: { ProjectName: 'a\x01b\ufffec\uffffd\re' },
      common: { Format: 'XML' },
    });
    assert.match(odd.text, /a\ufffdb\ufffdc\ufffdd&#13;e/, 'what XML cannot say is replaced');
    for (const Format of ['JSON', 'json']) {
      const json = await server.raw('signV1', { action: 'ListProjects', common: { Format } });
      assert.ok(json.body && json.body.RequestId, json.text);
    }
  });

  it('gives every answer a RequestId of its own', async () => {
    const ids = new Set();
    for (let i = 0; i < 20; i++) {
      ids.add((await server.call('ListProjects')).RequestId);
      ids.add((await server.refused('GetProject', { ProjectName: 'none' }, 'ResourceNotFound', 404)).body.RequestId);
    }
    assert.equal(ids.size, 40);
  });

  it('looks up 100 keys of 1,023 bytes in one call, by both clients', async () => {
    const where = await server.dataset('long', 'd');
    const key = (i) => `${String(i).padStart(3, '0')}${'漢'.repeat(340)}`;
    const folder = server.bucket('long-keys');
    // Names have at most 255 bytes, so the key is made of folders: 004 漢.../漢...
    const fs = require('node:fs');
    const split = (k) => k.replace(/(.{80})/gu, '$1/');
    const keys = Array.from({ length: 100 }, (_, i) => split(key(i)));
    for (const k of keys.slice(0, 3)) {
      fs.mkdirSync(`${folder}/${k.slice(0, k.lastIndexOf('/'))}`, { recursive: true });
      fs.writeFileSync(`${folder}/${k}`, k);
    }
    assert.ok(Buffer.byteLength(keys[0]) >= 1023);
    await server.bindAndWait(where, 'long-keys');
    const URIs = keys.map((k) => `oss://long-keys/${k}`);
    for (const client of Object.values(server.clients)) {
      const { Files } = await server.call('BatchGetFileMeta', { ...where, URIs }, client);
      assert.deepEqual(
        Files.map((f) => f.URI),
        URIs.slice(0, 3),
      );
    }
    await server.refused('BatchGetFileMeta', { ...where, URIs: [...URIs, 'oss://long-keys/one-more'] }, 'InvalidURIs');
  });

  it('serves many callers at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        sign.send(
          server.endpoints.imm,
          sign.signV3({ host: server.endpoints.imm, key: { id: 'LTAItestkey', secret: 'test-secret-0123456789' }, action: 'ListProjects' }),
        ),
      ),
    );
    for (const a of answers) assert.ok(a.status === 200 || (a.status === 429 && a.headers['x-acs-retry-after'] > 0), a.text);
    assert.ok(answers.filter((a) => a.status === 200).length > 0);
  });
});

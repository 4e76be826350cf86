// Bindings: the four documented operations, with the documentation's own samples.
'use strict';

const assert = require('node:assert');
const { describe, it, before } = require('node:test');

const { useServer, until } = require('./harness');

const MEMBERS = ['ProjectName', 'DatasetName', 'URI', 'State', 'Phase', 'CreateTime', 'UpdateTime', 'Reason'];

describe('bindings', () => {
  const server = useServer();
  const sample = { ProjectName: 'immtest', DatasetName: 'dataset001' };
  const uri = 'oss://examplebucket';
  before(async () => {
    server.bucket('examplebucket', { 'sampleobject1.jpg': 'not really', 'a/b.txt': 'text' });
    await server.dataset('immtest', 'dataset001');
  });

  for (const name of ['v3', 'v1']) {
    describe(`through the ${name} client`, () => {
      it('answers CreateBinding as the documentation shows', async () => {
        const { Binding } = await server.call('CreateBinding', { ...sample, URI: uri }, server.clients[name]);
        for (const m of MEMBERS) assert.equal(typeof Binding[m], 'string', m);
        assert.deepEqual([Binding.ProjectName, Binding.DatasetName, Binding.URI], ['immtest', 'dataset001', uri]);
        assert.deepEqual([Binding.State, Binding.Phase, Binding.Reason], ['Running', 'FullScanning', '']);
        assert.match(Binding.CreateTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?\+00:00$/);
        assert.equal(Binding.UpdateTime, Binding.CreateTime);
      });

      it('answers GetBinding with the same binding, and with progress', async () => {
        const { Binding } = await server.call('GetBinding', { ...sample, URI: uri }, server.clients[name]);
        for (const m of MEMBERS) assert.equal(typeof Binding[m], 'string', m);
        for (const m of ['Listed', 'Indexed', 'Unchanged', 'Deleted', 'Failed', 'Pending'])
          assert.ok(Number.isInteger(Binding.Progress[m]), m);
        const done = await server.settled(sample, 'examplebucket');
        assert.equal(done.UpdateTime, done.CreateTime, 'a scan is no update');
        assert.equal(done.Progress.Listed, 2);
      });

      it('answers ListBindings with it', async () => {
        const answer = await server.call(
          'ListBindings',
          { ProjectName: 'immtest', DatasetName: 'dataset001', MaxResults: 20, Name: 'imm' },
          server.clients[name],
        );
        assert.equal(answer.NextToken, '');
        assert.equal(answer.Bindings.length, 1);
        for (const m of MEMBERS) assert.equal(typeof answer.Bindings[0][m], 'string', m);
      });

      it('refuses a second binding of the bucket to the dataset, and keeps the first', async () => {
        await server.refused('CreateBinding', { ...sample, URI: uri }, 'ResourceAlreadyExists', 400, server.clients[name]);
        assert.equal((await server.binding(sample, 'examplebucket')).State, 'Running');
      });

      it('answers DeleteBinding with nothing but a RequestId, and forgets the binding', async () => {
        const client = server.clients[name];
        assert.deepEqual(Object.keys(await server.call('DeleteBinding', { ...sample, URI: uri }, client)), ['RequestId']);
        for (const action of ['GetBinding', 'DeleteBinding']) {
          const e = await server.refused(action, { ...sample, URI: uri }, 'ResourceNotFound', 404, client);
          assert.match(e.body.Message, /binding/);
        }
        assert.deepEqual((await server.call('ListBindings', { ProjectName: 'immtest' }, client)).Bindings, []);
      });

      it('refuses URIs that are no bucket, and buckets that are not there', async () => {
        const bad = [
          'examplebucket',
          'oss://',
          'oss:/examplebucket',
          'oss://examplebucket/',
          'oss://examplebucket/key',
          'http://examplebucket',
          'OSS://examplebucket',
          'oss://Example',
          'oss://ab',
          `oss://${'a'.repeat(64)}`,
          'oss://-abc',
          'oss://abc-',
          'oss://a_b_c',
          'oss://../etc',
          'oss://..',
          'oss://a..b',
          'oss://no-such-bucket',
          'oss://examplebucket?x',
          ' oss://examplebucket',
          'oss://examplebucket\n',
          'oss://漢字漢字',
        ];
        for (const URI of bad) {
          const e = await server.refused('CreateBinding', { ...sample, URI }, 'InvalidURI', 400, server.clients[name]);
          assert.ok(e.body.Message.length > 5);
        }
      });

      it('says what is not there: project, dataset or binding', async () => {
        const client = server.clients[name];
        const cases = [
          [{ ProjectName: 'nowhere', DatasetName: 'd' }, /project/],
          [{ ProjectName: 'immtest', DatasetName: 'nowhere' }, /dataset/],
        ];
        for (const [where, message] of cases) {
          for (const action of ['CreateBinding', 'GetBinding', 'DeleteBinding']) {
            const e = await server.refused(action, { ...where, URI: uri }, 'ResourceNotFound', 404, client);
            assert.match(e.body.Message, message);
          }
        }
        await server.refused('ListBindings', { ProjectName: 'nowhere' }, 'ResourceNotFound', 404, client);
      });
    });
  }

  it('takes s3:// and stores it as oss://', async () => {
    const { Binding } = await server.call('CreateBinding', { ...sample, URI: 's3://examplebucket' });
    assert.equal(Binding.URI, uri);
    await server.refused('CreateBinding', { ...sample, URI: uri }, 'ResourceAlreadyExists');
    assert.equal((await server.call('GetBinding', { ...sample, URI: 's3://examplebucket' })).Binding.URI, uri);
    await server.call('DeleteBinding', { ...sample, URI: 's3://examplebucket' });
  });

  it('binds one bucket to two datasets', async () => {
    await server.call('CreateDataset', { ProjectName: 'immtest', DatasetName: 'dataset002' });
    const other = { ...sample, DatasetName: 'dataset002' };
    await server.bindAndWait(sample, 'examplebucket');
    await server.bindAndWait(other, 'examplebucket');
    assert.equal((await server.call('SimpleQuery', other)).TotalHits, 2);
    await server.call('DeleteBinding', { ...other, URI: uri });
    assert.equal((await server.binding(sample, 'examplebucket')).State, 'Running');
    await server.call('DeleteBinding', { ...sample, URI: uri });
  });

  it('binds at most DatasetMaxBindCount buckets', async () => {
    const where = await server.dataset('few', 'd', { DatasetMaxBindCount: 2 });
    for (const b of ['few-1', 'few-2', 'few-3']) server.bucket(b);
    for (const b of ['few-1', 'few-2']) await server.call('CreateBinding', { ...where, URI: `oss://${b}` });
    await server.refused('CreateBinding', { ...where, URI: 'oss://few-3' }, 'LimitExceededError');
    await server.call('DeleteBinding', { ...where, URI: 'oss://few-1' });
    await server.call('CreateBinding', { ...where, URI: 'oss://few-3' });
  });

  it('binds a bucket whose folder was made while the server ran', async () => {
    const where = await server.dataset('late', 'd');
    await server.refused('CreateBinding', { ...where, URI: 'oss://late-bucket' }, 'InvalidURI');
    server.bucket('late-bucket', { a: '1' });
    await server.bindAndWait(where, 'late-bucket');
  });

  it('binds an empty bucket', async () => {
    server.bucket('empty-bucket');
    const where = await server.dataset('empty', 'd');
    const b = await server.bindAndWait(where, 'empty-bucket');
    assert.deepEqual([b.Progress.Listed, b.Progress.Indexed, b.Progress.Pending], [0, 0, 0]);
  });
});

describe('the list of bindings', () => {
  const server = useServer();
  // As pairs (dataset, bucket); "a-b" sorts before "a:..." as joined text, but after "a" as a pair.
  const pairs = [
    ['a', 'zzz'],
    ['a', 'bucket-2'],
    ['a', 'bucket-10'],
    ['a-b', 'aaa'],
    ['B', 'bucket-1'],
    ['_', 'bucket-1'],
    ['a', 'aaa'],
  ];
  const byPair = ([d1, b1], [d2, b2]) => (d1 < d2 ? -1 : d1 > d2 ? 1 : b1 < b2 ? -1 : b1 > b2 ? 1 : 0);
  const sorted = [...pairs].sort(byPair);
  const name = ([d, b]) => `p:${d}:${b}`;
  const nameOf = (b) => `${b.ProjectName}:${b.DatasetName}:${b.URI.slice(6)}`;

  before(async () => {
    await server.call('CreateProject', { ProjectName: 'p' });
    await server.call('CreateProject', { ProjectName: 'p2' });
    for (const DatasetName of new Set(pairs.map(([d]) => d))) await server.call('CreateDataset', { ProjectName: 'p', DatasetName });
    await server.call('CreateDataset', { ProjectName: 'p2', DatasetName: 'other' });
    for (const [, b] of pairs) server.bucket(b);
    for (const [DatasetName, b] of pairs) await server.call('CreateBinding', { ProjectName: 'p', DatasetName, URI: `oss://${b}` });
    await server.call('CreateBinding', { ProjectName: 'p2', DatasetName: 'other', URI: 'oss://aaa' });
  });

  for (const which of ['v3', 'v1']) {
    it(`${which}: is in byte order of dataset, then bucket, and names the next one in NextToken`, async () => {
      for (const MaxResults of [1, 2, 3, 6, 7, 8, 200]) {
        const got = [];
        for (let NextToken = ''; ;) {
          const page = await server.call('ListBindings', { ProjectName: 'p', MaxResults, NextToken }, server.clients[which]);
          got.push(...page.Bindings.map(nameOf));
          NextToken = page.NextToken;
          if (NextToken === '') break;
          assert.equal(page.Bindings.length, MaxResults);
          assert.equal(NextToken, name(sorted[got.length]), 'the token names the first one not yet returned');
        }
        assert.deepEqual(got, sorted.map(name), `MaxResults ${MaxResults}`);
      }
    });
  }

  it('takes 0, nothing and empty texts as not given', async () => {
    for (const params of [{}, { MaxResults: 0 }, { NextToken: '', Name: '', DatasetName: '' }]) {
      assert.equal((await server.call('ListBindings', { ProjectName: 'p', ...params })).Bindings.length, pairs.length);
    }
  });

  it('refuses more than 200, less than 0, and what is no number', async () => {
    for (const client of Object.values(server.clients)) {
      for (const MaxResults of [201, -1, 'x', '1e2', '']) {
        if (MaxResults !== '') await server.refused('ListBindings', { ProjectName: 'p', MaxResults }, 'InvalidMaxResults', 400, client);
      }
      await server.call('ListBindings', { ProjectName: 'p', MaxResults: 200 }, client);
    }
  });

  it('starts with the next one when the one that the token names is gone', async () => {
    const first = await server.call('ListBindings', { ProjectName: 'p', MaxResults: 2 });
    const [, dataset, bucket] = first.NextToken.split(':');
    await server.call('DeleteBinding', { ProjectName: 'p', DatasetName: dataset, URI: `oss://${bucket}` });
    const second = await server.call('ListBindings', { ProjectName: 'p', NextToken: first.NextToken });
    assert.deepEqual(second.Bindings.map(nameOf), sorted.slice(3).map(name));
    await server.call('CreateBinding', { ProjectName: 'p', DatasetName: dataset, URI: `oss://${bucket}` });
    // A token may name what never was.
    const third = await server.call('ListBindings', { ProjectName: 'p', NextToken: 'p:a:bucket-3' });
    assert.equal(nameOf(third.Bindings[0]), 'p:a:zzz');
    assert.deepEqual((await server.call('ListBindings', { ProjectName: 'p', NextToken: 'p:zzz:zzz' })).Bindings, []);
  });

  it('refuses tokens that are malformed or of another project', async () => {
    const bad = [
      'x',
      'p',
      'p:a',
      'p:a:b:c',
      'p2:other:aaa',
      ':::',
      '::',
      'p::aaa',
      'p:a:',
      'p:1x:aaa',
      'P:a:aaa',
      `p:${'a'.repeat(200)}:aaa`,
      'p:a:NOT_A_BUCKET',
    ];
    for (const client of Object.values(server.clients)) {
      for (const NextToken of bad) await server.refused('ListBindings', { ProjectName: 'p', NextToken }, 'InvalidNextToken', 400, client);
    }
  });

  it('shows only the dataset or the part of a name that is asked for', async () => {
    const names = async (params) => (await server.call('ListBindings', { ProjectName: 'p', ...params })).Bindings.map(nameOf);
    const all = sorted.map(name);
    for (const part of ['bucket', 'p:a:', 'a:a', ':zzz', 'p:B', 'P:', 'nothing', '%', '_', '*', '.']) {
      assert.deepEqual(
        await names({ Name: part }),
        all.filter((n) => n.includes(part)),
        part,
      );
    }
    assert.deepEqual(
      await names({ DatasetName: 'a' }),
      all.filter((n) => n.startsWith('p:a:')),
    );
    assert.deepEqual(await names({ DatasetName: 'a', Name: 'bucket', MaxResults: 1 }), ['p:a:bucket-10']);
    await server.refused('ListBindings', { ProjectName: 'p', DatasetName: 'nowhere' }, 'ResourceNotFound', 404);
  });

  it('is still the same after a restart', async () => {
    await server.restart();
    assert.deepEqual((await server.call('ListBindings', { ProjectName: 'p' })).Bindings.map(nameOf), sorted.map(name));
  });
});

describe('stopping and resuming a binding', () => {
  const server = useServer();
  let where;
  const bucket = { URI: 'oss://paused' };
  before(async () => {
    server.bucket('paused', { a: '1' });
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'paused');
  });

  it('says "pause usage" when no other reason is given, and moves UpdateTime', async () => {
    const { Binding } = await server.admin('PauseBinding', { ...where, ...bucket });
    assert.deepEqual([Binding.State, Binding.Reason], ['Stopped', 'pause usage']);
    assert.notEqual(Binding.UpdateTime, Binding.CreateTime);
    await server.refused('PauseBinding', { ...where, ...bucket }, 'StatusConflict', 400, server.adminClient);
  });

  it('sees nothing new while it is stopped, also over a restart, and all of it when it is resumed', async () => {
    server.bucket('paused', { b: '2', c: '3' });
    await server.restart();
    assert.equal((await server.binding(where, 'paused')).State, 'Stopped');
    // Whatever would index the new files has had its chance when a file of another binding is there.
    server.bucket('witness', { w: '1' });
    await server.bindAndWait({ ...where }, 'witness');
    assert.equal(await server.fileMeta(where, 'oss://paused/b'), undefined);
    const { Binding } = await server.admin('ResumeBinding', { ...where, ...bucket });
    assert.deepEqual([Binding.State, Binding.Reason], ['Running', '']);
    await server.fileAppears(where, 'oss://paused/b');
    await server.fileAppears(where, 'oss://paused/c');
    await server.refused('ResumeBinding', { ...where, ...bucket }, 'StatusConflict', 400, server.adminClient);
  });

  it('gives the reason of the operator', async () => {
    const { Binding } = await server.admin('PauseBinding', { ...where, ...bucket, Reason: 'disk is moved' });
    assert.equal(Binding.Reason, 'disk is moved');
    await until('the reason is kept', async () => (await server.binding(where, 'paused')).Reason === 'disk is moved');
    await server.admin('ResumeBinding', { ...where, ...bucket });
  });

  it('refuses to stop what is not there', async () => {
    for (const action of ['PauseBinding', 'ResumeBinding', 'RescanBinding', 'ListFailures', 'RetryFailures']) {
      await server.refused(action, { ...where, URI: 'oss://nothing-here' }, 'ResourceNotFound', 404, server.adminClient);
    }
  });
});

// The command line, as a person or a script uses it.
'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, until, KEY, binary } = require('./harness');
const samples = require('./samples');

describe('the command line', () => {
  const server = useServer({ flags: { 'retry-interval': 1, 'rescan-interval': 1 } });
  const run = (...args) => server.cli(args, { env: { BINDERY_DATA: server.data } });
  const good = async (...args) => {
    const how = await run(...args);
    assert.equal(how.code, 0, `${args.join(' ')}: ${how.err}`);
    return how;
  };
  const fails = async (code, message, ...args) => {
    const how = await run(...args);
    assert.equal(how.code, code, `${args.join(' ')}: ${how.out}${how.err}`);
    assert.match(how.err, message);
    assert.equal(how.out, '', 'complaints go to standard error');
    return how;
  };

  before(() => {
    server.bucket('photos', {
      'small.png': samples.png(10, 10),
      'large.jpg': samples.jpeg(800, 600, samples.exif({ make: 'Canon', model: 'EOS', taken: '2024:05:01 10:00:00' })),
      'bad.jpg': samples.jpeg(64, 64).subarray(0, 30),
      'notes/a b.txt': 'x'.repeat(500),
    });
    server.bucket('other-bucket', { a: '1' });
  });

  it('lists the buckets that can be bound', async () => {
    assert.match((await good('buckets')).out, /photos/);
    const list = JSON.parse((await good('buckets', '--json')).out);
    assert.ok(JSON.stringify(list).includes('other-bucket'));
  });

  it('says what to do when something is missing', async () => {
    await fails(1, /project/, 'bind', 'photos', '-p', 'demo', '-d', 'photos');
    await fails(2, /project/i, 'bind', 'photos');
    await fails(2, /bogus/, 'bind', 'photos', '--bogus');
    await fails(2, /BUCKET|words?|Usage/i, 'bind', '-p', 'demo', '-d', 'photos');
    await fails(1, /no-such-bucket/, 'bind', 'no-such-bucket', '-p', 'demo', '-d', 'photos', '--create');
  });

  it('binds and waits, printing lines where there is no terminal', async () => {
    const how = await good('bind', 'oss://photos', '--project', 'demo', '--dataset', 'photos', '--create', '--wait');
    assert.match(how.out + how.err, /4/, 'the number of files is told');
    assert.ok(!/[\r\x1b]/.test(how.out + how.err), 'no control characters');
    assert.equal((await server.binding({ ProjectName: 'demo', DatasetName: 'photos' }, 'photos')).Phase, 'IncrementalScanning');
  });

  it('binds again with --create, but not without', async () => {
    await good('bind', 'photos', '-p', 'demo', '-d', 'photos', '--create', '--wait');
    await fails(1, /exists/, 'bind', 'photos', '-p', 'demo', '-d', 'photos');
  });

  it('shows the status as a table and as JSON', async () => {
    assert.match((await good('status')).out, /demo\/photos.*oss:\/\/photos.*Running/);
    const status = JSON.parse((await good('status', '--json')).out);
    assert.equal(status.Bindings[0].URI, 'oss://photos');
  });

  const queries = [
    ['', 4],
    ['Size > 400', 2],
    ['Size = 500', 1],
    ['MediaType = image', 3],
    ['MediaType = image and Size > 1KB', 1],
    ["Filename ^= 'notes/'", 1],
    ['Filename = "notes/a b.txt"', 1],
    ['not MediaType = image', 1],
    ['ProduceTime = 2024-05', 1],
    ['ProduceTime >= 2025', 0],
    ['EXIF ~ Canon', 1],
    ['ProduceTime ?', 1],
    ['(Size > 1 and Size < 3) or ImageWidth = 800', 1],
    ['ObjectStatus = Failed', 1],
    ['MediaType != image', 1],
  ];
  it('searches with its filter language', async () => {
    for (const [filter, count] of queries) {
      const how = await good('query', 'demo', 'photos', filter, '--json');
      assert.equal(JSON.parse(how.out).length ?? JSON.parse(how.out).Files.length, count, `${filter}: ${how.out}`);
    }
  });

  it('prints a table with the columns and the order asked for', async () => {
    const { out } = await good('query', 'demo', 'photos', '--sort', '-Size', '--fields', 'Filename,Size');
    const lines = out.trim().split('\n');
    assert.match(lines[0], /FILENAME|Filename/);
    assert.equal(lines.length, 5);
    assert.match(lines.at(-1), /bad\.jpg/);
  });

  it('counts and sums by group', async () => {
    const { out } = await good('query', 'demo', 'photos', '--group', 'MediaType', '--sum', 'Size');
    assert.match(out, /image\s+3/);
    assert.match(out, /document\s+1\s+500/);
  });

  it('points at the place where a filter cannot be read', async () => {
    for (const filter of ['Size >', 'Size > > 1', '(Size > 1', 'Nope = 1', 'Size = many', "Filename = 'open", 'and', 'Size > 1 or']) {
      const how = await run('query', 'demo', 'photos', filter);
      assert.ok([1, 2].includes(how.code), `${filter}: ${how.code}`);
      assert.match(how.err, /\^|Nope|Size/, filter);
      assert.equal(how.out, '');
    }
  });

  it('lists what failed, and retries it', async () => {
    assert.match((await good('failed', 'photos', '-p', 'demo', '-d', 'photos')).out, /bad\.jpg/);
    assert.equal(JSON.parse((await good('failed', 'photos', '-p', 'demo', '-d', 'photos', '--json')).out)[0].Key, 'bad.jpg');
    assert.match((await good('failed', 'photos', '-p', 'demo', '-d', 'photos', '--retry')).out, /1/);
  });

  it('pauses, resumes and rescans', async () => {
    await good('pause', 'photos', '-p', 'demo', '-d', 'photos');
    assert.equal((await server.binding({ ProjectName: 'demo', DatasetName: 'photos' }, 'photos')).State, 'Stopped');
    await fails(1, /./, 'pause', 'photos', '-p', 'demo', '-d', 'photos');
    await good('resume', 'photos', '-p', 'demo', '-d', 'photos');
    await good('rescan', 'photos', '-p', 'demo', '-d', 'photos');
  });

  it('calls any action, signed', async () => {
    const { Projects } = JSON.parse((await good('call', 'ListProjects', '--MaxResults', '10')).out);
    assert.equal(Projects[0].ProjectName, 'demo');
    const file = path.join(server.root, 'query.json');
    fs.writeFileSync(file, '{"Field":"Size","Operation":"gt","Value":"400"}');
    assert.equal(
      JSON.parse((await good('call', 'SimpleQuery', '--ProjectName', 'demo', '--DatasetName', 'photos', '--Query', `@${file}`)).out)
        .TotalHits,
      2,
    );
    await fails(1, /ResourceNotFound/, 'call', 'GetProject', '--ProjectName', 'nowhere');
    await fails(1, /MissingProjectName/, 'call', 'GetProject');
    await fails(1, /InvalidApi|ListProjects/, 'call', 'ListProject');
    await fails(2, /value/, 'call', 'GetProject', '--ProjectName');
  });

  it('works from anywhere with an endpoint and a key in the environment', async () => {
    const how = await server.cli(['call', 'ListProjects', '--endpoint', server.endpoints.imm], { env: { BINDERY_DATA: '/nowhere' } });
    assert.equal(how.code, 0, how.err);
    const wrong = await server.cli(['call', 'ListProjects', '--endpoint', server.endpoints.imm], {
      env: { BINDERY_ACCESS_KEY_SECRET: 'wrong' },
    });
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /SignatureDoesNotMatch/);
    assert.ok(!wrong.err.includes(KEY.secret));
    const nobody = await server.cli(['status', '--endpoint', '127.0.0.1:1', '--admin-endpoint', '127.0.0.1:1']);
    assert.equal(nobody.code, 1);
    assert.match(nobody.err, /127\.0\.0\.1:1/);
  });

  it('leaves the binding running when bind --wait is interrupted', async () => {
    const folder = server.bucket('much', Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i}.png`, samples.png(8, 8)])));
    const how = await server.cli(['bind', 'much', '-p', 'demo', '-d', 'photos', '--wait'], {
      env: { BINDERY_DATA: server.data },
      onOutput: (text, p) => {
        if (text.length) p.kill('SIGINT');
      },
    });
    if (how.code !== 0) assert.equal(how.code, 130, how.err); // 0: it was quicker than the signal
    const where = { ProjectName: 'demo', DatasetName: 'photos' };
    assert.equal((await server.binding(where, 'much')).State, 'Running');
    await server.settled(where, 'much');
    assert.equal(
      (await server.call('SimpleQuery', { ...where, Query: { Field: 'URI', Operation: 'prefix', Value: 'oss://much/' }, MaxResults: 1 }))
        .TotalHits,
      3000,
    );
    fs.rmSync(folder, { recursive: true });
    fs.mkdirSync(folder);
  });

  it('exits with 3 when the binding that it waits for does not get well', async () => {
    // The folder of `much` is another one since the test above.
    await until(
      'it is Retrying',
      async () => (await server.binding({ ProjectName: 'demo', DatasetName: 'photos' }, 'much')).State === 'Retrying',
    );
    const how = await run('bind', 'much', '-p', 'demo', '-d', 'photos', '--create', '--wait');
    assert.equal(how.code, 3, how.err);
    assert.match(how.out + how.err, /Retrying/);
  });

  it('says so when a quota kept files out of the index', async () => {
    server.bucket('too-many', { a: '1', b: '2' });
    await server.call('CreateDataset', { ProjectName: 'demo', DatasetName: 'small', DatasetMaxFileCount: 1 });
    const how = await good('bind', 'too-many', '-p', 'demo', '-d', 'small', '--wait');
    assert.match(how.out, /1 objects? .*DatasetMaxFileCount/);
  });

  it('unbinds, and removes the rows on demand', async () => {
    const where = { ProjectName: 'demo', DatasetName: 'photos' };
    await good('unbind', 'much', '-p', 'demo', '-d', 'photos', '--purge');
    assert.doesNotMatch((await good('unbind', 'photos', '-p', 'demo', '-d', 'photos')).out, /notification/);
    assert.equal((await server.call('SimpleQuery', where)).TotalHits, 4);
    await good('bind', 'photos', '-p', 'demo', '-d', 'photos', '--wait');
    assert.match((await good('unbind', 'photos', '-p', 'demo', '-d', 'photos', '--purge')).out, /4/);
    assert.equal((await server.call('SimpleQuery', where)).TotalHits, 0);
    await fails(1, /./, 'unbind', 'photos', '-p', 'demo', '-d', 'photos');
  });

  it('fails when its output cannot be written', () => {
    const full = fs.openSync('/dev/full', 'w');
    for (const args of [['status'], ['status', '--json'], ['--help']]) {
      const how = spawnSync(binary, args, { env: server.environment({ BINDERY_DATA: server.data }), stdio: ['ignore', full, 'pipe'] });
      assert.equal(how.status, 1, `${args}: ${how.stderr}`);
      assert.match(String(how.stderr), /cannot write/);
    }
    fs.closeSync(full);
  });

  it('has help for every command', async () => {
    for (const c of ['serve', 'buckets', 'bind', 'unbind', 'pause', 'resume', 'rescan', 'failed', 'query', 'status', 'call']) {
      assert.match((await good(c, '--help')).out, new RegExp(`bindery ${c}`));
    }
  });
});

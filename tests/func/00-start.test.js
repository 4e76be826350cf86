// Starting and stopping: what an operator sees before any call is made.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { describe, it, afterEach } = require('node:test');

const { Server, clientV3, until, hasEnded, binary, KEY } = require('./harness');
const { ACCOUNT, REGION } = require('./harness');

const get = (address, url) =>
  new Promise((resolve, reject) => {
    http
      .get(`http://${address}${url}`, { agent: false }, (r) => {
        let text = '';
        r.on('data', (d) => {
          text += d;
        });
        r.on('end', () => resolve({ status: r.statusCode, text, type: r.headers['content-type'] }));
      })
      .on('error', reject);
  });

describe('start and stop', () => {
  const servers = [];
  const make = (options) => {
    const s = new Server(options);
    servers.push(s);
    return s;
  };
  afterEach(async () => {
    for (const s of servers.splice(0)) await s.remove();
  });

  it('writes endpoints.json when it listens, and removes it when it stops', async () => {
    const server = await make().start();
    const { imm, admin, imm_protocol, admin_protocol } = server.endpoints;
    for (const address of [imm, admin]) assert.match(address, /^127\.0\.0\.1:[1-9]\d*$/);
    assert.deepEqual([imm_protocol, admin_protocol], ['http', 'http']);
    const how = await server.stop();
    assert.deepEqual({ code: how.code, signal: how.signal }, { code: 0, signal: null });
    assert.ok(!fs.existsSync(server.endpointsFile), 'endpoints.json is gone');
  });

  for (const signal of ['SIGTERM', 'SIGINT']) {
    it(`stops in time on ${signal}, also with idle connections open and a scan running`, async () => {
      const server = await make().start();
      const files = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, `content ${i}`]));
      server.bucket('busy', files);
      const where = await server.dataset('p');
      await server.call('CreateBinding', { ...where, URI: 'oss://busy' });
      const idle = require('node:net').connect(Number(server.endpoints.imm.split(':')[1]), '127.0.0.1');
      idle.on('error', () => {});
      const workers = await server.runningWorkers();
      const how = await server.stop(signal);
      idle.destroy();
      assert.equal(how.code, 0, server.log.slice(-2000));
      assert.ok(how.ms < 10000, `it took ${how.ms} ms`);
      await until('no worker is left', () => workers.every(hasEnded));
    });
  }

  it('answers /livez and /readyz on the administration port', async () => {
    const server = await make().start();
    for (const url of ['/livez', '/readyz']) {
      const answer = await until(`${url} is 200`, async () => {
        const a = await get(server.endpoints.admin, url);
        return a.status === 200 && a;
      });
      assert.equal(answer.status, 200);
    }
  });

  it('refuses a second server on the same data folder and leaves the first one alone', async () => {
    const server = await make().start();
    const second = await server.cli(server.arguments(), { seconds: 20 });
    assert.notEqual(second.code, 0);
    assert.notEqual(second.code, null, 'it ends by itself');
    assert.match(second.err, /data/i);
    assert.ok(fs.existsSync(server.endpointsFile), 'endpoints.json of the first is still there');
    await server.assertAlive();
  });

  it('makes a root key at the first start, keeps it for the owner alone, and uses it again', async () => {
    const server = make({ env: { BINDERY_ACCESS_KEY_ID: '', BINDERY_ACCESS_KEY_SECRET: '' } });
    await server.start();
    const file = path.join(server.data, 'root-key');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const text = fs.readFileSync(file, 'utf8');
    await server.restart();
    assert.equal(fs.readFileSync(file, 'utf8'), text);
    await server.refused('ListProjects', {}, 'InvalidAccessKeyId.NotFound', 404, clientV3(server.endpoints.imm, KEY));
    const answer = await server.cli(['call', 'ListProjects', '--data', server.data]);
    assert.equal(answer.code, 0, answer.err);
  });

  it('keeps projects, account and region over a restart', async () => {
    const server = make({ flags: { 'account-id': null } });
    await server.start();
    await server.dataset('kept', 'd1');
    const account = (await server.admin('GetStatus')).Status.AccountId;
    assert.match(account, /^\d{16}$/);
    await server.restart();
    assert.equal((await server.admin('GetStatus')).Status.AccountId, account);
    assert.equal((await server.call('GetDataset', { ProjectName: 'kept', DatasetName: 'd1' })).Dataset.DatasetName, 'd1');
  });

  it('tells its region and account', async () => {
    const server = await make().start();
    const { Status } = await server.admin('GetStatus');
    assert.equal(Status.AccountId, ACCOUNT);
    assert.equal(Status.Region, REGION);
    const { Regions } = await server.call('ListRegions', { AcceptLanguage: 'en-US' });
    assert.deepEqual(
      Regions.map((r) => r.RegionId),
      [REGION],
    );
  });

  it('takes options from variables and from a file, the flag first, then the variable', async () => {
    const file = path.join(fs.mkdtempSync('/tmp/bindery-conf-'), 'bindery.conf');
    fs.writeFileSync(file, '[server]\nregion = from-file\nworkers = 1\n');
    const cases = [
      [{ flags: { region: null, config: file } }, 'from-file'],
      [{ flags: { region: null, config: file }, env: { BINDERY_REGION: 'from-variable' } }, 'from-variable'],
      [{ flags: { region: 'from-flag', config: file }, env: { BINDERY_REGION: 'from-variable' } }, 'from-flag'],
    ];
    for (const [options, region] of cases) {
      const server = await make(options).start();
      assert.equal((await server.admin('GetStatus')).Status.Region, region);
      await server.stop();
    }
    fs.rmSync(path.dirname(file), { recursive: true });
  });

  const wrong = [
    ['an unknown option', { extra: ['--no-such-option', '1'] }, /no-such-option/],
    ['an option without its value', { extra: ['--region'] }, /region/],
    ['a number out of range', { flags: { 'api-threads': 0 } }, /api-threads/],
    ['a number that is none', { flags: { workers: 'many' } }, /workers/],
    ['an address that is none', { flags: { 'imm-listen': 'nowhere' } }, /nowhere/],
    ['a port out of range', { flags: { 'imm-listen': '127.0.0.1:70000' } }, /70000/],
    ['a store folder that is not there', { flags: { store: '/no/such/folder' } }, /\/no\/such\/folder/],
    ['a bucket folder that is not there', { flags: { bucket: 'b-1=/no/such/folder' } }, /\/no\/such\/folder|b-1/],
    ['an illegal bucket name', { flags: { bucket: 'A_B=/tmp' } }, /A_B/],
    ['an account that is not 16 digits', { flags: { 'account-id': '12' } }, /account|12/],
    ['a region that cannot stand in an ARN', { flags: { region: 'a:b' } }, /a:b/],
    ['a time zone that is none', { flags: { timezone: 'Mars' } }, /Mars/],
    ['a template that is none', { flags: { 'default-template': 'Official:Nothing' } }, /Official:Nothing/],
    ['one half of a root key', { env: { BINDERY_ACCESS_KEY_SECRET: '' } }, /key/i],
    ['a worker program that is not there', { flags: { 'worker-path': '/no/such/worker' } }, /\/no\/such\/worker/],
  ];
  for (const [what, options, message] of wrong) {
    it(`refuses to start with ${what}, and says so`, async () => {
      const server = make(options);
      const how = await server.cli(server.arguments(), { seconds: 20 });
      assert.ok(how.code > 0, `exit code ${how.code}, ${how.signal}: ${how.err}`);
      assert.match(how.err, message);
      assert.ok(!fs.existsSync(server.endpointsFile));
    });
  }

  it('prints help and version', async () => {
    const server = make();
    for (const args of [['--help'], ['serve', '--help'], ['bind', '--help'], ['--version']]) {
      const how = await server.cli(args);
      assert.equal(how.code, 0, `${args}: ${how.err}`);
      assert.notEqual(how.out, '');
    }
    const how = await server.cli(['no-such-command']);
    assert.equal(how.code, 2);
    assert.match(how.err, /no-such-command/);
    assert.ok(binary.endsWith('bindery'));
  });
});

// What users may do: decided by their policies, on every action and on the rows of lists; what a refusal tells; the audit.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, until, clientV1, clientV3, KEY, REGION, ACCOUNT } = require('./harness');

const ARN = `acs:imm:${REGION}:${ACCOUNT}:`;
const allow = (Action, Resource, Condition) => ({ Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) });
const deny = (Action, Resource, Condition) => ({ ...allow(Action, Resource, Condition), Effect: 'Deny' });

/** Users of a server, made by administration actions. */
function people(server) {
  let n = 0;
  const grant = async (UserName, statements) => {
    n += 1;
    const PolicyName = `policy-${n}`;
    await server.admin('CreatePolicy', { PolicyName, PolicyDocument: JSON.stringify({ Version: '1', Statement: statements }) });
    await server.admin('AttachPolicyToUser', { UserName, PolicyName });
    return PolicyName;
  };
  return {
    grant,
    /** A user with these statements as one policy, or with a policy of that name: her key, and both clients. */
    async user(UserName, policy) {
      await server.admin('CreateUser', { UserName });
      if (typeof policy === 'string') await server.admin('AttachPolicyToUser', { UserName, PolicyName: policy });
      else if (policy) await grant(UserName, policy);
      const { AccessKey } = await server.admin('CreateAccessKey', { UserName });
      const key = { id: AccessKey.AccessKeyId, secret: AccessKey.AccessKeySecret };
      const clients = [clientV3(server.endpoints.imm, key), clientV1(server.endpoints.imm, key)];
      const may = (action, params) => Promise.all(clients.map((c) => server.call(action, params, c)));
      const mayNot = async (action, params = {}, code = 'NoPermission', status = 403) => {
        const all = [];
        for (const c of clients) all.push(await server.refused(action, params, code, status, c));
        return all;
      };
      return { key, may, mayNot, v3: clients[0], admin: clientV3(server.endpoints.admin, key) };
    },
  };
}

/** All rows of a list, by pages; no token may tell of what is hidden. */
async function listAll(server, client, action, member, params, MaxResults, hidden) {
  const rows = [];
  for (let NextToken = ''; ;) {
    const page = await server.call(action, { ...params, MaxResults, ...(NextToken ? { NextToken } : {}) }, client);
    rows.push(...page[member]);
    NextToken = page.NextToken;
    if (!NextToken) return rows;
    assert.ok(page[member].length === MaxResults, `${action}: a page is full until the last one`);
    assert.doesNotMatch(NextToken, hidden);
  }
}

describe('policies', () => {
  const server = useServer();
  const { user, grant } = people(server);
  const here = { ProjectName: 'team', DatasetName: 'photos' };

  before(async () => {
    server.bucket('pictures', { 'a.txt': 'one' });
    server.bucket('private', { 'b.txt': 'two' });
    await server.dataset('team', 'photos');
    await server.call('CreateDataset', { ProjectName: 'team', DatasetName: 'hidden-1' });
    await server.dataset('other', 'photos');
    await server.bindAndWait(here, 'pictures');
    await server.call('CreateBinding', { ProjectName: 'team', DatasetName: 'hidden-1', URI: 'oss://private' });
  });

  it('allow a new user nothing', async () => {
    const none = await user('none');
    await none.mayNot('ListProjects');
    await none.mayNot('ListRegions', { AcceptLanguage: 'en-US' });
    await none.mayNot('GetProject', { ProjectName: 'team' });
    await none.mayNot('GetProject', { ProjectName: 'no-such' });
    await none.mayNot('CreateStory', { ...here, StoryType: 'a', StorySubType: 'b', ObjectId: 'o' });
    await server.refused('GetStatus', {}, 'NoPermission', 403, none.admin);
  });

  it('let a reader read and not write', async () => {
    const reader = await user('reader', 'AliyunIMMReadOnlyAccess');
    await reader.may('ListProjects', {});
    await reader.may('GetDataset', here);
    await reader.may('ListBindings', { ProjectName: 'team' });
    await reader.may('GetFileMeta', { ...here, URI: 'oss://pictures/a.txt' });
    await reader.mayNot('UpdateProject', { ProjectName: 'team', Description: 'x' });
    await reader.mayNot('CreateProject', { ProjectName: 'new' });
    await reader.mayNot('CreateBinding', { ...here, URI: 'oss://private' });
    await reader.mayNot('DeleteBinding', { ...here, URI: 'oss://pictures' });
    await reader.mayNot('DeleteDataset', here);
    assert.equal((await server.binding(here, 'pictures')).State, 'Running');
    await server.refused('GetStatus', {}, 'NoPermission', 403, reader.admin);
    await server.refused('CreateUser', { UserName: 'mallory' }, 'NoPermission', 403, reader.admin);
  });

  it('bind a user to one dataset, whatever else has a name like it', async () => {
    const one = await user('one', [allow('imm:*', `${ARN}project/team/dataset/photos`)]);
    await one.may('GetDataset', here);
    await one.may('SimpleQuery', { ...here, MaxResults: 1 });
    await one.may('ListBindings', here);
    await one.mayNot('GetDataset', { ProjectName: 'other', DatasetName: 'photos' });
    await one.mayNot('GetDataset', { ProjectName: 'team', DatasetName: 'photos2' });
    await one.mayNot('SimpleQuery', { ProjectName: 'team', DatasetName: 'hidden-1' });
    await one.mayNot('GetProject', { ProjectName: 'team' });
    await one.mayNot('ListBindings', { ProjectName: 'team' });
    for (const DatasetName of ['*', 'photos/*', '?hotos']) await one.mayNot('GetDataset', { ...here, DatasetName }, 'InvalidDatasetName', 400);
  });

  it('deny more strongly than they allow, at once when they are attached', async () => {
    const full = await user('full', 'AliyunIMMFullAccess');
    await full.may('GetDataset', here);
    const PolicyName = await grant('full', [deny('imm:Get*', `${ARN}project/team/*`)]);
    await full.mayNot('GetDataset', here);
    await full.may('GetProject', { ProjectName: 'team' });
    await full.may('GetDataset', { ProjectName: 'other', DatasetName: 'photos' });
    await server.admin('DetachPolicyFromUser', { UserName: 'full', PolicyName });
    await full.may('GetDataset', here);
    await server.refused('GetStatus', {}, 'NoPermission', 403, full.admin);
    await grant('full', [allow('bindery:GetStatus', '*')]);
    await server.call('GetStatus', {}, full.admin);
  });

  it('look at address, transport, time and client', async () => {
    const past = '2020-01-01T00:00:00Z';
    const future = '2100-01-01T00:00:00Z';
    const cases = [
      [{ IpAddress: { 'acs:SourceIp': ['192.0.2.0/24', '127.0.0.0/8'] } }, true],
      [{ IpAddress: { 'acs:SourceIp': '192.0.2.0/24' } }, false],
      [{ NotIpAddress: { 'acs:SourceIp': '127.0.0.1' } }, false],
      [{ Bool: { 'acs:SecureTransport': 'true' } }, false],
      [{ Bool: { 'acs:SecureTransport': 'false' } }, true],
      [{ DateGreaterThan: { 'acs:CurrentTime': past }, DateLessThan: { 'acs:CurrentTime': future } }, true],
      [{ DateLessThan: { 'acs:CurrentTime': past } }, false],
      [{ DateGreaterThan: { 'acs:CurrentTime': future } }, false],
      [{ StringLike: { 'acs:UserAgent': 'no such client/*' } }, false],
    ];
    for (const [i, [condition, isMet]] of cases.entries()) {
      const who = await user(`facts-${i}`, [allow('imm:*', '*', condition)]);
      if (isMet) await who.may('ListProjects', {});
      else await who.mayNot('ListProjects');
    }
    const plain = await user('plain', [allow('imm:*', '*'), deny('*', '*', { Bool: { 'acs:SecureTransport': 'false' } })]);
    await plain.mayNot('ListProjects');
  });

  it('leave out of lists what may not be seen, on full pages whose tokens tell nothing', async () => {
    for (const name of ['a', 'b', 'hidden-2', 'c', 'hidden-3', 'z']) {
      await server.dataset(`${name}-list`, 'd');
      await server.call('CreateDataset', { ProjectName: 'team', DatasetName: name });
      await server.call('CreateBinding', { ProjectName: 'team', DatasetName: name, URI: 'oss://pictures' });
    }
    const some = await user('some', [
      allow('imm:*', '*'),
      deny('*', [`${ARN}project/hidden*`, `${ARN}project/team/dataset/hidden*`, `${ARN}project/other`]),
    ]);
    const names = (rows, member) => rows.map((r) => r[member]).join(' ');
    for (const max of [1, 2, 3, 100]) {
      const list = (action, member, params) => listAll(server, some.v3, action, member, params, max, /hidden|other/);
      assert.equal(names(await list('ListProjects', 'Projects', {}), 'ProjectName'), 'a-list b-list c-list team z-list');
      const datasets = await list('ListDatasets', 'Datasets', { ProjectName: 'team' });
      assert.equal(names(datasets, 'DatasetName'), 'a b c photos z');
      const bindings = await list('ListBindings', 'Bindings', { ProjectName: 'team' });
      assert.equal(names(bindings, 'DatasetName'), 'a b c photos z');
    }
    await some.mayNot('ListBindings', { ProjectName: 'team', DatasetName: 'hidden-2' });
  });

  it('let nobody bind or attach a bucket that he may not read', async () => {
    const bucket = `acs:oss:*:*:private`;
    const binder = await user('binder', [allow('imm:*', [`${ARN}project/team`, `${ARN}project/team/*`])]);
    const binding = { ...here, URI: 'oss://private' };
    const attachment = { ProjectName: 'team', OSSBucket: 'private' };
    const [first] = await binder.mayNot('CreateBinding', binding);
    assert.equal(first.body.AccessDeniedDetail.AuthAction, 'oss:ListObjects');
    await binder.mayNot('AttachOSSBucket', attachment);
    await binder.mayNot('AttachOSSBucket', { ...attachment, OSSBucket: 'no-such-bucket' });
    await grant('binder', [allow('oss:ListObjects', bucket)]);
    const [second] = await binder.mayNot('CreateBinding', binding);
    assert.equal(second.body.AccessDeniedDetail.AuthAction, 'oss:GetObject');
    assert.match(second.body.Message, /acs:oss:[^ ]*:private\/\*/);
    await binder.mayNot('AttachOSSBucket', attachment);
    await grant('binder', [allow('oss:GetObject', `${bucket}/*`)]);
    await server.call('CreateBinding', binding, binder.v3);
    await server.call('AttachOSSBucket', attachment, binder.v3);
    await binder.may('GetOSSBucketAttachment', { OSSBucket: 'private' });
    const outsider = await user('outsider', [allow('imm:*', `${ARN}project/other*`), allow('oss:*', '*')]);
    for (const { body } of await outsider.mayNot('DetachOSSBucket', { OSSBucket: 'private' })) {
      const told = body.Message + Buffer.from(body.AccessDeniedDetail.EncodedDiagnosticMessage, 'base64');
      assert.doesNotMatch(told, /team/);
      assert.match(told, /project\/\*/);
    }
    const taken = await server.refused('AttachOSSBucket', { ProjectName: 'other', OSSBucket: 'private' }, 'ResourceAlreadyExists', 400, outsider.v3);
    assert.doesNotMatch(taken.body.Message, /team/);
    await server.call('DetachOSSBucket', { OSSBucket: 'private' }, binder.v3);
  });

  it('say what was missing, to both clients and in XML, and not by which policy', async () => {
    const told = await user('told', [allow('imm:*', '*'), deny('imm:GetProject', '*')]);
    for (const refusal of await told.mayNot('GetProject', { ProjectName: 'team' })) {
      const { EncodedDiagnosticMessage, ...detail } = refusal.body.AccessDeniedDetail;
      assert.deepEqual(detail, {
        AuthAction: 'imm:GetProject',
        AuthPrincipalDisplayName: 'told',
        AuthPrincipalOwnerId: ACCOUNT,
        AuthPrincipalType: 'SubUser',
        NoPermissionType: 'ExplicitDeny',
        PolicyType: 'AccountLevelIdentityBasedPolicy',
      });
      assert.ok(Buffer.from(EncodedDiagnosticMessage, 'base64').toString().startsWith(refusal.body.RequestId));
      assert.match(refusal.body.Message, /imm:GetProject on acs:imm:.*:project\/team/);
      assert.doesNotMatch(JSON.stringify(refusal.body), /policy-\d/);
    }
    const how = { key: told.key, action: 'GetProject', query: { ProjectName: 'team' }, common: { Format: 'XML' } };
    const xml = await server.raw('signV1', how);
    assert.equal(xml.status, 403);
    assert.match(xml.text, /<AccessDeniedDetail><AuthAction>imm:GetProject<\/AuthAction>.*<\/AccessDeniedDetail>/);
    await until('the log says which policy', () => /Statement\[1\] of policy-\d+ denies imm:GetProject/.test(server.log));
  });
});

describe('the audit log', () => {
  const server = useServer();
  const { user } = people(server);
  const file = path.join(server.root, 'audit.log');
  server.flags['audit-log'] = file;
  const lines = (name = file) =>
    fs
      .readFileSync(name, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const last = () => lines().at(-1);

  it('has one line for every change, done or refused, before the answer is there', async () => {
    const who = await user('auditee', [allow('imm:*', `${ARN}project/p*`)]);
    await server.call('CreateProject', { ProjectName: 'p' }, who.v3);
    const { time, request, ...line } = last();
    assert.match(time, /^\d{4}-\d\d-\d\dT/);
    assert.match(request, /^[0-9A-F-]{36}$/);
    assert.deepEqual(line, {
      event: 'audit',
      kind: 'change',
      user: 'auditee',
      key: who.key.id,
      peer: '127.0.0.1',
      action: 'CreateProject',
      resource: `${ARN}project/p`,
      target: '',
      code: 'OK',
      detail: '',
      omitted: 0,
    });
    const before = lines().length;
    for (const [ProjectName, code, status] of [
      ['p', 'ResourceAlreadyExists', 400],
      ['q', 'NoPermission', 403],
    ]) {
      const refusal = await server.refused('CreateProject', { ProjectName }, code, status, who.v3);
      assert.deepEqual([last().code, last().request, last().user], [code, refusal.body.RequestId, 'auditee']);
      assert.notEqual(last().detail, '');
    }
    for (let i = 0; i < 5; i++) await server.call('GetProject', { ProjectName: 'p' }, who.v3);
    assert.equal(lines().length, before + 2, 'reads have no line');
  });

  it('names what was bound and who was made, and never a secret', async () => {
    const where = await server.dataset('bound');
    server.bucket('pictures', {});
    await server.call('CreateBinding', { ...where, URI: 'oss://pictures' });
    assert.deepEqual([last().user, last().key, last().target], ['root', KEY.id, 'URI=oss://pictures']);
    const made = await user('secretive');
    assert.deepEqual([last().action, last().resource], ['CreateAccessKey', `acs:bindery:${REGION}:${ACCOUNT}:user/secretive`]);
    assert.equal(last().target, `AccessKeyId=${made.key.id} UserName=secretive`);
    const { Credentials } = await server.admin('AssumeUser', { UserName: 'secretive', RoleSessionName: 'nightly' });
    assert.equal(last().target, `AccessKeyId=${Credentials.AccessKeyId} RoleSessionName=nightly UserName=secretive`);
    const text = fs.readFileSync(file, 'utf8');
    for (const secret of [KEY.secret, made.key.secret, Credentials.AccessKeySecret, Credentials.SecurityToken]) assert.ok(!text.includes(secret));
  });

  it('tells of sign-ins that fail; what strangers write makes no line', async () => {
    const evil = 'x\n{"event":"audit","user":"root"}\u0085\u2028';
    const wrong = await server.raw('signV1', { key: { id: evil, secret: 'nobody knows' }, action: 'ListProjects' });
    assert.equal(wrong.status, 404, wrong.text);
    assert.deepEqual([last().kind, last().user, last().code], ['sign-in', '', 'InvalidAccessKeyId.NotFound']);
    assert.ok(evil.startsWith(last().key), last().key);
    const before = lines().length;
    for (let i = 0; i < 150; i++) await server.raw('signV3', { key: { ...KEY, secret: 'wrong' }, action: 'ListProjects' });
    assert.ok(lines().length <= before + 120, 'a flood of them does not fill it');
  });

  it('has the line of every change that was answered when the server is killed', async () => {
    const done = [];
    const work = (async () => {
      for (let i = 0; ; i++) {
        const { RequestId } = await server.call('CreateDataset', { ProjectName: 'p', DatasetName: `k${i}` });
        done.push(RequestId);
      }
    })().catch(() => {});
    await until('some were answered', () => done.length >= 5);
    await server.kill();
    await work;
    const found = new Set(lines().map((l) => l.request));
    for (const id of done) assert.ok(found.has(id), id);
    await server.start();
  });

  it('goes on in a new file after the old one was moved away', async () => {
    const old = `${file}.1`;
    fs.renameSync(file, old);
    server.process.kill('SIGHUP');
    await until('the new file is there', () => fs.existsSync(file));
    await server.call('CreateProject', { ProjectName: 'after' });
    await until('a line is in the new file', () => lines().some((l) => l.resource === `${ARN}project/after`));
    assert.ok(!lines(old).some((l) => l.resource === `${ARN}project/after`));
  });

  it('is a part of the server’s log when it has no file', async () => {
    await server.stop();
    delete server.flags['audit-log'];
    server.flags['log-level'] = 'error';
    await server.start();
    await server.call('DeleteProject', { ProjectName: 'after' });
    await until('the line is in the log', () => /audit event=audit kind=change user=root .*action=DeleteProject/.test(server.log));
  });
});

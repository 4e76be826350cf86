// Users and their keys: who may sign, with what, until when; and what of it is on disk.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer, until, pause, random, clientV1, clientV3, KEY } = require('./harness');

const ALLOW = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'imm:*', Resource: '*' }] });
const DENY = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Deny', Action: 'imm:Create*', Resource: '*' }] });

/** Users of one server, and both clients under their keys. */
function people(server) {
  const keyOf = ({ AccessKeyId, AccessKeySecret, SecurityToken }) => ({ id: AccessKeyId, secret: AccessKeySecret, token: SecurityToken });
  return {
    /** A user who may do everything, with one key. */
    async user(UserName) {
      await server.admin('CreateUser', { UserName });
      await server.admin('AttachPolicyToUser', { UserName, PolicyName: 'AliyunIMMFullAccess' });
      return this.key(UserName);
    },
    key: async (UserName) => keyOf((await server.admin('CreateAccessKey', { UserName })).AccessKey),
    assume: async (UserName, more = {}) => keyOf((await server.admin('AssumeUser', { UserName, ...more })).Credentials),
    keys: async (UserName) => (await server.admin('ListAccessKeys', { UserName })).AccessKeys,
    remove: async (UserName) => {
      for (const k of (await server.admin('ListAccessKeys', { UserName })).AccessKeys)
        await server.admin('DeleteAccessKey', { UserName, UserAccessKeyId: k.AccessKeyId });
      for (const p of (await server.admin('ListPoliciesForUser', { UserName })).Policies)
        await server.admin('DetachPolicyFromUser', { UserName, PolicyName: p.PolicyName });
      await server.admin('DeleteUser', { UserName });
    },
    /** With both clients: the key is taken. */
    async signsIn(key) {
      for (const make of [clientV3, clientV1]) await server.call('ListProjects', {}, make(server.endpoints.imm, key));
    },
    /** With both clients: it is not. */
    async isRefused(key, code, status = 400) {
      for (const make of [clientV3, clientV1]) await server.refused('ListProjects', {}, code, status, make(server.endpoints.imm, key));
    },
  };
}

describe('users', () => {
  const server = useServer();
  const names = async (more) => (await server.admin('ListUsers', more)).Users.map((u) => u.UserName);

  it('are made, changed, listed by pages and deleted', async () => {
    const { User } = await server.admin('CreateUser', { UserName: 'a.b-c_1', DisplayName: 'Änne', Comments: 'first' });
    assert.match(User.UserId, /^\d{18}$/);
    assert.equal(User.DisplayName, 'Änne');
    for (const UserName of ['Zoe', '1st']) await server.admin('CreateUser', { UserName });
    assert.deepEqual(await names(), ['1st', 'Zoe', 'a.b-c_1']);
    const page = await server.admin('ListUsers', { MaxResults: 2 });
    assert.equal(page.Users.length, 2);
    assert.deepEqual(await names({ MaxResults: 2, NextToken: page.NextToken }), ['a.b-c_1']);
    const changed = await server.admin('UpdateUser', { UserName: 'a.b-c_1', NewUserName: 'anne', NewComments: 'second' });
    const { UserId, UserName, DisplayName, Comments } = changed.User;
    assert.deepEqual([UserId, UserName, DisplayName, Comments], [User.UserId, 'anne', 'Änne', 'second']);
    await server.admin('DeleteUser', { UserName: 'anne' });
    await server.refused('GetUser', { UserName: 'anne' }, 'ResourceNotFound', 404, server.adminClient);
    const again = await server.admin('CreateUser', { UserName: 'anne' });
    assert.notEqual(again.User.UserId, User.UserId, 'who has the name later is somebody else');
  });

  it('are refused with what is wrong', async () => {
    const refused = (action, params, code, status) => server.refused(action, params, code, status, server.adminClient);
    for (const UserName of ['a b', 'a/b', 'ä', '*', 'x'.repeat(65), 'root']) await refused('CreateUser', { UserName }, 'InvalidUserName');
    await refused('CreateUser', {}, 'MissingUserName');
    await refused('CreateUser', { UserName: 'Zoe' }, 'ResourceAlreadyExists');
    await refused('UpdateUser', { UserName: 'Zoe', NewUserName: '1st' }, 'ResourceAlreadyExists');
    await refused('UpdateUser', { UserName: 'Zoe', NewUserName: 'root' }, 'InvalidNewUserName');
    await refused('ListUsers', { NextToken: 'no/token' }, 'InvalidNextToken');
    await refused('DeleteUser', { UserName: 'nobody' }, 'ResourceNotFound', 404);
    await refused('CreateAccessKey', { UserName: 'nobody' }, 'ResourceNotFound', 404);
  });

  it('are the business of administrators: the public listener knows nothing of them', async () => {
    await server.refused('CreateUser', { UserName: 'x' }, 'InvalidApi.NotFound', 404);
    await server.refused('AssumeUser', { UserName: 'Zoe' }, 'InvalidApi.NotFound', 404, server.v1);
  });
});

describe('access keys', () => {
  const server = useServer();
  const world = people(server);
  const set = (UserName, key, Status) => server.admin('UpdateAccessKey', { UserName, UserAccessKeyId: key.id, Status });

  it('sign as soon as they are made; both clients take them', async () => {
    const key = await world.user('alice');
    assert.match(key.id, /^LTAI\w{20}$/);
    await world.signsIn(key);
    await world.isRefused({ ...key, secret: `${key.secret}x` }, 'SignatureDoesNotMatch');
    await world.isRefused({ ...key, id: `${key.id}x` }, 'InvalidAccessKeyId.NotFound', 404);
    await world.isRefused({ ...key, token: `BST${'x'.repeat(61)}` }, 'InvalidSecurityToken.MismatchWithAccessKey');
  });

  it('are switched off and on, and deleted', async () => {
    const key = await world.user('bob');
    await set('bob', key, 'Inactive');
    await world.isRefused(key, 'InvalidAccessKeyId.Inactive');
    assert.equal((await world.keys('bob'))[0].Status, 'Inactive');
    await set('bob', key, 'Active');
    await world.signsIn(key);
    const refused = (action, params, code, status) => server.refused(action, params, code, status, server.adminClient);
    await refused('UpdateAccessKey', { UserName: 'alice', UserAccessKeyId: key.id, Status: 'Inactive' }, 'ResourceNotFound', 404);
    await refused('UpdateAccessKey', { UserName: 'bob', UserAccessKeyId: key.id, Status: 'Off' }, 'InvalidStatus');
    await refused('DeleteUser', { UserName: 'bob' }, 'StatusConflict');
    await server.admin('DeleteAccessKey', { UserName: 'bob', UserAccessKeyId: key.id });
    await world.isRefused(key, 'InvalidAccessKeyId.NotFound', 404);
    await world.remove('bob');
  });

  it('are two of a user, however many are asked for at once; their secrets are told once', async () => {
    await server.admin('CreateUser', { UserName: 'carol' });
    const tries = await Promise.allSettled(Array.from({ length: 6 }, () => world.key('carol')));
    const made = tries.filter((t) => t.status === 'fulfilled').map((t) => t.value);
    assert.equal(made.length, 2);
    for (const t of tries) if (t.status === 'rejected') assert.equal(t.reason.code, 'LimitExceededError');
    assert.notEqual(made[0].secret, made[1].secret);
    const listed = await server.admin('ListAccessKeys', { UserName: 'carol' });
    assert.deepEqual(listed.AccessKeys.map((k) => k.AccessKeyId).sort(), made.map((k) => k.id).sort());
    for (const { secret } of made) assert.ok(!JSON.stringify(listed).includes(secret));
  });

  it('keep when they were last used, also over a stop', async () => {
    const key = await world.user('dora');
    const used = async () => (await world.keys('dora'))[0].LastUsedDate;
    assert.equal(await used(), '');
    await world.isRefused({ ...key, secret: 'wrong' }, 'SignatureDoesNotMatch');
    assert.equal(await used(), '', 'a forger does not use it');
    const begin = Date.now();
    await world.signsIn(key);
    const before = await used();
    assert.ok(Date.parse(before) >= begin && Date.parse(before) <= Date.now());
    await server.restart();
    assert.equal(await used(), before);
  });

  it('stay with a user who is renamed', async () => {
    const key = await world.user('erin');
    await server.admin('UpdateUser', { UserName: 'erin', NewUserName: 'eryn' });
    await world.signsIn(key);
    assert.equal((await world.keys('eryn'))[0].AccessKeyId, key.id);
  });

  it('are not in the way of each other while they change', async () => {
    const key = await world.user('frank');
    const changes = (async () => {
      for (let i = 0; i < 8; i++) {
        await server.admin('CreateUser', { UserName: `u${i}` });
        await world.key(`u${i}`);
        await world.assume(`u${i}`);
        await world.remove(`u${i}`);
      }
    })();
    let isOver = false;
    const done = changes.finally(() => {
      isOver = true;
    });
    while (!isOver) await world.signsIn(key);
    await done;
  });
});

describe('temporary keys', () => {
  const server = useServer();
  const world = people(server);
  before(() => world.user('alice'));

  it('sign with their security token and no other', async () => {
    const key = await world.assume('alice', { RoleSessionName: 'app@phone', DurationSeconds: 900 });
    const other = await world.assume('alice');
    assert.match(key.id, /^STS\./);
    await world.signsIn(key);
    await world.isRefused({ ...key, token: other.token }, 'InvalidSecurityToken.MismatchWithAccessKey');
    await world.isRefused({ ...key, token: 'CAIS1234' }, 'InvalidSecurityToken.Malformed');
    await world.isRefused({ ...key, token: undefined }, 'MissingSecurityToken');
    await world.isRefused({ ...key, secret: other.secret }, 'SignatureDoesNotMatch');
    assert.ok(!(await world.keys('alice')).some((k) => k.AccessKeyId === key.id), 'they are not listed');
    await server.refused('DeleteAccessKey', { UserName: 'alice', UserAccessKeyId: 'STS' }, 'ResourceNotFound', 404, server.adminClient);
  });

  it('are refused when the token is not signed, or comes where nothing is signed', async () => {
    const key = await world.assume('alice');
    const header = { 'x-acs-security-token': key.token };
    const unsigned = await server.raw('signV3', { action: 'ListProjects', key, headers: header, unsigned: ['x-acs-security-token'] });
    assert.equal(unsigned.body.Code, 'IncompleteSignature');
    const beside = await server.raw('signV1', { action: 'ListProjects', key, change: (r) => void Object.assign(r.headers, header) });
    assert.equal(beside.body.Code, 'MissingSecurityToken');
    const bend = (r) => void (r.headers['x-acs-security-token'] = `${key.token.slice(0, -1)}!`);
    const bent = await server.raw('signV3', { action: 'ListProjects', key, headers: header, change: bend });
    assert.equal(bent.body.Code, 'SignatureDoesNotMatch');
    assert.ok(!bent.text.includes(key.token.slice(0, -1)), 'the answer does not show it');
  });

  it('have a duration, a name and a policy within limits', async () => {
    const refused = (more, code) => server.refused('AssumeUser', { UserName: 'alice', ...more }, code, 400, server.adminClient);
    for (const DurationSeconds of [899, 43201, 0, -1]) await refused({ DurationSeconds }, 'InvalidDurationSeconds');
    for (const RoleSessionName of ['x', 'a b', 'x'.repeat(65)]) await refused({ RoleSessionName }, 'InvalidRoleSessionName');
    await refused({ Policy: '{"Version":"1"}' }, 'InvalidPolicy');
    const begin = Date.now();
    const longest = { UserName: 'alice', RoleSessionName: 'app', DurationSeconds: 43200, Policy: DENY };
    const { Credentials, AssumedUser } = await server.admin('AssumeUser', longest);
    const seconds = (Date.parse(Credentials.Expiration) - begin) / 1000;
    assert.ok(seconds > 43190 && seconds < 43260, `${seconds}`);
    assert.match(AssumedUser.Arn, /:assumed-user\/alice\/app$/);
    assert.match(AssumedUser.AssumedUserId, /^\d{18}:app$/);
  });

  it('end when they are deleted, each by itself', async () => {
    await world.user('kim');
    const [leaked, other] = [await world.assume('kim'), await world.assume('kim')];
    await server.admin('DeleteAccessKey', { UserName: 'kim', UserAccessKeyId: leaked.id });
    await world.isRefused(leaked, 'InvalidAccessKeyId.NotFound', 404);
    await world.signsIn(other);
    await server.refused('DeleteAccessKey', { UserName: 'alice', UserAccessKeyId: other.id }, 'ResourceNotFound', 404, server.adminClient);
    await world.signsIn(other);
  });

  it('outlive a kill, and end with their user', async () => {
    await world.user('bob');
    const key = await world.assume('bob');
    await server.kill();
    await server.start();
    await world.signsIn(key);
    await world.remove('bob');
    await world.isRefused(key, 'InvalidAccessKeyId.NotFound', 404);
  });
});

describe('policies', () => {
  const server = useServer();
  const refused = (action, params, code, status) => server.refused(action, params, code, status, server.adminClient);
  const request = { ActionName: 'imm:CreateProject', ResourceArn: 'acs:imm:r:1:project/p' };
  const simulate = (params) => server.admin('SimulatePolicy', { ...request, ...params });
  const verdict = async (params) => {
    const { Decision, PolicyName, PolicyType, Statement } = await simulate(params);
    return [Decision, PolicyName, PolicyType, Statement];
  };

  it('are made, changed, given, taken and deleted', async () => {
    await server.admin('CreateUser', { UserName: 'alice' });
    const { Policy } = await server.admin('CreatePolicy', { PolicyName: 'all-of-it', PolicyDocument: ALLOW, Description: 'd' });
    assert.equal(Policy.PolicyType, 'Custom');
    assert.equal((await server.admin('GetPolicy', { PolicyName: 'all-of-it' })).Policy.PolicyDocument, ALLOW);
    await server.admin('AttachPolicyToUser', { UserName: 'alice', PolicyName: 'all-of-it' });
    await refused('AttachPolicyToUser', { UserName: 'alice', PolicyName: 'all-of-it' }, 'ResourceAlreadyExists');
    await refused('DeletePolicy', { PolicyName: 'all-of-it' }, 'StatusConflict');
    assert.equal((await simulate({ UserName: 'alice' })).Decision, 'Allow');
    await server.admin('UpdatePolicy', { PolicyName: 'all-of-it', PolicyDocument: DENY });
    assert.deepEqual(await verdict({ UserName: 'alice' }), ['ExplicitDeny', 'all-of-it', 'Custom', 0]);
    await server.kill();
    await server.start();
    const { Policies } = await server.admin('ListPoliciesForUser', { UserName: 'alice' });
    assert.deepEqual(Policies.map((p) => p.PolicyName), ['all-of-it']);
    assert.equal((await simulate({ UserName: 'alice' })).Decision, 'ExplicitDeny');
    await server.admin('DetachPolicyFromUser', { UserName: 'alice', PolicyName: 'all-of-it' });
    await refused('DetachPolicyFromUser', { UserName: 'alice', PolicyName: 'all-of-it' }, 'ResourceNotFound', 404);
    assert.equal((await simulate({ UserName: 'alice' })).Decision, 'ImplicitDeny');
    await server.admin('DeletePolicy', { PolicyName: 'all-of-it' });
    await refused('GetPolicy', { PolicyName: 'all-of-it' }, 'ResourceNotFound', 404);
    await refused('AttachPolicyToUser', { UserName: 'alice', PolicyName: 'all-of-it' }, 'ResourceNotFound', 404);
  });

  it('are twenty of a user at most', async () => {
    await server.admin('CreateUser', { UserName: 'many' });
    for (let i = 0; i < 21; i++) await server.admin('CreatePolicy', { PolicyName: `many-${i}`, PolicyDocument: ALLOW });
    for (let i = 0; i < 20; i++) await server.admin('AttachPolicyToUser', { UserName: 'many', PolicyName: `many-${i}` });
    await refused('AttachPolicyToUser', { UserName: 'many', PolicyName: 'many-20' }, 'LimitExceededError');
  });

  it('are refused when they are none, with the place of what is wrong', async () => {
    for (const PolicyDocument of ['{', '[]', 'null']) await refused('CreatePolicy', { PolicyName: 'p', PolicyDocument }, 'InvalidPolicyDocument');
    await refused('CreatePolicy', { PolicyName: 'p' }, 'MissingPolicyDocument');
    const PolicyDocument = ALLOW.replace('Allow', 'Perhaps');
    const e = await refused('CreatePolicy', { PolicyName: 'p', PolicyDocument }, 'InvalidPolicyDocument');
    assert.match(e.message, /Statement\[0\]\.Effect/);
    await refused('CreatePolicy', { PolicyName: 'a_b', PolicyDocument: ALLOW }, 'InvalidPolicyName');
  });

  it('of which some are built in: listed among the others, never changed', async () => {
    const builtin = { PolicyName: 'AliyunIMMFullAccess' };
    const all = [];
    for (let NextToken = ''; ;) {
      const page = await server.admin('ListPolicies', { MaxResults: 7, NextToken });
      all.push(...page.Policies.map((p) => p.PolicyName));
      NextToken = page.NextToken;
      if (!NextToken) break;
    }
    assert.deepEqual(all, [...new Set(all)].sort());
    assert.ok(all.includes('AliyunIMMFullAccess') && all.includes('AliyunIMMReadOnlyAccess') && all.includes('many-7'));
    assert.ok((await server.admin('ListPolicies', { PolicyType: 'Custom' })).Policies.every((p) => p.PolicyType === 'Custom'));
    assert.equal((await server.admin('GetPolicy', builtin)).Policy.PolicyType, 'System');
    await refused('CreatePolicy', { ...builtin, PolicyDocument: ALLOW }, 'ResourceAlreadyExists');
    await refused('UpdatePolicy', { ...builtin, PolicyDocument: ALLOW }, 'StatusConflict');
    await refused('DeletePolicy', builtin, 'StatusConflict');
  });

  it('are tried on documents, times and addresses before anybody has them', async () => {
    const Condition = { IpAddress: { 'acs:SourceIp': '10.0.0.0/8' }, DateLessThan: { 'acs:CurrentTime': '2030-01-01T00:00:00Z' } };
    const Statement = [{ Effect: 'Allow', Action: 'imm:*', Resource: '*', Condition }];
    const PolicyDocuments = [JSON.stringify({ Version: '1', Statement })];
    const at = { PolicyDocuments, SourceIp: '10.1.2.3', CurrentTime: '2029-12-31T23:59:59Z' };
    assert.deepEqual(await verdict(at), ['Allow', 'PolicyDocuments[0]', 'Document', 0]);
    assert.equal((await simulate({ ...at, SourceIp: '11.1.2.3' })).Decision, 'ImplicitDeny');
    assert.equal((await simulate({ ...at, CurrentTime: '2030-01-01T00:00:00Z' })).Decision, 'ImplicitDeny');
    assert.deepEqual(await verdict({ ...at, SessionPolicy: DENY }), ['ExplicitDeny', '', 'Session', 0]);
    const reads = { ActionName: 'oss:GetObject', ResourceArn: 'acs:oss:r:1:photos/*' };
    const photos = (...deny) => [{ Effect: 'Allow', Action: 'oss:*', Resource: '*' }, ...deny].map((s) => ({ Version: '1', Statement: [s] }));
    const secret = { Effect: 'Deny', Action: 'oss:*', Resource: 'acs:oss:*:*:photos/secret/*' };
    const tried = async (documents) => (await simulate({ ...reads, PolicyDocuments: documents.map((d) => JSON.stringify(d)) })).Decision;
    assert.equal(await tried(photos()), 'Allow');
    assert.equal(await tried(photos(secret)), 'ExplicitDeny', 'a bucket of which a part is denied, as CreateBinding decides');
    await refused('SimulatePolicy', request, 'MissingUserName');
    await refused('SimulatePolicy', { ...at, ...request, CurrentTime: 'soon' }, 'InvalidCurrentTime');
    await refused('SimulatePolicy', { ...at, ...request, PolicyDocuments: ['{}'] }, 'InvalidPolicyDocuments');
  });
});

const seed = Number(process.env.BINDERY_SEED || Date.now() % 1000000);

describe(`secrets at rest (BINDERY_SEED=${seed})`, () => {
  const server = useServer();
  const make = random(seed);
  const world = people(server);
  const file = () => path.join(server.data, 'secret-key');
  let key;
  let session;
  const endsWith = async (how) => {
    await assert.rejects(server.start());
    await until(`the log says ${how}`, () => how.test(server.log));
    server.log = '';
  };

  it('are not in the data folder, nor in the log', async () => {
    key = await world.user('alice');
    session = await world.assume('alice', { Policy: ALLOW });
    await world.signsIn(key);
    await world.signsIn(session);
    await world.isRefused({ ...session, id: key.id }, 'SignatureDoesNotMatch');
    await world.isRefused({ ...session, secret: key.secret }, 'SignatureDoesNotMatch');
    const hidden = [key.secret, session.secret, session.token];
    const look = (what, bytes) => hidden.forEach((s) => assert.ok(!bytes.includes(s), `${what} has a secret in it`));
    const files = fs.readdirSync(server.data, { recursive: true }).map((name) => path.join(server.data, name));
    for (const name of files.filter((f) => fs.statSync(f).isFile())) look(name, fs.readFileSync(name));
    look('the log', server.log);
    assert.equal(fs.statSync(file()).mode & 0o777, 0o600);
  });

  it('outlive a kill right after they were made', async () => {
    const fresh = await world.user('killed');
    await server.kill();
    await server.start();
    await world.signsIn(fresh);
    await world.signsIn(key);
    await world.signsIn(session);
  });

  it('are sealed under another key when told so, while requests go on', async () => {
    const before = fs.readFileSync(file(), 'utf8');
    const calls = Promise.all(Array.from({ length: 4 }, () => world.signsIn(key)));
    assert.equal((await server.admin('RotateSecretKey')).Sealed, 3);
    await calls;
    assert.notEqual(fs.readFileSync(file(), 'utf8'), before);
    await world.signsIn(key);
    await server.restart();
    await world.signsIn(key);
    await world.signsIn(session);
    const after = fs.readFileSync(file());
    await server.stop();
    fs.writeFileSync(file(), before);
    await endsWith(/cannot start.*another key.*--secret-key-lost/);
    fs.writeFileSync(file(), after);
    await server.start();
    await world.signsIn(key);
  });

  it('outlive kills while their key changes', async () => {
    for (let round = 0; round < 3; round++) {
      let isOver = false;
      const changes = (async () => {
        while (!isOver) await server.adminClient('RotateSecretKey').catch(() => {});
      })();
      await pause(make.below(120));
      await server.kill();
      isOver = true;
      await changes;
      await server.start();
      await world.signsIn(key);
      await world.signsIn(session);
      const keys = fs.readFileSync(file(), 'utf8').match(/^Key=/gm);
      assert.equal(keys.length, 1, 'the key of a change that was cut short is gone');
    }
  });

  it('whose key is lost stop the start, which says what to do', async () => {
    await server.stop();
    const kept = fs.readFileSync(file());
    fs.rmSync(file());
    await endsWith(/cannot start.*access keys \(3\).*there is no .*secret-key.*Put the file back.*--secret-key-lost/);
    assert.ok(!fs.existsSync(file()), 'nothing is made in its place');
    fs.writeFileSync(file(), 'Key=zz\n');
    await endsWith(/cannot start.*is damaged/);
    fs.writeFileSync(file(), kept);
    await server.start();
    await world.signsIn(key);
  });

  it('are given up when it is lost for good: users stay, root signs', async () => {
    await server.stop();
    fs.rmSync(file());
    server.extra = ['--secret-key-lost'];
    await server.start();
    await until('the log tells of it', () => /secret key was lost.*deleted=3/.test(server.log));
    await world.isRefused(key, 'InvalidAccessKeyId.NotFound', 404);
    assert.deepEqual(await world.keys('alice'), []);
    await world.signsIn(KEY);
    await world.signsIn(await world.key('alice'));
  });

  it('lie under a key in another place, if there is one', async () => {
    await server.stop();
    const elsewhere = path.join(server.root, 'elsewhere');
    fs.renameSync(file(), elsewhere);
    server.flags['secret-key-file'] = elsewhere;
    server.extra = [];
    await server.start();
    assert.equal((await world.keys('alice')).length, 1);
    await world.signsIn(await world.key('alice'));
    assert.ok(!fs.existsSync(file()));
  });

  it('stay as they are when their key cannot be written, which is told', async () => {
    const before = fs.readFileSync(server.flags['secret-key-file']);
    fs.mkdirSync(`${server.flags['secret-key-file']}.new`); // in the way of the new file
    const e = await server.refused('RotateSecretKey', {}, 'StatusConflict', 400, server.adminClient);
    assert.match(e.message, /cannot make '.*elsewhere\.new'/);
    assert.deepEqual(fs.readFileSync(server.flags['secret-key-file']), before);
    await server.restart();
    assert.equal((await world.keys('alice')).length, 2);
    fs.rmdirSync(`${server.flags['secret-key-file']}.new`);
    assert.equal((await server.admin('RotateSecretKey')).Sealed, 2);
  });
});

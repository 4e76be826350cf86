// bindery user, key and policy, as an administrator uses them.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { useServer, ACCOUNT, REGION } = require('./harness');

const allow = (Action, Resource, more = {}) => ({ Effect: 'Allow', Action, Resource, ...more });
const deny = (Action, Resource, more = {}) => ({ Effect: 'Deny', Action, Resource, ...more });
const document = (...Statement) => JSON.stringify({ Version: '1', Statement });

/** Lines of NAME=VALUE, as keys are printed. */
const parsed = (text) => Object.fromEntries(text.trim().split('\n').map((line) => line.split(/=(.*)/s)));
const environment = (key) => ({
  BINDERY_ACCESS_KEY_ID: key.AccessKeyId,
  BINDERY_ACCESS_KEY_SECRET: key.AccessKeySecret,
  BINDERY_SECURITY_TOKEN: key.SecurityToken || '',
});

describe('users, keys and policies on the command line', () => {
  const server = useServer();
  const run = (args, more = {}) => server.cli(args, { ...more, env: { BINDERY_DATA: server.data, ...more.env } });
  const good = async (...args) => {
    const how = await run(args);
    assert.equal(how.code, 0, `${args.join(' ')}: ${how.err}`);
    return how.out;
  };
  const json = async (...args) => JSON.parse(await good(...args, '--json'));
  const fails = async (code, message, ...args) => {
    const how = await run(args);
    assert.equal(how.code, code, `${args.join(' ')}: ${how.out}${how.err}`);
    assert.match(how.err, message);
    assert.equal(how.out, '', 'complaints go to standard error');
  };
  /** The first columns of a table's rows. */
  const column = async (...args) => (await good(...args)).trim().split('\n').slice(1).map((line) => line.split(/ +/)[0]);
  const asUser = (key, ...args) => run(args, { env: environment(key) });
  const file = (name, text) => {
    fs.writeFileSync(path.join(server.root, name), text);
    return path.join(server.root, name);
  };

  it('explains every verb, with examples', async () => {
    for (const group of ['user', 'key', 'policy']) {
      const help = await good(group, '--help');
      const verbs = [...help.matchAll(/^ {2}([a-z]+) .*\S$/gm)].map((m) => m[1]).filter((v) => v !== 'bindery');
      assert.ok(verbs.length >= 5, help);
      for (const verb of verbs)
        assert.match(await good(group, verb, '--help'), new RegExp(`^Usage: bindery ${group} ${verb}[^]*^ {2}bindery ${group} ${verb}`, 'm'));
    }
  });

  it('says what is wrong with a command', async () => {
    await fails(2, /a verb is missing/, 'user');
    await fails(2, /unknown verb 'crate'; did you mean 'create'/, 'key', 'crate', 'alice');
    await fails(2, /expected NAME/, 'user', 'create');
    await fails(2, /unexpected word 'bob'/, 'user', 'create', 'alice', 'bob');
    await fails(2, /--comments/, 'user', 'create', 'alice', '--coments', 'x');
    await fails(2, /--user or --document/, 'policy', 'simulate', 'GetProject', 'project/demo');
    await fails(2, /--duration is 'long'/, 'key', 'temporary', 'alice', '--duration', 'long');
  });

  it('makes, lists, changes and deletes users', async () => {
    await good('user', 'create', 'alice', '--display-name', 'Alice Doe', '--comments', 'from the archive');
    await fails(1, /ResourceAlreadyExists/, 'user', 'create', 'alice');
    await fails(1, /InvalidUserName/, 'user', 'create', 'a b');
    await good('user', 'create', 'bob');
    assert.deepEqual(await column('user', 'list'), ['alice', 'bob']);
    assert.match(await good('user', 'list'), /alice +Alice Doe .* from the archive/);
    assert.deepEqual((await json('user', 'list')).map((u) => u.UserName), ['alice', 'bob']);
    await good('user', 'update', 'bob', '--name', 'robert', '--comments', 'renamed');
    assert.match(await good('user', 'show', 'robert'), /^User +robert$[^]*^Comments +renamed$/m);
    await fails(1, /ResourceNotFound/, 'user', 'show', 'bob');
    await good('user', 'delete', 'robert');
    await fails(1, /ResourceNotFound/, 'user', 'delete', 'robert');
  });

  it('follows pages to the end', async () => {
    const names = Array.from({ length: 105 }, (_, i) => `page-${String(i).padStart(3, '0')}`);
    for (const UserName of names) await server.admin('CreateUser', { UserName });
    const listed = (await column('user', 'list')).filter((name) => name.startsWith('page-'));
    assert.deepEqual(listed, names);
    for (const UserName of names) await server.admin('DeleteUser', { UserName });
  });

  it('shows a secret once, in the form of a key file', async () => {
    const how = await run(['key', 'create', 'alice']);
    const key = parsed(how.out);
    assert.deepEqual(Object.keys(key), ['AccessKeyId', 'AccessKeySecret']);
    assert.match(how.err, /not shown again/);
    for (const args of [['key', 'list', 'alice'], ['user', 'show', 'alice']])
      for (const more of [[], ['--json']]) {
        const out = await good(...args, ...more);
        assert.ok(out.includes(key.AccessKeyId) && !out.includes(key.AccessKeySecret));
      }
    await good('key', 'delete', 'alice', key.AccessKeyId);
  });

  it('writes a key to a file of its owner, and loses none', async () => {
    const where = path.join(server.root, 'alice.key');
    const out = await good('key', 'create', 'alice', '--file', where);
    const key = parsed(fs.readFileSync(where, 'utf8'));
    assert.equal(fs.statSync(where).mode & 0o777, 0o600);
    assert.ok(out.includes(key.AccessKeyId) && !out.includes(key.AccessKeySecret));
    await fails(1, /exists already/, 'key', 'create', 'alice', '--file', where);
    await good('key', 'delete', 'alice', key.AccessKeyId);
    const lost = await run(['key', 'create', 'alice', '--file', path.join(server.root, 'no-folder', 'alice.key')]);
    assert.equal(lost.code, 1);
    const made = parsed(lost.out);
    assert.ok(made.AccessKeySecret, 'what cannot be written is shown');
    assert.deepEqual(await column('key', 'list', 'alice'), [made.AccessKeyId]);
    await good('key', 'delete', 'alice', made.AccessKeyId);
    const token = path.join(server.root, 'token.key');
    await good('key', 'temporary', 'alice', '-f', token);
    assert.ok(parsed(fs.readFileSync(token, 'utf8')).SecurityToken);
  });

  it('deactivates, activates and deletes a key, and each counts at once', async () => {
    await good('policy', 'attach', 'AliyunIMMReadOnlyAccess', 'alice');
    const key = parsed(await good('key', 'create', 'alice'));
    const call = () => asUser(key, 'call', 'ListProjects');
    const refused = async (code) => assert.match((await call()).err, code);
    assert.equal((await call()).code, 0, (await call()).err);
    await good('key', 'deactivate', 'alice', key.AccessKeyId);
    await refused(/InvalidAccessKeyId\.Inactive/);
    assert.match(await good('key', 'list', 'alice'), new RegExp(`${key.AccessKeyId} +Inactive`));
    await good('key', 'activate', 'alice', key.AccessKeyId);
    assert.equal((await call()).code, 0);
    await good('key', 'delete', 'alice', key.AccessKeyId);
    await refused(/InvalidAccessKeyId\.NotFound/);
    await fails(1, /ResourceNotFound/, 'key', 'delete', 'alice', key.AccessKeyId);
    await good('policy', 'detach', 'AliyunIMMReadOnlyAccess', 'alice');
  });

  it('goes on with all keys after their secrets were sealed anew', async () => {
    await good('policy', 'attach', 'AliyunIMMReadOnlyAccess', 'alice');
    const key = parsed(await good('key', 'create', 'alice'));
    assert.match(await good('key', 'reseal'), /Sealed \d+ secrets/);
    assert.equal((await asUser(key, 'call', 'ListProjects')).code, 0);
    await good('key', 'delete', 'alice', key.AccessKeyId);
    await good('policy', 'detach', 'AliyunIMMReadOnlyAccess', 'alice');
  });

  it('takes a document from a file, from standard input and as a word', async () => {
    const text = document(allow('imm:*', 'acs:imm:*:*:project/demo*'), deny('imm:Delete*', '*'));
    await good('policy', 'create', 'team', file('team.json', text), '--description', 'The team');
    assert.equal((await run(['policy', 'create', 'piped', '-'], { input: text })).code, 0);
    await good('policy', 'create', 'word', text);
    for (const name of ['team', 'piped', 'word'])
      assert.deepEqual(JSON.parse(await good('policy', 'show', name, '--document')), JSON.parse(text));
    assert.match(await good('policy', 'show', 'team'), /^Policy +team$[^]*^Description +The team$/m);
    await good('policy', 'update', 'word', document(deny('*', '*')));
    assert.deepEqual(JSON.parse(await good('policy', 'show', 'word', '--document')).Statement, [deny('*', '*')]);
    await fails(1, /ResourceAlreadyExists/, 'policy', 'create', 'team', text);
    await fails(1, /ResourceNotFound/, 'policy', 'update', 'no-such', text);
    for (const name of ['piped', 'word']) await good('policy', 'delete', name);
  });

  it('refuses a document that is wrong, and says where', async () => {
    const wrong = (place, text) => fails(1, place, 'policy', 'create', 'wrong', text);
    await wrong(/not JSON/, '{');
    await wrong(/Version/, '{"Version": "2012-10-17", "Statement": []}');
    await wrong(/Statement\[1\]\.Action\[0\]: 'GetBinding'/, document(allow('*', '*'), allow('GetBinding', '*')));
    await wrong(
      /Statement\[0\]\.Condition\.IpAdress: there is no such operator; did you mean IpAddress/,
      document(allow('*', '*', { Condition: { IpAdress: { 'acs:SourceIp': '192.0.2.1' } } })),
    );
    await wrong(/at most|up to/, file('long.json', ' '.repeat(20000)));
    await wrong(/cannot open/, path.join(server.root, 'no-such.json'));
    await fails(1, /ResourceNotFound/, 'policy', 'show', 'wrong');
  });

  it('takes every policy of the documentation', async () => {
    const text = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'access.md'), 'utf8');
    const documents = text.match(/^ {4}\{ ?(?:"Version"|\n {6}"Version")[^]*?\}(?=\n\n)/gm);
    assert.equal(documents.length, 5, 'they are found');
    for (const one of documents) {
      const how = await run(['policy', 'create', 'from-the-page', '-'], { input: one });
      assert.equal(how.code, 0, `${one}\n${how.err}`);
      assert.equal(how.err, '', one);
      await good('policy', 'delete', 'from-the-page');
    }
  });

  it('warns of actions that there are not, and takes the document', async () => {
    const text = document(allow(['imm:GetDatset', 'imm:Get*', 'oss:Anything'], '*'), { Effect: 'Deny', NotAction: 'Bindery:createusr', Resource: '*' });
    const how = await run(['policy', 'create', 'typo', text]);
    assert.equal(how.code, 0);
    assert.deepEqual(how.err.trim().split('\n'), [
      "bindery: warning: Statement[0].Action: no action is called 'imm:GetDatset'; did you mean 'imm:GetDataset'?",
      "bindery: warning: Statement[1].NotAction: no action is called 'Bindery:createusr'; did you mean 'bindery:CreateUser'?",
    ]);
    assert.equal((await run(['policy', 'update', 'typo', document(allow('imm:*', '*'))])).err, '');
    await good('policy', 'delete', 'typo');
  });

  it('gives policies to users and takes them back', async () => {
    assert.ok((await column('policy', 'list')).includes('AliyunIMMFullAccess'));
    await good('policy', 'attach', 'team', 'alice');
    await good('policy', 'attach', 'BinderyReadOnlyAccess', 'alice');
    assert.deepEqual(await column('policy', 'list', '--user', 'alice'), ['BinderyReadOnlyAccess', 'team']);
    assert.match(await good('user', 'show', 'alice'), /^Policies +BinderyReadOnlyAccess\n +team$/m);
    assert.match(await good('policy', 'list'), /^team +Custom +1 /m);
    await fails(1, /StatusConflict/, 'policy', 'delete', 'team');
    await fails(1, /StatusConflict/, 'policy', 'delete', 'AliyunIMMFullAccess');
    await fails(1, /ResourceNotFound/, 'policy', 'attach', 'no-such', 'alice');
    await good('policy', 'detach', 'BinderyReadOnlyAccess', 'alice');
    assert.deepEqual(await column('policy', 'list', '--user', 'alice'), ['team']);
    await fails(1, /ResourceNotFound/, 'policy', 'detach', 'BinderyReadOnlyAccess', 'alice');
  });

  describe('simulates', () => {
    const simulate = async (...args) => {
      const how = await run(['policy', 'simulate', ...args]);
      assert.equal(how.err, '', args.join(' '));
      assert.equal(how.code, how.out.startsWith('Allow') ? 0 : 3, how.out);
      return how.out;
    };
    const office = document(
      allow('imm:*', '*', {
        Condition: { IpAddress: { 'acs:SourceIp': '192.0.2.0/24' }, Bool: { 'acs:SecureTransport': true } },
      }),
      deny('imm:*', '*', { Condition: { StringLike: { 'acs:UserAgent': 'curl*' } } }),
      deny('*', '*', { Condition: { DateGreaterThan: { 'acs:CurrentTime': '2030-01-01T00:00:00Z' } } }),
    );

    it('by the policies of a user, naming the statement', async () => {
      assert.match(await simulate('GetDataset', 'project/demo/dataset/d', '-u', 'alice'), /^Allow by Statement\[0\] of the policy team:\n\{[^]*imm:\*/);
      assert.match(await simulate('imm:DeleteDataset', 'project/demo/dataset/d', '-u', 'alice'), /^ExplicitDeny by Statement\[1\] of the policy team/);
      assert.match(await simulate('GetDataset', 'project/other/dataset/d', '-u', 'alice'), /^ImplicitDeny: no statement allows it/);
      assert.match(await simulate('bindery:CreateUser', '*', '-u', 'alice'), /^ImplicitDeny/);
      const operator = document(allow('bindery:*', 'acs:bindery:*:*:*'));
      assert.match(await simulate('bindery:CreateUser', '*', '--document', operator), /^Allow/);
      assert.match(await simulate('CreateProject', '*', '--document', operator), /^ImplicitDeny/);
      const full = `acs:imm:${REGION}:${ACCOUNT}:project/demo`;
      assert.match(await simulate('GetProject', full, '-u', 'alice'), /^Allow/);
    });

    it('by documents, with the facts of a request', async () => {
      const by = ['GetProject', 'project/demo', '--document', file('office.json', office)];
      const inside = ['--source-ip', '192.0.2.7', '--secure'];
      assert.match(await simulate(...by, ...inside), /^Allow by Statement\[0\] of .*office\.json/);
      assert.match(await simulate(...by), /^ImplicitDeny/);
      assert.match(await simulate(...by, '--source-ip', '192.0.2.7'), /^ImplicitDeny/);
      assert.match(await simulate(...by, ...inside, '--user-agent', 'curl/8'), /^ExplicitDeny by Statement\[1\]/);
      assert.match(await simulate(...by, ...inside, '--time', '2031-01-01T00:00:00Z'), /^ExplicitDeny by Statement\[2\]/);
      assert.match(await simulate(...by, '--document', document(allow('imm:Get*', '*'))), /^Allow by Statement\[0\] of the document/);
    });

    it('with the policy of a session', async () => {
      const by = ['-u', 'alice', '--session', document(allow('imm:Get*', '*'), deny('imm:GetDataset', '*'))];
      assert.match(await simulate('GetProject', 'project/demo', ...by), /^Allow by Statement\[0\] of the policy team/);
      assert.match(await simulate('UpdateProject', 'project/demo', ...by), /^ImplicitDeny: no statement of the session policy/);
      assert.match(await simulate('GetDataset', 'project/demo/dataset/d', ...by), /^ExplicitDeny by Statement\[1\] of the session policy/);
    });

    it('as JSON, and refuses what it cannot judge', async () => {
      const how = await run(['policy', 'simulate', 'DeleteProject', 'project/demo', '-u', 'alice', '--json']);
      const { Decision, PolicyName, PolicyType, Statement } = JSON.parse(how.out);
      assert.deepEqual([how.code, Decision, PolicyName, PolicyType, Statement], [3, 'ExplicitDeny', 'team', 'Custom', 1]);
      await fails(1, /ResourceNotFound/, 'policy', 'simulate', 'GetProject', 'project/demo', '-u', 'nobody');
      await fails(1, /cannot open/, 'policy', 'simulate', 'GetProject', 'project/demo', '--document', 'no-such.json');
      await fails(1, /InvalidCurrentTime/, 'policy', 'simulate', 'GetProject', 'project/demo', '-u', 'alice', '--time', 'noon');
      await fails(1, /InvalidSourceIp/, 'policy', 'simulate', 'GetProject', 'project/demo', '-u', 'alice', '--source-ip', 'here');
      await fails(1, /Statement\[0\]/, 'policy', 'simulate', 'GetProject', 'project/demo', '--document', document(allow('x', '*')));
    });
  });

  it('makes a temporary key that may do no more than its session policy', async () => {
    const how = await run(['key', 'temporary', 'alice', '--duration', '900', '--session', 'job', '--policy', document(allow('imm:Get*', '*'))]);
    const key = parsed(how.out);
    assert.deepEqual(Object.keys(key), ['AccessKeyId', 'AccessKeySecret', 'SecurityToken', 'Expiration']);
    const left = (Date.parse(key.Expiration) - Date.now()) / 1000;
    assert.ok(left > 800 && left <= 900, key.Expiration);
    await server.call('CreateProject', { ProjectName: 'demo' });
    assert.equal((await asUser(key, 'call', 'GetProject', '--ProjectName', 'demo')).code, 0);
    assert.match((await asUser(key, 'call', 'UpdateProject', '--ProjectName', 'demo')).err, /NoPermission/);
    assert.match((await asUser({ ...key, SecurityToken: '' }, 'call', 'GetProject', '--ProjectName', 'demo')).err, /MissingSecurityToken/);
    await fails(1, /InvalidDurationSeconds/, 'key', 'temporary', 'alice', '--duration', '10');
    await fails(1, /InvalidPolicy/, 'key', 'temporary', 'alice', '--policy', document(allow('x', '*')));
  });

  it('does what it simulates', async () => {
    const key = parsed(await good('key', 'create', 'alice'));
    const dataset = ['--ProjectName', 'demo', '--DatasetName', 'd'];
    const calls = [
      ['CreateDataset', 'project/demo/dataset/d', dataset],
      ['GetDataset', 'project/demo/dataset/d', dataset],
      ['DeleteDataset', 'project/demo/dataset/d', dataset],
      ['GetProject', 'project/other', ['--ProjectName', 'other']],
      ['ListUsers', '*', []],
    ];
    const seen = new Set();
    for (const [action, resource, params] of calls) {
      const name = action === 'ListUsers' ? 'bindery:ListUsers' : action;
      const said = await run(['policy', 'simulate', name, resource, '-u', 'alice']);
      const done = await asUser(key, 'call', action, ...params);
      assert.equal(done.err.includes('NoPermission'), said.code === 3, `${action}: ${said.out}${done.err}`);
      seen.add(said.code);
    }
    assert.equal(seen.size, 2, 'some are allowed, some are not');
  });

  it('deletes a user with all it has', async () => {
    await fails(1, /StatusConflict/, 'user', 'delete', 'alice');
    await good('user', 'delete', 'alice', '--force');
    assert.deepEqual(await column('user', 'list'), []);
    await good('policy', 'delete', 'team');
  });
});

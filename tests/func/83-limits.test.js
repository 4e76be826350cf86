// Rates of users and projects, shares of threads and of the queue, connections of an address, objects a second of a binding.
'use strict';

const assert = require('node:assert');
const net = require('node:net');
const { describe, it, before } = require('node:test');

const { useServer, until } = require('./harness');
const { checkRefusal } = require('./model');
const sign = require('./sign');

/** A user who may do everything, as {id, secret}. */
async function makeUser(server, UserName) {
  await server.admin('CreateUser', { UserName });
  await server.admin('AttachPolicyToUser', { UserName, PolicyName: 'AliyunIMMFullAccess' });
  const { AccessKey } = await server.admin('CreateAccessKey', { UserName });
  return { id: AccessKey.AccessKeyId, secret: AccessKey.AccessKeySecret };
}

/** Asks `n` times at once; gives the answers. */
const burst = (server, n, how) => Promise.all(Array.from({ length: n }, () => server.raw('signV3', how)));

const isThrottled = (answer) => answer.status === 429;

describe('rates', () => {
  const RATE = 5;
  const server = useServer({ flags: { 'user-requests-per-second': RATE, 'project-queries-per-second': 2 * RATE } });
  let alice, bob, carol, dave;

  before(async () => {
    [alice, bob, carol, dave] = await Promise.all(['alice', 'bob', 'carol', 'dave'].map((name) => makeUser(server, name)));
  });

  it('of a user: what is more is Throttling.User, and says when to come again', async () => {
    const answers = await burst(server, 100, { action: 'ListProjects', key: alice });
    const refused = answers.filter(isThrottled);
    assert.ok(answers.filter((a) => a.status === 200).length >= 2 * RATE, 'a burst of two seconds is taken');
    assert.ok(refused.length > 0, 'a hundred at once are not');
    for (const r of refused) {
      checkRefusal(r.body);
      assert.equal(r.body.Code, 'Throttling.User');
      const ms = Number(r.headers['x-acs-retry-after']);
      assert.ok(ms >= 1 && ms <= 1000 / RATE, `x-acs-retry-after: ${ms}`);
      assert.equal(r.headers['retry-after'], '1');
    }
    await until('who waits is served again', async () => (await server.raw('signV3', { action: 'ListProjects', key: alice })).status === 200);
  });

  it('do not touch other users, nor root', async () => {
    await burst(server, 100, { action: 'ListProjects', key: alice });
    const mine = await burst(server, RATE, { action: 'ListProjects', key: bob });
    assert.deepEqual(mine.map((a) => a.status), Array(RATE).fill(200));
    const root = await burst(server, 10 * RATE, { action: 'ListProjects' });
    assert.deepEqual(root.map((a) => a.status), Array(10 * RATE).fill(200));
  });

  it('are used up by nobody who cannot sign', async () => {
    const forged = await burst(server, 50, { action: 'ListProjects', key: { id: carol.id, secret: 'guess' } });
    for (const f of forged) assert.notEqual(f.status, 200);
    const answers = await burst(server, 2 * RATE, { action: 'ListProjects', key: carol });
    assert.deepEqual(answers.map((a) => a.status), Array(2 * RATE).fill(200));
  });

  it('of a project: ProjectQueriesPerSecond, of all users together, of another project by itself', async () => {
    const { Project } = await server.call('CreateProject', { ProjectName: 'busy' });
    assert.equal(Project.ProjectQueriesPerSecond, 2 * RATE);
    await server.call('CreateProject', { ProjectName: 'quiet' });
    const users = await Promise.all(['u1', 'u2', 'u3', 'u4', 'u5', 'u6'].map((name) => makeUser(server, name)));
    const ask = (key) => burst(server, 2 * RATE, { action: 'GetProject', query: { ProjectName: 'busy' }, key });
    const answers = (await Promise.all(users.map(ask))).flat();
    const refused = answers.filter(isThrottled);
    assert.ok(refused.length > 0 && refused.every((r) => /project/.test(r.body.Message)), 'the project is the limit');
    const other = await server.raw('signV3', { action: 'GetProject', query: { ProjectName: 'quiet' }, key: dave });
    assert.equal(other.status, 200);
  });
});

describe('shares', () => {
  const server = useServer({ flags: { 'user-requests-per-second': 50, 'api-threads': 4, 'api-queue': 16 } });

  it('one user floods and is refused, another is answered', async (t) => {
    const [loud, quiet] = [await makeUser(server, 'loud'), await makeUser(server, 'quiet')];
    const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
    const time = async () => {
      const took = [];
      for (let i = 0; i < 20; i++) {
        const begin = performance.now();
        const answer = await server.raw('signV3', { action: 'ListProjects', key: quiet });
        took.push(performance.now() - begin);
        assert.equal(answer.status, 200, answer.text);
      }
      return median(took);
    };
    const alone = await time();
    let isOver = false;
    const seen = {};
    const flood = Promise.all(
      Array.from({ length: 16 }, async () => {
        while (!isOver) {
          const { status } = await server.raw('signV3', { action: 'ListProjects', key: loud });
          seen[status] = (seen[status] || 0) + 1;
        }
      }),
    );
    await until('the flood is over its rate', () => seen[429] > 0);
    const beside = await time();
    isOver = true;
    await flood;
    t.diagnostic(`median alone ${alone.toFixed(1)} ms, beside a flood of ${JSON.stringify(seen)} ${beside.toFixed(1)} ms`);
    assert.deepEqual(Object.keys(seen).sort(), ['200', '429']);
  });
});

describe('connections', () => {
  const MOST = 20;
  const server = useServer({ flags: { 'connections-per-address': MOST } });

  it('beyond those that an address may have are closed, and others are taken when some have gone', async () => {
    const [host, port] = server.endpoints.imm.split(':');
    const sockets = Array.from({ length: 2 * MOST }, () => net.connect({ host, port }));
    let closed = 0;
    for (const s of sockets) {
      s.on('error', () => {});
      s.on('close', () => closed++);
      s.write('GET / HTTP/1.1\r\n');
    }
    await until('those too many are closed', () => closed >= MOST);
    const open = sockets.filter((s) => !s.destroyed);
    assert.ok(open.length <= MOST);
    for (const s of open) s.destroy();
    await until('a call is taken', () => server.assertAlive().then(() => true));
  });
});

describe('the budget of a binding', () => {
  const RATE = 20;
  const FILES = 60;
  const server = useServer({ flags: { 'binding-objects-per-second': RATE } });

  it('holds a scan back, not what happens meanwhile', async () => {
    const folder = server.bucket('slow', Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`${i}.txt`, `text ${i}`])));
    assert.ok(folder);
    const where = await server.dataset('p', 'd');
    const begin = performance.now();
    await server.bindAndWait(where, 'slow');
    const least = ((FILES - RATE) / RATE) * 1000;
    assert.ok(performance.now() - begin >= least, 'it takes as long as the budget says');
    assert.equal((await server.queryAll(where)).length, FILES);
  });
});

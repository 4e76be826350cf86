// Many connections, slow ones, half ones, requests on top of each other, and everything too large: who asks properly
// beside them is answered.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const { describe, it, afterEach } = require('node:test');

const { useServer, until, rssAnon, KEY } = require('./harness');
const sign = require('./sign');

const MIB = 1024 * 1024;

/** Files that this process may open. */
const descriptors = Number(/^Max open files\s+(\d+)/m.exec(fs.readFileSync('/proc/self/limits', 'utf8'))[1]);

/** Connections that the test holds, with what came back on each. */
class Crowd {
  constructor(address) {
    const [host, port] = address.split(':');
    Object.assign(this, { host, port, sockets: [] });
  }

  /** Opens `n` more, a hundred at a time; gives them when each is connected or closed. */
  async open(n, options = {}) {
    const opened = [];
    while (opened.length < n) {
      const some = Array.from({ length: Math.min(100, n - opened.length) }, () => this.dial(options));
      await Promise.all(some.map((s) => s.begun));
      opened.push(...some);
    }
    return opened;
  }

  dial(options) {
    const socket = net.connect({ host: this.host, port: this.port, allowHalfOpen: true, ...options });
    socket.text = '';
    socket.begun = new Promise((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', resolve);
    });
    socket.on('error', () => {});
    socket.on('data', (d) => {
      socket.text += d.toString('latin1');
    });
    socket.over = new Promise((resolve) => {
      socket.once('end', resolve);
      socket.once('close', resolve);
    });
    this.sockets.push(socket);
    return socket;
  }

  close() {
    for (const s of this.sockets) s.destroy();
  }
}

/** A signed GET as bytes. */
function signed(server, action, query = {}, connection = 'close') {
  const request = sign.signV1({ action, query, key: KEY, host: server.endpoints.imm });
  return `GET ${request.path} HTTP/1.1\r\nHost: ${request.headers.host}\r\nConnection: ${connection}\r\n\r\n`;
}

describe('load', () => {
  const server = useServer({ flags: { 'connections-per-address': 0 } });
  let crowd;

  function begin() {
    crowd = new Crowd(server.endpoints.imm);
    return crowd;
  }
  afterEach(() => crowd && crowd.close());

  it('2,000 connections wait in the middle of a head: a call is answered, and so are those that go on', async (t) => {
    const n = Math.min(2000, descriptors - 500);
    if (n < 2000) t.diagnostic(`NOT TESTED with 2,000 connections but ${n}: this process may open ${descriptors} files`);
    const sockets = await begin().open(n);
    for (const s of sockets) s.write('GET /?x=1 HT');
    await server.assertAlive();
    const open = sockets.filter((s) => !s.destroyed);
    for (const s of open) s.write('TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until('each is answered or closed', () => open.every((s) => s.readableEnded || s.destroyed));
    const answered = open.filter((s) => /^HTTP\/1\.1 (400|429) /.test(s.text)).length;
    t.diagnostic(`${answered} of ${n} were answered, ${n - open.length} had been closed before`);
    assert.ok(answered >= Math.min(n, 300), `${answered} are answered`);
    assert.ok(open.every((s) => s.text === '' || /"Code":"(MissingAction|Throttling\.User)"[^]*\}$/.test(s.text)), 'no answer is cut');
    const [late] = await crowd.open(1);
    late.write(signed(server, 'ListProjects'));
    await late.over;
    assert.match(late.text, /^HTTP\/1\.1 200 /);
  });

  it('slow writers and slow readers hold up nobody', async () => {
    await server.call('CreateProject', { ProjectName: 'slow', Description: 'x'.repeat(256) });
    const writers = await begin().open(100);
    const text = signed(server, 'ListProjects');
    const readers = await crowd.open(100);
    for (const r of readers) {
      r.pause();
      r.write(signed(server, 'ListProjects'));
    }
    for (let at = 0; at < 40; at++) {
      for (const w of writers) w.write(text[at]);
      if (at % 10 === 0) await server.assertAlive();
    }
    for (const r of readers) r.resume();
    await until('the slow readers have read', () => readers.every((r) => r.readableEnded || r.destroyed));
    for (const r of readers) assert.match(r.text, /^HTTP\/1\.1 (200|429) [^]*\}$/);
    await server.assertAlive();
  });

  it('connections closed by half or altogether end, and nobody else notices', async () => {
    const half = await begin().open(50);
    for (const h of half) h.end(signed(server, 'ListProjects'));
    const gone = await crowd.open(50);
    for (const g of gone) {
      g.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf a body');
      g.destroy();
    }
    await until('all have ended', () => half.every((h) => h.readableEnded || h.destroyed));
    for (const h of half) assert.match(h.text, /^$|^HTTP\/1\.1 (200|429) [^]*\}$/);
    await server.assertAlive();
  });

  it('requests that come on top of each other are answered in their order', async () => {
    const [s] = await begin().open(1);
    const names = Array.from({ length: 50 }, (_, i) => `no-${i}-such`);
    s.write(names.map((ProjectName, i) => signed(server, 'GetProject', { ProjectName }, i < 49 ? 'keep-alive' : 'close')).join(''));
    await until('the connection is over', () => s.readableEnded || s.destroyed);
    const told = [...s.text.matchAll(/no-(\d+)-such/g)].map((m) => Number(m[1]));
    assert.ok(told.length > 0);
    assert.deepEqual([...new Set(told)], names.map((_, i) => i).slice(0, new Set(told).size));
  });

  it('so are those with queries of MiBs, bodies between them, in pieces that end anywhere', async () => {
    const [s] = await begin().open(1);
    const Ignored = 'x'.repeat(3 * MIB);
    const form = 'Other=?+/+HTTP';
    const post = `POST /?Ignored=${'y'.repeat(MIB)} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Type: ${sign.FORM}\r\nContent-Length: ${form.length}\r\n\r\n${form}`;
    const last = signed(server, 'GetProject', { ProjectName: 'the-last' });
    const text = ['one', 'two'].map((ProjectName) => signed(server, 'GetProject', { ProjectName, Ignored }, 'keep-alive') + post).join('') + last;
    for (let at = 0, size = 1; at < text.length; at += size, size = (size * 7919) % 262147) s.write(text.slice(at, at + size));
    await until('the connection is over', () => s.readableEnded || s.destroyed);
    const told = [...s.text.matchAll(/"Code":"(\w+)"|project '([\w-]+)'/g)].map((m) => m[2] || m[1]);
    assert.deepEqual(told, ['ResourceNotFound', 'one', 'MissingAction', 'ResourceNotFound', 'two', 'MissingAction', 'ResourceNotFound', 'the-last'], s.text.slice(0, 3000));
  });

  it('everything too large, many times at once, is refused and kept nowhere', async () => {
    begin();
    const x = (n) => 'x'.repeat(n);
    const large = [
      [`GET /?${x(5 * MIB)} HTTP/1.1\r\nHost: x\r\n\r\n`, /414|431/],
      [`GET / HTTP/1.1\r\nHost: x\r\nA: ${x(5 * MIB)}\r\n\r\n`, /414|431/],
      [`GET / HTTP/1.1\r\nHost: x\r\n${'A: 1\r\n'.repeat(2000)}\r\n`, /400/],
      [`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${9 * MIB}\r\n\r\n${x(9 * MIB)}`, /413/],
      [`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`, /400|413/],
      [`GET /?${'a=1&'.repeat(1000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /400/],
    ];
    for (let round = 0; round < 3; round++)
      for (const [bytes, status] of large) {
        const text = await sign.sendBytes(server.endpoints.imm, bytes, { half: false }).catch((e) => e.code);
        if (text !== 'ECONNRESET' && text !== 'EPIPE') assert.match(text.slice(9, 12), status, text.slice(0, 300));
      }
    await server.assertAlive();
    await until('the memory is given back', () => rssAnon(server.process.pid) < 150, { seconds: 60 });
  });
});

// Bytes that are no proper request: too large, cut off, malformed. Each gets an answer that the
// vendor's clients can read, and the server goes on.
'use strict';

const assert = require('node:assert');
const net = require('node:net');
const { describe, it } = require('node:test');

const { useServer, until } = require('./harness');
const { checkRefusal } = require('./model');
const sign = require('./sign');

const MIB = 1024 * 1024;

/** Status and JSON body of an answer that came as bytes. */
function parse(text) {
  const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
  const match = /^HTTP\/1\.[01] (\d{3})/.exec(head);
  assert.ok(match, `an HTTP answer, not ${JSON.stringify(text.slice(0, 200))}`);
  const json = body.includes('{') ? JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) : null;
  return { status: Number(match[1]), head, json };
}

describe('HTTP', () => {
  const server = useServer();

  it('takes a body of almost 8 MiB, and refuses a larger one with 413 in JSON', async () => {
    const body = (size) => `ProjectName=p&Ignored=${'x'.repeat(size - 22)}`;
    const good = await server.raw('signV3', { action: 'GetProject', body: body(8 * MIB - 1024) });
    assert.equal(`${good.status} ${good.body.Code}`, '404 ResourceNotFound');
    const bad = await server.raw('signV3', { action: 'GetProject', body: body(8 * MIB + 1) });
    assert.equal(bad.status, 413, bad.text);
    checkRefusal(bad.body);
  });

  it('refuses a body that is announced as too large before it comes', async () => {
    const text = await sign.sendBytes(
      server.endpoints.imm,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${sign.FORM}\r\nContent-Length: 99999999999\r\n\r\n`,
      { half: false },
    );
    const e = parse(text);
    assert.equal(e.status, 413);
    checkRefusal(e.json);
  });

  it('refuses a body that grows too large in chunks', async () => {
    const chunk = `${MIB.toString(16)}\r\n${'x'.repeat(MIB)}\r\n`;
    const text = await sign.sendBytes(
      server.endpoints.imm,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${sign.FORM}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(9)}0\r\n\r\n`,
      { half: false },
    );
    const e = parse(text);
    assert.equal(e.status, 413);
    checkRefusal(e.json);
  });

  it('takes a URL of 3.5 MiB, and refuses one over 4 MiB with 414 in JSON', async () => {
    const good = await server.raw('signV3', { action: 'GetProject', query: { ProjectName: 'p', Ignored: 'x'.repeat(3.5 * MIB) } });
    assert.equal(`${good.status} ${good.body && good.body.Code}`, '404 ResourceNotFound', good.text.slice(0, 300));
    const text = await sign.sendBytes(server.endpoints.imm, `GET /?x=${'x'.repeat(4 * MIB)} HTTP/1.1\r\nHost: x\r\n\r\n`, { half: false });
    const bad = parse(text);
    assert.equal(bad.status, 414);
    checkRefusal(bad.json);
  });

  it('refuses headers over 4 MiB with an answer in JSON', async () => {
    const text = await sign.sendBytes(
      server.endpoints.imm,
      `GET / HTTP/1.1\r\nHost: x\r\n${`X-Filler: ${'y'.repeat(8000)}\r\n`.repeat(600)}\r\n`,
      { half: false },
    );
    const bad = parse(text);
    assert.ok([400, 413, 414, 431].includes(bad.status), bad.head);
    checkRefusal(bad.json);
  });

  const malformed = [
    ['a line that is no request', 'nonsense\r\n\r\n'],
    ['an empty request line', '\r\n\r\n\r\n'],
    ['a request without version', 'GET /\r\n\r\n'],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a version of the future', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a length that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n'],
    ['a negative length', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a chunk size that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n'],
    ['a header without colon', 'GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n'],
    ['a NUL in the URL', 'GET /?a=\0 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bytes above 127 in the URL', 'GET /?a=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a body cut off', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort'],
  ];
  for (const [what, bytes] of malformed) {
    it(`survives ${what}; an answer, if any, is a refusal in JSON`, async () => {
      const text = await sign.sendBytes(server.endpoints.imm, Buffer.from(bytes, 'latin1'), { timeout: 40000 }).catch((e) => {
        // The rest of a body that was cut off may be waited for as long as a slow client may take.
        if (/no answer/.test(e.message) && what !== 'a body cut off') throw e;
        return '';
      });
      if (text) {
        const e = parse(text);
        assert.ok(e.status >= 400 && e.status < 506, e.head);
        checkRefusal(e.json, e.head);
      }
      await server.assertAlive();
    });
  }

  it('refuses another path than / in JSON', async () => {
    for (const path of ['/nowhere', '/../../etc/passwd', '//', '/%2e%2e/', '*']) {
      const text = await sign.sendBytes(server.endpoints.imm, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      const e = parse(text);
      assert.ok(e.status >= 400 && e.status < 500, `${path}: ${e.head}`);
      checkRefusal(e.json, path);
    }
  });

  it('lets one connection make many requests', async () => {
    const agent = new (require('node:http').Agent)({ keepAlive: true, maxSockets: 1 });
    const { request } = require('node:http');
    let reused = 0;
    for (let i = 0; i < 10; i++) {
      const r = sign.signV3({
        host: server.endpoints.imm,
        key: { id: 'LTAItestkey', secret: 'test-secret-0123456789' },
        action: 'ListProjects',
      });
      const [host, port] = server.endpoints.imm.split(':');
      await new Promise((resolve, reject) => {
        const sent = request(
          { host, port, agent, method: r.method, path: r.path, headers: { ...r.headers, 'content-length': 0 } },
          (answer) => {
            assert.equal(answer.statusCode, 200);
            assert.equal(answer.headers['keep-alive'], 'timeout=15', 'a client knows how long it may use the connection');
            answer.resume();
            answer.on('end', resolve);
          },
        );
        sent.on('error', reject);
        sent.on('socket', () => {
          reused += sent.reusedSocket ? 1 : 0;
        });
        sent.end();
      });
    }
    agent.destroy();
    assert.equal(reused, 9);
  });

  it('answers while 300 slow connections say nothing', async () => {
    const [host, port] = server.endpoints.imm.split(':');
    const sockets = Array.from({ length: 300 }, () => net.connect({ host, port }));
    for (const s of sockets) {
      s.on('error', () => {});
      s.write('POST / HTTP/1.1\r\nHost');
    }
    await until('it answers', () => server.assertAlive().then(() => true));
    for (const s of sockets) s.destroy();
  });

  it('is as alive as before', () => server.assertAlive());
});

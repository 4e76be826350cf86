// TLS: both vendor clients and the command line over it, certificates that change while the server runs, who
// does not get in, and whom a request is of that came through a proxy.
'use strict';

const assert = require('node:assert');
const child = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const path = require('node:path');
const tls = require('node:tls');
const { describe, it, after } = require('node:test');

const { Server, useServer, until, pause, tempFolder, clientV3, clientV1, KEY } = require('./harness');
const { checkRefusal } = require('./model');
const { makeCertificate } = require('./tls');
const sign = require('./sign');

const MIB = 1024 * 1024;

const split = (address) => {
  const [host, port] = address.split(':');
  return { host, port: Number(port) };
};

/** A TLS connection to "HOST:PORT" once it stands; {socket, fingerprint}. */
function connect(address, options) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ ...split(address), servername: 'localhost', ...options });
    socket.setTimeout(30000, () => socket.destroy(new Error('no handshake within 30 s')));
    socket.on('error', reject);
    socket.on('secureConnect', () => resolve({ socket, fingerprint: socket.getPeerCertificate().fingerprint256 }));
  });
}

/** The certificate that a new connection is shown. */
async function shown(address, ca) {
  const { socket, fingerprint } = await connect(address, { ca });
  socket.destroy();
  return fingerprint;
}

/** Why no connection comes about. */
async function refusal(address, options) {
  try {
    const { socket } = await connect(address, options);
    socket.destroy();
  } catch (e) {
    return e.code || e.message;
  }
  return assert.fail(`a connection with ${JSON.stringify(options).slice(0, 200)} comes about`);
}

/** An answer to bytes that were sent over TLS. */
async function ask(server, bytes) {
  const text = await sign.sendBytes(server.endpoints.imm, bytes, { ca: server.ca, half: false });
  const end = text.indexOf('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)[1]), body: JSON.parse(text.slice(end + 4)) };
}

const get = (server, listener, what) =>
  new Promise((resolve, reject) => {
    https
      .get({ ...split(server.endpoints[listener]), path: what, ca: server.ca, servername: 'localhost', agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
      .on('error', reject);
  });

/** Processor time of the server so far, in seconds. */
function seconds(server) {
  const text = fs.readFileSync(`/proc/${server.process.pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const keyOf = (k) => ({ id: k.AccessKeyId, secret: k.AccessKeySecret, token: k.SecurityToken });

/** A user who may do what `Condition` allows; gives the name's key. */
async function makeUser(server, UserName, Condition = {}) {
  const statement = { Effect: 'Allow', Action: 'imm:*', Resource: '*', Condition };
  const PolicyDocument = JSON.stringify({ Version: '1', Statement: [statement] });
  await server.admin('CreateUser', { UserName });
  await server.admin('CreatePolicy', { PolicyName: UserName, PolicyDocument });
  await server.admin('AttachPolicyToUser', { UserName, PolicyName: UserName });
  return keyOf((await server.admin('CreateAccessKey', { UserName })).AccessKey);
}

describe('transport', { concurrency: 3 }, () => {
  describe('TLS', { concurrency: 1 }, () => {
    const folder = tempFolder();
    const server = useServer({ tls: makeCertificate(folder) });
    const odd = `All of it: ü ß 漢字 🎞 "quotes" 'and' <tags> & 100% +plus ~tilde *star (paren) !bang \\ back\tslash = ; : @ / ? #`;

    it('says in endpoints.json that clients need https', () => {
      assert.equal(`${server.endpoints.imm_protocol} ${server.endpoints.admin_protocol}`, 'https https');
      assert.match(server.endpoints.public_key, /^sha256\/\/[A-Za-z0-9+/]{43}=$/);
    });

    for (const name of ['v3', 'v1'])
      for (const method of ['GET', 'POST'])
        it(`${name} ${method}: calls go through, unusual characters too`, async () => {
          const client = server.clients[name];
          const project = { ProjectName: `p-${name}-${method}`.toLowerCase(), Description: odd };
          await server.call('CreateProject', project, client, { method });
          const { Project } = await server.call('GetProject', { ProjectName: project.ProjectName }, client, { method });
          assert.equal(Project.Description, odd);
          await server.refused('GetProject', { ProjectName: 'none' }, 'ResourceNotFound', 404, client, { method });
        });

    it('users sign in with both clients, with temporary keys too', async () => {
      const key = await makeUser(server, 'alice', { Bool: { 'acs:SecureTransport': 'true' } });
      const assume = async () => keyOf((await server.admin('AssumeUser', { UserName: 'alice' })).Credentials);
      const [one, two] = [await assume(), await assume()];
      for (const make of [clientV3, clientV1]) {
        const as = (k) => make(server.endpoints.imm, k, server.ca);
        for (const k of [key, one, two]) await server.call('ListProjects', {}, as(k));
        const refused = (k, code) => server.refused('ListProjects', {}, code, 400, as(k));
        await refused({ ...one, token: two.token }, 'InvalidSecurityToken.MismatchWithAccessKey');
        await refused({ ...one, token: 'x' }, 'InvalidSecurityToken.Malformed');
        await refused({ ...one, token: undefined }, 'MissingSecurityToken');
      }
    });

    it('takes headers in any order and any case', async () => {
      const r = sign.signV3({ host: server.endpoints.imm, key: KEY, action: 'ListProjects', headers: { 'x-acs-note': 'a  b' } });
      const forms = [(n) => n.toUpperCase(), (n) => n.replace(/(^|-)[a-z]/g, (c) => c.toUpperCase()), (n) => n];
      for (const [i, form] of forms.entries()) {
        const q = sign.signV3({ host: server.endpoints.imm, key: KEY, action: 'ListProjects', headers: { 'x-acs-note': `${i}` } });
        const lines = Object.entries(q.headers).map(([n, v]) => `${form(n)}:${' '.repeat(i)}${v}${' '.repeat(i)}`);
        if (i % 2) lines.reverse();
        const answer = await ask(server, `POST / HTTP/1.1\r\nConnection: close\r\n${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
      }
      assert.equal((await server.sendRaw(r)).status, 200);
    });

    it('takes bodies of almost 8 MiB and URLs of 3.5 MiB, and refuses larger ones in JSON', async () => {
      const body = (size) => `ProjectName=none&Ignored=${'x'.repeat(size)}`;
      const large = await server.raw('signV3', { action: 'GetProject', body: body(8 * MIB - 1024) });
      assert.equal(`${large.status} ${large.body.Code}`, '404 ResourceNotFound');
      const long = await server.raw('signV3', { action: 'GetProject', query: { ProjectName: 'none', Ignored: 'x'.repeat(3.5 * MIB) } });
      assert.equal(`${long.status} ${long.body.Code}`, '404 ResourceNotFound');
      const announced = await ask(server, `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${sign.FORM}\r\nContent-Length: 99999999999\r\n\r\n`);
      assert.equal(announced.status, 413);
      checkRefusal(announced.body);
    });

    it('answers what is no proper HTTP in JSON, over TLS', async () => {
      for (const bytes of [
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n',
        'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
        `GET /?x=${'x'.repeat(4 * MIB)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      ]) {
        const answer = await ask(server, bytes);
        assert.ok(answer.status >= 400 && answer.status < 506, `${answer.status}`);
        checkRefusal(answer.body);
      }
      await server.assertAlive();
    });

    it('tells a client of plain HTTP that it is to use https', async () => {
      for (const listener of ['imm', 'admin'])
        for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nHello']) {
          const text = await sign.sendBytes(server.endpoints[listener], bytes, { half: false });
          assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
          const e = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
          checkRefusal(e);
          assert.equal(e.Code, 'InvalidRequest');
          assert.match(e.Message, /https/);
        }
    });

    it('hangs up on what is neither', async () => {
      for (const bytes of [Buffer.alloc(1000), Buffer.from([22, 3, 1, 0xff, 0xff, 1, 1, 1]), Buffer.from('\x80\x2e\x01\x03\x01', 'latin1')]) {
        const text = await sign.sendBytes(server.endpoints.imm, bytes).catch((e) => e.code);
        assert.ok(text === 'ECONNRESET' || !text.startsWith('HTTP'), text);
      }
      await server.assertAlive();
    });

    it('probes of the administration listener answer over TLS', async () => {
      assert.equal(await get(server, 'admin', '/livez'), 200);
      assert.equal(await get(server, 'admin', '/readyz'), 200);
      await server.admin('GetStatus');
    });

    for (const [what, options, works] of [
      ['TLS 1.3', { minVersion: 'TLSv1.3' }, true],
      ['TLS 1.2', { maxVersion: 'TLSv1.2' }, true],
      ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }, false],
      ['TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }, false],
      ['a cipher with CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA' }, false],
      ['a cipher without integrity', { maxVersion: 'TLSv1.2', ciphers: 'aNULL:eNULL:@SECLEVEL=0' }, false],
      ['keys that are not ephemeral', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-GCM-SHA384' }, false],
    ])
      it(`${works ? 'speaks' : 'refuses'} ${what}`, async () => {
        if (works) (await connect(server.endpoints.imm, { ca: server.ca, ...options })).socket.destroy();
        else await refusal(server.endpoints.imm, { rejectUnauthorized: false, ...options });
      });

    it('goes on with a session, and a client may begin one at once', async () => {
      const { socket } = await connect(server.endpoints.imm, { ca: server.ca });
      const session = await new Promise((resolve) => {
        socket.once('session', resolve);
        socket.resume();
      });
      socket.destroy();
      const again = await connect(server.endpoints.imm, { ca: server.ca, session });
      assert.ok(again.socket.isSessionReused());
      again.socket.destroy();
    });

    it('commands find it by the data folder, or believe the authority that they are told', async () => {
      const { imm } = server.endpoints;
      const other = makeCertificate(tempFolder()).certificate;
      const list = (...args) => server.cli(['call', 'ListProjects', ...args]);
      const good = [
        ['--data', server.data],
        ['--endpoint', `https://${imm}`, '--ca-file', server.flags['tls-certificate']],
        ['--endpoint', `https://localhost:${split(imm).port}`, '--ca-file', server.flags['tls-certificate']],
      ];
      for (const args of good) assert.equal((await list(...args)).code, 0, args.join(' '));
      const status = await server.cli(['status', '--data', server.data]);
      assert.equal(status.code, 0, status.err);
      const bad = [
        [['--endpoint', `https://${imm}`], /not trusted.*--ca-file/s],
        [['--endpoint', `https://${imm}`, '--ca-file', other], /not trusted/],
        [['--endpoint', `https://${imm}`, '--ca-file', '/nowhere/ca.pem'], /--ca-file/],
        [['--endpoint', `https://127.1.2.3:${split(imm).port}`, '--ca-file', server.flags['tls-certificate']], /not trusted|cannot reach/],
        [['--endpoint', imm], /https/],
      ];
      for (const [args, message] of bad) {
        const { code, err } = await list(...args);
        assert.equal(code, 1, args.join(' '));
        assert.match(err, message);
      }
    });

    it('a command does not talk to another server that stands where the data folder points', async () => {
      const there = fs.readFileSync(server.endpointsFile, 'utf8');
      const pin = `sha256//${'A'.repeat(43)}=`;
      fs.writeFileSync(server.endpointsFile, there.replace(/sha256[^"]*/, pin));
      const { code, err } = await server.cli(['status', '--data', server.data]);
      fs.writeFileSync(server.endpointsFile, there);
      assert.equal(code, 1);
      assert.match(err, /has not the key/);
    });
  });

  describe('connections over TLS', { concurrency: 1 }, () => {
    const server = useServer({ tls: makeCertificate(tempFolder()) });
    const hello = Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1');
    const sockets = [];
    after(() => sockets.forEach((s) => s.destroy()));

    const halfOpen = (bytes) => {
      const socket = net.connect(split(server.endpoints.imm));
      socket.on('error', () => {});
      socket.resume();
      socket.gone = new Promise((resolve) => {
        socket.on('close', resolve);
      });
      if (bytes) socket.write(bytes);
      sockets.push(socket);
      return socket;
    };

    it('take many calls, and pipelined ones', async () => {
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
      for (let i = 0; i < 20; i++) {
        const r = sign.signV3({ host: server.endpoints.imm, key: KEY, action: 'ListProjects' });
        assert.equal((await sign.send(server.endpoints.imm, r, { ca: server.ca, agent })).status, 200);
      }
      agent.destroy();
      const requests = Array.from({ length: 5 }, (_, i) => {
        const r = sign.signV1({ host: server.endpoints.imm, key: KEY, action: 'ListProjects' });
        return `GET ${r.path} HTTP/1.1\r\nHost: x\r\nConnection: ${i < 4 ? 'keep-alive' : 'close'}\r\n\r\n`;
      });
      const text = await sign.sendBytes(server.endpoints.imm, requests.join(''), { ca: server.ca, half: false });
      assert.equal(text.match(/HTTP\/1\.1 200 OK/g).length, 5);
    });

    it('that are half open cost no time while they wait', async () => {
      for (let i = 0; i < 4; i++) halfOpen(hello);
      await until('all of them have been accepted', () => server.assertAlive().then(() => true));
      const before = seconds(server);
      await pause(2000);
      const used = seconds(server) - before;
      assert.ok(used < 0.5, `${used} s of processor time in 2 s`);
    });

    it('that are half open keep nobody out, however many they are', async () => {
      for (let i = 0; i < 600; i++) halfOpen(i % 2 ? hello : null);
      for (let i = 0; i < 3; i++) await until('it answers', () => server.assertAlive().then(() => true));
      assert.equal(await get(server, 'admin', '/livez'), 200);
    });

    it('that are half open are closed, also one that goes on byte by byte', async () => {
      const slow = halfOpen(hello);
      const timer = setInterval(() => slow.writable && slow.write(Buffer.from([7])), 300);
      const all = Promise.all(sockets.map((s) => s.gone)).then(() => true);
      let closed = false;
      all.then(() => {
        closed = true;
      });
      await until('all of them are closed', () => closed, { seconds: 60 });
      clearInterval(timer);
      await server.assertAlive();
    });
  });

  describe('a certificate that changes', { concurrency: 1 }, () => {
    const folder = tempFolder();
    const first = makeCertificate(folder);
    const server = new Server({ tls: first });
    after(() => server.remove());
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    after(() => agent.destroy());

    const reload = async (said) => {
      const at = server.log.length;
      server.process.kill('SIGHUP');
      await until(`the log says ${said}`, () => said.test(server.log.slice(at)));
    };
    /** A call on the connection that was there from the beginning. */
    const onOld = async () => {
      const r = sign.signV3({ host: server.endpoints.imm, key: KEY, action: 'ListProjects' });
      assert.equal((await sign.send(server.endpoints.imm, r, { ca: first.ca, agent })).status, 200);
      return Object.values(agent.freeSockets)[0][0];
    };

    it('is shown to new connections from then on, open ones go on', async () => {
      await server.start();
      const old = await onOld();
      assert.equal(await shown(server.endpoints.imm, first.ca), first.fingerprint);
      const second = makeCertificate(folder, { kind: 'rsa' });
      assert.equal(await shown(server.endpoints.imm, first.ca), first.fingerprint, 'the file alone changes nothing');
      await reload(/the certificate was read again/);
      for (const listener of ['imm', 'admin']) assert.equal(await shown(server.endpoints[listener], second.ca), second.fingerprint);
      assert.equal(await onOld(), old, 'the same connection is used');
      assert.equal((await server.cli(['status', '--data', server.data])).code, 0, 'commands know the new one');
      server.ca = second.ca;
    });

    it('stays if the new one cannot be used', async () => {
      const before = fs.readFileSync(first.certificate);
      const key = fs.readFileSync(first.key);
      const good = await shown(server.endpoints.imm, server.ca);
      const foreign = makeCertificate(tempFolder());
      const spoil = [
        [() => fs.writeFileSync(first.certificate, 'not a certificate'), /expected PEM/],
        [() => fs.writeFileSync(first.certificate, ''), /cannot use certificate/],
        [() => fs.writeFileSync(first.certificate, foreign.text), /the key is not that of the certificate/],
        [() => fs.writeFileSync(first.certificate, before.subarray(0, before.length / 2)), /cannot use certificate/],
        [() => fs.rmSync(first.certificate), /No such file/],
        [() => fs.writeFileSync(first.key, foreign.text), /cannot use certificate/],
        [() => { fs.rmSync(first.certificate); child.execFileSync('mkfifo', [first.certificate]); }, /no regular file/],
      ];
      for (const [what, message] of spoil) {
        what();
        const at = server.log.length;
        await reload(/the certificate stays what it was/);
        await until(`the log says ${message}`, () => message.test(server.log.slice(at)));
        assert.equal(await shown(server.endpoints.imm, server.ca), good);
        fs.rmSync(first.certificate, { force: true });
        fs.writeFileSync(first.certificate, before);
        fs.writeFileSync(first.key, key);
      }
      const secret = key.toString().split('\n')[1];
      assert.ok(!server.log.includes(secret), 'no key is in the log');
      await onOld();
    });

    it('may come with those that it is signed by, and many reloads lose no call', async () => {
      const root = makeCertificate(tempFolder(), { name: 'root' });
      const middle = makeCertificate(tempFolder(), { name: 'middle', by: root, extra: ['-addext', 'keyUsage=keyCertSign'] });
      const extra = ['-addext', 'extendedKeyUsage=serverAuth'];
      const leaf = makeCertificate(folder, { by: { ...middle, ca: root.ca }, extra });
      fs.appendFileSync(leaf.certificate, middle.text);
      await reload(/the certificate was read again/);
      const { socket, fingerprint } = await connect(server.endpoints.imm, { ca: root.ca, rejectUnauthorized: false });
      assert.equal(fingerprint, leaf.fingerprint);
      assert.equal(socket.getPeerCertificate(true).issuerCertificate.subject.CN, 'middle', 'the chain is sent');
      socket.destroy();
      server.ca = undefined;
      let calls = 0;
      let isOver = false;
      const caller = async () => {
        while (!isOver) {
          const r = sign.signV3({ host: server.endpoints.imm, key: KEY, action: 'ListProjects' });
          const own = new https.Agent({ rejectUnauthorized: false });
          assert.equal((await sign.send(server.endpoints.imm, r, { ca: root.ca, agent: own })).status, 200);
          calls++;
        }
      };
      const callers = [caller(), caller()];
      for (let i = 0; i < 20; i++) await reload(/the certificate was read again/);
      await until('calls went through meanwhile', () => calls > 20);
      isOver = true;
      await Promise.all(callers);
    });
  });

  describe('listeners', { concurrency: 1 }, () => {
    const servers = [];
    after(() => Promise.all(servers.map((s) => s.remove())));
    const start = async (options) => {
      const server = new Server(options);
      servers.push(server);
      await server.start();
      await until('all that there is to say is said', () => /serve: listening /.test(server.log));
      return server;
    };

    it('do not start with a certificate that cannot be used, and say why', async () => {
      const good = makeCertificate(tempFolder());
      const other = makeCertificate(tempFolder(), { name: 'other' });
      const locked = path.join(tempFolder(), 'locked.key');
      const text = fs.readFileSync(good.key, 'utf8');
      fs.writeFileSync(locked, require('node:crypto').createPrivateKey(text).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }));
      const rows = [
        [{ 'tls-certificate': '/nowhere/a.pem' }, /\/nowhere\/a\.pem/],
        [{ 'tls-certificate': good.certificate }, /cannot use certificate/],
        [{ 'tls-certificate': good.certificate, 'tls-key': other.key }, /the key is not that of the certificate/],
        [{ 'tls-certificate': good.certificate, 'tls-key': locked }, /without passphrase|encrypted/],
        [{ 'tls-key': good.key }, /tls-certificate is not/],
        [{ 'tls-certificate': good.certificate, 'tls-key': good.key, 'tls-min-version': '1.1' }, /expected one of: 1\.2, 1\.3/],
        [{ 'trusted-proxies': 'proxy.example.com' }, /trusted-proxies has 'proxy\.example\.com'/],
      ];
      await Promise.all(
        rows.map(async ([flags, message]) => {
          const server = new Server({ flags });
          servers.push(server);
          const { code } = await server.spawn().gone;
          assert.notEqual(code, 0, JSON.stringify(flags));
          await until(`it says ${message}`, () => message.test(server.log));
        }),
      );
    });

    it('take certificate and key from one file, refuse TLS 1.2 if told so, and leave administration plain', async () => {
      const made = makeCertificate(tempFolder(), { kind: 'ed25519' });
      const both = path.join(tempFolder(), 'both.pem');
      fs.writeFileSync(both, made.text + fs.readFileSync(made.key, 'utf8'), { mode: 0o604 });
      const flags = { 'tls-certificate': both, 'tls-min-version': '1.3' };
      const server = await start({ flags, extra: ['--admin-tls=no'] });
      (await connect(server.endpoints.imm, { ca: made.ca, minVersion: 'TLSv1.3' })).socket.destroy();
      await refusal(server.endpoints.imm, { ca: made.ca, maxVersion: 'TLSv1.2' });
      assert.equal(server.endpoints.admin_protocol, 'http');
      const answer = await fetch(`http://${server.endpoints.admin}/livez`);
      assert.equal(answer.status, 200);
      assert.equal((await server.cli(['status', '--data', server.data])).code, 0);
      assert.match(server.log, /everybody on this machine can read or change the private key/);
    });

    it('warn of plain HTTP on an address that others reach, and of a certificate that expires', async () => {
      const warning = /plain HTTP on an address that other machines reach.*tls-certificate/;
      const open = await start({ flags: { 'imm-listen': '0.0.0.0:0' } });
      assert.match(open.log, warning);
      assert.match(open.log, /listener=imm/);
      assert.doesNotMatch(open.log, /listener=admin/);
      const proxied = await start({ flags: { 'imm-listen': '0.0.0.0:0', 'trusted-proxies': '127.0.0.1' } });
      assert.doesNotMatch(proxied.log, warning);
      const extra = ['-days', '3'];
      const secured = await start({ flags: { 'imm-listen': '0.0.0.0:0' }, tls: makeCertificate(tempFolder(), { extra }) });
      assert.doesNotMatch(secured.log, warning);
      assert.match(secured.log, /the certificate expires soon/);
    });

    it('go on after a hang-up without TLS, too, and open the audit log again', async () => {
      const log = path.join(tempFolder(), 'audit.log');
      const server = await start({ flags: { 'audit-log': log } });
      fs.renameSync(log, `${log}.1`);
      server.process.kill('SIGHUP');
      await until('the audit log is there again', () => fs.existsSync(log));
      await server.call('CreateProject', { ProjectName: 'p' });
      assert.match(fs.readFileSync(log, 'utf8'), /CreateProject/);
      await server.assertAlive();
      assert.equal((await server.stop()).code, 0);
    });
  });

  describe('behind a proxy', { concurrency: 1 }, () => {
    const trusting = useServer({ extra: ['--trusted-proxies', '127.0.0.1', '--trusted-proxies=10.0.0.0/8'] });
    const careful = useServer();

    /** The address that the server takes a request with these headers to be of. */
    const clientOf = async (server, headers) => {
      const answer = await sign.send(server.endpoints.imm, { method: 'GET', path: '/', headers: { host: 'x', ...headers } });
      const id = JSON.parse(answer.text).RequestId;
      const line = await until('the request is in the log', () => server.log.split('\n').find((l) => l.includes(id)));
      return /peer=(\S+)/.exec(line)[1];
    };

    for (const [what, headers, client] of [
      ['no header', {}, '127.0.0.1'],
      ['the client', { 'X-Forwarded-For': '203.0.113.7' }, '203.0.113.7'],
      ['the client and another proxy', { 'X-Forwarded-For': '203.0.113.7, 10.1.2.3' }, '203.0.113.7'],
      ['two header lines', { 'X-Forwarded-For': ['203.0.113.7', '10.1.2.3'] }, '203.0.113.7'],
      ['what the client made up before', { 'X-Forwarded-For': '198.51.100.1, 203.0.113.7' }, '203.0.113.7'],
      ['an address of IPv6 with port', { 'x-forwarded-for': '[2001:db8::7]:4711' }, '2001:db8::7'],
      ['no address', { 'X-Forwarded-For': '"><script>' }, '127.0.0.1'],
    ])
      it(`believes a trusted one: ${what}`, async () => {
        assert.equal(await clientOf(trusting, headers), client);
        assert.equal(await clientOf(careful, headers), '127.0.0.1', 'from anybody else it is not looked at');
      });

    it('policies see the client and its protocol as a trusted one says, and as it is otherwise', async () => {
      const only = { IpAddress: { 'acs:SourceIp': '203.0.113.0/24' }, Bool: { 'acs:SecureTransport': 'true' } };
      const good = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };
      const rows = [
        [trusting, good, 200],
        [trusting, { ...good, 'x-forwarded-for': '203.0.113.7, 192.0.2.1' }, 403],
        [trusting, { ...good, 'x-forwarded-proto': 'http' }, 403],
        [trusting, { 'x-forwarded-for': '203.0.113.7' }, 403],
        [trusting, { 'x-forwarded-proto': 'https' }, 403],
        [trusting, {}, 403],
        [careful, good, 403],
      ];
      const keys = new Map();
      for (const server of [trusting, careful]) keys.set(server, await makeUser(server, 'bob', only));
      for (const [server, headers, status] of rows) {
        const change = (r) => Object.assign(r.headers, headers); // not signed: the proxy adds them
        const answer = await server.raw('signV3', { action: 'ListProjects', key: keys.get(server), change: (r) => void change(r) });
        assert.equal(answer.status, status, `${JSON.stringify(headers)}: ${answer.text}`);
        if (status === 403) assert.equal(answer.body.Code, 'NoPermission');
      }
    });

    it('calls through a proxy that speaks TLS to both sides go through', async () => {
      const made = makeCertificate(tempFolder());
      const proxy = https.createServer({ cert: made.text, key: fs.readFileSync(made.key) }, (request, answer) => {
        const headers = { ...request.headers, 'x-forwarded-for': request.socket.remoteAddress, 'x-forwarded-proto': 'https' };
        const onward = http.request({ ...split(trusting.endpoints.imm), method: request.method, path: request.url, headers }, (got) => {
          answer.writeHead(got.statusCode, got.headers);
          got.pipe(answer);
        });
        onward.on('error', () => answer.destroy());
        request.pipe(onward);
      });
      await new Promise((resolve) => {
        proxy.listen(0, '127.0.0.1', resolve);
      });
      const address = `127.0.0.1:${proxy.address().port}`;
      for (const make of [clientV3, clientV1]) await trusting.call('ListProjects', {}, make(address, KEY, made.ca));
      proxy.close();
      proxy.closeAllConnections();
    });
  });
});

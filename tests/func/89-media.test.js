// Renditions: made once, kept, refused when there are too many, never served to who may not have them, never wrong after a kill.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { before, describe, it } = require('node:test');

const { KEY, random, until, useServer } = require('./harness');
const samples = require('./samples');

const sample = (name) => fs.readFileSync(path.join(__dirname, '../samples', name));
const base64url = (text) => Buffer.from(text).toString('base64url');

/** A request of a connection of its own; gives {status, headers, body}. */
function send(server, target, { method = 'GET', headers = {}, body = '', onRequest = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const [host, port] = server.endpoints.oss.split(':');
    const request = http.request({ host, port, path: target, method, headers, agent: false }, (answer) => {
      const parts = [];
      answer.on('data', (d) => parts.push(d));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on('error', reject);
    });
    request.on('error', reject);
    onRequest(request);
    request.end(body);
  });
}

const targetOf = (key, text, bucket = 'photos') => `/${bucket}/${key}?x-oss-process=${encodeURIComponent(text)}`;

/** Signed as the vendor's clients sign in headers. */
function authorization(method, resource, type, key = KEY) {
  const date = new Date().toUTCString();
  const what = `${method}\n\n${type}\n${date}\n${resource}`;
  const signature = crypto.createHmac('sha1', key.secret).update(what).digest('base64');
  return { Date: date, Authorization: `OSS ${key.id}:${signature}`, ...(type ? { 'Content-Type': type } : {}) };
}

const codeOf = (answer) => (/<Code>([^<]*)</.exec(answer.body.toString()) || [])[1];

function usePhotos(files, { flags = {}, extra = [] } = {}) {
  const server = useServer({ flags, extra: ['--public-buckets', 'photos', ...extra] });
  before(async () => {
    server.bucket('photos', files);
    await server.call('CreateProject', { ProjectName: 'demo' });
    await server.call('AttachOSSBucket', { ProjectName: 'demo', OSSBucket: 'photos' });
  });
  const get = (key, text, how = {}) => send(server, targetOf(key, text), how);
  const made = async (key, text, how) => {
    const answer = await get(key, text, how);
    assert.equal(answer.status, 200, `${key} ${text}: ${answer.status} ${answer.body.subarray(0, 300)}`);
    return answer;
  };
  const renditions = async () => (await server.admin('GetStatus')).Status.Renditions;
  return { server, get, made, renditions };
}

describe('a rendition', () => {
  const { server, get, made, renditions } = usePhotos({ 'a.jpg': sample('camera.jpg'), 'b.jpg': samples.jpeg(300, 200) });

  it('is made once, and then cached', async () => {
    const first = await made('a.jpg', 'image/resize,w_40/format,png');
    await until('it is kept', async () => (await renditions()).CachedFiles === 1);
    const second = await made('a.jpg', 'image/resize,m_lfit,w_40/format,png');
    assert.ok(first.body.equals(second.body));
    assert.equal(first.headers.etag, second.headers.etag);
    assert.equal(first.headers['content-type'], 'image/png');
    const { Rendered, Hits } = await renditions();
    assert.deepEqual([Rendered, Hits], [1, 1]);
  });

  it('is not made for who has it', async () => {
    const { headers } = await made('a.jpg', 'image/resize,w_41');
    await server.restart();
    fs.rmSync(path.join(server.data, 'renditions'), { recursive: true });
    await server.restart();
    const again = await get('a.jpg', 'image/resize,w_41', { headers: { 'If-None-Match': headers.etag } });
    assert.equal(again.status, 304);
    assert.equal(again.headers.etag, headers.etag);
    assert.equal((await renditions()).Rendered, 0);
  });

  it('is made once for many who ask at the same time', async () => {
    const { Rendered } = await renditions();
    const all = await Promise.all(Array.from({ length: 40 }, () => made('a.jpg', 'image/resize,w_42/blur,r_3,s_2')));
    assert.equal(new Set(all.map((a) => a.body.toString('base64'))).size, 1);
    assert.equal((await renditions()).Rendered, Rendered + 1);
  });

  it('is that of the object as it is now', async () => {
    const text = 'image/resize,w_43';
    const first = await made('b.jpg', text);
    server.bucket('photos', { 'b.jpg': samples.jpeg(200, 300) });
    const second = await made('b.jpg', text);
    assert.notEqual(first.headers.etag, second.headers.etag);
    assert.ok(!first.body.equals(second.body));
    fs.rmSync(path.join(server.store, 'photos', 'b.jpg'));
    const gone = await get('b.jpg', text);
    assert.deepEqual([gone.status, codeOf(gone)], [404, 'NoSuchKey']);
  });
});

describe('an object that is known to be too large', () => {
  const { server, get, renditions } = usePhotos({ 'bomb.png': Buffer.concat([samples.png(1, 1).subarray(0, 16), Buffer.from([0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40, 8, 0, 0, 0, 0]), Buffer.alloc(4)]) });

  it('is refused before it is read', async () => {
    const where = await server.dataset('indexed');
    await server.bindAndWait(where, 'photos');
    const file = await server.fileMeta(where, 'oss://photos/bomb.png');
    assert.deepEqual([file.ImageWidth, file.ImageHeight], [40000, 40000]);
    const answer = await get('bomb.png', 'image/resize,w_100');
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'ImageTooLarge']);
    assert.equal((await renditions()).Renderers, 0, 'no renderer was asked');
  });
});

describe('who may not', () => {
  const { server, made } = usePhotos({ 'a.jpg': sample('camera.jpg'), 'secret.jpg': samples.jpeg(40, 40) });

  it('gets nothing that was cached for others', async () => {
    server.bucket('private', { 'a.jpg': sample('camera.jpg') });
    await server.call('AttachOSSBucket', { ProjectName: 'demo', OSSBucket: 'private' });
    const text = 'image/resize,w_50';
    const resource = `/private/a.jpg?x-oss-process=${text}`;
    const ask = (key) => send(server, targetOf('a.jpg', text, 'private'), { headers: key ? authorization('GET', resource, '', key) : {} });
    assert.equal((await ask(KEY)).status, 200);
    assert.equal((await ask(KEY)).status, 200);
    await server.admin('CreateUser', { UserName: 'nobody' });
    const { AccessKey } = await server.admin('CreateAccessKey', { UserName: 'nobody' });
    for (const key of [{ id: AccessKey.AccessKeyId, secret: AccessKey.AccessKeySecret }, { ...KEY, secret: 'wrong' }, null]) {
      const answer = await ask(key);
      assert.equal(answer.status, 403, `${answer.body}`);
    }
  });

  it('gets nothing from the moment a bucket is detached, under load', async () => {
    const texts = ['image/resize,w_51', 'image/resize,w_52/rotate,33', 'image/info'];
    for (const text of texts) await made('a.jpg', text);
    for (let round = 0; round < 5; round++) {
      let isDetached = false;
      let isOver = false;
      const statuses = [];
      const client = async (text) => {
        while (!isOver) {
          const wasDetached = isDetached;
          const answer = await send(server, targetOf('a.jpg', text));
          statuses.push(answer.status);
          if (wasDetached) assert.deepEqual([answer.status, codeOf(answer)], [403, 'AccessDenied']);
          else assert.ok(answer.status === 200 || answer.status === 403, `${answer.status}`);
        }
      };
      const clients = [0, 1, 2, 3, 4, 5].map((i) => client(texts[i % texts.length]));
      await until('some are answered', () => statuses.filter((s) => s === 200).length >= 10);
      await server.call('DetachOSSBucket', { OSSBucket: 'photos' });
      isDetached = true;
      const n = statuses.length;
      await until('some are refused', () => statuses.length >= n + 20);
      isOver = true;
      await Promise.all(clients);
      await server.call('AttachOSSBucket', { ProjectName: 'demo', OSSBucket: 'photos' });
      await made('a.jpg', texts[0]);
    }
  });
});

describe('too many', () => {
  const { server, made, renditions } = usePhotos({ 'a.jpg': sample('camera.jpg') }, { flags: { renderers: '1', 'render-queue': '3' } });
  const ROOM = [3, 6]; // in the queue; and with the renderer and before it

  /** While `run` does, the renderer makes nothing. */
  async function whileStopped(run) {
    await made('a.jpg', 'image/resize,w_30'); // so there is one
    const pids = server.workers().filter((pid) => fs.readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('bindery-render'));
    assert.equal(pids.length, 1);
    process.kill(pids[0], 'SIGSTOP');
    try {
      await run();
    } finally {
      process.kill(pids[0], 'SIGCONT');
    }
  }

  it('are refused at once, and told when to come again', async () => {
    const answers = [];
    let all;
    await whileStopped(async () => {
      all = Array.from({ length: 40 }, (_, i) => send(server, targetOf('a.jpg', `image/resize,w_${100 + i}`)).then((a) => answers.push(a)));
      await until('all but those that there is room for are answered', () => answers.length >= all.length - ROOM[1]);
      for (const answer of answers) {
        assert.equal(answer.status, 503, `${answer.body}`);
        assert.match(answer.headers['retry-after'], /^[1-9][0-9]*$/);
      }
      assert.ok(answers.length <= all.length - ROOM[0], `${answers.length}`);
    });
    await Promise.all(all);
    const refused = answers.filter((a) => a.status === 503).length;
    assert.equal(answers.filter((a) => a.status === 200).length, all.length - refused);
    assert.equal((await renditions()).Rejected, refused);
    await made('a.jpg', 'image/resize,w_31');
  });

  it('that have left cost no work', async () => {
    await made('a.jpg', 'image/resize,w_30');
    const before = await renditions();
    await whileStopped(async () => {
      const requests = [];
      const all = Array.from({ length: 3 }, (_, i) => send(server, targetOf('a.jpg', `image/resize,w_${200 + i}`)));
      await until('three are under way', async () => (await renditions()).Misses === before.Misses + 3 && (await renditions()).Waiting === 0);
      const left = Array.from({ length: 3 }, (_, i) =>
        send(server, targetOf('a.jpg', `image/resize,w_${300 + i}`), { onRequest: (r) => requests.push(r) }).catch(() => 'gone'),
      );
      await until('three wait', async () => (await renditions()).Waiting === 3);
      for (const r of requests) r.destroy();
      assert.deepEqual(await Promise.all(left), ['gone', 'gone', 'gone']);
      await until('nothing waits', async () => (await renditions()).Waiting === 0);
      Promise.all(all).catch(() => {});
    });
    await until('the three are made', async () => (await renditions()).Rendered === before.Rendered + 3);
    assert.equal((await renditions()).Dropped, before.Dropped + 3);
    await made('a.jpg', 'image/resize,w_32');
  });
});

describe('kill -9', () => {
  const limit = 300000;
  const keys = Array.from({ length: 8 }, (_, i) => `p${i}.png`);
  const { server, made, renditions } = usePhotos(
    Object.fromEntries(keys.map((key, i) => [key, samples.png(200 + i, 100)])),
    { flags: { 'rendition-cache': String(limit) } },
  );
  const seed = Number(process.env.BINDERY_SEED || Date.now() % 1000000);
  const make = random(seed);
  const folder = () => path.join(server.data, 'renditions');
  const files = () =>
    fs.readdirSync(folder()).flatMap((d) => fs.readdirSync(path.join(folder(), d)).map((f) => path.join(folder(), d, f)));
  const texts = Array.from({ length: 12 }, (_, i) => `image/resize,w_${60 + 10 * i},h_${60 + 10 * i},m_fixed/format,bmp`);
  const right = new Map();

  it(`leaves a cache that serves the right bytes (BINDERY_SEED=${seed})`, async () => {
    const all = keys.flatMap((key) => texts.map((text) => [key, text]));
    for (const [key, text] of all) right.set(key + text, (await made(key, text)).body.toString('base64'));
    for (let round = 0; round < 6; round++) {
      let isOver = false;
      const client = async () => {
        while (!isOver) {
          const [key, text] = make.pick(all);
          try {
            assert.equal((await made(key, text)).body.toString('base64'), right.get(key + text), `${key} ${text}`);
          } catch (e) {
            if (e.code === 'ERR_ASSERTION') throw e;
          }
        }
      };
      const clients = [client(), client(), client(), client()];
      const end = Date.now() + make.below(300);
      await until('a while is over', () => Date.now() > end, { every: 5 });
      await server.kill();
      isOver = true;
      await Promise.all(clients);
      spoil();
      await server.start();
    }
    for (const [key, text] of all) assert.equal((await made(key, text)).body.toString('base64'), right.get(key + text), `${key} ${text}`);
  });

  /** What a machine that loses power may do to files that nobody had synced. */
  function spoil() {
    for (const file of files().filter(() => make.below(4) === 0)) {
      const bytes = fs.readFileSync(file);
      const how = make.below(4);
      if (how === 0) fs.writeFileSync(file, bytes.subarray(0, make.below(bytes.length)));
      else if (how === 1) fs.writeFileSync(file, Buffer.alloc(bytes.length));
      else {
        bytes[make.below(bytes.length)] ^= 1 << make.below(8);
        fs.writeFileSync(file, bytes);
      }
    }
  }

  it('leaves no more than the cache may hold', async () => {
    await until('the rest is removed', async () => (await renditions()).CachedBytes <= limit);
    const bytes = files().reduce((sum, file) => sum + fs.statSync(file).size, 0);
    assert.ok(bytes <= limit + 60000, `${bytes}`); // and what is just being written
    await server.restart();
    assert.deepEqual(fs.readdirSync(path.join(folder(), 'tmp')), []);
  });
});

describe('sys/saveas', () => {
  const { server, made } = usePhotos({ 'a.jpg': sample('camera.jpg') }, { extra: ['--store-writable'] });
  const type = 'application/x-www-form-urlencoded';
  const save = (to, key = KEY, source = 'a.jpg') =>
    send(server, `/photos/${source}?x-oss-process`, {
      method: 'POST',
      headers: authorization('POST', `/photos/${source}?x-oss-process`, type, key),
      body: `x-oss-process=image/resize,w_44|sys/saveas,o_${base64url(to.object)}${to.bucket ? `,b_${base64url(to.bucket)}` : ''}`,
    });

  it('makes an object of a rendition', async () => {
    const answer = await save({ object: 'small/a 44.jpg' });
    assert.equal(answer.status, 200, `${answer.body}`);
    const file = path.join(server.store, 'photos/small/a 44.jpg');
    assert.deepEqual(JSON.parse(answer.body), { bucket: 'photos', fileSize: fs.statSync(file).size, object: 'small/a 44.jpg', status: 'OK' });
    assert.ok(fs.readFileSync(file).equals((await made('a.jpg', 'image/resize,w_44')).body));
    assert.equal((await save({ object: 'small/a 44.jpg' })).status, 200, 'in place of itself');
  });

  it('goes to another bucket, if that is attached', async () => {
    server.bucket('other');
    const refused = await save({ object: 'b.jpg', bucket: 'other' });
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'AccessDenied']);
    assert.match(`${refused.body}`, /not attached to a project/);
    assert.deepEqual(fs.readdirSync(path.join(server.store, 'other')), []);
    await server.call('AttachOSSBucket', { ProjectName: 'demo', OSSBucket: 'other' });
    const answer = await save({ object: 'b.jpg', bucket: 'other' });
    assert.equal(answer.status, 200, `${answer.body}`);
    assert.equal(JSON.parse(answer.body).bucket, 'other');
    assert.ok(fs.statSync(path.join(server.store, 'other/b.jpg')).size > 0);
  });

  it('does not leave its bucket', async () => {
    for (const object of ['../x.jpg', '/x.jpg', 'a/../../x.jpg', 'small']) {
      const answer = await save({ object });
      assert.ok(answer.status >= 400 && answer.status < 500, `${object}: ${answer.status} ${answer.body}`);
    }
    assert.deepEqual(fs.readdirSync(server.store).sort(), ['other', 'photos']);
  });

  it('is only for who may write', async () => {
    assert.equal((await send(server, '/photos/a.jpg?x-oss-process', { method: 'POST', headers: { 'Content-Type': type }, body: `x-oss-process=image/info|sys/saveas,o_${base64url('x')}` })).status, 403);
    await server.admin('CreateUser', { UserName: 'reader' });
    const { AccessKey } = await server.admin('CreateAccessKey', { UserName: 'reader' });
    const answer = await save({ object: 'x.jpg' }, { id: AccessKey.AccessKeyId, secret: AccessKey.AccessKeySecret });
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'AccessDenied']);
    assert.ok(!fs.existsSync(path.join(server.store, 'photos/x.jpg')));
  });

  it('is refused where folders are only read', async () => {
    server.extra = server.extra.filter((flag) => flag !== '--store-writable');
    await server.restart();
    const answer = await save({ object: 'y.jpg' });
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'AccessDenied']);
    assert.ok(!fs.existsSync(path.join(server.store, 'photos/y.jpg')));
  });
});

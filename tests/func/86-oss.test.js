// The OSS endpoint, with the vendor's own client, AWS's presigner, and plain requests as browsers and strangers send them.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { describe, it, before, after } = require('node:test');

const OSS = require('ali-oss');
const sdk = require('@aws-sdk/client-s3');
const { getSignedUrl } = require('@aws-sdk/s3-request-presigner');
const sharp = require('sharp');

const { Server, useServer, until, KEY, REGION, ACCOUNT } = require('./harness');
const { SmallStore, SMALL_KEY } = require('./remote');

const ODD_KEYS = ['a b.txt', 'per%cent%20.txt', 'plus+and&=?#.txt', 'Grüße/日本語 🎉.txt', "quote'\"<>.txt", 'dir/sub/.hidden', 'tilde~!*().txt', '%2f..txt'];
const TEXT = 'The quick brown fox jumps over the lazy dog.\n';
const ORIGIN = 'https://app.example.com';

const picture = () =>
  sharp({ create: { width: 600, height: 400, channels: 3, background: '#4080c0' } })
    .jpeg()
    .toBuffer();

/** What a request gets: status, headers, body, and Code of a refusal. */
async function ask(url, options = {}) {
  const answer = await fetch(url, { redirect: 'manual', ...options });
  const body = Buffer.from(await answer.arrayBuffer());
  const text = body.toString();
  const [, code] = /<Code>(.*)<\/Code>/.exec(text) || [];
  const [, message] = /<Message>(.*)<\/Message>/.exec(text) || [];
  return { status: answer.status, headers: answer.headers, body, text, code, message };
}

/** A refusal in the form of OSS, with `code` and `status`. */
function assertRefused(answer, status, code, what = '') {
  assert.equal(`${answer.status} ${answer.code}`, `${status} ${code}`, `${what} ${answer.text.slice(0, 500)}`);
  assert.equal(answer.headers.get('content-type'), 'application/xml');
  const id = answer.headers.get('x-oss-request-id');
  assert.match(id, /^[0-9A-F]{24}$/);
  assert.ok(answer.text.includes(`<RequestId>${id}</RequestId>`) && /<HostId>.+<\/HostId>/.test(answer.text), answer.text);
}

/** Sends text as it is, gives the whole answer as text. */
function askRaw(address, text) {
  return new Promise((resolve, reject) => {
    const [host, port] = address.split(':');
    const socket = net.connect(port, host, () => socket.write(text));
    let answer = '';
    socket.setTimeout(30000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (d) => {
      answer += d.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

function world(server, bucket = 'photos') {
  const port = () => server.endpoints.oss.split(':')[1];
  const options = (more) => ({ accessKeyId: KEY.id, accessKeySecret: KEY.secret, bucket, region: REGION, ...more });
  const w = {
    base: () => `http://${server.endpoints.oss}`,
    url: (key) => `${w.base()}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
    /** In path style, which needs no names. */
    client: (more = {}) => new OSS(options({ endpoint: `http://localhost:${port()}`, sldEnable: true, ...more })),
    /** As it is without any such option: the bucket is in the name of the host. */
    byAddress: (more = {}) => new OSS(options({ endpoint: w.base(), ...more })),
    /** A URL of ali-oss's, in path style, to be asked at the address. */
    async signed(key, { v4 = false, expires = 600, process, response, client = w.client({ authorizationV4: v4 }), method = 'GET' } = {}) {
      if (!v4) return client.signatureUrl(key, { expires, process, response, method }).replace('//localhost', '//127.0.0.1');
      const queries = { ...(process ? { 'x-oss-process': process } : {}) };
      for (const [k, v] of Object.entries(response || {})) queries[`response-${k}`] = v;
      return (await client.signatureUrlV4(method, expires, { queries }, key)).replace('//localhost', '//127.0.0.1');
    },
    s3: (more = {}) =>
      new sdk.S3Client({
        endpoint: w.base(),
        region: REGION,
        forcePathStyle: true,
        maxAttempts: 1,
        credentials: { accessKeyId: KEY.id, secretAccessKey: KEY.secret, ...more },
      }),
  };
  return w;
}

async function attach(server, ...buckets) {
  for (const OSSBucket of buckets) await server.call('AttachOSSBucket', { ProjectName: 'p', OSSBucket });
}

describe('the OSS endpoint, read', () => {
  const server = useServer({ flags: { 'public-buckets': 'open', 'oss-domain': 'img.test', 'oss-cors-origins': 'https://*.example.com' }, extra: ['--oss-domain', '127.0.0.2=open', '--store-writable'] });
  const w = world(server);
  const files = { 'fox.txt': TEXT, 'empty.bin': '', 'page.html': '<script>alert(1)</script>', 'x.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>', 'noext': 'x' };
  before(async () => {
    files['a.jpg'] = await picture();
    for (const k of ODD_KEYS) files[k] = `content of ${k}`;
    server.bucket('photos', files);
    server.bucket('open', { 'fox.txt': TEXT, 'a.jpg': files['a.jpg'] });
    server.bucket('loose', { 'fox.txt': TEXT });
    await server.call('CreateProject', { ProjectName: 'p' });
    await attach(server, 'photos', 'open');
  });

  for (const v4 of [false, true]) {
    const name = v4 ? 'V4' : 'V1';

    it(`${name}: ali-oss gets and heads objects of all names`, async () => {
      for (const client of [w.client({ authorizationV4: v4 }), w.byAddress({ authorizationV4: v4 })])
        for (const [key, content] of Object.entries(files)) {
          const got = await client.get(key);
          assert.deepEqual(Buffer.from(got.content), Buffer.from(content), key);
          const head = await client.head(key);
          assert.equal(head.res.headers['content-length'], String(Buffer.byteLength(content)));
          assert.equal(head.res.headers.etag, got.res.headers.etag);
        }
    });

    it(`${name}: signed URLs work for anybody, also with a process and with overrides`, async () => {
      for (const key of [...ODD_KEYS, 'fox.txt']) {
        const answer = await ask(await w.signed(key, { v4 }));
        assert.equal(`${answer.status} ${answer.text}`, `200 ${files[key]}`);
      }
      const small = await ask(await w.signed('a.jpg', { v4, process: 'image/resize,w_60' }));
      assert.equal(small.status, 200, small.text.slice(0, 500));
      assert.deepEqual((({ width, height, format }) => [width, height, format])(await sharp(small.body).metadata()), [60, 40, 'jpeg']);
      const response = { 'content-type': 'text/x-fox', 'content-disposition': 'attachment; filename="f.txt"', 'cache-control': 'no-store', 'content-language': 'en', expires: 'never' };
      const named = await ask(await w.signed('fox.txt', { v4, response }));
      assert.equal(named.status, 200, named.text);
      for (const [k, v] of Object.entries(response)) assert.equal(named.headers.get(k), v);
    });

    it(`${name}: what was tampered with is refused`, async () => {
      const url = await w.signed('fox.txt', { v4, process: 'image/resize,w_60' });
      const changes = [
        (u) => u.replace('fox.txt', 'a.jpg'),
        (u) => u.replace('/photos/', '/open/'),
        (u) => u.replace('w_60', 'w_61'),
        (u) => `${u}&response-content-type=text%2Fhtml`,
        (u) => u.replace(/(Expires=|x-oss-expires=)(\d+)/, (_, k, n) => `${k}${Number(n) + 1}`),
        (u) => u.replace(/(ignature=)([^&]*)/, (_, k, s) => `${k}${s[0] === 'A' ? 'B' : 'A'}${s.slice(1)}`),
      ];
      for (const change of changes) {
        const changed = change(url);
        assert.notEqual(changed, url);
        assertRefused(await ask(changed), 403, 'SignatureDoesNotMatch', changed);
      }
      assertRefused(await ask(url, { method: 'HEAD' }).then((a) => ({ ...a, text: Buffer.from(a.headers.get('x-oss-err'), 'base64').toString() })).then((a) => ({ ...a, code: /<Code>(.*)<\/Code>/.exec(a.text)[1] })), 403, 'SignatureDoesNotMatch');
      const id = v4 ? url.replace(KEY.id, 'LTAInobody') : url.replace(`OSSAccessKeyId=${KEY.id}`, 'OSSAccessKeyId=LTAInobody');
      assertRefused(await ask(id), 403, 'InvalidAccessKeyId');
      const twice = await ask(url, { headers: { authorization: `OSS ${KEY.id}:abc` } });
      assertRefused(twice, 400, 'InvalidArgument');
      const mismatch = await ask(url.replace('w_60', 'w_61'));
      assert.ok(mismatch.message.includes('w_61') && !mismatch.text.includes(KEY.secret), mismatch.text);
    });

    it(`${name}: a wrong clock and an old URL are told apart`, async () => {
      const wrong = w.client({ authorizationV4: v4, amendTimeSkewed: -20 * 60 * 1000 });
      await assert.rejects(wrong.get('fox.txt'), { status: 403, code: 'RequestTimeTooSkewed' });
      const slightly = w.client({ authorizationV4: v4, amendTimeSkewed: 10 * 60 * 1000 });
      assert.equal((await slightly.get('fox.txt')).content.toString(), TEXT);
    });

    it(`${name}: a wrong secret is refused, and the client tells why`, async () => {
      const other = w.client({ authorizationV4: v4, accessKeySecret: 'wrong' });
      await assert.rejects(other.get('fox.txt'), (e) => e.code === 'SignatureDoesNotMatch' && e.status === 403 && /^[0-9A-F]{24}$/.test(e.requestId));
      await assert.rejects(other.head('fox.txt'), { code: 'SignatureDoesNotMatch' });
    });

    it(`${name}: processObjectSave makes an object`, async () => {
      const client = w.client({ authorizationV4: v4 });
      const target = `saved/ü ${name}.png`;
      const saved = await client.processObjectSave('a.jpg', target, 'image/resize,w_30/format,png');
      assert.equal(saved.status, 200);
      const answer = JSON.parse(saved.res.data.toString());
      const got = await client.get(target);
      assert.deepEqual(answer, { bucket: 'photos', fileSize: got.content.length, object: target, status: 'OK' });
      assert.deepEqual((({ width, format }) => [width, format])(await sharp(got.content).metadata()), [30, 'png']);
      await until('the audit log has it', () => server.log.includes(`oss://photos/${target}`) || server.log.includes('PostProcessTask'));
    });
  }

  it('a URL that has expired is refused with its time', async () => {
    const resource = '/photos/fox.txt';
    const expires = Math.floor(Date.now() / 1000) - 1;
    const signature = crypto.createHmac('sha1', KEY.secret).update(`GET\n\n\n${expires}\n${resource}`).digest('base64');
    const url = `${w.url('fox.txt')}?OSSAccessKeyId=${KEY.id}&Expires=${expires}&Signature=${encodeURIComponent(signature)}`;
    const answer = await ask(url);
    assertRefused(answer, 403, 'AccessDenied');
    assert.match(answer.message, /expired/);
    const v4 = await w.signed('fox.txt', { v4: true, expires: 1 });
    await until('the URL has expired', async () => (await ask(v4)).status === 403, { every: 200 });
    assertRefused(await ask(await w.signed('fox.txt', { v4: true, expires: 604801 })), 400, 'InvalidArgument');
  });

  it('V1: a URL with a process cannot be written so that it is one without', async () => {
    const url = new URL(await w.signed('a.jpg', { process: 'image/resize,w_60', response: { 'content-disposition': 'attachment' } }));
    assert.equal((await ask(url)).status, 200);
    const who = ['OSSAccessKeyId', 'Expires', 'Signature'].map((k) => `${k}=${encodeURIComponent(url.searchParams.get(k))}`).join('&');
    const stripped = [
      '?response-content-disposition=attachment&x-oss-process%3Dimage%2Fresize%2Cw_60',
      '?response-content-disposition=attachment%26x-oss-process%3Dimage%2Fresize%2Cw_60',
      '%3Fresponse-content-disposition=attachment%26x-oss-process=image%2Fresize%2Cw_60?',
    ];
    for (const query of stripped) assertRefused(await ask(`${w.url('a.jpg')}${query}&${who}`), 400, 'InvalidArgument', query);
  });

  it('the presigner and the client of AWS work too', async () => {
    for (const Key of ['fox.txt', ...ODD_KEYS]) {
      const url = await getSignedUrl(w.s3(), new sdk.GetObjectCommand({ Bucket: 'photos', Key }), { expiresIn: 60 });
      const answer = await ask(url);
      assert.equal(`${answer.status} ${answer.text}`, `200 ${files[Key]}`);
      assertRefused(await ask(url.replace('X-Amz-Expires=60', 'X-Amz-Expires=61')), 403, 'SignatureDoesNotMatch');
    }
    const got = await w.s3().send(new sdk.GetObjectCommand({ Bucket: 'photos', Key: 'Grüße/日本語 🎉.txt', Range: 'bytes=0-6' }));
    assert.equal(await got.Body.transformToString(), 'content');
    assert.equal(got.ContentRange.split('/')[0], 'bytes 0-6');
    await assert.rejects(w.s3().send(new sdk.GetObjectCommand({ Bucket: 'photos', Key: 'none' })), { name: 'NoSuchKey' });
    await assert.rejects(w.s3({ secretAccessKey: 'x' }).send(new sdk.GetObjectCommand({ Bucket: 'photos', Key: 'fox.txt' })), { name: 'SignatureDoesNotMatch' });
    const elsewhere = new sdk.S3Client({ endpoint: w.base(), region: 'elsewhere', forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId: KEY.id, secretAccessKey: KEY.secret } });
    assertRefused(await ask(await getSignedUrl(elsewhere, new sdk.GetObjectCommand({ Bucket: 'photos', Key: 'fox.txt' }))), 400, 'InvalidArgument');
  });

  it('temporary keys work with their token', async () => {
    await server.admin('CreateUser', { UserName: 'reader' });
    const PolicyDocument = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'oss:GetObject', Resource: [`acs:oss:*:${ACCOUNT}:photos/fox*`, 'acs:oss:*:*:photos/a.jpg'] }] });
    await server.admin('CreatePolicy', { PolicyName: 'fox', PolicyDocument });
    await server.admin('AttachPolicyToUser', { UserName: 'reader', PolicyName: 'fox' });
    const { Credentials } = await server.admin('AssumeUser', { UserName: 'reader' });
    for (const authorizationV4 of [false, true]) {
      const more = { authorizationV4, accessKeyId: Credentials.AccessKeyId, accessKeySecret: Credentials.AccessKeySecret, refreshSTSToken: null, refreshSTSTokenInterval: 1e9 };
      const client = w.client({ ...more, stsToken: Credentials.SecurityToken });
      assert.equal((await client.get('fox.txt')).content.toString(), TEXT);
      assert.equal((await ask(await w.signed('fox.txt', { v4: authorizationV4, client }))).text, TEXT);
      assert.equal((await client.get('a.jpg', { process: 'image/resize,w_20' })).res.status, 200);
      await assert.rejects(client.get('page.html'), { code: 'AccessDenied', status: 403 });
      assert.equal((await client.processObjectSave('a.jpg', 'b.jpg', 'image/resize,w_20')).status, 403);
      await assert.rejects(w.client(more).get('fox.txt'), { code: 'InvalidSecurityToken' });
      const other = `${Credentials.SecurityToken.slice(0, -1)}${Credentials.SecurityToken.endsWith('a') ? 'b' : 'a'}`;
      await assert.rejects(w.client({ ...more, stsToken: other }).get('fox.txt'), (e) => e.code === 'InvalidSecurityToken' && !e.message.includes(other));
      const url = await w.signed('page.html', { v4: authorizationV4, client });
      assert.ok(!(await ask(url.replace('page', 'pag'))).text.includes(Credentials.SecurityToken), 'a mismatch does not show the token');
    }
    const watermark = `image/watermark,image_${Buffer.from('x.svg').toString('base64url')}`;
    const client = w.client({ accessKeyId: Credentials.AccessKeyId, accessKeySecret: Credentials.AccessKeySecret, stsToken: Credentials.SecurityToken, refreshSTSTokenInterval: 1e9 });
    await assert.rejects(client.get('a.jpg', { process: watermark }), { code: 'AccessDenied' }, 'a watermark is read, too');
  });

  it('who has not signed reads public buckets only, and no operation of IMM', async () => {
    const open = world(server, 'open');
    assert.equal((await ask(open.url('fox.txt'))).text, TEXT);
    assert.equal((await ask(`${open.url('a.jpg')}?x-oss-process=image/resize,w_10`)).status, 200);
    assertRefused(await ask(w.url('fox.txt')), 403, 'AccessDenied');
    assertRefused(await ask(`${open.url('fox.txt')}?response-content-type=text/html`), 400, 'InvalidRequest');
    assertRefused(await ask(`${open.url('a.jpg')}?x-oss-process=video/info`), 403, 'AccessDenied');
    const save = { method: 'POST', body: `x-oss-process=image/resize,w_10|sys/saveas,o_${Buffer.from('b.jpg').toString('base64url')}` };
    assertRefused(await ask(`${open.url('a.jpg')}?x-oss-process`, save), 403, 'AccessDenied');
    assertRefused(await ask(`${w.base()}/loose/fox.txt`), 403, 'AccessDenied');
    assertRefused(await ask(open.url('none.txt')), 404, 'NoSuchKey');
  });

  it('ranges and conditions are those of HTTP', async () => {
    const open = world(server, 'open');
    const url = open.url('fox.txt');
    const whole = await ask(url);
    const size = TEXT.length;
    const etag = whole.headers.get('etag');
    const date = whole.headers.get('last-modified');
    const earlier = new Date(Date.parse(date) - 1000).toUTCString();
    const later = new Date(Date.parse(date) + 1000).toUTCString();
    const ranges = [
      ['bytes=0-3', 206, TEXT.slice(0, 4)],
      ['bytes=4-', 206, TEXT.slice(4)],
      ['bytes=-5', 206, TEXT.slice(-5)],
      [`bytes=0-${size + 100}`, 206, TEXT],
      ['bytes=-1000', 206, TEXT],
      [`bytes=${size}-`, 416],
      ['bytes=-0', 416],
      ['bytes=3-1', 200, TEXT],
      ['bytes=0-1,4-5', 200, TEXT],
      ['bytes=x-', 200, TEXT],
      ['lines=0-1', 200, TEXT],
      ['bytes=18446744073709551615-', 416],
      ['bytes=0-18446744073709551616', 200, TEXT],
    ];
    for (const [range, status, text] of ranges) {
      const got = await ask(url, { headers: { range } });
      assert.equal(got.status, status, range);
      if (status === 416) assertRefused(got, 416, 'InvalidRange');
      else assert.equal(got.text, text, range);
      if (status === 416) assert.equal(got.headers.get('content-range'), `bytes */${size}`);
      if (status === 206) assert.ok(got.headers.get('content-range').endsWith(`/${size}`));
    }
    const conditions = [
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': `"x", W/${etag}` }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': '"x"' }, 200],
      [{ 'if-match': etag }, 200],
      [{ 'if-match': '"x"' }, 412],
      [{ 'if-match': '*' }, 200],
      [{ 'if-modified-since': date }, 304],
      [{ 'if-modified-since': earlier }, 200],
      [{ 'if-modified-since': 'yesterday' }, 200],
      [{ 'if-unmodified-since': earlier }, 412],
      [{ 'if-unmodified-since': later }, 200],
      [{ 'if-none-match': '"x"', 'if-modified-since': later }, 200],
      [{ 'if-match': etag, 'if-unmodified-since': earlier }, 200],
      [{ range: 'bytes=0-1', 'if-range': etag }, 206],
      [{ range: 'bytes=0-1', 'if-range': '"x"' }, 200],
      [{ range: 'bytes=0-1', 'if-range': date }, 206],
      [{ range: 'bytes=0-1', 'if-range': earlier }, 200],
    ];
    for (const path of [url, `${open.url('a.jpg')}?x-oss-process=image/resize,w_77`]) {
      const now = await ask(path);
      for (const [headers, status] of conditions) {
        const asked = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, v.replaceAll(etag, now.headers.get('etag'))]));
        for (const method of ['GET', 'HEAD']) {
          const got = await ask(path, { headers: asked, method });
          assert.equal(got.status, status, `${method} ${path} ${JSON.stringify(asked)}`);
          if (status === 304) assert.deepEqual([got.body.length, got.headers.get('etag')], [0, now.headers.get('etag')]);
        }
      }
    }
  });

  it('an object does nothing in the name of the endpoint', async () => {
    for (const [key, type] of [['page.html', 'text/html'], ['x.svg', 'image/svg+xml'], ['fox.txt', 'text/plain'], ['noext', 'application/octet-stream']]) {
      const got = await ask(await w.signed(key));
      assert.equal(got.headers.get('content-type'), type);
      assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
      assert.match(got.headers.get('content-security-policy'), /^sandbox(;|$)/);
      assert.equal(got.headers.get('content-disposition'), /html|svg/.test(type) ? 'attachment' : null, key);
    }
    const asHtml = await ask(await w.signed('fox.txt', { response: { 'content-type': 'Text/HTML; charset=utf-8' } }));
    assert.equal(asHtml.headers.get('content-disposition'), 'attachment');
    const split = await ask(await w.signed('fox.txt', { v4: true, response: { 'content-disposition': 'a\r\nx-evil: 1' } }));
    assertRefused(split, 400, 'InvalidArgument');
  });

  it('pages of the origins that may read the answers, and no others', async () => {
    const url = world(server, 'open').url('fox.txt');
    const preflight = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'range, x-oss-date' };
    const yes = await ask(url, { method: 'OPTIONS', headers: { origin: ORIGIN, ...preflight } });
    assert.equal(yes.status, 200);
    assert.equal(yes.headers.get('access-control-allow-origin'), ORIGIN);
    assert.match(yes.headers.get('access-control-allow-methods'), /GET/);
    assert.equal(yes.headers.get('access-control-allow-headers'), 'range, x-oss-date');
    assertRefused(await ask(url, { method: 'OPTIONS', headers: { origin: 'https://evil.test', ...preflight } }), 403, 'AccessDenied');
    const got = await ask(url, { headers: { origin: ORIGIN } });
    assert.equal(got.headers.get('access-control-allow-origin'), ORIGIN);
    assert.match(got.headers.get('access-control-expose-headers'), /ETag/);
    assert.equal(got.headers.get('vary'), 'Origin');
    const other = await ask(url, { headers: { origin: 'https://evil.test' } });
    assert.deepEqual([other.status, other.headers.get('access-control-allow-origin')], [200, null]);
    const refused = await ask(w.url('fox.txt'), { headers: { origin: ORIGIN } });
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [403, ORIGIN]);
  });

  it('the bucket may be in the name of the host', async () => {
    const port = server.endpoints.oss.split(':')[1];
    const cases = [
      ['open.localhost', '/fox.txt', TEXT],
      [`open.localhost:${port}`, '/fox.txt', TEXT],
      ['OPEN.img.test', '/fox.txt', TEXT],
      ['img.test', '/open/fox.txt', TEXT],
      ['127.0.0.2', '/fox.txt', TEXT],
      ['open.oss-cn-hangzhou.aliyuncs.com', '/fox.txt', TEXT],
      ['other.example.com', '/open/fox.txt', TEXT],
      ['a.open.img.test', '/fox.txt', null],
    ];
    for (const [host, path, text] of cases) {
      const answer = await askRaw(server.endpoints.oss, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      if (text) assert.ok(answer.startsWith('HTTP/1.1 200 ') && answer.endsWith(text), `${host} ${answer}`);
      else assert.match(answer, /^HTTP\/1\.1 4/);
    }
    const lookup = (host, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));
    const agent = new http.Agent({ lookup });
    for (const authorizationV4 of [false, true]) {
      const domain = w.client({ endpoint: `http://img.test:${port}`, sldEnable: false, agent, authorizationV4 });
      assert.equal((await domain.get('Grüße/日本語 🎉.txt')).content.toString(), files['Grüße/日本語 🎉.txt']);
    }
  });

  it('what is no object is said clearly', async () => {
    const open = w.base() + '/open/';
    const send = (target) => askRaw(server.endpoints.oss, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const raw = [
      ['/open/%00', '400', 'InvalidObjectName'],
      ['/open/a%00b', '400', 'InvalidObjectName'],
      ['/open/%ff', '400', 'InvalidObjectName'],
      ['/open/%zz', '400', 'InvalidObjectName'],
      ['/open/%', '400', 'InvalidObjectName'],
      ['/open/..', '404', 'NoSuchKey'],
      ['/open/../photos/fox.txt', '404', 'NoSuchKey'],
      ['/open/..%2fphotos%2ffox.txt', '404', 'NoSuchKey'],
      ['/open/%2e%2e/photos/fox.txt', '404', 'NoSuchKey'],
      ['/open//fox.txt', '404', 'NoSuchKey'],
      ['/open/./fox.txt', '404', 'NoSuchKey'],
      ['/open/fox.txt/', '404', 'NoSuchKey'],
      ['/open/fox.txt/x', '404', 'NoSuchKey'],
      [`/open/${'k'.repeat(4097)}`, '400', 'InvalidObjectName'],
      [`/open/${'k'.repeat(4000)}`, '404', 'NoSuchKey'],
      ['/', '501', 'NotImplemented'],
      ['/open', '501', 'NotImplemented'],
      ['/open/', '501', 'NotImplemented'],
      ['/Bad_Bucket/x', '400', 'InvalidBucketName'],
      ['/op%00en/fox.txt', '400', 'InvalidObjectName'],
      ['/open/fox.txt?acl', '501', 'NotImplemented'],
      ['/open/fox.txt?x-oss-process=a&x-oss-process=b', '400', 'InvalidArgument'],
      ['/open/fox.txt?a=%00', '400', 'InvalidArgument'],
      ['/open/fox.txt?Signature=x', '400', 'InvalidArgument'],
      ['/open/fox.txt?OSSAccessKeyId=x&Expires=soon&Signature=x', '403', 'AccessDenied'],
    ];
    for (const [target, status, code] of raw) {
      const answer = await send(target);
      assert.ok(answer.startsWith(`HTTP/1.1 ${status} `) && answer.includes(`<Code>${code}</Code>`), `${target.slice(0, 80)}: ${answer.slice(0, 700)}`);
    }
    for (const method of ['PUT', 'DELETE', 'PATCH']) assertRefused(await ask(`${open}fox.txt`, { method, body: method === 'DELETE' ? undefined : 'x'.repeat(200000) }), 501, 'NotImplemented');
    assertRefused(await ask(`${open}fox.txt`, { method: 'PROPFIND' }), 405, 'MethodNotAllowed');
    assertRefused(await ask(`${open}fox.txt`, { method: 'POST', body: 'x'.repeat(70000) }), 400, 'EntityTooLarge');
    assert.match(await askRaw(server.endpoints.oss, 'GET /open/fox.txt HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n'), /application\/xml[^]*<Error>/);
    assert.match(await askRaw(server.endpoints.oss, `GET /open/fox.txt HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100000)}\r\n\r\n`), /x-oss-request-id[^]*<Error>/);
    assert.equal((await ask(`${open}fox.txt`)).text, TEXT);
  });

  it('the asynchronous form, and a save without a place, are refused', async () => {
    const client = w.client();
    const post = (subres, content) =>
      client.request({ ...client._objectRequestParams('POST', 'a.jpg', { subres }), content, successStatuses: [200] });
    await assert.rejects(post('x-oss-async-process', 'x-oss-async-process=video/convert'), { code: 'NotImplemented', status: 501 });
    await assert.rejects(post('x-oss-process', 'x-oss-process=image/resize,w_10'), { code: 'MissingArgument' });
    await assert.rejects(post('x-oss-process', 'nothing'), { code: 'MissingArgument' });
    const none = await client.processObjectSave('none.jpg', 'b.jpg', 'image/resize,w_10'); // which tells the status alone
    assert.match(`${none.status} ${none.res.data}`, /^404 [^]*NoSuchKey/);
    const params = client._objectRequestParams('POST', 'a.jpg', { subres: 'x-oss-process', headers: { 'Content-MD5': crypto.createHash('md5').update('another').digest('base64') } });
    await assert.rejects(client.request({ ...params, content: 'x-oss-process=image/info', successStatuses: [200] }), { code: 'InvalidDigest' });
  });

  it('a bucket that is detached is refused from then on, cached or not', async () => {
    const open = world(server, 'open');
    const rendition = `${open.url('a.jpg')}?x-oss-process=image/resize,w_88`;
    for (let i = 0; i < 3; i++) {
      assert.equal((await ask(rendition)).status, 200);
      await server.call('DetachOSSBucket', { OSSBucket: 'open' });
      for (const url of [rendition, open.url('fox.txt'), open.url('a.jpg')]) {
        const answer = await ask(url);
        assertRefused(answer, 403, 'AccessDenied');
        assert.match(answer.message, /not attached to a project/);
      }
      await attach(server, 'open');
    }
    let isOver = false;
    const seen = new Set();
    const readers = Array.from({ length: 4 }, async () => {
      while (!isOver) seen.add((await ask(rendition)).status);
    });
    for (let i = 0; i < 10; i++) {
      await server.call('DetachOSSBucket', { OSSBucket: 'open' });
      const answers = await Promise.all(Array.from({ length: 4 }, () => ask(rendition)));
      assert.deepEqual(answers.map((a) => a.status), [403, 403, 403, 403]);
      await attach(server, 'open');
    }
    isOver = true;
    await Promise.all(readers);
    assert.deepEqual([...seen].filter((s) => s !== 200 && s !== 403), []);
  });

  it('an object that is replaced has another ETag, and an unreadable one says nothing of the folder', async () => {
    const open = world(server, 'open');
    const before = await ask(open.url('fox.txt'));
    fs.writeFileSync(path.join(server.store, 'open', 'fox.txt'), TEXT + TEXT);
    const after = await ask(open.url('fox.txt'), { headers: { 'if-none-match': before.headers.get('etag') } });
    assert.equal(`${after.status} ${after.text}`, `200 ${TEXT}${TEXT}`);
    fs.symlinkSync('/etc/passwd', path.join(server.store, 'open', 'link.txt'));
    const link = await ask(open.url('link.txt'));
    assertRefused(link, 404, 'NoSuchKey');
    assert.ok(!link.text.includes(server.root));
  });
});

describe('the OSS endpoint, with rates', () => {
  const RATE = 5;
  const server = useServer({ flags: { 'public-buckets': 'open', 'user-requests-per-second': RATE } });
  const open = world(server, 'open');
  before(async () => {
    server.bucket('open', { 'fox.txt': TEXT });
    await server.call('CreateProject', { ProjectName: 'p' });
    await attach(server, 'open');
  });

  it('an address that does not sign has that of a user', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(open.url('fox.txt'))));
    const refused = answers.filter((a) => a.status !== 200);
    assert.ok(answers.length - refused.length >= 2 * RATE && refused.length > 0, `${refused.length} refused`);
    for (const r of refused) {
      assertRefused(r, 503, 'SlowDown');
      assert.ok(Number(r.headers.get('retry-after')) >= 1);
    }
    assert.equal((await open.client().get('fox.txt')).content.toString(), TEXT, 'who signs is somebody else');
    await until('who waits is served again', async () => (await ask(open.url('fox.txt'))).status === 200);
  });
});

describe('the OSS endpoint, of a remote store', () => {
  const server = new Server({ flags: { 'public-buckets': 'far' }, env: { BINDERY_STORE_ACCESS_KEY_ID: SMALL_KEY.id, BINDERY_STORE_ACCESS_KEY_SECRET: SMALL_KEY.secret } });
  const store = new SmallStore(path.join(server.root, 'small'));
  const far = world(server, 'far');
  const big = crypto.randomBytes(9500123);
  before(async () => {
    await store.start();
    await store.s3.bucket('far', [['small.txt', TEXT], ['a.jpg', await picture()], ['big.bin', big]]);
    server.flags.store = store.endpoint;
    await server.start();
    await server.call('CreateProject', { ProjectName: 'p' });
    await attach(server, 'far');
  });
  after(async () => {
    await server.remove();
    await store.stop();
  });

  it('sends objects whole and in parts', async () => {
    assert.equal((await ask(far.url('small.txt'))).text, TEXT);
    assert.equal((await ask(far.url('small.txt'), { method: 'HEAD' })).headers.get('content-length'), String(TEXT.length));
    const whole = await ask(far.url('big.bin'));
    assert.ok(whole.status === 200 && whole.body.equals(big), server.log.slice(-1000));
    for (const [from, to] of [[0, 9], [1048575, 1048576], [1048576, 5000000], [3000000, 4500000], [9500000, 9600000]]) {
      const part = await ask(far.url('big.bin'), { headers: { range: `bytes=${from}-${to}` } });
      assert.ok(part.status === 206 && part.body.equals(big.subarray(from, to + 1)), `${from}-${to}: ${part.status} ${part.body.length}`);
    }
    assertRefused(await ask(far.url('none.txt')), 404, 'NoSuchKey');
    const small = await ask(`${far.url('a.jpg')}?x-oss-process=image/resize,w_60`);
    assert.deepEqual((({ width, height }) => [width, height])(await sharp(small.body).metadata()), [60, 40]);
  });

  it('lives on when clients leave in the middle, and ends while one does not read', async () => {
    const [host, port] = server.endpoints.oss.split(':');
    const begin = () =>
      new Promise((resolve, reject) => {
        const socket = net.connect(port, host, () => socket.write('GET /far/big.bin HTTP/1.1\r\nHost: x\r\n\r\n'));
        socket.on('error', reject);
        socket.once('data', () => resolve(socket.pause()));
      });
    for (let i = 0; i < 10; i++) (await begin()).destroy();
    assert.ok((await ask(far.url('big.bin'))).body.equals(big));
    const sleeper = await begin();
    sleeper.removeAllListeners('error');
    sleeper.on('error', () => {});
    const { code, signal } = await server.stop();
    sleeper.destroy();
    assert.deepEqual([code, signal], [0, null], server.log.slice(-1000));
  });
});

// x-oss-process: named styles, and what is refused how.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, it } = require('node:test');

const { useServer } = require('./harness');
const samples = require('./samples');

const sample = (name) => fs.readFileSync(path.join(__dirname, '../samples', name));
const base64url = (text) => Buffer.from(text).toString('base64url');

/** The size of a PNG, as its header says. */
const sizeOf = (png) => {
  assert.equal(png.subarray(1, 4).toString('latin1'), 'PNG');
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
};

/** An XML error as an object. */
const errorOf = (xml) =>
  Object.fromEntries([...xml.matchAll(/<(Code|Message|RequestId|HostId|EC)>([^<]*)</g)].map((m) => [m[1], m[2].replace(/&apos;/g, "'")]));

/** Serves `files` as the bucket photos, which anybody may read. */
function useBucket(files) {
  const server = useServer({ extra: ['--public-buckets', 'photos'] });
  before(async () => {
    server.bucket('photos', files);
    await server.call('CreateProject', { ProjectName: 'demo' });
    await server.call('AttachOSSBucket', { ProjectName: 'demo', OSSBucket: 'photos' });
  });
  const get = async (key, text) => {
    const answer = await fetch(`http://${server.endpoints.oss}/photos/${key}?x-oss-process=${encodeURIComponent(text)}`);
    const body = Buffer.from(await answer.arrayBuffer());
    const type = answer.headers.get('content-type');
    return { status: answer.status, type, body, error: type === 'application/xml' ? errorOf(body.toString()) : null };
  };
  const made = async (key, text) => {
    const answer = await get(key, text);
    assert.equal(answer.status, 200, `${key} ${text}: ${answer.body}`);
    return answer;
  };
  const refused = async (key, text, status, code, ec, message) => {
    const answer = await get(key, text);
    const what = `${key} ${text}: ${answer.status} ${answer.error ? answer.body : answer.type}`;
    assert.equal(answer.status, status, what);
    assert.equal(answer.error.Code, code, what);
    assert.equal(answer.error.EC, ec || undefined, what);
    if (message) assert.match(answer.error.Message, message, what);
    assert.match(answer.error.RequestId, /^[0-9A-F]{24}$/);
  };
  return { server, get, made, refused };
}

describe('styles', () => {
  const server = useServer();
  const small = { OSSBucket: 'photos', StyleName: 'small', Content: 'image/resize,w_200/format,webp' };

  it('are put, changed, listed and deleted', async () => {
    const { Style: made } = await server.admin('PutStyle', small);
    assert.equal(made.StyleName, 'small');
    assert.equal(made.Content, small.Content);
    const { Style: changed } = await server.admin('PutStyle', { ...small, Content: 'image/info' });
    assert.equal(changed.CreateTime, made.CreateTime);
    await server.admin('PutStyle', { ...small, StyleName: 'A.b_c-9' });
    await server.admin('PutStyle', { ...small, OSSBucket: 'other' });
    assert.equal((await server.admin('GetStyle', { OSSBucket: 'photos', StyleName: 'small' })).Style.Content, 'image/info');
    assert.equal((await server.admin('GetStyle', { OSSBucket: 'other', StyleName: 'small' })).Style.Content, small.Content);

    const names = [];
    for (let NextToken = ''; NextToken !== undefined; ) {
      const page = await server.admin('ListStyles', { OSSBucket: 'photos', MaxResults: 1, NextToken });
      names.push(...page.Styles.map((style) => style.StyleName));
      NextToken = page.NextToken || undefined;
    }
    assert.deepEqual(names, ['A.b_c-9', 'small']);
    await server.admin('DeleteStyle', { OSSBucket: 'photos', StyleName: 'A.b_c-9' });
    await assert.rejects(server.admin('DeleteStyle', { OSSBucket: 'photos', StyleName: 'A.b_c-9' }), { code: 'NoSuchStyle' });
    await assert.rejects(server.admin('GetStyle', { OSSBucket: 'photos', StyleName: 'Small' }), { code: 'NoSuchStyle' });
    assert.deepEqual((await server.admin('ListStyles', { OSSBucket: 'nothing' })).Styles, []);
  });

  it('are checked when they are put', async () => {
    for (const Content of ['', 'resize,w_1', 'image/resize,w_0', 'style/small', 'video/convert', 'image/info|sys/saveas,o_YQ', 'x'.repeat(8193)])
      await assert.rejects(server.admin('PutStyle', { ...small, Content }), { code: /^(Invalid|Missing)Content$/ }, Content.slice(0, 40));
    for (const StyleName of ['', 'a/b', 'a b', 'ü', 'x'.repeat(64)])
      await assert.rejects(server.admin('PutStyle', { ...small, StyleName }), { code: /^(Invalid|Missing)StyleName$/ }, StyleName);
    await assert.rejects(server.admin('PutStyle', { ...small, OSSBucket: 'No' }), { code: 'InvalidOSSBucket' });
  });

  it('are at most 50 of a bucket, and outlive the server', async () => {
    for (let i = 0; i < 50; i++)
      await server.admin('PutStyle', { OSSBucket: 'full', StyleName: `style${i}`, Content: `image/resize,w_${i + 1}` });
    await assert.rejects(server.admin('PutStyle', { ...small, OSSBucket: 'full' }), { code: 'LimitExceededError' });
    await server.admin('PutStyle', { OSSBucket: 'full', StyleName: 'style7', Content: 'image/info' });
    await server.stop();
    await server.start();
    assert.equal((await server.admin('ListStyles', { OSSBucket: 'full', MaxResults: 100 })).Styles.length, 50);
    assert.equal((await server.admin('GetStyle', { OSSBucket: 'full', StyleName: 'style7' })).Style.Content, 'image/info');
  });

  it('are kept through the command line', async () => {
    const run = (...args) => server.cli(['style', ...args], { env: { BINDERY_DATA: server.data } });
    const put = await run('put', 'shop', 'thumb', 'image/resize,w_99');
    assert.equal(put.code, 0, put.err);
    assert.equal((await run('get', 'shop', 'thumb')).out, 'image/resize,w_99\n');
    assert.match((await run('list', 'shop')).out, /^STYLE .*CONTENT\nthumb .* image\/resize,w_99\n$/);
    assert.deepEqual(JSON.parse((await run('list', 'shop', '--json')).out).map((style) => style.StyleName), ['thumb']);
    assert.equal((await run('delete', 'shop', 'thumb')).code, 0);
    const gone = await run('get', 'shop', 'thumb');
    assert.equal(gone.code, 1);
    assert.match(gone.err, /NoSuchStyle/);
    assert.match((await run('put', 'shop', 'bad', 'image/slim,1')).err, /InvalidContent.*slim/s);
  });
});

describe('processing', () => {
  const files = {
    'wide.jpg': samples.jpeg(400, 300),
    'small.png': samples.png(200, 100),
    'long.png': samples.png(4097, 8),
    'logo.png': samples.png(20, 10),
    'camera.jpg': sample('camera.jpg'),
    'plain.txt': 'no picture',
    'empty.jpg': '',
    'cut.jpg': samples.jpeg(400, 300).subarray(0, 60),
    'sides.png': samples.png(30001, 1),
    'pixels.png': samples.png(20000, 20000).subarray(0, 4096),
    'broken.webp': Buffer.concat([Buffer.from('RIFF'), Buffer.from([40, 0, 0, 0]), Buffer.from('WEBPVP8 '), Buffer.alloc(32, 7)]),
    'noisy.jpg': Buffer.concat([samples.jpeg(400, 300).subarray(0, -200), Buffer.from([0xff, 0xd9])]),
  };
  const { server, get, made, refused } = useBucket(files);

  it('makes the sizes of the documentation', async () => {
    for (const [key, text, width, height] of [
      ['small.png', 'resize,w_150,h_80', 150, 75],
      ['small.png', 'resize,w_150,h_80,m_mfit', 160, 80],
      ['small.png', 'resize,w_150,h_80,m_fill', 150, 80],
      ['small.png', 'resize,w_150,h_80,m_pad,color_FF0000', 150, 80],
      ['small.png', 'resize,w_150,h_80,m_fixed', 150, 80],
      ['wide.jpg', 'resize,h_100,m_lfit', 133, 100],
      ['wide.jpg', 'resize,l_200', 200, 150],
      ['wide.jpg', 'resize,p_50', 200, 150],
      ['wide.jpg', 'resize,w_500', 400, 300],
      ['wide.jpg', 'resize,w_500,limit_0', 500, 375],
      ['wide.jpg', 'crop,x_100,y_50', 300, 250],
      ['wide.jpg', 'crop,w_100,h_100,x_350', 50, 100],
      ['wide.jpg', 'indexcrop,x_100,i_0', 100, 300],
      ['wide.jpg', 'indexcrop,x_100,i_9', 400, 300],
      ['wide.jpg', 'circle,r_100', 201, 201],
      ['wide.jpg', 'rotate,90', 300, 400],
      ['camera.jpg', 'resize,w_200', 200, 134],
      ['camera.jpg', 'auto-orient,1/resize,w_200', 200, 300],
      ['wide.jpg', 'resize,p_40,format,webp,format,webp', 160, 120],
    ])
      assert.deepEqual(sizeOf((await made(key, `image/${text}/format,png`)).body), [width, height], text);
  });

  it('answers what it is asked for', async () => {
    const { type, body } = await made('wide.jpg', 'image/info');
    assert.match(type, /^application\/json/);
    const info = JSON.parse(body);
    assert.equal(info.ImageWidth.value, '400');
    assert.equal(info.FileSize.value, String(files['wide.jpg'].length));
    assert.match(JSON.parse((await made('wide.jpg', 'image/average-hue')).body).RGB, /^0x[0-9a-f]{6}$/i);
    for (const [format, content] of Object.entries({ jpg: 'jpeg', png: 'png', webp: 'webp', tiff: 'tiff', bmp: 'bmp' }))
      assert.equal((await made('wide.jpg', `image/format,${format}`)).type, `image/${content}`);
    assert.equal((await made('wide.jpg', 'image/format,gif')).type, 'image/jpeg', 'only GIFs become GIFs');
  });

  it('refuses what is documented to be wrong', async () => {
    const bad = (text, number, message, code = 'InvalidArgument') =>
      refused('wide.jpg', text, 400, code, number ? `0040-00000${number}` : undefined, message);
    await bad('image/', 212);
    await bad('image/slim,1', 213, /slim/);
    await bad('image/rotate,90,200,300', 203);
    await bad('image/resize,w_0', 312, /^The value: 0 of parameter: w is invalid\.$/);
    await bad('image/resize,h_16385', 313, /^The value: 16385 of parameter: h is invalid\.$/);
    await bad('image/resize,w_abc', 312, /^The value: abc of parameter: w is invalid\.reason:Value must be digit$/);
    await bad('image/resize,w_100,m_abc', 311);
    await bad('image/resize,l_0', 314);
    await bad('image/resize,p_0', 317);
    await bad('image/resize,w_1,limit_3', 316);
    await bad('image/resize', 322, null, 'MissingArgument');
    await bad('image/crop,w_-1', 225);
    await bad('image/crop,h_abc', 226);
    await bad('image/indexcrop,x_0,i_0', 230);
    await bad('image/circle,r_5000', 233);
    await bad('image/rounded-corners,r_abc', 237);
    await bad('image/rotate,400', 217);
    await bad('image/rotate', 216, null, 'MissingArgument');
    await bad('image/auto-orient,10', 215);
    await bad('image/blur,r_200,s_25', 241);
    await bad('image/blur,r_3,s_200', 242);
    await bad('image/bright,200', 246);
    await bad('image/sharpen,10', 280);
    await bad('image/interlace,2', 282);
    await bad('image/quality,Q_200', 308);
    await bad('image/quality,q_200', 309);
    await bad('image/format,dng', 206);
    await bad('image/watermark', 278, null, 'MissingArgument');
    await bad('image/watermark,text_notbase64', 257, /^Input is not base64 decoding\.$/, 'BadRequest');
    await bad('image/watermark,image_notbase64', 265, /^Input is not base64 decoding\.$/, 'BadRequest');
    await bad('image/watermark,text_SGk,size_2000', 256);
    await bad(`image/watermark,text_${base64url('x'.repeat(65))}`, null, /^font content is too large/, 'WatermarkError');
    await bad(`image/watermark,image_${base64url('logo.png?x-oss-process=image/watermark,text_SGk')}`, 373);
    await bad('image/crop,x_400', null, /^Advance cut's position is out of image\.$/, 'BadRequest');
    await bad('image/resize,w_5000,h_5000,m_fixed,limit_0', '007', null, 'ImageTooLarge');
    await bad('foo/bar', null);
  });

  it('refuses sources that are too large, damaged, none, or not there', async () => {
    await refused('long.png', 'image/rotate,90', 400, 'ImageTooLarge', '0040-00000006', /maximum allowable rotation range/);
    await refused('sides.png', 'image/resize,w_9', 400, 'ImageTooLarge', '0040-00000009');
    await refused('pixels.png', 'image/resize,w_9', 400, 'ImageTooLarge', '0040-00000012');
    await refused('plain.txt', 'image/resize,w_9', 400, 'BadRequest', '0040-00000005', /^This image format is not supported\.$/);
    await refused('plain.txt', 'image/info', 400, 'BadRequest', '0040-00000005', /^This image format is not supported\.$/);
    for (const key of ['empty.jpg', 'cut.jpg']) {
      const answer = await get(key, 'image/resize,w_9');
      assert.equal(answer.status, 400, key);
      assert.equal(answer.error.Code, 'BadRequest', key);
    }
    await refused('missing.jpg', 'image/resize,w_9', 404, 'NoSuchKey', undefined);
    assert.equal((await get('wide.jpg', `image/watermark,image_${base64url('missing.png')}`)).status >> 8, 1, 'some 4xx');
    await made('wide.jpg', 'image/resize,w_9');
  });

  it('says nothing of the object before', async () => {
    for (let i = 0; i < 4; i++) await made('noisy.jpg', `image/resize,w_${i + 1}`);
    for (let i = 0; i < 4; i++) {
      const { error } = await get('broken.webp', `image/resize,w_${i + 1}`);
      assert.equal(error.Code, 'BadRequest');
      assert.doesNotMatch(error.Message, /jpeg/i);
    }
  });

  it('knows what it cannot do', async () => {
    for (const text of ['video/convert,f_mp4', 'doc/convert,target_png', 'image/blindwatermark,content_SGk', 'image/crop,w_9,g_face'])
      assert.equal((await get('wide.jpg', text)).error.Code, 'NotImplemented', text);
  });

  it('refuses texts that were made to hurt', async () => {
    for (const text of [
      `image/${'resize,w_9/'.repeat(6000)}resize,w_9`,
      `image${'/rotate,1'.repeat(33)}`,
      `image/resize${',w_9'.repeat(33)}`,
      `image${`/watermark,image_${base64url('logo.png')}`.repeat(4)}`,
      `image${'/watermark,text_SGk'.repeat(9)}`,
      'image/resize,w_9\0',
      `image/watermark,image_${base64url('../../../etc/passwd\0')}`,
      '|sys/saveas,o_YQ',
      'image/resize,w_99999999999999999999999999',
    ]) {
      const answer = await get('wide.jpg', text);
      assert.ok(answer.status >= 400 && answer.status < 500, `${text.slice(0, 60)}: ${answer.status}`);
    }
    await made('wide.jpg', 'image/resize,w_9');
  });

  it('takes styles by name, as they are now', async () => {
    const style = (Content) => server.admin('PutStyle', { OSSBucket: 'photos', StyleName: 'thumb', Content });
    await refused('wide.jpg', 'style/thumb', 404, 'NoSuchStyle', undefined);
    await style('image/resize,w_40/format,png');
    assert.deepEqual(sizeOf((await made('wide.jpg', 'style/thumb')).body), [40, 30]);
    await style('image/resize,w_80/format,png');
    assert.deepEqual(sizeOf((await made('wide.jpg', 'style/thumb')).body), [80, 60]);
    await server.admin('DeleteStyle', { OSSBucket: 'photos', StyleName: 'thumb' });
    await refused('wide.jpg', 'style/thumb', 404, 'NoSuchStyle', undefined);
    for (const text of ['style/', 'style/Thumb', 'style/../thumb', 'style/thumb/resize,w_1'])
      assert.equal((await get('wide.jpg', text)).error.Code, 'NoSuchStyle', text);
  });
});

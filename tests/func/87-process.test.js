// x-oss-process: named styles, and what is refused how.
'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { useServer } = require('./harness');

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

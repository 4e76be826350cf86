// Attachments of buckets to projects.
'use strict';

const assert = require('node:assert');
const { describe, it, before } = require('node:test');

const { useServer, ACCOUNT } = require('./harness');

describe('attachments', () => {
  const server = useServer();
  before(async () => {
    for (const b of ['examplebucket', 'other-bucket', 'att-b', 'att-a', 'att-10', 'att-9']) server.bucket(b);
    for (const ProjectName of ['immtest', 'second']) await server.call('CreateProject', { ProjectName });
  });

  for (const name of ['v3', 'v1']) {
    it(`${name}: attaches with the documentation's sample, finds, lists and detaches`, async () => {
      const client = server.clients[name];
      const answer = await server.call(
        'AttachOSSBucket',
        { ProjectName: 'immtest', OSSBucket: 'examplebucket', Description: 'test-attachment' },
        client,
      );
      assert.deepEqual(Object.keys(answer), ['RequestId']);
      const got = await server.call('GetOSSBucketAttachment', { OSSBucket: 'examplebucket' }, client);
      assert.deepEqual([got.ProjectName, got.Description], ['immtest', 'test-attachment']);
      assert.equal(got.CreateTime, got.UpdateTime);
      const list = await server.call('ListAttachedOSSBuckets', { ProjectName: 'immtest' }, client);
      assert.equal(list.NextToken, '');
      assert.deepEqual(
        list.AttachedOSSBuckets.map((a) => [a.OwnerId, a.ProjectName, a.OSSBucket, a.Description]),
        [[ACCOUNT, 'immtest', 'examplebucket', 'test-attachment']],
      );
      for (const ProjectName of ['immtest', 'second']) {
        await server.refused('AttachOSSBucket', { ProjectName, OSSBucket: 'examplebucket' }, 'ResourceAlreadyExists', 400, client);
      }
      assert.deepEqual(Object.keys(await server.call('DetachOSSBucket', { OSSBucket: 'examplebucket' }, client)), ['RequestId']);
      for (const action of ['GetOSSBucketAttachment', 'DetachOSSBucket'])
        await server.refused(action, { OSSBucket: 'examplebucket' }, 'ResourceNotFound', 404, client);
    });

    it(`${name}: refuses buckets that are none, projects that are none, and descriptions over 128 characters`, async () => {
      const client = server.clients[name];
      for (const OSSBucket of ['oss://examplebucket', 'no-such-bucket', 'A', 'a_b', '../x', 'examplebucket/', '']) {
        await server.refused(
          'AttachOSSBucket',
          { ProjectName: 'immtest', OSSBucket },
          OSSBucket ? 'InvalidOSSBucket' : 'MissingOSSBucket',
          400,
          client,
        );
      }
      await server.refused('AttachOSSBucket', { ProjectName: 'nowhere', OSSBucket: 'examplebucket' }, 'ResourceNotFound', 404, client);
      await server.refused(
        'AttachOSSBucket',
        { ProjectName: 'immtest', OSSBucket: 'examplebucket', Description: '漢'.repeat(129) },
        'InvalidDescription',
        400,
        client,
      );
      await server.call('AttachOSSBucket', { ProjectName: 'immtest', OSSBucket: 'examplebucket', Description: '漢'.repeat(128) }, client);
      assert.equal((await server.call('GetOSSBucketAttachment', { OSSBucket: 'examplebucket' }, client)).Description, '漢'.repeat(128));
      await server.call('DetachOSSBucket', { OSSBucket: 'examplebucket' }, client);
    });
  }

  it('attaches without a description', async () => {
    await server.call('AttachOSSBucket', { ProjectName: 'immtest', OSSBucket: 'other-bucket' });
    assert.equal((await server.call('GetOSSBucketAttachment', { OSSBucket: 'other-bucket' })).Description, '');
  });

  it('does not delete a project that has one', async () => {
    await server.refused('DeleteProject', { ProjectName: 'immtest' }, 'StatusConflict');
  });

  it('lists in byte order, page by page, also over a restart', async () => {
    const names = ['att-b', 'att-a', 'att-10', 'att-9'];
    for (const OSSBucket of names) await server.call('AttachOSSBucket', { ProjectName: 'second', OSSBucket });
    await server.restart();
    for (const MaxResults of [1, 2, 3, 4, 200]) {
      const got = [];
      for (let NextToken = ''; ;) {
        const page = await server.call('ListAttachedOSSBuckets', { ProjectName: 'second', MaxResults, NextToken }, server.v1);
        got.push(...page.AttachedOSSBuckets.map((a) => a.OSSBucket));
        NextToken = page.NextToken;
        if (!NextToken) break;
      }
      assert.deepEqual(got, [...names].sort());
    }
    for (const MaxResults of [201, -1])
      await server.refused('ListAttachedOSSBuckets', { ProjectName: 'second', MaxResults }, 'InvalidMaxResults');
    await server.refused('ListAttachedOSSBuckets', { ProjectName: 'second', NextToken: 'no token' }, 'InvalidNextToken');
    await server.refused('ListAttachedOSSBuckets', { ProjectName: 'nowhere' }, 'ResourceNotFound', 404);
  });
});

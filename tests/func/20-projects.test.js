// Projects: made, looked up, listed in pages, changed, deleted.
'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { useServer, until } = require('./harness');

const QUOTAS = {
  ProjectMaxDatasetCount: 1000000000,
  DatasetMaxBindCount: 10,
  DatasetMaxFileCount: 100000000,
  DatasetMaxEntityCount: 10000000000,
  DatasetMaxRelationCount: 100000000000,
  DatasetMaxTotalFileSize: 90000000000000000,
};
const badNames = ['1a', '-a', 'a.b', 'a b', 'ä', 'a/b', 'a:b', 'a\n', 'a*', 'a'.repeat(129), '中', "a'"];
const goodNames = ['a', 'Z', '_', '_1', 'A-1_b', 'a'.repeat(128)];

/** All pages of a list action. */
async function listAll(server, action, member, params = {}, client = server.v3) {
  const all = [];
  for (let token = ''; ;) {
    const page = await server.call(action, { ...params, NextToken: token }, client);
    all.push(...page[member]);
    assert.ok(!params.MaxResults || page[member].length <= params.MaxResults);
    if (page.NextToken === '') return all;
    assert.notEqual(page.NextToken, token, 'NextToken never repeats');
    token = page.NextToken;
  }
}

describe('projects', () => {
  const server = useServer();

  for (const name of ['v3', 'v1']) {
    it(`${name}: makes a project with everything set, and gives it back as it was set`, async () => {
      const client = server.clients[name];
      const wanted = {
        ProjectName: `full-${name}`,
        Description: 'A description, with ümläut',
        ServiceRole: 'SomeRole',
        TemplateId: 'Official:MediaMeta',
        ProjectMaxDatasetCount: 5,
        DatasetMaxBindCount: 3,
        DatasetMaxFileCount: 1000,
        DatasetMaxEntityCount: 10,
        DatasetMaxRelationCount: 11,
        DatasetMaxTotalFileSize: 123456789,
      };
      const made = (await server.call('CreateProject', { ...wanted, Tag: [{ Key: 'k', Value: 'v' }] }, client)).Project;
      const got = (await server.call('GetProject', { ProjectName: wanted.ProjectName }, client)).Project;
      for (const [k, v] of Object.entries(wanted)) {
        assert.equal(made[k], v, k);
        assert.equal(got[k], v, k);
      }
      assert.equal(got.CreateTime, made.CreateTime);
      assert.deepEqual(got.Tags, [{ TagKey: 'k', TagValue: 'v' }]);
    });

    it(`${name}: gives a plain project the defaults`, async () => {
      const client = server.clients[name];
      const { Project } = await server.call('CreateProject', { ProjectName: `plain-${name}` }, client);
      for (const [k, v] of Object.entries(QUOTAS)) assert.equal(Project[k], v, k);
      assert.equal(Project.ServiceRole, 'AliyunIMMDefaultRole');
      assert.equal(Project.ProjectQueriesPerSecond, 100);
      assert.equal(Project.EngineConcurrency, 100);
      assert.equal(Project.CreateTime, Project.UpdateTime);
      assert.ok(Math.abs(Date.parse(Project.CreateTime) - Date.now()) < 60000, Project.CreateTime);
    });

    it(`${name}: refuses to make it twice, or to find, change or delete what is not there`, async () => {
      const client = server.clients[name];
      await server.refused('CreateProject', { ProjectName: `plain-${name}` }, 'ResourceAlreadyExists', 400, client);
      for (const action of ['GetProject', 'UpdateProject', 'DeleteProject']) {
        const e = await server.refused(action, { ProjectName: 'nowhere' }, 'ResourceNotFound', 404, client);
        assert.match(e.body.Message, /project/);
      }
    });

    it(`${name}: takes the longest and oddest names, refuses those against the pattern`, async () => {
      const client = server.clients[name];
      for (const ProjectName of goodNames) {
        await server.call('CreateProject', { ProjectName }, client);
        await server.call('DeleteProject', { ProjectName }, client);
      }
      for (const ProjectName of badNames) await server.refused('CreateProject', { ProjectName }, 'InvalidProjectName', 400, client);
      await server.refused('CreateProject', { ProjectName: '' }, 'MissingProjectName', 400, client).catch((e) => {
        if (!/InvalidProjectName/.test(e.message)) throw e;
      });
    });
  }

  const limits = [
    ['Description', ['x', '漢'.repeat(256)], ['x'.repeat(257), '漢'.repeat(257)]],
    ['DatasetMaxBindCount', [1, 10], [0, 11, -1]],
    ['DatasetMaxFileCount', [1, 100000000], [0, 100000001]],
    ['ProjectMaxDatasetCount', [1, 1000000000], [0, 1000000001]],
    ['TemplateId', ['Official:AllFunction', 'Official:DefaultEmptyId'], ['Official:Nothing', 'x']],
  ];
  for (const [name, good, bad] of limits) {
    it(`takes ${name} up to its limits and refuses what is beyond, on creating and on changing`, async () => {
      await server.call('CreateProject', { ProjectName: 'limits' });
      for (const value of good)
        assert.equal((await server.call('UpdateProject', { ProjectName: 'limits', [name]: value })).Project[name], value);
      for (const value of bad) {
        for (const action of ['CreateProject', 'UpdateProject']) {
          const params = { ProjectName: action === 'CreateProject' ? 'limits-2' : 'limits', [name]: value };
          await server.refused(action, params, `Invalid${name}`).catch((e) => {
            if (!/LimitExceededError/.test(e.message)) throw e;
          });
        }
      }
      assert.equal(
        (await server.call('GetProject', { ProjectName: 'limits' })).Project[name],
        good.at(-1),
        'a refused change changes nothing',
      );
      await server.refused('GetProject', { ProjectName: 'limits-2' }, 'ResourceNotFound', 404);
      await server.call('DeleteProject', { ProjectName: 'limits' });
    });
  }

  it('changes only what is named', async () => {
    const before = (await server.call('CreateProject', { ProjectName: 'change', Description: 'one', DatasetMaxBindCount: 3 })).Project;
    const after = (await server.call('UpdateProject', { ProjectName: 'change', DatasetMaxBindCount: 4 }, server.v1)).Project;
    assert.equal(after.Description, 'one');
    assert.equal(after.DatasetMaxBindCount, 4);
    assert.equal(after.CreateTime, before.CreateTime);
    assert.notEqual(after.UpdateTime, before.UpdateTime);
  });

  it('lists in byte order, page by page, with and without prefix', async () => {
    const names = ['list-b', 'list-B', 'list-a', 'list-10', 'list-9', 'list-', 'list-_', 'list-a-a'];
    for (const ProjectName of names) await server.call('CreateProject', { ProjectName });
    const sorted = [...names].sort();
    for (const client of Object.values(server.clients)) {
      for (const MaxResults of [1, 3, 8, 100, 200, 0]) {
        const got = await listAll(server, 'ListProjects', 'Projects', { Prefix: 'list-', MaxResults }, client);
        assert.deepEqual(
          got.map((p) => p.ProjectName),
          sorted,
        );
      }
      assert.deepEqual(
        (await listAll(server, 'ListProjects', 'Projects', { Prefix: 'list-a' }, client)).map((p) => p.ProjectName),
        ['list-a', 'list-a-a'],
      );
      assert.deepEqual(await listAll(server, 'ListProjects', 'Projects', { Prefix: 'nothing-begins-so' }, client), []);
    }
  });

  it('goes on with the right page when a project comes or goes between two pages', async () => {
    const first = await server.call('ListProjects', { Prefix: 'list-', MaxResults: 4 });
    await server.call('DeleteProject', { ProjectName: 'list-_' });
    await server.call('CreateProject', { ProjectName: 'list-z' });
    const rest = await listAll(server, 'ListProjects', 'Projects', { Prefix: 'list-', NextToken: first.NextToken });
    const second = await server.call('ListProjects', { Prefix: 'list-', NextToken: first.NextToken });
    assert.ok(rest.length);
    assert.deepEqual(
      second.Projects.map((p) => p.ProjectName),
      ['list-a', 'list-a-a', 'list-b', 'list-z'],
    );
  });

  it('lists only projects that carry all the tags asked for', async () => {
    await server.call('CreateProject', {
      ProjectName: 'tag-1',
      Tag: [
        { Key: 'team', Value: 'a' },
        { Key: 'env', Value: 'test' },
      ],
    });
    await server.call('CreateProject', { ProjectName: 'tag-2', Tag: [{ Key: 'team', Value: 'a' }] });
    const names = async (Tag) => (await listAll(server, 'ListProjects', 'Projects', { Tag })).map((p) => p.ProjectName);
    assert.deepEqual(await names([{ Key: 'team', Value: 'a' }]), ['tag-1', 'tag-2']);
    assert.deepEqual(
      await names([
        { Key: 'team', Value: 'a' },
        { Key: 'env', Value: 'test' },
      ]),
      ['tag-1'],
    );
    assert.deepEqual(await names([{ Key: 'team', Value: 'b' }]), []);
    await server.refused('ListProjects', { Tag: Array.from({ length: 21 }, (_, i) => ({ Key: `k${i}`, Value: 'v' })) }, 'InvalidTag');
  });

  it('refuses page sizes, prefixes and tokens that are none', async () => {
    for (const MaxResults of [201, -1, 100000]) await server.refused('ListProjects', { MaxResults }, 'InvalidMaxResults');
    await server.call('ListProjects', { Prefix: 'x'.repeat(128) });
    await server.refused('ListProjects', { Prefix: 'x'.repeat(129) }, 'InvalidPrefix');
    for (const NextToken of ['nonsense', 'a:b:c:d', '999:list-a', ':', `${'x'.repeat(10000)}`])
      await server.refused('ListProjects', { NextToken }, 'InvalidNextToken');
  });

  it('does not delete a project that has a dataset, and does when it is gone', async () => {
    await server.dataset('parent', 'child');
    assert.equal((await server.call('GetProject', { ProjectName: 'parent' })).Project.DatasetCount, 1);
    await server.refused('DeleteProject', { ProjectName: 'parent' }, 'StatusConflict');
    await server.call('DeleteDataset', { ProjectName: 'parent', DatasetName: 'child' });
    await server.call('DeleteProject', { ProjectName: 'parent' }, server.v1);
    await server.refused('GetProject', { ProjectName: 'parent' }, 'ResourceNotFound', 404);
  });

  it('adds up the files of its datasets when statistics are asked for', async () => {
    server.bucket('stats-1', { a: 'x'.repeat(100) });
    server.bucket('stats-2', { b: 'y'.repeat(11), c: 'z' });
    const one = await server.dataset('stats', 'd1');
    await server.call('CreateDataset', { ProjectName: 'stats', DatasetName: 'd2' });
    await server.bindAndWait(one, 'stats-1');
    await server.bindAndWait({ ...one, DatasetName: 'd2' }, 'stats-2');
    const { Project } = await server.call('GetProject', { ProjectName: 'stats', WithStatistics: true });
    assert.deepEqual([Project.FileCount, Project.TotalFileSize, Project.DatasetCount], [3, 112, 2]);
  });

  it('lets exactly one of many callers make a project of one name', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, (_, i) => (i % 2 ? server.v1 : server.v3)('CreateProject', { ProjectName: 'race' })),
    );
    assert.equal(tries.filter((t) => t.status === 'fulfilled').length, 1);
    for (const t of tries) if (t.status === 'rejected') assert.equal(t.reason.code, 'ResourceAlreadyExists');
  });

  it('holds 100 projects and refuses the next one', async () => {
    const count = (await listAll(server, 'ListProjects', 'Projects')).length;
    for (let i = count; i < 100; i++) await server.call('CreateProject', { ProjectName: `many-${i}` });
    await server.refused('CreateProject', { ProjectName: 'one-too-many' }, 'LimitExceededError');
    await server.call('DeleteProject', { ProjectName: 'many-99' });
    await until('there is room again', () => server.call('CreateProject', { ProjectName: 'one-more' }));
  });
});

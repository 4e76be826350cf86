// Datasets: made, looked up, listed in pages, changed, deleted.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');

const { useServer } = require('./harness');

describe('datasets', () => {
  const server = useServer();
  const project = { ProjectName: 'p' };
  before(() => server.call('CreateProject', { ...project, DatasetMaxBindCount: 7, TemplateId: 'Official:MediaMeta' }));

  for (const name of ['v3', 'v1']) {
    it(`${name}: makes a dataset with everything set, and gives it back as it was set`, async () => {
      const client = server.clients[name];
      const wanted = {
        ...project,
        DatasetName: `full-${name}`,
        Description: 'Photos and films',
        TemplateId: 'Official:ImageManagement',
        DatasetMaxBindCount: 2,
        DatasetMaxFileCount: 5,
        DatasetMaxEntityCount: 6,
        DatasetMaxRelationCount: 7,
        DatasetMaxTotalFileSize: 8,
      };
      const made = (await server.call('CreateDataset', wanted, client)).Dataset;
      const got = (await server.call('GetDataset', { ...project, DatasetName: wanted.DatasetName }, client)).Dataset;
      for (const [k, v] of Object.entries(wanted)) {
        assert.equal(made[k], v, k);
        assert.equal(got[k], v, k);
      }
    });

    it(`${name}: gives a plain dataset the quotas of its project`, async () => {
      const client = server.clients[name];
      const { Dataset } = await server.call('CreateDataset', { ...project, DatasetName: `plain-${name}` }, client);
      assert.equal(Dataset.DatasetMaxBindCount, 7);
      assert.equal(Dataset.DatasetMaxFileCount, 100000000);
      assert.equal(Dataset.BindCount, 0);
      assert.equal(Dataset.CreateTime, Dataset.UpdateTime);
    });

    it(`${name}: refuses duplicates, missing parents and missing datasets`, async () => {
      const client = server.clients[name];
      await server.refused('CreateDataset', { ...project, DatasetName: `plain-${name}` }, 'ResourceAlreadyExists', 400, client);
      const e = await server.refused('CreateDataset', { ProjectName: 'nowhere', DatasetName: 'd' }, 'ResourceNotFound', 404, client);
      assert.match(e.body.Message, /project/);
      for (const action of ['GetDataset', 'UpdateDataset', 'DeleteDataset']) {
        const missing = await server.refused(action, { ...project, DatasetName: 'nowhere' }, 'ResourceNotFound', 404, client);
        assert.match(missing.body.Message, /dataset/);
      }
      await server.refused('ListDatasets', { ProjectName: 'nowhere' }, 'ResourceNotFound', 404, client);
    });

    it(`${name}: takes the oddest names, refuses those against the pattern`, async () => {
      const client = server.clients[name];
      for (const DatasetName of ['a', '_', 'A-1_b', 'a'.repeat(128)]) {
        await server.call('CreateDataset', { ...project, DatasetName }, client);
        await server.call('DeleteDataset', { ...project, DatasetName }, client);
      }
      for (const DatasetName of ['1a', '-a', 'a.b', 'a b', 'ä', 'a/b', 'a'.repeat(129)]) {
        await server.refused('CreateDataset', { ...project, DatasetName }, 'InvalidDatasetName', 400, client);
      }
    });
  }

  it('takes the same name in two projects', async () => {
    await server.call('CreateProject', { ProjectName: 'q' });
    await server.call('CreateDataset', { ProjectName: 'q', DatasetName: 'plain-v3', Description: 'of q' });
    assert.equal((await server.call('GetDataset', { ...project, DatasetName: 'plain-v3' })).Dataset.Description || '', '');
  });

  const limits = [
    ['Description', ['x', '漢'.repeat(256)], ['x'.repeat(257)]],
    ['DatasetMaxBindCount', [1, 10], [0, 11]],
    ['DatasetMaxFileCount', [1, 100000000], [0, 100000001]],
    ['TemplateId', ['Official:AllFunction'], ['Official:Nothing']],
  ];
  for (const [name, good, bad] of limits) {
    it(`takes ${name} up to its limits and refuses what is beyond`, async () => {
      await server.call('CreateDataset', { ...project, DatasetName: 'limits' });
      for (const value of good)
        assert.equal((await server.call('UpdateDataset', { ...project, DatasetName: 'limits', [name]: value })).Dataset[name], value);
      for (const value of bad) {
        for (const [action, DatasetName] of [
          ['CreateDataset', 'limits-2'],
          ['UpdateDataset', 'limits'],
        ]) {
          await server.refused(action, { ...project, DatasetName, [name]: value }, `Invalid${name}`).catch((e) => {
            if (!/LimitExceededError/.test(e.message)) throw e;
          });
        }
      }
      assert.equal((await server.call('GetDataset', { ...project, DatasetName: 'limits' })).Dataset[name], good.at(-1));
      await server.call('DeleteDataset', { ...project, DatasetName: 'limits' });
    });
  }

  it('keeps workflow parameters', async () => {
    const WorkflowParameters = [{ Name: 'face', Value: 'off' }];
    const { Dataset } = await server.call('CreateDataset', { ...project, DatasetName: 'workflow', WorkflowParameters });
    assert.deepEqual(Dataset.WorkflowParameters, WorkflowParameters);
    await server.refused(
      'CreateDataset',
      { ...project, DatasetName: 'workflow-2', WorkflowParameters: [{ Name: 1 }] },
      'InvalidWorkflowParameters',
    );
  });

  it('lists in byte order, page by page, with tokens account:project:dataset', async () => {
    const names = ['list-b', 'list-B', 'list-a', 'list-10', 'list-9', 'list-a-a'];
    for (const DatasetName of names) await server.call('CreateDataset', { ...project, DatasetName });
    const sorted = [...names].sort();
    for (const client of Object.values(server.clients)) {
      for (const MaxResults of [1, 2, 5, 6, 200]) {
        const got = [];
        for (let NextToken = ''; ;) {
          const page = await server.call('ListDatasets', { ...project, Prefix: 'list-', MaxResults, NextToken }, client);
          got.push(...page.Datasets.map((d) => d.DatasetName));
          NextToken = page.NextToken;
          if (!NextToken) break;
        }
        assert.deepEqual(got, sorted);
      }
    }
    for (const MaxResults of [201, -1]) await server.refused('ListDatasets', { ...project, MaxResults }, 'InvalidMaxResults');
    for (const NextToken of ['nonsense', '1:other:d', ':::'])
      await server.refused('ListDatasets', { ...project, NextToken }, 'InvalidNextToken');
    await server.refused('ListDatasets', { ...project, Prefix: 'x'.repeat(129) }, 'InvalidPrefix');
  });

  it('counts bindings and files, and does not delete a dataset that has either', async () => {
    server.bucket('held', { 'a.txt': 'hello', 'b.txt': 'world!' });
    const where = await server.dataset('counts', 'd');
    await server.bindAndWait(where, 'held');
    const { Dataset } = await server.call('GetDataset', { ...where, WithStatistics: true });
    assert.deepEqual([Dataset.BindCount, Dataset.FileCount, Dataset.TotalFileSize], [1, 2, 11]);
    await server.refused('DeleteDataset', where, 'StatusConflict');
    await server.refused('DeleteProject', { ProjectName: 'counts' }, 'StatusConflict');
    await server.call('DeleteBinding', { ...where, URI: 'oss://held' });
    await server.refused('DeleteDataset', where, 'StatusConflict');
    await server.admin('PurgeBucket', { ...where, URI: 'oss://held' });
    await server.call('DeleteDataset', where);
    await server.call('DeleteProject', { ProjectName: 'counts' });
  });

  it('starts empty when it is made again under the same name', async () => {
    server.bucket('again', { x: '1' });
    const where = await server.dataset('again', 'd');
    await server.bindAndWait(where, 'again');
    await server.call('DeleteBinding', { ...where, URI: 'oss://again' });
    await server.admin('PurgeBucket', { ...where, URI: 'oss://again' });
    await server.call('DeleteDataset', where);
    await server.call('CreateDataset', where);
    assert.equal((await server.call('SimpleQuery', where)).TotalHits, 0);
    assert.equal(await server.fileMeta(where, 'oss://again/x'), undefined);
  });

  it('costs nothing at a start while nothing is in it', async () => {
    const files = () => fs.readdirSync(path.join(server.data, 'datasets')).sort();
    const before = files();
    await server.call('CreateProject', { ProjectName: 'unused' });
    for (const DatasetName of ['a', 'b', 'c']) await server.call('CreateDataset', { ProjectName: 'unused', DatasetName });
    await server.restart();
    assert.deepEqual(
      files().filter((name) => name.endsWith('.db')),
      before.filter((name) => name.endsWith('.db')),
    );
    assert.equal((await server.call('SimpleQuery', { ProjectName: 'unused', DatasetName: 'b' })).TotalHits, 0);
  });

  it('holds no more datasets than the project allows', async () => {
    await server.call('CreateProject', { ProjectName: 'few', ProjectMaxDatasetCount: 2 });
    for (const DatasetName of ['a', 'b']) await server.call('CreateDataset', { ProjectName: 'few', DatasetName });
    await server.refused('CreateDataset', { ProjectName: 'few', DatasetName: 'c' }, 'LimitExceededError');
  });
});

// kill -9 at any moment: nothing is lost, nothing doubled, no counter wrong.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { useServer, random, pause, assertSmall, until } = require('./harness');
const { assertEqual, assertStatistics, differences, walk } = require('./bucket');
const samples = require('./samples');

const KILLS = 25;
const FILES = 5000;
const seed = Number(process.env.BINDERY_SEED || Date.now() % 1000000);

describe(`killed at random moments (BINDERY_SEED=${seed})`, () => {
  const server = useServer();
  const make = random(seed);
  let where;
  let folder;
  const at = (key) => path.join(folder, key);
  const name = () => `d${make.below(20)}/e${make.below(5)}/f${make.below(FILES)}`;
  const content = () => (make.below(4) ? 'x'.repeat(make.below(2000)) : samples.jpeg(8 + make.below(64), 8 + make.below(64)));

  /** Changes files for as long as `going()` says. */
  async function change(going) {
    for (let n = 0; going(); n++) {
      const files = [...names];
      const what = make.below(10);
      const key = make.pick(files);
      if (what < 4) put(name());
      else if (what < 6) put(key);
      else if (what < 8) {
        fs.rmSync(at(key));
        names.delete(key);
      } else if (what < 9) {
        const to = name();
        fs.mkdirSync(path.dirname(at(to)), { recursive: true });
        fs.renameSync(at(key), at(to));
        names.delete(key);
        names.add(to);
      } else if (make.below(20) === 0) moveFolder();
      if (n % 4 === 0) await pause(1); // the writer's own pace
    }
  }
  const names = new Set();
  function put(key) {
    fs.mkdirSync(path.dirname(at(key)), { recursive: true });
    fs.writeFileSync(at(key), content());
    names.add(key);
  }
  function moveFolder() {
    const [from, to] = [`d${make.below(20)}/e${make.below(5)}`, `d${make.below(20)}/moved${make.below(1000)}`];
    if (!fs.existsSync(at(from)) || fs.existsSync(at(to)) || !fs.existsSync(path.dirname(at(to)))) return;
    fs.renameSync(at(from), at(to));
    for (const key of [...names].filter((k) => k.startsWith(`${from}/`))) {
      names.delete(key);
      names.add(to + key.slice(from.length));
    }
  }

  it(`makes the index equal to the bucket after ${KILLS} kills during the scan of ${FILES} changing files`, async () => {
    folder = server.bucket('killed');
    while (names.size < FILES) put(name());
    where = await server.dataset('p', 'd');
    await server.call('CreateBinding', { ...where, URI: 'oss://killed' });
    for (let i = 0; i < KILLS; i++) {
      const end = Date.now() + make.below(i % 5 === 4 ? 2000 : 400);
      await change(() => Date.now() < end);
      await server.kill();
      const down = Date.now() + make.below(50);
      await change(() => Date.now() < down);
      if (i % 6 === 5) await killWhileStarting();
      await server.start();
      if (i % 8 === 7) await server.admin('RescanBinding', { ...where, URI: 'oss://killed' });
    }
    await settle();
  });

  async function killWhileStarting() {
    const p = server.spawn();
    await pause(make.below(300));
    p.kill('SIGKILL');
    await p.gone;
  }

  async function settle() {
    let wrong = [];
    await until(
      'index equals bucket',
      async () => {
        await server.settled(where, 'killed', { seconds: 60 });
        wrong = differences(await server.queryAll(where), walk(folder), 'killed');
        return wrong.length === 0;
      },
      { seconds: 60, every: 200 },
    ).catch((e) => {
      throw new Error(`${e.message}: ${wrong.slice(0, 5).join('; ')} (${wrong.length})`);
    });
    const objects = await assertEqual(server, where, 'killed', { orders: [{ MaxResults: 100 }, { Sort: 'Size', MaxResults: 100 }] });
    await assertStatistics(server, where, objects);
    assert.equal(objects.size, names.size, 'the test knows its own files');
  }

  it('has counters that a scan without any change confirms', async () => {
    const before = (await server.binding(where, 'killed')).Progress.StartTime;
    await server.admin('RescanBinding', { ...where, URI: 'oss://killed' });
    const { Progress } = await until('the scan is over', async () => {
      const b = await server.binding(where, 'killed');
      return b.Progress.StartTime !== before && b.Progress.Unchanged + b.Progress.Indexed >= names.size && b.Progress.Pending === 0 && b;
    });
    assert.deepEqual([Progress.Listed, Progress.Unchanged, Progress.Indexed, Progress.Deleted], [names.size, names.size, 0, 0]);
    const failed = (await server.call('SimpleQuery', { ...where, Query: { Field: 'ObjectStatus', Operation: 'eq', Value: 'Failed' } }))
      .TotalHits;
    assert.equal(failed, 0, 'a kill is not the fault of the file that was being read');
  });

  it('keeps what users were told: projects, datasets, bindings, attachments', async () => {
    for (let i = 0; i < 10; i++) {
      await server.call('CreateProject', { ProjectName: `told-${i}` });
      await server.call('CreateDataset', { ProjectName: `told-${i}`, DatasetName: 'd' });
      await server.kill();
      await server.start();
      assert.equal((await server.call('GetDataset', { ProjectName: `told-${i}`, DatasetName: 'd' })).Dataset.DatasetName, 'd');
      await server.call('DeleteDataset', { ProjectName: `told-${i}`, DatasetName: 'd' });
      await server.kill();
      await server.start();
      await server.refused('GetDataset', { ProjectName: `told-${i}`, DatasetName: 'd' }, 'ResourceNotFound', 404);
    }
  });

  it('leaves no row behind when it is killed just after DeleteBinding and PurgeBucket', async () => {
    await server.call('DeleteBinding', { ...where, URI: 'oss://killed' });
    await server.kill();
    await server.start();
    await server.refused('GetBinding', { ...where, URI: 'oss://killed' }, 'ResourceNotFound', 404);
    const { TotalHits } = await server.call('SimpleQuery', { ...where, MaxResults: 1 });
    assert.equal((await server.admin('PurgeBucket', { ...where, URI: 'oss://killed' })).Removed, TotalHits);
    await server.kill();
    await server.start();
    assert.equal((await server.call('SimpleQuery', where)).TotalHits, 0);
    await server.call('DeleteDataset', where);
    await until('its file is gone', () => fs.readdirSync(path.join(server.data, 'datasets')).filter((f) => f.endsWith('.db')).length <= 10);
  });

  it('stays small', () => {
    assertSmall(server);
  });
});

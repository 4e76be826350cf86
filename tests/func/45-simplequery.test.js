// SimpleQuery: each operator, order, page and aggregation against what the test computes itself.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, it, before } = require('node:test');

const { useServer, random, Refusal } = require('./harness');
const { nanoseconds } = require('./bucket');
const samples = require('./samples');

const STRINGS = ['URI', 'Filename', 'ETag', 'ContentType', 'MediaType', 'ObjectId', 'OwnerId', 'ProjectName', 'DatasetName'];
const NUMBERS = ['Size', 'ImageWidth', 'ImageHeight', 'Orientation'];
const TIMES = ['FileModifiedTime', 'ProduceTime', 'CreateTime', 'UpdateTime'];
const FIELDS = [...STRINGS, ...NUMBERS, ...TIMES];

const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const kind = (field) => (NUMBERS.includes(field) ? 'number' : TIMES.includes(field) ? 'time' : 'string');

/** Compares a row's value with a text, by the field's kind. */
function compare(field, value, text) {
  if (kind(field) === 'number') return Math.sign(value - Number(text));
  if (kind(field) === 'time') {
    const [a, b] = [nanoseconds(value), nanoseconds(text)];
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return bytes(value, text);
}

/** The meaning of a query, as the documentation states it. */
function matches(q, row) {
  const value = row[q.Field];
  const is = (test) => value !== undefined && test(compare(q.Field, value, q.Value));
  switch (q.Operation) {
    case 'and':
      return q.SubQueries.every((s) => matches(s, row));
    case 'or':
      return q.SubQueries.some((s) => matches(s, row));
    case 'not':
      return !q.SubQueries.some((s) => matches(s, row));
    case 'eq':
      return is((c) => c === 0);
    case 'gt':
      return is((c) => c > 0);
    case 'gte':
      return is((c) => c >= 0);
    case 'lt':
      return is((c) => c < 0);
    case 'lte':
      return is((c) => c <= 0);
    case 'prefix':
      return value !== undefined && value.startsWith(q.Value);
    case 'exist':
      return value !== undefined;
    default:
      throw new Error(q.Operation);
  }
}

const leaf = (Field, Operation, Value) => ({ Field, Operation, Value: String(Value) });
const tree = (Operation, ...SubQueries) => ({ Operation, SubQueries });

/** A condition below n - 1 levels of `not`. */
const deep = (n) => (n === 1 ? leaf('Size', 'gt', '3') : tree('not', deep(n - 1)));

describe('SimpleQuery', () => {
  const server = useServer();
  const make = random(45);
  let where;
  let rows;
  let folder;

  before(async () => {
    const files = {};
    for (let i = 0; i < 24; i++) {
      const size = [8 + 8 * (i % 6), 8 * (1 + (i % 4))];
      const shot = samples.exif({
        make: 'Acme',
        model: `M${i % 3}`,
        orientation: 1 + (i % 8),
        taken: `20${10 + i}:0${1 + (i % 9)}:1${i % 10} 10:00:00`,
      });
      files[`photos/${i}.jpg`] = samples.jpeg(...size, i % 3 ? shot : null);
      files[`drawings/Nr ${i}.png`] = samples.png(...size);
    }
    for (let i = 0; i < 20; i++) files[`texts/folder ${i % 3}/note_${i}.txt`] = 'x'.repeat(i % 7);
    Object.assign(files, {
      'a.gif': samples.gif(10, 20),
      'b.webp': samples.webp(30, 40),
      'c.tif': samples.tiff(50, 20),
      'd.pdf': samples.pdf(),
      'e.mp3': samples.mp3(),
      'f.mp4': samples.mp4(),
      'g.zip': samples.zip(),
      'h.bin': samples.binary(),
      '漢字.txt': 'x',
      "it's 100%.txt": 'x',
      under_score: 'x',
      'percent%': 'x',
      'UPPER.TXT': 'x',
      'upper.txt': 'x',
      'Vacation in Rome.txt': 'x',
    });
    folder = server.bucket('library', files);
    let i = 0;
    for (const key of Object.keys(files)) {
      const time = 1500000000 + (i++ % 17) * 1000.123456;
      fs.utimesSync(`${folder}/${key}`, time, time);
    }
    where = await server.dataset('p', 'd');
    await server.bindAndWait(where, 'library');
    rows = await server.queryAll(where);
    assert.equal(rows.length, Object.keys(files).length);
  });

  /** The server's answer to a query equals the test's own. */
  async function same(Query, client = server.v3) {
    const got = [];
    for (let NextToken = ''; ;) {
      const page = await server.call('SimpleQuery', { ...where, Query, NextToken, MaxResults: 100 }, client);
      got.push(...page.Files.map((f) => f.URI));
      NextToken = page.NextToken;
      if (NextToken) continue;
      const wanted = rows.filter((r) => matches(Query, r)).map((r) => r.URI);
      assert.deepEqual(got.sort(bytes), wanted.sort(bytes), JSON.stringify(Query));
      assert.equal(page.TotalHits, wanted.length, 'TotalHits');
      return wanted.length;
    }
  }

  for (const field of FIELDS) {
    it(`compares ${field} as ${kind(field)}s, absent values matching nothing`, async () => {
      const values = [...new Set(rows.map((r) => r[field]).filter((v) => v !== undefined))];
      for (const value of [values[0], values.at(-1), values[Math.floor(values.length / 2)]]) {
        for (const operation of ['eq', 'gt', 'gte', 'lt', 'lte'])
          await same(leaf(field, operation, value), make.pick([server.v3, server.v1]));
      }
    });
  }

  for (const field of STRINGS) {
    it(`finds ${field} by prefix, with no wildcards`, async () => {
      const values = rows.map((r) => r[field]);
      for (const value of [values[0], values[0].slice(0, -1), values[0].slice(0, 3), values.at(-1).slice(0, 5)])
        assert.ok((await same(leaf(field, 'prefix', value))) > 0);
      for (const value of ['%', '_', '*', '?', 'under%', 'nothing begins so', "'", '\\']) await same(leaf(field, 'prefix', value));
    });
  }

  for (const field of ['ProduceTime', 'EXIF', 'LatLong']) {
    it(`finds rows that have ${field}`, async () => {
      await same({ Field: field, Operation: 'exist' });
      await same(tree('not', { Field: field, Operation: 'exist' }));
    });
  }

  it('takes times in any zone and precision', async () => {
    const time = rows[0].FileModifiedTime;
    const ms = Date.parse(time);
    const n = await same(leaf('FileModifiedTime', 'lt', time));
    const shifted = `${new Date(ms + 8 * 3600000).toISOString().slice(0, 19)}+08:00`;
    const rounded = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    for (const value of [shifted, rounded]) {
      const { TotalHits } = await server.call('SimpleQuery', { ...where, Query: leaf('FileModifiedTime', 'lt', value) });
      assert.equal(TotalHits, n);
    }
  });

  const phrases = [
    ['Vacation', 1],
    ['vacation', 1],
    ['in Rome', 1],
    ['Vacation in Rome', 1],
    ['folder 1', 7],
    ['nothing like it', 0],
    ['note', 20],
  ];
  for (const [phrase, count] of phrases) {
    it(`finds the phrase "${phrase}" in names ${count} times`, async () => {
      const { TotalHits } = await server.call('SimpleQuery', { ...where, Query: leaf('Filename', 'match-phrase', phrase) });
      assert.equal(TotalHits, count);
    });
  }

  it('finds a phrase in the EXIF data', async () => {
    const { Files } = await server.call('SimpleQuery', { ...where, Query: leaf('EXIF', 'match-phrase', 'M1') });
    assert.deepEqual(
      Files.map((f) => f.URI).sort(),
      rows
        .filter((r) => r.EXIF && JSON.parse(r.EXIF).Model?.value === 'M1')
        .map((r) => r.URI)
        .sort(),
    );
    assert.ok(Files.length > 0);
  });

  it('gives not, and, or their plain meaning, also over absent values', async () => {
    const wide = leaf('ImageWidth', 'gt', '30');
    await same(tree('not', wide));
    await same(tree('not', wide, leaf('MediaType', 'eq', 'document')));
    await same(tree('not', tree('not', wide)));
    await same(tree('and', wide));
    await same(tree('or', wide));
    await same(tree('and', tree('or', wide, leaf('Size', 'lt', '3')), tree('not', leaf('MediaType', 'eq', 'image'))));
  });

  it('answers 300 random queries as the test does', async () => {
    const operations = (field) => ['eq', 'gt', 'gte', 'lt', 'lte', ...(kind(field) === 'string' ? ['prefix'] : [])];
    const grow = (depth) => {
      if (depth === 0 || make.next() < 0.3) {
        const field = make.pick(FIELDS);
        const value = make.pick(rows)[field];
        return leaf(
          field,
          make.pick(operations(field)),
          value === undefined ? (kind(field) === 'time' ? '2015-01-01T00:00:00Z' : '20') : value,
        );
      }
      return tree(make.pick(['and', 'or', 'not']), ...Array.from({ length: 1 + make.below(3) }, () => grow(depth - 1)));
    };
    for (let i = 0; i < 300; i++) await same(grow(1 + make.below(4)));
  });

  it('takes 100 conditions in a list and five levels of them', async () => {
    const hundred = Array.from({ length: 100 }, (_, i) => leaf('Size', 'eq', i));
    await same(tree('or', ...hundred));
    await same(deep(6));
  });

  it('sorts by any field, each its own way, ties in a fixed order', async () => {
    for (let i = 0; i < 60; i++) {
      const fields = [...new Set(Array.from({ length: 1 + make.below(3) }, () => make.pick(FIELDS)))];
      const orders = fields.slice(0, make.below(fields.length + 1)).map(() => make.pick(['asc', 'desc']));
      const params = { Sort: fields.join(','), MaxResults: make.pick([7, 100]), ...(orders.length ? { Order: orders.join(',') } : {}) };
      const got = await server.queryAll(where, params);
      assert.equal(new Set(got.map((f) => f.URI)).size, rows.length, JSON.stringify(params));
      const direction = (k) => (orders.length === 0 ? -1 : (orders[k] || 'asc') === 'asc' ? 1 : -1);
      for (let r = 1; r < got.length; r++) assertSorted(got[r - 1], got[r], fields, direction, params);
      assert.deepEqual(
        (await server.queryAll(where, { ...params, MaxResults: 11 })).map((f) => f.URI),
        got.map((f) => f.URI),
        'the same order in pages of another size',
      );
    }
  });

  function assertSorted(a, b, fields, direction, params) {
    for (const [k, field] of fields.entries()) {
      if (a[field] === undefined || b[field] === undefined) return; // where absent values go is tested on its own
      const c = compare(field, a[field], b[field]) * direction(k);
      assert.ok(c <= 0, `${JSON.stringify(params)}: ${field} ${a[field]} before ${b[field]}`);
      if (c < 0) return;
    }
  }

  it('keeps rows without the sorted field together', async () => {
    for (const Order of ['asc', 'desc']) {
      const has = (await server.queryAll(where, { Sort: 'ProduceTime', Order })).map((f) => f.ProduceTime !== undefined);
      const changes = has.filter((h, i) => i > 0 && h !== has[i - 1]).length;
      assert.equal(changes, 1, 'all of them at one end');
    }
  });

  it('lists by URI when no order is asked for', async () => {
    assert.deepEqual(
      (await server.queryAll(where, { MaxResults: 7 })).map((f) => f.URI),
      rows.map((r) => r.URI),
    );
    assert.deepEqual(
      rows.map((r) => r.URI),
      rows.map((r) => r.URI).sort(bytes),
    );
  });

  it('neither skips nor repeats a row that stays while others come and go between pages', async () => {
    for (const Sort of ['Size', 'URI', 'MediaType', 'FileModifiedTime', 'ImageWidth']) {
      const seen = [];
      const gone = new Set();
      let page = await server.call('SimpleQuery', { ...where, Sort, Order: 'asc', MaxResults: 10 });
      for (let n = 0; ; n++) {
        seen.push(...page.Files.map((f) => f.URI));
        if (!page.NextToken) break;
        const key = `passing/${Sort}-${n}.txt`;
        fs.mkdirSync(`${folder}/passing`, { recursive: true });
        fs.writeFileSync(`${folder}/${key}`, 'x'.repeat(n));
        await server.fileAppears(where, `oss://library/${key}`);
        if (n % 2) {
          fs.rmSync(`${folder}/passing/${Sort}-${n - 1}.txt`);
          gone.add(`oss://library/passing/${Sort}-${n - 1}.txt`);
          await server.fileVanishes(where, `oss://library/passing/${Sort}-${n - 1}.txt`);
        }
        page = await server.call('SimpleQuery', { ...where, Sort, Order: 'asc', MaxResults: 10, NextToken: page.NextToken });
      }
      assert.equal(new Set(seen).size, seen.length, `sorted by ${Sort}: nothing twice`);
      const stayed = rows.map((r) => r.URI);
      assert.deepEqual(
        stayed.filter((u) => !seen.includes(u)),
        [],
        `sorted by ${Sort}: nothing left out`,
      );
      fs.rmSync(`${folder}/passing`, { recursive: true });
      for (const u of await server.queryAll(where, { Query: leaf('URI', 'prefix', 'oss://library/passing/') }))
        await server.fileVanishes(where, u.URI);
    }
  });

  it('tells the number of hits unless that is not wanted, the same on all pages', async () => {
    for (const client of Object.values(server.clients)) {
      const first = await server.call('SimpleQuery', { ...where, MaxResults: 10 }, client);
      assert.equal(first.TotalHits, rows.length);
      assert.equal(
        (await server.call('SimpleQuery', { ...where, MaxResults: 10, NextToken: first.NextToken }, client)).TotalHits,
        rows.length,
      );
      const without = await server.call('SimpleQuery', { ...where, WithoutTotalHits: true }, client);
      assert.ok(!without.TotalHits);
    }
  });

  it('gives only the fields asked for', async () => {
    const { Files } = await server.call('SimpleQuery', { ...where, WithFields: ['Size', 'MediaType'] });
    for (const f of Files)
      assert.deepEqual(
        Object.keys(f)
          .filter((k) => k !== 'URI')
          .sort(),
        ['MediaType', 'Size'],
      );
  });

  it('takes an empty query for none', async () => {
    assert.equal((await server.call('SimpleQuery', { ...where, Query: {} })).TotalHits, rows.length);
  });

  it('answers an empty page where nothing matches', async () => {
    const answer = await server.call('SimpleQuery', { ...where, Query: leaf('Size', 'lt', '0') });
    assert.deepEqual([answer.Files, answer.NextToken, answer.TotalHits], [[], '', 0]);
  });

  describe('aggregations', () => {
    const ask = async (Aggregations, more = {}) => {
      const answer = await server.call('SimpleQuery', { ...where, Aggregations, ...more }, make.pick([server.v3, server.v1]));
      assert.ok(!answer.Files || answer.Files.length === 0, 'never files beside aggregations');
      assert.deepEqual(
        answer.Aggregations.map((a) => [a.Field, a.Operation]),
        Aggregations.map((a) => [a.Field, a.Operation]),
      );
      return answer.Aggregations;
    };
    const values = (field, q = null) =>
      rows
        .filter((r) => !q || matches(q, r))
        .map((r) => r[field])
        .filter((v) => v !== undefined);
    const counts = (list) => list.reduce((m, v) => m.set(String(v), (m.get(String(v)) || 0) + 1), new Map());

    it('computes min, max, sum and average', async () => {
      for (const Field of NUMBERS) {
        for (const Query of [null, leaf('MediaType', 'eq', 'image'), leaf('Size', 'gt', '100')]) {
          const all = values(Field, Query);
          const got = await ask(
            ['min', 'max', 'sum', 'average'].map((Operation) => ({ Field, Operation })),
            Query ? { Query } : {},
          );
          const sum = all.reduce((a, b) => a + b, 0);
          const wanted = [Math.min(...all), Math.max(...all), sum, sum / all.length];
          got.forEach((g, i) => assert.ok(Math.abs(g.Value - wanted[i]) < 1e-9, `${g.Operation} ${Field}: ${g.Value}, not ${wanted[i]}`));
        }
      }
    });

    it('computes count and distinct of every field', async () => {
      for (const Field of FIELDS) {
        const [count, distinct] = await ask([
          { Field, Operation: 'count' },
          { Field, Operation: 'distinct' },
        ]);
        assert.equal(count.Value, values(Field).length, `count ${Field}`);
        assert.equal(distinct.Value, new Set(values(Field)).size, `distinct ${Field}`);
      }
    });

    it('groups by a field, the largest group first', async () => {
      for (const Field of ['MediaType', 'ContentType', 'ImageWidth', 'Orientation', 'Size', 'ObjectStatus']) {
        const [group] = await ask([{ Field, Operation: 'group' }], { MaxResults: 2000 });
        const wanted = counts(values(Field));
        assert.equal(group.Groups.length, wanted.size, `${Field}: ${JSON.stringify(group.Groups)}`);
        for (const g of group.Groups) assert.equal(g.Count, wanted.get(g.Value), `${Field} ${g.Value}`);
        for (let i = 1; i < group.Groups.length; i++) assert.ok(group.Groups[i - 1].Count >= group.Groups[i].Count);
      }
    });

    it('gives as many groups as are asked for', async () => {
      const [group] = await ask([{ Field: 'Size', Operation: 'group' }], { MaxResults: 3 });
      assert.equal(group.Groups.length, 3);
    });

    it('answers over nothing', async () => {
      const got = await ask(
        [
          { Field: 'Size', Operation: 'sum' },
          { Field: 'Size', Operation: 'count' },
          { Field: 'MediaType', Operation: 'group' },
        ],
        { Query: leaf('Size', 'lt', '0') },
      );
      assert.deepEqual([got[0].Value, got[1].Value, got[2].Groups], [0, 0, []]);
    });
  });

  describe('refuses', () => {
    const bad = [
      ['an unknown field', leaf('Nope', 'eq', '1'), /Query.*Nope/],
      ['an unknown operation', leaf('Size', 'like', '1'), /like/],
      ['an operation that the field does not take', leaf('Size', 'prefix', '1'), /prefix/],
      ['a comparison of a field that is only searched', leaf('EXIF', 'gt', '1'), /EXIF|gt/],
      ['a number that is none', leaf('Size', 'gt', 'many'), /many/],
      ['a number too large', leaf('Size', 'gt', '99999999999999999999'), /Size|9999/],
      ['a time that is none', leaf('FileModifiedTime', 'gt', 'yesterday'), /yesterday/],
      ['no value', { Field: 'Size', Operation: 'eq' }, /Value/],
      ['no operation', { Field: 'Size', Value: '1' }, /Operation/],
      ['no field', { Operation: 'eq', Value: '1' }, /Field/],
      ['and without conditions', { Operation: 'and' }, /SubQueries/],
      ['and with an empty list', { Operation: 'and', SubQueries: [] }, /SubQueries/],
      ['101 conditions', tree('or', ...Array.from({ length: 101 }, () => leaf('Size', 'eq', '1'))), /100/],
      ['six levels', deep(7), /5 levels/],
      [
        'a fault far inside, naming its place',
        tree('and', leaf('Size', 'gt', '1'), tree('or', leaf('Size', 'eq', '2'), leaf('Nope', 'eq', '3'))),
        /SubQueries\[1\]\.SubQueries\[1\]/,
      ],
    ];
    for (const [what, Query, message] of bad) {
      it(`a query with ${what}`, async () => {
        for (const client of Object.values(server.clients)) {
          const e = await server.refused('SimpleQuery', { ...where, Query }, 'InvalidArgument.Query', 400, client);
          assert.match(e.body.Message, message);
        }
      });
    }

    const badParams = [
      ['MaxResults of 101', { MaxResults: 101 }, 'InvalidMaxResults'],
      ['MaxResults below 0', { MaxResults: -1 }, 'InvalidMaxResults'],
      ['2001 groups', { MaxResults: 2001, Aggregations: [{ Field: 'Size', Operation: 'group' }] }, 'InvalidMaxResults'],
      ['six sort fields', { Sort: 'Size,URI,ETag,Filename,MediaType,ContentType' }, 'InvalidSort'],
      ['an unknown sort field', { Sort: 'Nope' }, 'InvalidSort'],
      ['a sort field that does not sort', { Sort: 'EXIF' }, 'InvalidSort'],
      ['an empty place in Sort', { Sort: 'Size,,URI' }, 'InvalidSort'],
      ['an unknown order', { Sort: 'Size', Order: 'up' }, 'InvalidOrder'],
      ['more orders than fields', { Sort: 'Size', Order: 'asc,desc' }, 'InvalidOrder'],
      ['an unknown aggregation', { Aggregations: [{ Field: 'Size', Operation: 'median' }] }, 'InvalidAggregations'],
      ['the sum of a text', { Aggregations: [{ Field: 'URI', Operation: 'sum' }] }, 'InvalidAggregations'],
      ['an aggregation of nothing', { Aggregations: [{ Operation: 'sum' }] }, 'InvalidAggregations'],
      ['an unknown field to return', { WithFields: ['Nope'] }, 'InvalidWithFields'],
      ['a token of noise', { NextToken: 'noise' }, 'InvalidNextToken'],
      ['a token of noise in base64', { NextToken: Buffer.from('a:b:c:d').toString('base64') }, 'InvalidNextToken'],
    ];
    for (const [what, params, code] of badParams) {
      it(what, async () => {
        for (const client of Object.values(server.clients)) await server.refused('SimpleQuery', { ...where, ...params }, code, 400, client);
      });
    }

    it('a token of another query', async () => {
      const { NextToken } = await server.call('SimpleQuery', { ...where, MaxResults: 5, Sort: 'Size' });
      await server.refused('SimpleQuery', { ...where, MaxResults: 5, Sort: 'ETag', NextToken }, 'InvalidNextToken');
      await server.refused(
        'SimpleQuery',
        { ...where, MaxResults: 5, Sort: 'Size', NextToken, Query: leaf('Size', 'gt', '1') },
        'InvalidNextToken',
      );
      await server.refused('SimpleQuery', { ...where, MaxResults: 5, Sort: 'Size', NextToken: NextToken.slice(0, -3) }, 'InvalidNextToken');
    });

    it('operators that are not there yet, with a clear answer', async () => {
      for (const Query of [
        { Operation: 'nested', Field: 'Labels', SubQueries: [leaf('Labels.LabelName', 'eq', 'x')] },
        leaf('LatLong', 'geo-distance', '1,1;1000'),
      ]) {
        await assert.rejects(server.v3('SimpleQuery', { ...where, Query }), (e) => e instanceof Refusal && [400, 501].includes(e.status));
      }
    });
  });
});

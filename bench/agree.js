// Does Bindery say of files what other programs say? Binds copies of folders, reads all rows through the API, asks
// exiftool, ffprobe, pdfinfo and Python, and compares field by field (bench/agree-fields.js). Fails when fewer than 99 %
// agree, when a disagreement is not in the reviewed list bench/agree-explained.txt, or a file is Failed that is not in
// tests/func/corpus-failed.txt. Usage: node bench/agree.js [FOLDER ...]   (default: the corpus, as in tests/func)
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { project } = require('../tests/func/harness');
const { row: line, withServer } = require('./common');
const { askAll } = require('./agree-tools');
const { compare } = require('./agree-fields');

const GOAL = 0.99;
const corpus = process.env.BINDERY_CORPUS || path.join(project, '..', 'shared', 'corpus');
const folders = process.argv.length > 2 ? process.argv.slice(2) : [corpus];

const lines = (file) => fs.readFileSync(file, 'utf8').split('\n').filter((l) => l && !l.startsWith('#'));

/** A pattern with * to a regular expression. */
const glob = (pattern) => new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);

/** The reviewed disagreements: {file, field (regular expressions), isToolWrong, why}. */
const explained = lines(path.join(__dirname, 'agree-explained.txt')).map((l) => {
  const [file, field, verdict, why] = l.split('\t');
  if (!why || !['ours', 'tool'].includes(verdict)) throw new Error(`agree-explained.txt: ${l}`);
  return { file: glob(file), field: glob(field), isToolWrong: verdict === 'tool', why, uses: 0 };
});
const failedKnown = new Set(lines(path.join(project, 'tests/func/corpus-failed.txt')).map((l) => l.split('\t')[0]));

function explanation(key, field) {
  const found = explained.find((x) => x.file.test(key) && x.field.test(field));
  if (found) found.uses++;
  return found;
}

/** A copy without links: what a link means is not what is measured. */
function copy(from, to) {
  const isWanted = (file) => {
    const facts = fs.lstatSync(file);
    return facts.isDirectory() || facts.isFile();
  };
  fs.cpSync(fs.realpathSync(from), to, { recursive: true, filter: isWanted });
}

/** What Bindery says: Map of key to row. */
async function ourRows(server, where, bucket) {
  await server.bindAndWait(where, bucket, { seconds: 1800, every: 200 });
  const begins = { Query: { Field: 'URI', Operation: 'prefix', Value: `oss://${bucket}/` } };
  const rows = await server.queryAll(where, { ...begins, Sort: 'URI', Order: 'asc' });
  return new Map(rows.map((r) => [r.URI.slice(`oss://${bucket}/`.length), r]));
}

const show = (value) => (value === undefined ? '-' : JSON.stringify(value).slice(0, 120));

const totals = new Map(); // "tool field" to {agree, all}
const count = { agree: 0, all: 0, toolWrong: 0, unexplained: 0, files: 0, failed: 0, failedUnknown: 0 };

function judge(key, pair) {
  const why = pair.agrees ? null : explanation(key, pair.field);
  if (!pair.agrees)
    console.log(
      `${key}: ${pair.field}: ours ${show(pair.ours)}, ${pair.tool} ${show(pair.theirs)}` +
        ` -- ${why ? `${why.isToolWrong ? 'the tool is wrong' : 'explained'}: ${why.why}` : 'NOT EXPLAINED'}`,
    );
  count.unexplained += !pair.agrees && !why;
  if (why && why.isToolWrong) {
    count.toolWrong++;
    return;
  }
  const name = `${pair.field} (${pair.tool})`;
  const sum = totals.get(name) || { agree: 0, all: 0 };
  totals.set(name, { agree: sum.agree + pair.agrees, all: sum.all + 1 });
  count.agree += pair.agrees;
  count.all++;
}

function judgeFile(key, facts) {
  count.files++;
  if (facts.row.ObjectStatus !== 'Failed') {
    for (const pair of compare(facts.row, facts)) judge(key, pair);
    return;
  }
  const known = failedKnown.has(key) || explanation(key, 'ObjectStatus');
  console.log(`${key}: Failed: ${facts.row.Reason}${known ? '' : ' -- NOT REVIEWED'}`);
  count.failed++;
  count.failedUnknown += !known;
}

withServer({}, async (server) => {
  const where = await server.dataset('p', 'd');
  for (const [i, folder] of folders.entries()) {
    const bucket = `folder-${i}`;
    copy(folder, path.join(server.store, bucket));
    const rows = await ourRows(server, where, bucket);
    const facts = await askAll(path.join(server.store, bucket), rows);
    for (const [key, f] of facts) judgeFile(key, f);
  }
  console.log('');
  for (const [name, { agree, all }] of [...totals].sort()) line(name, `${agree} / ${all}`, agree < all ? `${((100 * agree) / all).toFixed(2)} %` : '');
  const share = count.all ? count.agree / count.all : 0;
  console.log('');
  line('files', count.files);
  line('files Failed', count.failed, `${count.failedUnknown} of them not reviewed`);
  line('values compared', count.all, `${count.toolWrong} more where the tool is wrong`);
  line('disagreements', count.all - count.agree, `${count.unexplained} not explained`);
  line('share that agrees', `${(100 * share).toFixed(2)} %`, `goal: at least ${100 * GOAL} %`);
  process.exitCode = share >= GOAL && !count.unexplained && !count.failedUnknown ? 0 : 1;
}).catch((e) => { console.error(e); process.exitCode = 1; });

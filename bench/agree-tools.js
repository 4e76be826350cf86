// What other programs say about files: exiftool (one process for all), ffprobe and pdfinfo (one a file), Python's own
// modules for archives and mail (one process). Nothing of Bindery is used here.
'use strict';

const child = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const run = promisify(child.execFile);
const most = { maxBuffer: 1 << 30, timeout: 600000, encoding: 'utf8' };

/** Calls `work` for each of the list, two at a time. */
async function twoByTwo(list, work) {
  let next = 0;
  const line = async () => {
    while (next < list.length) await work(list[next++]);
  };
  await Promise.all([line(), line()]);
}

/** Runs a program that may fail on what it is given; its output all the same. */
async function output(program, args, options = {}) {
  try {
    return { ok: true, ...(await run(program, args, { ...most, ...options })) };
  } catch (e) {
    if (e.code === 'ENOENT') throw new Error(`${program} is not installed`);
    return { ok: false, stdout: e.stdout || '', stderr: e.stderr || '' };
  }
}

/** Map of key to {"Group:Tag": value}. */
async function exiftool(folder) {
  const args = ['-json', '-n', '-G1', '-a', '-q', '-r', '-api', 'largefilesupport=1', '-charset', 'filename=utf8', '-i', 'SYMLINKS', '.'];
  const { stdout } = await output('exiftool', args, { cwd: folder });
  return new Map(JSON.parse(stdout || '[]').map((tags) => [path.normalize(tags.SourceFile), tags]));
}

const isMedia = (tags) => /^(audio|video)\/|vnd\.rn-realmedia|mxf|x-shockwave|x-ofr/.test(tags['File:MIMEType'] || '');

/** {streams, format}, or null if ffprobe does not know the file. */
async function ffprobe(file) {
  const args = ['-v', 'quiet', '-protocol_whitelist', 'file', '-show_format', '-show_streams', '-of', 'json', `file:${file}`];
  const { ok, stdout } = await output('ffprobe', args, { timeout: 60000 });
  const found = ok ? JSON.parse(stdout) : {};
  return found.format ? found : null;
}

/** {Title: ...} of pdfinfo, {needsPassword: true}, or null. */
async function pdfinfo(file) {
  const { ok, stdout, stderr } = await output('pdfinfo', ['-isodates', '-enc', 'UTF-8', file], { timeout: 60000 });
  if (!ok) return /Incorrect password/.test(stderr) ? { needsPassword: true } : null;
  return Object.fromEntries(
    stdout
      .split('\n')
      .map((line) => /^([A-Za-z ]+):\s*(.*)$/.exec(line))
      .filter(Boolean)
      .map(([, name, value]) => [name, value]),
  );
}

/** Map of key to what agree-python.py says. */
async function python(folder, keys) {
  const script = path.join(__dirname, 'agree-python.py');
  return new Promise((resolve, reject) => {
    const p = child.execFile('python3', [script], { ...most, cwd: folder }, (e, stdout) => {
      if (e) reject(e);
      else resolve(new Map(Object.entries(JSON.parse(stdout))));
    });
    p.stdin.end(keys.join('\0'));
  });
}

/** Map of key to {exif, probe, pdf, python}. `rows` tells what we take a file for: then the tool is asked as well. */
async function askAll(folder, rows) {
  const exif = await exiftool(folder);
  const facts = new Map();
  for (const [key, row] of rows) facts.set(key, { exif: exif.get(key) || {}, probe: null, pdf: null, python: {}, row });
  await twoByTwo([...facts], async ([key, f]) => {
    const file = path.join(folder, key);
    const isRecording = ['audio', 'video'].includes(f.row.MediaType);
    if (isRecording || (isMedia(f.exif) && f.row.MediaType !== 'image')) f.probe = (await ffprobe(file)) || (f.row.FormatName ? { format: {}, streams: [] } : null);
    if (f.exif['File:MIMEType'] === 'application/pdf' || f.row.ContentType === 'application/pdf') f.pdf = await pdfinfo(file);
  });
  for (const [key, found] of await python(folder, [...rows.keys()])) facts.get(key).python = found;
  return facts;
}

module.exports = { askAll };

// Renditions a second: ours, signed, against nginx with its image filter, an HTTP server on sharp, and bare libvips in two
// processes (floor_process.c), all on the same machine, one after the other, alternating. Each request is for a name of its own, so
// that no cache answers; then the same ones again, from the cache, against a bare libmicrohttpd with the same bytes.
// Usage: node bench/process.js [SECONDS_OF_A_RUN]      (needs: nginx, libnginx-mod-http-image-filter, npm ci in tests/func)
'use strict';

const child = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { KEY, build, project, tempFolder } = require('../tests/func/harness');
const sharp = require('../tests/func/node_modules/sharp');
const { median, quantile, row, seconds, withServer } = require('./common');

const runSeconds = Number(process.argv[2] || 3);
const runs = 3;
const corpus = process.env.BINDERY_CORPUS || path.join(project, '..', 'shared', 'corpus');
const floor = path.join(build, 'bench', 'floor_process');
const env = { PATH: process.env.PATH }; // sharp sets variables of libvips
const NAMES = 4000; // hard links to each picture: one for each request of a run

// width: of the result. nginx: whether its filter can do it.
const cases = [
  { name: '12 MP JPEG to 800 px', file: 'large.jpg', width: 800, text: 'image/resize,w_800/quality,Q_80', suffix: '.jpg[Q=80,strip]', nginx: true },
  { name: '12 MP JPEG to 800 px WebP', file: 'large.jpg', width: 800, text: 'image/resize,w_800/format,webp/quality,Q_80', suffix: '.webp[Q=80,strip]', format: 'webp' },
  { name: '2 MP JPEG to 200 px', file: 'small.jpg', width: 200, text: 'image/resize,w_200/quality,Q_80', suffix: '.jpg[Q=80,strip]', nginx: true },
  { name: '2 MP PNG to 400 px', file: 'page.png', width: 400, text: 'image/resize,w_400', suffix: '.png[strip]', nginx: true },
  { name: 'animated GIF to 160 px', file: 'moving.gif', width: 160, text: 'image/resize,w_160', suffix: '.gif' },
  { name: '2 MP JPEG to 800 px, watermark', file: 'small.jpg', width: 800, text: 'image/resize,w_800/watermark,image_bWFyay5wbmc,g_se,x_10,y_10/quality,Q_80', suffix: '.jpg[Q=80,strip]', mark: 'mark.png' },
];

const sum = (list) => list.reduce((a, b) => a + b, 0);
const geometricMean = (list) => Math.exp(sum(list.map(Math.log)) / list.length);

async function makePictures(folder) {
  const photo = path.join(corpus, 'exif-samples/heic/mobile/iphone_13_pro_max.HEIC'); // 3024 x 4032
  const whole = path.join(folder, 'large.png');
  child.execFileSync(floor, ['convert', photo, whole], { env });
  const file = (name) => path.join(folder, name);
  await sharp(whole).jpeg({ quality: 92 }).toFile(file('large.jpg'));
  await sharp(whole).resize({ width: 1224, height: 1632 }).jpeg({ quality: 92 }).toFile(file('small.jpg'));
  await sharp(whole).resize({ width: 1224, height: 1632 }).png().toFile(file('page.png'));
  fs.rmSync(whole);
  const frames = Array.from({ length: 20 }, (_, i) => sharp(file('small.jpg')).extract({ left: 20 * i, top: 30 * i, width: 480, height: 360 }).png().toBuffer());
  await sharp(await Promise.all(frames), { join: { animated: true } }).gif({ loop: 0 }).toFile(file('moving.gif'));
  const mark = { create: { width: 160, height: 60, channels: 4, background: { r: 255, g: 120, b: 0, alpha: 0.5 } } };
  await sharp(mark).png().toFile(file('mark.png'));
  for (const { file: name } of cases)
    for (let i = 0; i < NAMES && !fs.existsSync(linkOf(folder, name, NAMES - 1)); i++) fs.linkSync(file(name), linkOf(folder, name, i));
}

const linkOf = (folder, name, i) => path.join(folder, nameOf(name, i));
const nameOf = (name, i) => `${path.parse(name).name}-${i}${path.extname(name)}`;

/** Asks for target(i), i from `first` on, `lanes` at once, for some seconds. Gives {perSecond, refused, refusedMs, next}. */
async function load(port, lanes, target, first, forSeconds) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: lanes });
  const begin = process.hrtime.bigint();
  const times = [];
  const refusals = [];
  let next = first;
  const get = (i) =>
    new Promise((resolve, reject) => {
      const sent = process.hrtime.bigint();
      http
        .get({ host: '127.0.0.1', port, path: target(i), agent }, (answer) => {
          const parts = [];
          answer.on('data', (d) => parts.push(d));
          answer.on('end', () => {
            if (answer.statusCode === 503) refusals.push(seconds(sent));
            else if (answer.statusCode !== 200) reject(new Error(`${answer.statusCode} ${Buffer.concat(parts).subarray(0, 300)}`));
            else times.push(seconds(sent));
            resolve();
          });
        })
        .on('error', reject);
    });
  const lane = async () => {
    while (seconds(begin) < forSeconds && next < first + NAMES) await get(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const took = seconds(begin);
  agent.destroy();
  return {
    perSecond: times.length / took, refused: refusals.length,
    refusedMs: refusals.length ? 1000 * quantile(refusals, 0.99) : 0, next,
  };
}

/** Proportional memory of a process and all that it started, in MB. */
function memoryOf(pid) {
  let kib = 0;
  try {
    kib = Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
    for (const task of fs.readdirSync(`/proc/${pid}/task`))
      for (const one of fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean)) kib += 1024 * memoryOf(Number(one));
  } catch { /* it has gone */ }
  return kib / 1024;
}

async function peakMemory(pid, run) {
  let peak = 0;
  const timer = setInterval(() => { peak = Math.max(peak, memoryOf(pid)); }, 200);
  const result = await run();
  clearInterval(timer);
  return { result, peak };
}

const signed = (name, text) => {
  const expires = Math.floor(Date.now() / 1000) + 3600;
  const what = `GET\n\n\n${expires}\n/pictures/${name}?x-oss-process=${text}`;
  const signature = crypto.createHmac('sha1', KEY.secret).update(what).digest('base64');
  return `/pictures/${name}?x-oss-process=${encodeURIComponent(text)}&OSSAccessKeyId=${KEY.id}&Expires=${expires}&Signature=${encodeURIComponent(signature)}`;
};

async function startSharp(folder) {
  const peer = child.spawn(process.execPath, [path.join(__dirname, 'process_peer.js'), folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = Number(await new Promise((resolve) => { peer.stdout.once('data', resolve); }));
  return { name: 'sharp', pid: peer.pid, port, stop: () => peer.kill() };
}

/** nginx on a free port, two processes; a location for each width that is asked for. */
async function startNginx(folder, root) {
  const probe = http.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => { probe.once('listening', resolve); });
  const { port } = probe.address();
  await new Promise((resolve) => { probe.close(resolve); });
  const widths = [...new Set(cases.filter((c) => c.nginx).map((c) => c.width))];
  const place = (w) => `location /${w}/ { alias ${folder}/; image_filter resize ${w} -; image_filter_buffer 20M; image_filter_jpeg_quality 80; }`;
  const user = process.getuid() === 0 ? 'user root;' : ''; // or its processes could not read the folder
  const config = `daemon off; worker_processes 2; ${user} pid ${root}/nginx.pid; error_log ${root}/nginx.log;
load_module /usr/lib/nginx/modules/ngx_http_image_filter_module.so;
events { worker_connections 1024; }
http { access_log off; types { image/jpeg jpg; image/png png; } client_body_temp_path ${root}/body; proxy_temp_path ${root}/proxy;
fastcgi_temp_path ${root}/fastcgi; uwsgi_temp_path ${root}/uwsgi; scgi_temp_path ${root}/scgi;
server { listen 127.0.0.1:${port} reuseport; ${widths.map(place).join('\n')} } }\n`;
  fs.writeFileSync(path.join(root, 'nginx.conf'), config);
  const peer = child.spawn('nginx', ['-c', path.join(root, 'nginx.conf')], { stdio: 'inherit' });
  const isUp = () => new Promise((resolve) => { http.get({ port, path: '/' }, (a) => resolve(a.resume())).on('error', () => resolve(null)); });
  while (!(await isUp()));
  return { name: 'nginx', pid: peer.pid, port, stop: () => peer.kill() };
}

const targets = {
  ours: (c) => (i) => signed(nameOf(c.file, i), c.text),
  sharp: (c) => (i) => `/${nameOf(c.file, i)}?w=${c.width}${c.format ? `&f=${c.format}` : ''}${c.mark ? `&mark=${c.mark}` : ''}`,
  nginx: (c) => (i) => `/${c.width}/${nameOf(c.file, i)}`,
};

function floorRate(folder, c, expected) {
  const n = Math.max(8, Math.round(expected * runSeconds));
  const mark = c.mark ? [path.join(folder, c.mark)] : [];
  return n / Number(child.execFileSync(floor, ['run', String(c.width), c.suffix, String(n), path.join(folder, c.file), ...mark], { encoding: 'utf8', env }));
}

/** All servers in turn, `runs` times, at one concurrency. */
async function compare(servers, folder, c, lanes) {
  const rates = {};
  for (let i = 0; i < runs; i++) {
    for (const s of servers) {
      if (s.name === 'nginx' && !c.nginx) continue;
      const r = await load(s.port, lanes, (k) => targets[s.name](c)(k % NAMES), 0, runSeconds);
      (rates[s.name] ||= []).push(r);
    }
    if (lanes === 8) (rates.floor ||= []).push({ perSecond: floorRate(folder, c, median(rates.ours.map((r) => r.perSecond))) });
  }
  return Object.fromEntries(Object.entries(rates).map(([name, list]) => [name, { ...list[0], perSecond: median(list.map((r) => r.perSecond)) }]));
}

const client = path.join(build, 'bench', 'bench_api');

const hammer = (address, lanes, n, target) =>
  new Promise((resolve, reject) => {
    child.execFile(client, ['load', address, String(lanes), String(n), target], (e, out, err) => (e || err ? reject(e || new Error(err)) : resolve(JSON.parse(out).perSecond)));
  });

/** A rendition that is cached, and a bare libmicrohttpd that has the same bytes in memory. */
async function compareHits(server, root) {
  for (const [text, name] of [['image/resize,w_800/quality,Q_80', 'large.jpg'], ['image/resize,w_200/quality,Q_80', 'small.jpg']]) {
    const target = signed(name, text);
    const answer = await fetch(`http://${server.endpoints.oss}${target}`);
    const file = path.join(root, 'rendition');
    fs.writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
    const peer = child.spawn(client, ['peer', file], { stdio: ['pipe', 'pipe', 'inherit'] });
    const port = Number(await new Promise((resolve) => { peer.stdout.once('data', resolve); }));
    for (const lanes of [8, 64]) {
      const ours = [];
      const bare = [];
      for (let i = 0; i < 5; i++) {
        ours.push(await hammer(server.endpoints.oss, lanes, 20000, target));
        bare.push(await hammer(`127.0.0.1:${port}`, lanes, 20000, '/'));
      }
      row(`cached, ${fs.statSync(file).size} bytes, ${lanes} at once: ours, a second`, Math.round(median(ours)), `bare libmicrohttpd ${Math.round(median(bare))}`);
      row('  ours / bare', (median(ours) / median(bare)).toFixed(2), 'goal: at least 0.50');
    }
    peer.stdin.end();
  }
}

/** With a short queue: what is too much is refused at once, and the rest is done no slower. */
async function compareRefusals(store) {
  await withServer({ flags: { store, 'rendition-cache': '0', 'render-queue': '8' } }, async (server) => {
    await attach(server);
    const { port } = portOf(server);
    const target = (i) => targets.ours(cases[0])(i % NAMES);
    const few = await load(port, 8, target, 0, runSeconds);
    const many = await load(port, 64, target, few.next, runSeconds);
    row('queue of 8: 8 at once; 64 at once, a second', `${few.perSecond.toFixed(1)}; ${many.perSecond.toFixed(1)}`, `${many.refused} refused, p99 ${many.refusedMs.toFixed(0)} ms; goal: 100 ms`);
  });
}

async function attach(server) {
  await server.call('CreateProject', { ProjectName: 'p' });
  await server.call('AttachOSSBucket', { ProjectName: 'p', OSSBucket: 'pictures' });
}

const portOf = (server) => ({ name: 'ours', pid: server.process.pid, port: Number(server.endpoints.oss.split(':').pop()) });

async function main() {
  const root = tempFolder();
  const folder = path.join(root, 'store', 'pictures');
  fs.mkdirSync(folder, { recursive: true });
  await makePictures(folder);
  // Without a cache, so that each request is work: a run asks for more than there are names.
  await withServer({ flags: { store: path.dirname(folder), 'rendition-cache': '0' } }, async (server) => {
    await attach(server);
    const ours = portOf(server);
    const peers = [await startSharp(folder), await startNginx(folder, root)];
    const ratios = [];
    const floors = [];
    try {
      for (const c of cases)
        for (const lanes of [1, 8, 64]) {
          const r = await compare([ours, ...peers], folder, c, lanes);
          const best = Math.max(...peers.map((p) => r[p.name]?.perSecond || 0));
          ratios.push(r.ours.perSecond / best);
          const others = Object.entries(r).filter(([n]) => n !== 'ours').map(([n, v]) => `${n} ${v.perSecond.toFixed(1)}`).join(', ');
          row(`${c.name}, ${lanes} at once: ours, a second`, r.ours.perSecond.toFixed(1), `${others}; ${(r.ours.perSecond / best).toFixed(2)} of the best peer${r.ours.refused ? `; ${r.ours.refused} refused within ${r.ours.refusedMs.toFixed(0)} ms` : ''}`);
          if (r.floor) {
            floors.push(r.ours.perSecond / r.floor.perSecond);
            row('  ours / bare libvips', (r.ours.perSecond / r.floor.perSecond).toFixed(2), 'goal: at least 0.85');
          }
        }
      row('ours / best peer, least; geometric mean', `${Math.min(...ratios).toFixed(2)}; ${geometricMean(ratios).toFixed(2)}`, 'goal: 1.00; 1.30');
      row('ours / bare libvips, least', Math.min(...floors).toFixed(2), 'goal: at least 0.85');
      for (const s of [ours, ...peers]) {
        const { peak } = await peakMemory(s.pid, () => load(s.port, 8, targets[s.name](cases[0]), 0, runSeconds));
        row(`memory of all processes, ${s.name}, MB (PSS, 12 MP JPEG, 8 at once)`, peak.toFixed(0));
      }
    } finally {
      for (const p of peers) p.stop();
    }
  });
  await withServer({ flags: { store: path.dirname(folder) } }, async (server) => {
    await attach(server);
    await compareHits(server, root);
  });
  await compareRefusals(path.dirname(folder));
  fs.rmSync(root, { recursive: true, force: true });
}

main();

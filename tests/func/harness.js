// Starts the real server for a test file and offers the ways to talk to it: both vendor clients, raw
// signed requests, the command line, kill and restart. Whatever happens, no process and no folder stays.
'use strict';

const assert = require('node:assert');
const child = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { before, after } = require('node:test');

const OpenApi = require('@alicloud/openapi-client');
const { RuntimeOptions } = require('@alicloud/tea-util');
const PopCore = require('@alicloud/pop-core');

const sign = require('./sign');
const model = require('./model');

const project = path.join(__dirname, '..', '..');
const build = path.resolve(project, process.env.BINDERY_BUILD || 'build');
const binary = path.join(build, 'bindery');

const KEY = { id: 'LTAItestkey', secret: 'test-secret-0123456789' };
const REGION = 'test-region-1';
const ACCOUNT = '1234567890123456';

// For runs with a sanitizer, which need the worker of another build: the jail does not let them work.
const PASSED_ON = ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'G_SLICE', 'BINDERY_WORKER_PATH', 'BINDERY_RENDER_PATH'];
const SANITIZER_REPORT = /^.*(?:ERROR|WARNING): (?:Address|Leak|Thread)Sanitizer[^]*|^.*: runtime error: .*$/m;

const PATIENCE_S = 120; // for what takes moments where nothing else runs
const CALL_MS = 60000; // the same of an answer

/** Waits for a state: polls `probe` until it gives something true. An error is tried again unless it isFinal. */
async function until(what, probe, { seconds = PATIENCE_S, every = 20 } = {}) {
  const deadline = Date.now() + seconds * 1000;
  for (let last; ;) {
    let problem = '';
    try {
      last = await probe();
      if (last) return last;
    } catch (e) {
      if (e.isFinal) throw e;
      problem = e.message;
    }
    if (Date.now() > deadline) assert.fail(`after ${seconds} s still not: ${what}${problem && ` (${problem})`}`);
    await pause(every);
  }
}

const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Numbers that look random and are the same for the same seed. */
function random(seed) {
  let s = seed >>> 0;
  const next = () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { next, below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)] };
}

/** What a caller of an action gets when it is refused, whichever client it used. */
class Refusal extends Error {
  constructor(action, status, body) {
    super(`${action}: ${status} ${body.Code}: ${body.Message}`);
    Object.assign(this, { status, code: body.Code, body });
  }
}

const asText = (params) =>
  Object.fromEntries(Object.entries(params).map(([k, v]) => [k, typeof v === 'object' && v !== null ? JSON.stringify(v) : v]));

/** The current client, generic form: callApi with the action's name. It speaks HTTPS if `ca` is given. */
function clientV3(endpoint, key = KEY, ca = undefined) {
  const protocol = ca ? 'HTTPS' : 'HTTP';
  const config = new OpenApi.Config({
    accessKeyId: key.id,
    accessKeySecret: key.secret,
    securityToken: key.token,
    endpoint,
    protocol,
    ca,
  });
  const client = new OpenApi.default(config);
  return async (action, params = {}, { method = 'POST', readTimeout = CALL_MS, form } = {}) => {
    const what = new OpenApi.Params({
      action,
      version: sign.VERSION,
      protocol,
      pathname: '/',
      method,
      authType: 'AK',
      style: 'RPC',
      reqBodyType: 'formData',
      bodyType: 'json',
    });
    const request = new OpenApi.OpenApiRequest({ query: asText(params), ...(form ? { body: asText(form) } : {}) });
    try {
      const timeouts = { readTimeout, connectTimeout: readTimeout }; // both hold for the answer
      const answer = await client.callApi(what, request, new RuntimeOptions({ ...timeouts, autoretry: false }));
      return answer.body;
    } catch (e) {
      if (!e.data || !e.data.Code) throw e;
      throw new Refusal(action, e.data.statusCode, e.data);
    }
  };
}

/** This client reads numbers over 2^53 as objects of their own: gives plain numbers, as JSON.parse() would. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (!value || typeof value !== 'object') return value;
  if (typeof value.toNumber === 'function') return value.toNumber();
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}

/** The older client; likewise. */
function clientV1(endpoint, key = KEY, ca = undefined) {
  const client = new PopCore.RPCClient({
    accessKeyId: key.id,
    accessKeySecret: key.secret,
    securityToken: key.token,
    endpoint: `${ca ? 'https' : 'http'}://${endpoint}`,
    apiVersion: sign.VERSION,
    opts: ca ? { ca } : {},
  });
  return async (action, params = {}, { method = 'GET', readTimeout = CALL_MS } = {}) => {
    try {
      const answer = await client.request(action, asText(params), { method, timeout: readTimeout, formatParams: false });
      return plain(answer);
    } catch (e) {
      if (!e.data || !e.data.Code) throw e;
      throw new Refusal(action, e.entry.response.statusCode, plain(e.data));
    }
  };
}

const live = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const p of live)
    try {
      process.kill(p.pid, 'SIGKILL');
    } catch {
      /* it has gone */
    }
  for (const f of folders) fs.rmSync(f, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

function tempFolder() {
  const folder = fs.mkdtempSync(path.join(process.env.BINDERY_TEST_TMP || os.tmpdir(), 'bindery-func-'));
  folders.add(folder);
  return folder;
}

/** With `tls` (of tls.js) both listeners speak HTTPS. */
class Server {
  constructor({ flags = {}, env = {}, extra = [], tls = null } = {}) {
    this.root = tempFolder();
    this.data = path.join(this.root, 'data');
    this.store = path.join(this.root, 'store');
    fs.mkdirSync(this.data);
    fs.mkdirSync(this.store);
    this.flags = {
      data: this.data,
      store: this.store,
      'imm-listen': '127.0.0.1:0',
      'admin-listen': '127.0.0.1:0',
      'oss-listen': '127.0.0.1:0',
      region: REGION,
      'account-id': ACCOUNT,
      workers: '2',
      ...(tls ? { 'tls-certificate': tls.certificate, 'tls-key': tls.key } : {}),
      ...flags,
    };
    this.ca = tls ? tls.ca : undefined;
    this.env = { BINDERY_ACCESS_KEY_ID: KEY.id, BINDERY_ACCESS_KEY_SECRET: KEY.secret, ...env };
    this.extra = extra;
    this.log = '';
  }

  get endpointsFile() {
    return path.join(this.data, 'endpoints.json');
  }

  arguments() {
    return [
      'serve',
      ...Object.entries(this.flags)
        .filter(([, v]) => v !== null)
        .flatMap(([k, v]) => [`--${k}`, String(v)]),
      ...this.extra,
    ];
  }

  environment(more = {}) {
    const env = { PATH: process.env.PATH, HOME: this.root, LANG: 'C.UTF-8', ...this.env, ...more };
    for (const name of PASSED_ON) if (process.env[name]) env[name] = process.env[name];
    return env;
  }

  spawn() {
    fs.rmSync(this.endpointsFile, { force: true });
    const p = child.spawn(binary, this.arguments(), { env: this.environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    live.add(p);
    p.gone = new Promise((resolve) => {
      p.on('exit', (code, signal) => {
        live.delete(p);
        const end = () => resolve({ code, signal });
        p.once('close', end); // all that it wrote has been read
        setTimeout(end, 2000).unref();
      });
      p.on('error', (e) => {
        live.delete(p);
        resolve({ code: -1, signal: e.message });
      });
    });
    const keep = (text) => {
      this.log = (this.log + text).slice(-200000);
    };
    p.stdout.on('data', keep);
    p.stderr.on('data', keep);
    return p;
  }

  async start() {
    this.process = this.spawn();
    let gone = null;
    this.process.gone.then((how) => {
      gone = how;
    });
    this.endpoints = await until(
      'the server writes endpoints.json',
      () => {
        if (gone) throw Object.assign(new Error(`the server ended: ${JSON.stringify(gone)}`), { isFinal: true });
        try {
          return JSON.parse(fs.readFileSync(this.endpointsFile, 'utf8'));
        } catch {
          return null;
        }
      },
    ).catch((e) => {
      throw new Error(`${e.message}\n${this.log.slice(-3000)}`);
    });
    this.v3 = clientV3(this.endpoints.imm, KEY, this.ca);
    this.v1 = clientV1(this.endpoints.imm, KEY, this.ca);
    this.adminClient = clientV3(this.endpoints.admin, KEY, this.ca);
    this.clients = { v3: this.v3, v1: this.v1 };
    return this;
  }

  /** Ends the server as an operator does; gives {code, signal, ms}. */
  async stop(signal = 'SIGTERM') {
    if (!this.process) return null;
    const begin = Date.now();
    const p = this.process;
    this.process = null;
    p.kill(signal);
    const timer = setTimeout(() => {
      this.log += '\n--- stop took more than 15 s: killed ---\n';
      p.kill('SIGKILL');
    }, 15000);
    const how = await p.gone;
    clearTimeout(timer);
    return { ...how, ms: Date.now() - begin };
  }

  kill() {
    return this.stop('SIGKILL');
  }

  async restart() {
    await this.stop();
    return this.start();
  }

  async remove() {
    await this.stop();
    const [report] = SANITIZER_REPORT.exec(this.log) || [];
    assert.equal(report && report.slice(0, 6000), undefined, 'no sanitizer complains');
    fs.rmSync(this.root, { recursive: true, force: true });
    folders.delete(this.root);
  }

  /** An action that must go well; the answer is checked against the model. */
  async call(action, params = {}, client = this.v3, options = undefined) {
    const body = await client(action, params, options);
    model.checkAnswer(action, body);
    return body;
  }

  admin(action, params = {}) {
    return this.call(action, params, this.adminClient);
  }

  /** An action that must be refused with `code` (and HTTP `status`); gives the Refusal. */
  async refused(action, params, code, status = 400, client = this.v3, options = undefined) {
    let body;
    try {
      body = await client(action, params, options);
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      model.checkRefusal(e.body, action);
      assert.equal(`${e.status} ${e.code}`, `${status} ${code}`, `${action} ${JSON.stringify(params).slice(0, 300)}: ${e.message}`);
      return e;
    }
    return assert.fail(
      `${action} ${JSON.stringify(params).slice(0, 300)} is refused with ${code}, not answered ${JSON.stringify(body).slice(0, 300)}`,
    );
  }

  /** A request signed by hand; `how` as in sign.js. The answer's body is parsed if it is JSON. */
  async raw(version, how) {
    const request = sign[version]({ host: this.endpoints.imm, key: KEY, ...how });
    return this.sendRaw(how.change ? how.change(request) || request : request);
  }

  async sendRaw(request) {
    const answer = await sign.send(this.endpoints.imm, request, { ca: this.ca });
    try {
      answer.body = JSON.parse(answer.text);
    } catch {
      answer.body = null;
    }
    return answer;
  }

  /** True as long as the server answers a plain call. */
  async assertAlive() {
    await this.call('ListProjects', {});
  }

  /** Runs `bindery ARGS`; gives {code, out, err}. */
  cli(args, { env = {}, input = '', signal = null, onOutput = null, seconds = 60 } = {}) {
    return new Promise((resolve, reject) => {
      const p = child.spawn(binary, args, { env: this.environment(env), stdio: ['pipe', 'pipe', 'pipe'] });
      live.add(p);
      let out = '';
      let err = '';
      const timer = setTimeout(() => p.kill('SIGKILL'), seconds * 1000);
      p.stdout.on('data', (d) => {
        out += d;
        if (onOutput) onOutput(out + err, p);
      });
      p.stderr.on('data', (d) => {
        err += d;
        if (onOutput) onOutput(out + err, p);
      });
      p.on('error', reject);
      p.on('close', (code, how) => {
        clearTimeout(timer);
        live.delete(p);
        resolve({ code, signal: how, out, err });
      });
      p.stdin.on('error', () => {});
      p.stdin.end(input);
      if (signal) signal.addEventListener('abort', () => p.kill('SIGINT'));
    });
  }

  /** Makes the folder of a bucket, filled with {key: content}: files an hour old, so that nobody waits until they settle. */
  bucket(name, files = {}) {
    const old = Date.now() / 1000 - 3600;
    const folder = path.join(this.store, name);
    fs.mkdirSync(folder, { recursive: true });
    for (const [key, content] of Object.entries(files)) {
      const file = path.join(folder, key);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
      fs.utimesSync(file, old, old);
    }
    return folder;
  }

  /** A project with one dataset in it. */
  async dataset(projectName, datasetName = 'd', options = {}) {
    await this.call('CreateProject', { ProjectName: projectName });
    await this.call('CreateDataset', { ProjectName: projectName, DatasetName: datasetName, ...options });
    return { ProjectName: projectName, DatasetName: datasetName };
  }

  async binding(where, bucket) {
    return (await this.call('GetBinding', { ...where, URI: `oss://${bucket}` })).Binding;
  }

  /** Binds a bucket and waits until all of it is in the index. */
  async bindAndWait(where, bucket, options) {
    await this.call('CreateBinding', { ...where, URI: `oss://${bucket}` });
    return this.settled(where, bucket, options);
  }

  /** Waits until the binding is past its first scan and nothing is left to do. */
  settled(where, bucket, options = undefined) {
    return until(
      `oss://${bucket} is IncrementalScanning with nothing pending`,
      async () => {
        const b = await this.binding(where, bucket);
        return b.State === 'Running' && b.Phase === 'IncrementalScanning' && b.Progress.Pending === 0 && b;
      },
      options,
    );
  }

  async fileMeta(where, uri) {
    return (await this.call('GetFileMeta', { ...where, URI: uri })).Files[0];
  }

  /** Waits for the row of a URI; `test` may ask for more than that it is there. */
  fileAppears(where, uri, test = (f) => f.ObjectStatus !== 'Pending', options = undefined) {
    return until(
      `the row of ${uri} is as wanted`,
      async () => {
        const f = await this.fileMeta(where, uri);
        return f && test(f) && f;
      },
      options,
    );
  }

  fileVanishes(where, uri, options = undefined) {
    return until(`the row of ${uri} is gone`, async () => !(await this.fileMeta(where, uri)), options);
  }

  /** All pages of a SimpleQuery. */
  async queryAll(where, params = {}) {
    const files = [];
    const seen = new Set();
    for (let token = ''; ;) {
      const page = await this.call('SimpleQuery', { ...where, ...params, ...(token ? { NextToken: token } : {}) });
      assert.ok(page.Files.length <= (params.MaxResults || 100), 'a page is not longer than MaxResults');
      files.push(...page.Files);
      token = page.NextToken;
      if (!token) return files;
      assert.ok(!seen.has(token), 'NextToken never repeats');
      seen.add(token);
    }
  }

  /** Worker processes of this server: [pid]. */
  workers() {
    return processes()
      .filter((p) => p.parent === this.process.pid)
      .map((p) => p.pid);
  }

  /** The same once there are any: after some have died, the next may be due a moment later. */
  runningWorkers() {
    return until('a worker runs', () => {
      const pids = this.workers();
      return pids.length && pids;
    });
  }
}

/** Every process: {pid, parent, name}. */
function processes() {
  return fs
    .readdirSync('/proc')
    .filter((n) => /^\d+$/.test(n))
    .flatMap((n) => {
      try {
        const text = fs.readFileSync(`/proc/${n}/stat`, 'latin1');
        const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(text);
        const [state, parent] = rest.split(' ');
        return [{ pid: Number(n), parent: Number(parent), name, state }];
      } catch {
        return [];
      }
    });
}

/** Whether the process has ended; one that waits for its parent to notice has. */
function hasEnded(pid) {
  return !processes().some((p) => p.pid === pid && p.state !== 'Z');
}

/** Anonymous resident memory of a process, in MB. */
function rssAnon(pid) {
  const found = /^RssAnon:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found[1]) / 1024;
}

/** No process of the server holds more than the product promises. */
function assertSmall(server, limit = 150) {
  const pids = [server.process.pid, ...server.workers()];
  const sizes = pids.map((pid) => Math.round(rssAnon(pid)));
  assert.ok(
    sizes.every((mb) => mb < limit),
    `RssAnon of server and workers is under ${limit} MB: ${sizes}`,
  );
  return sizes;
}

/** A server for all tests of the enclosing describe(): started before them, gone after them. */
function useServer(options) {
  const server = new Server(options);
  before(() => server.start());
  after(async () => {
    if (process.env.BINDERY_TEST_LOG) process.stderr.write(server.log);
    await server.remove();
  });
  return server;
}

module.exports = {
  Server,
  Refusal,
  useServer,
  until,
  pause,
  random,
  hasEnded,
  rssAnon,
  assertSmall,
  tempFolder,
  clientV3,
  clientV1,
  binary,
  build,
  project,
  KEY,
  REGION,
  ACCOUNT,
};

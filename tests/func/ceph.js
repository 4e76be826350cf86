// Ceph's S3 gateway for the tests: monitor, one memory store and gateway, from Debian's packages, on loopback, with free
// ports and a folder of their own. They end with the process that started them, however that ends.
//
//   node ceph.js        runs one until it is interrupted, and says where it is
'use strict';

const child = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { before, after } = require('node:test');

const KEY = { id: 'TESTKEY', secret: 'test-secret/with+odd=signs' };
const ARCHIVED = 'GLACIER'; // a storage class it has next to STANDARD; here its objects can be read like others
const PROGRAMS = ['ceph', 'ceph-authtool', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin', 'setpriv'];
const START_S = 120; // on a machine that is busy with other things; idle it takes 2
const START_TRIES = 3; // somebody may take a port between our look and Ceph's

const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Polls until `probe` gives something true; `isOver` may say that it never will. */
async function until(what, probe, isOver = () => null) {
  const deadline = Date.now() + START_S * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    const problem = isOver() || (Date.now() > deadline && `after ${START_S} s still not: ${what}`);
    if (problem) throw new Error(problem);
    await pause(50);
  }
}

async function freePorts(n) {
  const servers = await Promise.all(
    Array.from(
      { length: n },
      () =>
        new Promise((resolve, reject) => {
          const s = net.createServer();
          s.on('error', reject);
          s.listen(0, '127.0.0.1', () => resolve(s));
        }),
    ),
  );
  const ports = servers.map((s) => s.address().port);
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))));
  return ports;
}

/** Programs that are not installed. */
function missing() {
  const folders = [...(process.env.PATH || '').split(':'), '/usr/sbin', '/sbin'];
  return PROGRAMS.filter((name) => !folders.some((f) => fs.existsSync(path.join(f, name))));
}

const configuration = (d, fsid, mon, gateway) => `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${mon[1]},v1:127.0.0.1:${mon[0]}]
mon initial members = a
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
public addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
run dir = ${d}/run
admin socket =
pid file =
log file = ${d}/$name.log
mon cluster log file = ${d}/cluster.log
crash dir = ${d}
keyring = ${d}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 2
osd pool default pgp num = 2
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 1
paxos propose interval = 0.05
paxos min wait = 0.01
[mon.a]
mon data = ${d}/mon
[osd.0]
osd data = ${d}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *
osd heartbeat interval = 1
[client.rgw.a]
keyring = ${d}/keyring
rgw frontends = beast endpoint=127.0.0.1:${gateway} tcp_nodelay=1
rgw data = ${d}/rgw
rgw thread pool size = 64
rgw multipart min part size = 1024
rgw enable usage log = false
rgw dynamic resharding = false
rgw override bucket index max shards = 1
rgw run sync thread = false
rgw lc debug interval = -1
`;

class Ceph {
  constructor() {
    this.folder = fs.mkdtempSync(path.join(process.env.BINDERY_TEST_TMP || os.tmpdir(), 'bindery-ceph-'));
    this.processes = [];
    this.dead = null;
    // Reads until we are gone, then removes what we could not.
    this.broom = child.spawn('sh', ['-c', 'cat > /dev/null; sleep 1; rm -rf "$0"', this.folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.broom.unref();
    this.broom.stdin.unref();
  }

  get conf() {
    return path.join(this.folder, 'ceph.conf');
  }

  get env() {
    return { ...process.env, CEPH_CONF: this.conf, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  }

  run(program, ...args) {
    return new Promise((resolve, reject) => {
      child.execFile(program, args, { env: this.env, timeout: START_S * 1000 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${program} ${args.join(' ')}: ${error.message}\n${stderr}`));
        else resolve(stdout);
      });
    });
  }

  /** A daemon in the foreground; the kernel ends it when we end. */
  daemon(program, ...args) {
    const log = fs.openSync(path.join(this.folder, `${program}.out`), 'a');
    const p = child.spawn('setpriv', ['--pdeathsig', 'KILL', program, '-c', this.conf, '-f', ...args], { env: this.env, stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.processes.push(p);
    p.gone = new Promise((resolve) => {
      p.on('exit', (code, signal) => {
        this.dead ||= `${program} ended (${signal || code})`;
        resolve();
      });
      p.on('error', (e) => {
        this.dead ||= `${program}: ${e.message}`;
        resolve();
      });
    });
    return p;
  }

  async start() {
    const [v1, v2, port] = await freePorts(3);
    const fsid = crypto.randomUUID();
    const d = this.folder;
    for (const name of ['run', 'mon', 'osd', 'rgw']) fs.mkdirSync(path.join(d, name), { recursive: true });
    fs.writeFileSync(this.conf, configuration(d, fsid, [v1, v2], port));
    const key = (name, ...caps) => this.run('ceph-authtool', `${d}/keyring`, '--gen-key', '-n', name, ...caps.flatMap((c) => ['--cap', c, 'allow *']));
    await this.run('ceph-authtool', `${d}/keyring`, '--create-keyring', '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *');
    await key('client.admin', 'mon', 'osd', 'mgr');
    await key('client.rgw.a', 'mon', 'osd', 'mgr');
    await key('osd.0', 'mon', 'osd', 'mgr');
    await this.run('monmaptool', '--create', '--clobber', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`, `${d}/monmap`);
    await this.run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', `${d}/monmap`, '--keyring', `${d}/keyring`);
    this.daemon('ceph-mon', '-i', 'a');
    const osd = crypto.randomUUID();
    await this.run('ceph', 'osd', 'new', osd, '0');
    await this.run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    this.daemon('ceph-osd', '-i', '0');
    await this.run('radosgw-admin', 'user', 'create', '--uid=test', '--display-name=test', `--access-key=${KEY.id}`, `--secret-key=${KEY.secret}`);
    const placement = (what) => [what, 'placement', 'add', `--rgw-${what}=default`, '--placement-id=default-placement', `--storage-class=${ARCHIVED}`];
    await this.run('radosgw-admin', ...placement('zonegroup'));
    await this.run('radosgw-admin', ...placement('zone'), '--data-pool=default.rgw.buckets.data');
    this.daemon('radosgw', '-n', 'client.rgw.a');
    this.endpoint = `http://127.0.0.1:${port}`;
    await until('the gateway answers', () => answers(this.endpoint), () => this.dead);
    return this;
  }

  /** What the daemons said last. */
  logs() {
    return fs
      .readdirSync(this.folder)
      .filter((n) => /\.(log|out)$/.test(n))
      .map((n) => `--- ${n}\n${fs.readFileSync(path.join(this.folder, n), 'utf8').slice(-1500)}`)
      .join('\n');
  }

  kill() {
    for (const p of this.processes) p.kill('SIGKILL');
  }

  async stop() {
    this.kill();
    await Promise.all(this.processes.map((p) => p.gone));
    fs.rmSync(this.folder, { recursive: true, force: true });
    this.broom.stdin.end();
  }
}

async function answers(endpoint) {
  try {
    return (await fetch(endpoint)).status === 200;
  } catch {
    return false;
  }
}

async function start() {
  for (let i = 1; ; i++) {
    const ceph = new Ceph();
    process.once('exit', () => ceph.kill());
    try {
      return await ceph.start();
    } catch (e) {
      const message = `Ceph did not start: ${e.message}\n${ceph.logs()}`;
      await ceph.stop();
      if (i === START_TRIES) throw new Error(message);
    }
  }
}

/** For all tests of the enclosing describe(): {endpoint, key}; `endpoint` is there once the tests run. */
function useCeph() {
  const found = { key: KEY, endpoint: null };
  let ceph = null;
  before(
    async () => {
      ceph = await start();
      found.endpoint = ceph.endpoint;
    },
    { timeout: START_TRIES * START_S * 1000 },
  );
  after(() => ceph && ceph.stop());
  return found;
}

/** For the options of describe(): why tests cannot run, or false. */
function unavailable() {
  const absent = missing();
  return absent.length ? `NOT TESTED against Ceph: ${absent.join(', ')} not installed (packages ceph-mon, ceph-osd, radosgw)` : false;
}

async function main() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  if (unavailable()) throw new Error(unavailable());
  const { endpoint } = await start();
  process.stdout.write(`${endpoint} ${KEY.id} ${KEY.secret}\n`);
  setInterval(() => {}, 1 << 30);
}

if (require.main === module)
  main().catch((e) => {
    process.stderr.write(`${e.message}\n`);
    process.exit(1);
  });

module.exports = { useCeph, start, unavailable, KEY, ARCHIVED };

// An HTTP proxy between the server and an S3 store that does what networks and stores do on bad days. What no rule
// says goes through as it is, Host header included, so that signatures hold. It also counts.
//
//   const slow = proxy.fault({ op: 'get', key: /\.jpg$/, times: 3 }, faults.refuse(503, 'SlowDown'));
//   ... slow.hits
//   proxy.clear();
'use strict';

const http = require('node:http');

const { until } = require('./harness');

/** What a request asks for, in path style: {op, method, bucket, key, query, range}. */
function meaning(req) {
  const url = new URL(req.url, 'http://proxy');
  const [bucket, ...rest] = req.url.split('?')[0].slice(1).split('/');
  const key = decodeURIComponent(rest.join('/'));
  const has = (name) => url.searchParams.has(name);
  let op = req.method.toLowerCase();
  if (!bucket) op = 'buckets';
  else if (!key && op === 'get') op = ['list-type', 'prefix', 'delimiter', 'max-keys', 'marker'].some(has) || !url.search ? 'list' : 'bucket';
  else if (!key) op = op === 'head' ? 'bucket' : `${op}-bucket`;
  else if (has('tagging')) op = 'tagging';
  return { op, method: req.method, bucket: decodeURIComponent(bucket), key, query: url.searchParams, range: req.headers.range || '' };
}

const matches = (rule, asked) =>
  (!rule.op || [rule.op].flat().includes(asked.op)) &&
  (!rule.bucket || rule.bucket === asked.bucket) &&
  (rule.key === undefined || (rule.key instanceof RegExp ? rule.key.test(asked.key) : rule.key === asked.key)) &&
  (!rule.test || rule.test(asked));

class Proxy {
  constructor() {
    this.rules = [];
    this.requests = []; // what was asked: meaning() and how it ended
    this.sockets = new Set();
    this.underWay = 0; // requests that are not answered yet
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  }

  /** Begins, in front of http://HOST:PORT; a function, if that changes. */
  async start(backend) {
    this.backend = () => new URL(typeof backend === 'function' ? backend() : backend);
    this.server = http.createServer({ keepAliveTimeout: 60000, maxHeaderSize: 65536 }, (req, res) => this.take(req, res));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
    await this.listen(0);
    return this;
  }

  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        this.server.off('error', reject);
        this.port = this.server.address().port;
        resolve();
      });
    });
  }

  get endpoint() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Nobody is there: connections are refused, those that exist are cut. up() undoes it. */
  async down() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const s of this.sockets) s.resetAndDestroy();
    await closed;
  }

  /** The port may be that of somebody's connection for a moment. */
  up() {
    return until('the port can be had again', async () => {
      await this.listen(this.port);
      return true;
    });
  }

  async stop() {
    if (this.server.listening) await this.down();
    this.agent.destroy();
  }

  /**
   * From now on `act` answers what matches {op, bucket, key, test}: a few times (`times`), not the first ones
   * (`after`), or each one. Gives {hits, remove()}.
   */
  fault(rule, act) {
    const entry = { rule, act, seen: 0, hits: 0 };
    entry.remove = () => {
      this.rules = this.rules.filter((r) => r !== entry);
    };
    this.rules.push(entry);
    return entry;
  }

  clear() {
    this.rules = [];
  }

  /** Forgets the requests so far. */
  forget() {
    this.requests = [];
  }

  /** How many requests there were for each op since forget(). */
  counts() {
    const n = {};
    for (const r of this.requests) n[r.op] = (n[r.op] || 0) + 1;
    return n;
  }

  find(asked) {
    for (const r of this.rules) {
      if (!matches(r.rule, asked)) continue;
      r.seen += 1;
      if (r.seen <= (r.rule.after || 0) || r.hits >= (r.rule.times ?? Infinity)) continue;
      r.hits += 1;
      return r.act;
    }
    return null;
  }

  take(req, res) {
    const asked = { ...meaning(req), status: 0, bytes: 0 };
    this.requests.push(asked);
    this.underWay += 1;
    res.on('close', () => {
      this.underWay -= 1;
    });
    const parts = [];
    req.on('data', (d) => parts.push(d));
    req.on('error', () => {});
    res.on('error', () => {});
    req.on('end', async () => {
      const exchange = new Exchange(this, req, res, asked, Buffer.concat(parts));
      try {
        await (this.find(asked) || pass)(exchange);
      } catch {
        exchange.reset(); // the backend has cut it, or is not there
      }
    });
  }
}

/** One request on its way: what a fault works with. */
class Exchange {
  constructor(proxy, req, res, asked, sent) {
    Object.assign(this, { proxy, req, res, asked, sent });
  }

  /** Asks the backend; gives {status, headers, body}. */
  ask() {
    const { req, proxy } = this;
    const { hostname, port } = proxy.backend();
    const how = { hostname, port, agent: proxy.agent, method: req.method, path: req.url, headers: req.headers };
    return new Promise((resolve, reject) => {
      const out = http.request(how, (answer) => {
        const parts = [];
        answer.on('data', (d) => parts.push(d));
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      });
      out.on('error', reject);
      out.end(this.sent);
    });
  }

  /** Sends headers; those of the backend that speak of the connection are left out. */
  head({ status, headers }, change = {}) {
    const all = { ...headers, ...change };
    for (const name of ['connection', 'keep-alive', 'transfer-encoding']) delete all[name];
    for (const [name, value] of Object.entries(all)) if (value === null) delete all[name];
    this.asked.status = status;
    this.res.writeHead(status, all);
  }

  /** Sends an answer with the length that it has, or, of HEAD, that it was said to have. */
  answer({ status, headers = {}, body = Buffer.alloc(0) }) {
    const bare = this.req.method === 'HEAD' || status === 304 || status === 204;
    const length = bare ? (headers['content-length'] ?? (status === 204 ? null : 0)) : Buffer.byteLength(body);
    this.head({ status, headers }, { 'content-length': length });
    this.asked.bytes += bare ? 0 : length;
    this.res.end(bare ? undefined : body);
  }

  /** Cuts the connection as a router does: RST, or FIN if `isFin`. */
  reset(isFin = false) {
    const { socket } = this.res;
    if (!socket) return;
    if (isFin) socket.end();
    else socket.resetAndDestroy();
  }
}

const pass = async (x) => x.answer(await x.ask());

const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const refusal = (code, message = 'on purpose') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>0</RequestId></Error>`;

/** Passes an answer through `change`, which gets {status, headers, body, asked} and returns what is different. */
const changed = (change) => async (x) => {
  const answer = await x.ask();
  x.answer({ ...answer, ...change({ ...answer, asked: x.asked }) });
};

/** Sends the head as it is and `share` of the body, then cuts. */
const partly = (share, isFin) => async (x) => {
  const answer = await x.ask();
  x.head(answer, { 'content-length': answer.body.length });
  await new Promise((resolve) => {
    x.res.write(answer.body.subarray(0, Math.floor(answer.body.length * share)) || '\n', resolve);
  });
  x.reset(isFin);
};

const listing = (change) =>
  changed(({ status, body }) => (status === 200 ? { body: Buffer.from(change(body.toString())) } : {}));

const faults = {
  pass,

  /** Refuses as S3 does. */
  refuse:
    (status, code, headers = {}) =>
    async (x) =>
      x.answer({ status, headers: { 'content-type': 'application/xml', ...headers }, body: Buffer.from(refusal(code)) }),

  /** The clock of the store is `ms` ahead: it refuses, and tells its time. */
  skewed: (ms) => async (x) => {
    const headers = { 'content-type': 'application/xml', date: new Date(Date.now() + ms).toUTCString() };
    x.answer({ status: 403, headers, body: Buffer.from(refusal('RequestTimeTooSkewed')) });
  },

  /** Answers later. */
  delay: (ms) => async (x) => {
    await pause(ms);
    await pass(x);
  },

  /** Never answers. */
  silence: () => async () => {},

  resetBefore: () => async (x) => x.reset(),
  resetMiddle: (share = 0.5) => partly(share, false),
  truncated: (share = 0.5) => partly(share, true),

  /** Less body than was asked for, with a length that fits what is sent. */
  shortened: (share = 0.5) => changed(({ body }) => ({ body: body.subarray(0, Math.floor(body.length * share)) })),

  /** More body than was asked for, with a length that fits what is sent. */
  lengthened: (bytes = 1000) => changed(({ body }) => ({ body: Buffer.concat([body, Buffer.alloc(bytes, 'x')]) })),

  /** Headers of the answer; null takes one away. */
  headers: (headers) => changed((answer) => ({ headers: { ...answer.headers, ...(typeof headers === 'function' ? headers(answer) : headers) } })),

  /** The Content-Range of bytes a little further on. */
  otherRange: () =>
    changed(({ headers }) => {
      const found = /^bytes (\d+)-(\d+)\/(.*)$/.exec(headers['content-range'] || '');
      if (!found) return {};
      const [first, last] = [Number(found[1]) + 512, Number(found[2]) + 512];
      return { headers: { ...headers, 'content-range': `bytes ${first}-${last}/${found[3]}` } };
    }),

  /** The page of a portal that wants a password, as proxies answer. */
  html: () => async (x) => x.answer({ status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html><body>Log in here</body></html>') }),

  empty: () => changed(() => ({ body: Buffer.alloc(0) })),

  /** A few bytes at a time. */
  drip:
    (bytes, ms) =>
    async (x) => {
      const answer = await x.ask();
      x.head(answer, { 'content-length': answer.body.length });
      for (let at = 0; at < answer.body.length && !x.res.destroyed; at += bytes) {
        x.res.write(answer.body.subarray(at, at + bytes));
        await pause(ms);
      }
      x.res.end();
    },

  /** `act` first, then as if nothing were: the object is replaced between two ranges, say. */
  first: (act) => async (x) => {
    await act(x.asked);
    await pass(x);
  },

  // Pages of a listing
  /** The page before once more. */
  repeats: () => {
    let last = null;
    return async (x) => {
      const answer = last || (await x.ask());
      last = answer;
      x.answer(answer);
    };
  },
  /** The last key of the page first. */
  disordered: () =>
    listing((xml) => {
      const all = xml.match(/<Contents>.*?<\/Contents>/gs) || [];
      if (all.length < 2) return xml;
      const rest = xml.replace(/<Contents>.*<\/Contents>/s, '@');
      return rest.replace('@', () => [all[all.length - 1], ...all.slice(0, -1)].join(''));
    }),
  /** The same key twice. */
  doubled: () => listing((xml) => xml.replace(/<Contents>.*?<\/Contents>/s, (one) => one + one)),
  /** Does not say whether there is more. */
  endless: () => listing((xml) => xml.replace(/<IsTruncated>.*?<\/IsTruncated>/s, '')),
  /** Says that there is more, and gives nothing. */
  hollow: () => listing((xml) => xml.replace(/<Contents>.*<\/Contents>/s, '').replace(/<IsTruncated>false/, '<IsTruncated>true')),
  /** Ends in the middle, with a length that fits. */
  cutPage: () => listing((xml) => xml.slice(0, xml.length * 0.6)),
  /** Sizes that are no numbers. */
  badSizes: () => listing((xml) => xml.replace(/<Size>\d+</g, '<Size>many<')),
};

module.exports = { Proxy, faults, meaning };

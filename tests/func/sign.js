// Signed requests by hand, for what the vendor's clients refuse to send: the two signatures as the
// protocol states them, written from the specification and not from the server.
'use strict';

const crypto = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');

const VERSION = '2020-09-30';
const FORM = 'application/x-www-form-urlencoded';

/** Percent-encoding of RFC 3986: everything but A-Z a-z 0-9 - _ . ~ */
function encode(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
}

const pairs = (params) => (Array.isArray(params) ? params : Object.entries(params));
const join = (params) =>
  pairs(params)
    .map(([k, v]) => `${encode(k)}=${encode(v)}`)
    .join('&');
const byKey = ([a], [b]) => (a < b ? -1 : a > b ? 1 : 0);
const canonical = (params) => join([...pairs(params)].sort(byKey));

const timestamp = (shiftSeconds = 0) => new Date(Date.now() + shiftSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');

/**
 * An ACS3-HMAC-SHA256 request. `change` gets what would be sent after signing, to spoil it.
 * Options: action, query, form, method, key {id, secret}, date, nonce, headers, host.
 */
function signV3(o) {
  const method = o.method || 'POST';
  const body = o.body !== undefined ? o.body : o.form ? join(o.form) : '';
  const headers = {
    host: o.host,
    'x-acs-action': o.action,
    'x-acs-version': o.version || VERSION,
    'x-acs-date': o.date || timestamp(),
    'x-acs-signature-nonce': o.nonce || crypto.randomUUID(),
    'x-acs-content-sha256': sha256(body),
    ...(body ? { 'content-type': o.contentType || FORM } : {}),
    ...o.headers,
  };
  for (const name of o.without || []) delete headers[name];
  const names = Object.keys(headers)
    .filter((n) => !(o.unsigned || []).includes(n))
    .sort();
  const request = [
    method,
    '/',
    canonical(o.query || {}),
    names.map((n) => `${n}:${String(headers[n]).trim()}\n`).join(''),
    names.join(';'),
    headers['x-acs-content-sha256'],
  ].join('\n');
  const text = `ACS3-HMAC-SHA256\n${sha256(request)}`;
  const signature = crypto.createHmac('sha256', o.key.secret).update(text).digest('hex');
  headers.authorization = `ACS3-HMAC-SHA256 Credential=${o.key.id},SignedHeaders=${names.join(';')},Signature=${signature}`;
  const query = join(o.query || {});
  return { method, path: query ? `/?${query}` : '/', headers, body };
}

/** A request of the older RPC signature. `query` and `form` are signed together. */
function signV1(o) {
  const method = o.method || 'GET';
  const common = {
    Action: o.action,
    Version: o.version || VERSION,
    Format: 'JSON',
    AccessKeyId: o.key.id,
    Timestamp: o.date || timestamp(),
    SignatureNonce: o.nonce || crypto.randomUUID(),
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    ...o.common,
  };
  for (const name of o.without || []) delete common[name];
  const query = [...Object.entries(common), ...pairs(o.query || {})];
  const form = pairs(o.form || {});
  const text = `${method}&%2F&${encode(canonical([...query, ...form]))}`;
  const signature = crypto.createHmac('sha1', `${o.key.secret}&`).update(text).digest('base64');
  if (!(o.without || []).includes('Signature')) query.push(['Signature', o.signature || signature]);
  const body = form.length ? join(form) : '';
  const headers = { host: o.host, ...(body ? { 'content-type': FORM } : {}), ...o.headers };
  return { method, path: `/?${join(query)}`, headers, body };
}

/** Sends what sign*() made to "HOST:PORT", over TLS if `ca` is given; the body of the answer stays text. */
function send(address, request, { ca, agent = false } = {}) {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const r = (ca ? https : http).request(
      {
        host,
        port,
        ...(ca ? { ca, servername: 'localhost' } : {}), // whatever the header Host says
        method: request.method,
        path: request.path,
        agent,
        headers: { ...request.headers, 'content-length': Buffer.byteLength(request.body || '') },
      },
      (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode,
            headers: answer.headers,
            text: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    // A server that refuses a body early closes the connection while we still write to it.
    r.on('error', reject);
    r.setTimeout(30000, () => r.destroy(new Error('no answer within 30 s')));
    r.end(request.body || '');
  });
}

/** Writes bytes to the socket as they are, over TLS if `ca` is given; resolves with all that came back until it closed. */
function sendBytes(address, bytes, { half = true, timeout = 30000, ca } = {}) {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const parts = [];
    const where = { host, port, ca, allowHalfOpen: true };
    const socket = (ca ? tls : net).connect(where, () => (half ? socket.end(bytes) : socket.write(bytes)));
    socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer within ${timeout} ms`)));
    socket.on('data', (part) => parts.push(part));
    socket.on('error', (e) => (parts.length ? resolve(Buffer.concat(parts).toString('latin1')) : reject(e)));
    socket.on('end', () => {
      socket.destroy();
      resolve(Buffer.concat(parts).toString('latin1'));
    });
  });
}

module.exports = { VERSION, FORM, encode, join, timestamp, sha256, signV3, signV1, send, sendBytes };

// Certificates for servers of the tests, made by openssl.
'use strict';

const child = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const openssl = (...args) => child.execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

const KINDS = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
  ed25519: ['-newkey', 'ed25519'],
};

/**
 * A certificate in `folder`: {certificate, key, ca, fingerprint}: the paths of both files, the text by which clients
 * believe it, and what tells it from others. Signed by `by`, another one, else by itself. What was there is replaced.
 */
function makeCertificate(folder, { name = 'server', names = 'IP:127.0.0.1,DNS:localhost', kind = 'ec', by = null, extra = [] } = {}) {
  const certificate = path.join(folder, `${name}.crt`);
  const key = path.join(folder, `${name}.key`);
  openssl(
    ...['req', '-x509', '-nodes', '-sha256', '-days', '60', '-subj', `/CN=${name}`, ...KINDS[kind]],
    ...['-addext', `subjectAltName=${names}`, '-keyout', key, '-out', certificate],
    ...(by ? ['-CA', by.certificate, '-CAkey', by.key, '-addext', 'basicConstraints=critical,CA:FALSE'] : []),
    ...extra,
  );
  fs.chmodSync(key, 0o600);
  const text = fs.readFileSync(certificate, 'utf8');
  return { certificate, key, ca: by ? by.ca : text, text, fingerprint: new crypto.X509Certificate(text).fingerprint256 };
}

module.exports = { makeCertificate };

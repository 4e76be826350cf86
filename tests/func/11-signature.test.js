// Signatures: what proves who is calling, and what does not.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const { describe, it } = require('node:test');

const { useServer, tempFolder, clientV3, clientV1, KEY } = require('./harness');
const { checkRefusal } = require('./model');
const { timestamp } = require('./sign');
const { makeCertificate } = require('./tls');

const other = { id: KEY.id, secret: 'not the secret' };
const unknown = { id: 'LTAIunknown', secret: 'whatever' };

const setHeader = (name, value) => (r) => {
  r.headers[name] = value;
};
const editAuth = (from, to) => (r) => {
  r.headers.authorization = r.headers.authorization.replace(from, to);
};

const v3 = [
  ['a wrong secret', { key: other }, 400, /^SignatureDoesNotMatch$/],
  ['an unknown key', { key: unknown }, 404, /^InvalidAccessKeyId\.NotFound$/],
  [
    'a query changed after signing',
    {
      query: { Prefix: 'a' },
      change: (r) => {
        r.path = '/?Prefix=b';
      },
    },
    400,
    /^SignatureDoesNotMatch$/,
  ],
  [
    'a parameter added after signing',
    {
      change: (r) => {
        r.path = '/?Prefix=b';
      },
    },
    400,
    /^SignatureDoesNotMatch$/,
  ],
  [
    'a body changed after signing',
    {
      form: { Prefix: 'a' },
      change: (r) => {
        r.body = 'Prefix=b';
      },
    },
    400,
    /^(SignatureDoesNotMatch|InvalidContentSha256|IncompleteSignature)$/,
  ],
  [
    'a body added after signing',
    {
      change: (r) => {
        r.body = 'Prefix=b';
      },
    },
    400,
    /^(SignatureDoesNotMatch|IncompleteSignature)$/,
  ],
  [
    'another action than was signed',
    { change: setHeader('x-acs-action', 'GetProject') },
    400,
    /^(SignatureDoesNotMatch|MissingProjectName)$/,
  ],
  [
    'another method than was signed',
    {
      method: 'POST',
      change: (r) => {
        r.method = 'GET';
      },
    },
    400,
    /^SignatureDoesNotMatch$/,
  ],
  ['another host than was signed', { change: setHeader('host', 'imm.example.com') }, 400, /^SignatureDoesNotMatch$/],
  ['a date of 16 minutes ago', { date: timestamp(-960) }, 400, /^InvalidTimeStamp\.Expired$/],
  ['a date in 16 minutes', { date: timestamp(960) }, 400, /^InvalidTimeStamp\.Expired$/],
  ['a date of another century', { date: '1999-01-01T00:00:00Z' }, 400, /^InvalidTimeStamp\.Expired$/],
  ['a date that is none', { date: 'yesterday' }, 400, /^InvalidTimeStamp\.Format$/],
  ['a date with an impossible day', { date: '2024-02-31T00:00:00Z' }, 400, /^InvalidTimeStamp\.(Format|Expired)$/],
  ['no date', { without: ['x-acs-date'] }, 400, /^(MissingTimestamp|IncompleteSignature|InvalidTimeStamp\.Format)$/],
  ['no nonce', { without: ['x-acs-signature-nonce'] }, 400, /^(MissingSignatureNonce|IncompleteSignature)$/],
  [
    'no body hash',
    {
      change: (r) => {
        delete r.headers['x-acs-content-sha256'];
      },
    },
    400,
    /^(IncompleteSignature|SignatureDoesNotMatch)$/,
  ],
  ['a host that is not signed', { unsigned: ['host'] }, 400, /^(IncompleteSignature|SignatureDoesNotMatch)$/],
  ['a date that is not signed', { unsigned: ['x-acs-date'] }, 400, /^(IncompleteSignature|SignatureDoesNotMatch)$/],
  ['an action that is not signed', { unsigned: ['x-acs-action'] }, 400, /^(IncompleteSignature|SignatureDoesNotMatch)$/],
  ['a nonce that is not signed', { unsigned: ['x-acs-signature-nonce'] }, 400, /^(IncompleteSignature|SignatureDoesNotMatch)$/],
  [
    'a signature cut short',
    { change: editAuth(/Signature=(.{60}).*/, 'Signature=$1') },
    400,
    /^(IncompleteSignature|SignatureDoesNotMatch)$/,
  ],
  ['an empty signature', { change: editAuth(/Signature=[0-9a-f]+$/, 'Signature=') }, 400, /^(IncompleteSignature|SignatureDoesNotMatch)$/],
  ['no signed headers', { change: editAuth(/SignedHeaders=[^,]*,/, '') }, 400, /^IncompleteSignature$/],
  [
    'a signed header that is not sent',
    { change: editAuth('SignedHeaders=host;', 'SignedHeaders=host;x-acs-nothing;') },
    400,
    /^(IncompleteSignature|SignatureDoesNotMatch)$/,
  ],
  [
    'an unknown algorithm',
    { change: editAuth('ACS3-HMAC-SHA256', 'ACS3-HMAC-MD5') },
    400,
    /^(IncompleteSignature|InvalidSignatureMethod)$/,
  ],
  [
    'an Authorization that is noise',
    { change: setHeader('authorization', 'Basic dXNlcjpwYXNz') },
    400,
    /^(IncompleteSignature|InvalidSignatureMethod|Missing.*)$/,
  ],
  [
    'no Authorization',
    {
      change: (r) => {
        delete r.headers.authorization;
      },
    },
    400,
    /^(Missing.*|IncompleteSignature)$/,
  ],
  ['an overlong key id', { key: { id: 'x'.repeat(5000), secret: 'x' } }, 404, /^InvalidAccessKeyId\.NotFound$/],
];

const v1 = [
  ['a wrong secret', { key: other }, 400, /^SignatureDoesNotMatch$/],
  ['an unknown key', { key: unknown }, 404, /^InvalidAccessKeyId\.NotFound$/],
  [
    'a parameter changed after signing',
    {
      query: { Prefix: 'a' },
      change: (r) => {
        r.path = r.path.replace('Prefix=a', 'Prefix=b');
      },
    },
    400,
    /^SignatureDoesNotMatch$/,
  ],
  [
    'a form parameter added after signing',
    {
      method: 'POST',
      form: { Prefix: 'a' },
      change: (r) => {
        r.body += '&MaxResults=1';
      },
    },
    400,
    /^SignatureDoesNotMatch$/,
  ],
  [
    'another method than was signed',
    {
      change: (r) => {
        r.method = 'POST';
      },
    },
    400,
    /^SignatureDoesNotMatch$/,
  ],
  ['a date of 16 minutes ago', { date: timestamp(-960) }, 400, /^InvalidTimeStamp\.Expired$/],
  ['a date in 16 minutes', { date: timestamp(960) }, 400, /^InvalidTimeStamp\.Expired$/],
  ['a date that is none', { date: 'now' }, 400, /^InvalidTimeStamp\.Format$/],
  ['no date', { without: ['Timestamp'] }, 400, /^MissingTimestamp$/],
  ['no key', { without: ['AccessKeyId'] }, 400, /^MissingAccessKeyId$/],
  ['no signature', { without: ['Signature'] }, 400, /^(MissingSignature|IncompleteSignature)$/],
  ['no nonce', { without: ['SignatureNonce'] }, 400, /^MissingSignatureNonce$/],
  ['an unknown method', { common: { SignatureMethod: 'HMAC-MD5' } }, 400, /^InvalidSignatureMethod$/],
  [
    'an unknown signature version',
    { common: { SignatureVersion: '9.0' } },
    400,
    /^(InvalidSignatureVersion|InvalidSignatureMethod|IncompleteSignature|InvalidSignature.*)$/,
  ],
  ['a signature of noise', { signature: 'AAAA' }, 400, /^(SignatureDoesNotMatch|IncompleteSignature)$/],
];

function suite(server) {

  for (const [version, cases] of [
    ['signV3', v3],
    ['signV1', v1],
  ]) {
    for (const [what, how, status, code] of cases) {
      it(`${version === 'signV3' ? 'ACS3' : 'RPC v1'}: refuses ${what}`, async () => {
        const e = await server.raw(version, { action: 'ListProjects', ...how });
        checkRefusal(e.body, e.text);
        assert.equal(e.status, status, e.text);
        assert.match(e.body.Code, code);
        assert.ok(!e.text.includes(KEY.secret), 'the secret is not told');
      });
    }

    it(`${version}: accepts clocks that differ by 14 minutes`, async () => {
      for (const shift of [-840, 840]) {
        const answer = await server.raw(version, { action: 'ListProjects', date: timestamp(shift) });
        assert.equal(answer.status, 200, answer.text);
      }
    });

    it(`${version}: refuses a request that is sent twice, also after a restart and after a kill`, async () => {
      const sent = [];
      const how = {
        action: 'ListProjects',
        nonce: crypto.randomUUID(),
        change: (r) => {
          sent.push(r);
        },
      };
      assert.equal((await server.raw(version, how)).status, 200);
      const again = async () => {
        const answer = await server.sendRaw(sent[0]);
        assert.equal(`${answer.status} ${answer.body.Code}`, '400 SignatureNonceUsed');
      };
      await again();
      const port = server.endpoints.imm;
      server.flags['imm-listen'] = port; // the host is signed: replayed to the same address
      await server.restart();
      await again();
      await server.kill();
      await server.start();
      await again();
      assert.equal((await server.raw(version, { action: 'ListProjects' })).status, 200, 'new requests are taken at once');
    });

    it(`${version}: does not let a refused request use up its nonce`, async () => {
      const nonce = crypto.randomUUID();
      assert.equal((await server.raw(version, { action: 'ListProjects', nonce, key: other })).status, 400);
      assert.equal((await server.raw(version, { action: 'ListProjects', nonce })).status, 200);
    });
  }

  it('tells both vendor clients in their own terms that the secret is wrong', async () => {
    for (const make of [clientV3, clientV1]) {
      await server.refused('ListProjects', {}, 'SignatureDoesNotMatch', 400, make(server.endpoints.imm, other, server.ca));
      await server.refused('ListProjects', {}, 'InvalidAccessKeyId.NotFound', 404, make(server.endpoints.imm, unknown, server.ca));
    }
  });

  it('tells what it would have signed when a signature does not match', async () => {
    const e = await server.raw('signV3', { action: 'ListProjects', query: { Prefix: 'a b' }, key: other });
    assert.match(e.body.Message, /Prefix=a%20b/);
  });

  it('checks the signature before it tells whether something exists', async () => {
    await server.call('CreateProject', { ProjectName: 'secret' });
    const e = await server.raw('signV3', { action: 'GetProject', query: { ProjectName: 'secret' }, key: other });
    assert.equal(e.body.Code, 'SignatureDoesNotMatch');
  });
}

describe('signatures', () => suite(useServer()));
describe('signatures over TLS', () => suite(useServer({ tls: makeCertificate(tempFolder()) })));

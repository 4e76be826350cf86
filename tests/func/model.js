// Checks answers against the interface description that the server itself is built from: each member
// known, each of the right type.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const api = path.join(__dirname, '..', '..', 'api');
const imm = JSON.parse(fs.readFileSync(path.join(api, 'imm-2020-09-30.json')));
const admin = JSON.parse(fs.readFileSync(path.join(api, 'admin.json')));

// What we add to the vendor's structures, on purpose and documented.
const extensions = {
  Binding: [{ name: 'Progress', type: 'Progress' }],
  Progress: ['Listed', 'Indexed', 'Unchanged', 'Deleted', 'Failed', 'Pending']
    .map((name) => ({ name, type: 'int64' }))
    .concat(['StartTime', 'EstimatedEndTime'].map((name) => ({ name, type: 'string' }))),
  File: ['FrameCount', 'Rating', 'EntryCount']
    .map((name) => ({ name, type: 'int64' }))
    .concat(
      ['ColorProfile', 'MotionPhoto', 'Encrypted', 'Charset', 'MailFrom', 'MailTo', 'DocumentModifiedTime', 'DocumentText'].map((name) => ({
        name,
        type: 'string',
      })),
    )
    .concat([{ name: 'EntryNames', type: ['string'] }]),
};

const REQUEST_ID = /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?[+-]\d\d:\d\d$/;

const scalars = {
  string: (v) => typeof v === 'string',
  bool: (v) => typeof v === 'boolean',
  int32: (v) => Number.isInteger(v) && Math.abs(v) < 2 ** 31,
  int64: (v) => Number.isInteger(v),
  float: (v) => typeof v === 'number',
  double: (v) => typeof v === 'number',
  any: () => true,
};

function members(name) {
  const own = imm.models[name] || admin.models[name] || [];
  const all = [...own, ...(extensions[name] || [])];
  assert.ok(all.length, `the model knows the structure ${name}`);
  return all;
}

function checkValue(value, type, where) {
  if (Array.isArray(type)) {
    assert.ok(Array.isArray(value), `${where} is an array, not ${JSON.stringify(value)}`);
    value.forEach((v, i) => checkValue(v, type[0], `${where}[${i}]`));
  } else if (typeof type === 'object') {
    assert.ok(value && typeof value === 'object' && !Array.isArray(value), `${where} is an object`);
    for (const [k, v] of Object.entries(value)) checkValue(v, type.map, `${where}.${k}`);
  } else if (scalars[type]) {
    assert.ok(scalars[type](value), `${where} is ${type}, not ${JSON.stringify(value)}`);
  } else {
    checkObject(value, members(type), where);
  }
}

function checkObject(value, fields, where) {
  assert.ok(value && typeof value === 'object' && !Array.isArray(value), `${where} is an object`);
  for (const [k, v] of Object.entries(value)) {
    const field = fields.find((f) => f.name === k);
    assert.ok(field, `${where}.${k} is known to the model`);
    checkValue(v, field.type, `${where}.${k}`);
    if (k.endsWith('Time') && field.type === 'string' && v !== '') assert.match(v, TIME, `${where}.${k} is a time`);
  }
}

/** An answer that went well: RequestId, and every member as the model of the action says. */
function checkAnswer(action, body) {
  const known = imm.actions[action] || admin.actions[action];
  assert.ok(known, `${action} is in the model`);
  assert.match(body.RequestId, REQUEST_ID, `${action}: RequestId is an upper-case UUID`);
  checkObject(body, known.response, action);
}

const REFUSAL = ['Code', 'Message', 'RequestId', 'HostId', 'Recommend'];

/** A refusal: the five members, none of them empty. */
function checkRefusal(body, what = 'refusal') {
  for (const name of REFUSAL) {
    assert.equal(typeof body[name], 'string', `${what}: ${name} is a string`);
    assert.notEqual(body[name], '', `${what}: ${name} says something`);
  }
  assert.match(body.RequestId, REQUEST_ID, `${what}: RequestId is an upper-case UUID`);
}

module.exports = { imm, admin, members, checkAnswer, checkRefusal, REQUEST_ID, TIME };

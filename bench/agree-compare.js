// How two answers are compared. Each is a function (ours, theirs) that tells whether they mean the same; what is
// undefined was not answered, and only equal to what is undefined too.
'use strict';

const text = (value) =>
  String(value)
    .normalize('NFC')
    .replace(/[\0\s\u{fffd}]+/gu, ' ')
    .trim();

const CUT = 1000; // we cut texts at 1,024 bytes

function sameText(ours, theirs) {
  if (typeof theirs === 'number') return Number(ours) === theirs; // exiftool's JSON has "1.00" as a number
  const [a, b] = [text(ours), text(theirs)];
  return a === b || (Buffer.byteLength(a) >= CUT && b.startsWith(a));
}

/** "28/10", "1/250", 2.8, "35 mm": the number, or NaN. */
function number(value) {
  const m = /^\s*(-?[\d.]+(?:e[-+]?\d+)?)(?:\s*\/\s*(-?[\d.]+))?/i.exec(String(value));
  if (!m) return NaN;
  return m[2] === undefined ? Number(m[1]) : Number(m[1]) / Number(m[2]);
}

const exact = (ours, theirs) => String(ours) === String(theirs);
const sameNumber = (ours, theirs) => number(ours) === number(theirs);

/** Within `relative` of theirs, or within `absolute`. What is not finite is equal to the like. */
const near =
  (relative, absolute = 0) =>
  (ours, theirs) => {
    const [a, b] = [number(ours), number(theirs)];
    if (!Number.isFinite(a) || !Number.isFinite(b)) return !Number.isFinite(a) && !Number.isFinite(b);
    return Math.abs(a - b) <= Math.max(absolute, relative * Math.abs(b));
  };

/** Lists of numbers, each near. */
const nearAll = (relative) => (ours, theirs) => {
  const split = (v) => String(v).trim().split(/[\s,]+/);
  const [a, b] = [split(ours), split(theirs)];
  return a.length === b.length && a.every((v, i) => near(relative)(v, b[i]));
};

const TIME = /^(\d{4})[-:](\d\d)(?:[-:](\d\d))?(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?\s*(Z(?:\d\d:\d\d)?|[+-]\d\d(?::?\d\d)?)?$/;

/** {wall: ms as if in UTC, offset: ms or undefined}, or null. */
function time(value) {
  const m = TIME.exec(String(value).trim());
  if (!m) return null;
  const [, y, mo, d = '1', h = '0', mi = '0', s = '0', fraction = '', zone] = m;
  const wall = Date.UTC(+y, +mo - 1, +d, +h, +mi, +s) + Math.round(Number(`0.${fraction || 0}`) * 1000);
  if (!zone) return { wall };
  const [, sign, zh, zm = '0'] = /([+-])(\d\d):?(\d\d)?/.exec(zone) || [null, '+', '0', '0'];
  return { wall, offset: (sign === '-' ? -1 : 1) * (Number(zh) * 60 + Number(zm)) * 60000 };
}

/** The same instant; where theirs has no zone, the same clock time (ours is in the server's zone then). */
function sameTime(ours, theirs) {
  const [a, b] = [time(ours), time(theirs)];
  if (!a || !b) return false;
  const differ = b.offset === undefined || a.offset === undefined ? a.wall - b.wall : a.wall - a.offset - (b.wall - b.offset);
  return Math.abs(differ) < 1000 && (Math.abs(differ) < 10 || a.wall % 1000 === 0 || b.wall % 1000 === 0);
}

/** "lat,lon", each within 1e-5 degrees. */
function samePlace(ours, theirs) {
  const split = (v) => String(v).split(/[\s,]+/).map(Number);
  const [a, b] = [split(ours), split(theirs)];
  return [0, 1].every((i) => Math.abs(a[i] - b[i]) <= 1e-5 || Math.abs(Math.abs(a[i] - b[i]) - 360) <= 1e-5);
}

/** Lists of texts, in any order, each once. */
function sameSet(ours, theirs) {
  const set = (v) => [...new Set(v.map(text))].sort();
  const [a, b] = [set(ours), set(theirs)];
  return a.length === b.length && a.every((v, i) => sameText(v, b[i]));
}

const ALIASES = new Map(
  [
    ['image/vnd.microsoft.icon', 'image/x-icon'],
    ['image/x-win-bitmap', 'image/x-cursor', 'image/x-icon'],
    ['image/heic', 'image/heif'],
    ['image/x-jp2-codestream', 'image/x-j2c'],
    ['image/apng', 'image/png'],
    ['application/gzip', 'application/x-gzip'],
    ['audio/wav', 'audio/x-wav'],
    ['audio/x-ape', 'audio/x-monkeys-audio'],
    ['audio/x-optimfrog', 'audio/x-ofr'],
    ['application/vnd.apple.keynote', 'application/x-iwork-keynote-sffkey'],
    ['application/vnd.apple.pages', 'application/x-iwork-pages-sffpages'],
    ['application/vnd.apple.numbers', 'application/x-iwork-numbers-sffnumbers'],
    ['audio/webm', 'audio/x-matroska'],
    ['text/xml', 'application/xml'],
    ['application/xhtml+xml', 'text/html'], // exiftool has one name for both
    ['application/rtf', 'text/rtf'],
  ].flatMap((list) => list.map((name) => [name, list])),
);

/** MIME types that are names of one thing. */
function sameType(ours, theirs) {
  return ours === theirs || (ALIASES.get(ours) || []).includes(theirs);
}

module.exports = { text, number, exact, sameText, sameNumber, near, nearAll, time, sameTime, samePlace, sameSet, sameType };

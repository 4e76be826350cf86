// Small media files, most of them made byte by byte here.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');

const u16 = (v, little) => {
  const b = Buffer.alloc(2);
  if (little) b.writeUInt16LE(v);
  else b.writeUInt16BE(v);
  return b;
};
const u32 = (v, little) => {
  const b = Buffer.alloc(4);
  if (little) b.writeUInt32LE(v);
  else b.writeUInt32BE(v);
  return b;
};

function png(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    return Buffer.concat([u32(data.length), body, u32(crc32(body))]);
  };
  const header = Buffer.concat([u32(width), u32(height), Buffer.from([8, 0, 0, 0, 0])]);
  const rows = Buffer.alloc((width + 1) * height, 0);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', zlib.deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(data) {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function gif(width, height) {
  // One pixel of colour 0 is enough of an image: the screen says how large the picture is.
  return Buffer.concat([
    Buffer.from('GIF89a'),
    u16(width, true),
    u16(height, true),
    Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
    Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b]),
  ]);
}

/** A grey JPEG: every block has no difference and no detail, one bit each. `exif` as made by exif(). */
function jpeg(width, height, exif = null) {
  const segment = (marker, data) => Buffer.concat([Buffer.from([0xff, marker]), u16(data.length + 2), data]);
  const table = (id) => Buffer.concat([Buffer.from([id, 1]), Buffer.alloc(15), Buffer.from([0])]);
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  const bits = blocks * 2;
  const scan = Buffer.alloc(Math.ceil(bits / 8));
  if (bits % 8) scan[scan.length - 1] = 0xff >> (bits % 8);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    exif ? segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif])) : Buffer.alloc(0),
    segment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)])),
    segment(0xc0, Buffer.concat([Buffer.from([8]), u16(height), u16(width), Buffer.from([1, 1, 0x11, 0])])),
    segment(0xc4, table(0x00)),
    segment(0xc4, table(0x10)),
    segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    scan,
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** A TIFF directory tree, little endian. tags: [[id, type, value]]; type 2 text, 3 short, 4 long, 5 rationals. */
function directory(tags, offset) {
  const sizes = { 2: 1, 3: 2, 4: 4, 5: 8 };
  const data = ([, type, value]) => {
    if (type === 2) return Buffer.from(`${value}\0`);
    if (type === 3) return u16(value, true);
    if (type === 4) return u32(value, true);
    return Buffer.concat(value.flatMap(([n, d]) => [u32(n, true), u32(d, true)]));
  };
  let tail = offset + 2 + tags.length * 12 + 4;
  const extra = [];
  const entries = tags.map((tag) => {
    const bytes = data(tag);
    const head = Buffer.concat([u16(tag[0], true), u16(tag[1], true), u32(bytes.length / sizes[tag[1]], true)]);
    if (bytes.length <= 4) return Buffer.concat([head, bytes, Buffer.alloc(4 - bytes.length)]);
    const padded = bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes;
    extra.push(padded);
    tail += padded.length;
    return Buffer.concat([head, u32(tail - padded.length, true)]);
  });
  return Buffer.concat([u16(tags.length, true), ...entries, u32(0, true), ...extra]);
}

/** EXIF of a photo: {make, model, orientation, taken: '2020:08:19 17:11:11', offset, lat: [d, m, s], latRef, lon, lonRef}. */
function exif(o) {
  const header = Buffer.concat([Buffer.from('II'), u16(42, true), u32(8, true)]);
  const rational = (parts) => parts.map((v) => [Math.round(v * 1000), 1000]);
  const shot = [...(o.taken ? [[0x9003, 2, o.taken]] : []), ...(o.offset ? [[0x9011, 2, o.offset]] : [])];
  const place = o.lat
    ? [
        [1, 2, o.latRef || 'N'],
        [2, 5, rational(o.lat)],
        [3, 2, o.lonRef || 'E'],
        [4, 5, rational(o.lon)],
      ]
    : [];
  const main = (shotAt, placeAt) => [
    ...(o.make ? [[0x010f, 2, o.make]] : []),
    ...(o.model ? [[0x0110, 2, o.model]] : []),
    ...(o.orientation ? [[0x0112, 3, o.orientation]] : []),
    ...(shot.length ? [[0x8769, 4, shotAt]] : []),
    ...(place.length ? [[0x8825, 4, placeAt]] : []),
  ];
  const first = 8 + directory(main(0, 0), 8).length;
  const shotBytes = shot.length ? directory(shot, first) : Buffer.alloc(0);
  const placeBytes = place.length ? directory(place, first + shotBytes.length) : Buffer.alloc(0);
  return Buffer.concat([header, directory(main(first, first + shotBytes.length), 8), shotBytes, placeBytes]);
}

function tiff(width, height) {
  const tags = (at) => [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, at],
    [277, 3, 1],
    [278, 4, height],
    [279, 4, width * height],
  ];
  const length = directory(tags(0), 8).length;
  return Buffer.concat([Buffer.from('II'), u16(42, true), u32(8, true), directory(tags(8 + length), 8), Buffer.alloc(width * height, 128)]);
}

/** A lossless WebP of one colour: five codes of one symbol each, so that no pixel takes a bit. */
function webp(width, height) {
  const bits = [];
  const put = (value, n) => {
    for (let i = 0; i < n; i++) bits.push((value >> i) & 1);
  };
  put(width - 1, 14);
  put(height - 1, 14);
  put(0, 1);
  put(0, 3); // size, no alpha, version
  put(0, 1);
  put(0, 1);
  put(0, 1); // no transform, no colour cache, no second level of codes
  for (let i = 0; i < 5; i++) {
    put(1, 1);
    put(0, 1);
    put(0, 1);
    put(0, 1);
  } // simple code, one symbol: 0
  const bytes = [0x2f];
  for (let i = 0; i < bits.length; i += 8) bytes.push(bits.slice(i, i + 8).reduce((b, v, k) => b | (v << k), 0));
  const data = Buffer.from(bytes);
  const padded = data.length % 2 ? Buffer.concat([data, Buffer.alloc(1)]) : data;
  const chunk = Buffer.concat([Buffer.from('VP8L'), u32(data.length, true), padded]);
  return Buffer.concat([Buffer.from('RIFF'), u32(chunk.length + 4, true), Buffer.from('WEBP'), chunk]);
}

const text = (s = 'Some plain text.\n') => Buffer.from(s);
/** A file of tests/samples. */
const carried = (name) => fs.readFileSync(path.join(__dirname, '..', 'samples', name));
const pdf = () => carried('report.pdf');
const mp3 = () =>
  Buffer.concat([
    Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 0]),
    ...Array(4).fill(Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x64]), Buffer.alloc(413)])),
  ]);
const mp4 = () => carried('h264.mp4');
const zip = () => Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);
const binary = () => Buffer.from([0, 1, 2, 3, 254, 255, 0, 128, 7, 0, 0, 200, 1]);

module.exports = { png, gif, jpeg, exif, tiff, webp, text, pdf, mp3, mp4, zip, binary };

// Renditions against an independent implementation, npm sharp: sizes exactly, pixels by structural similarity, on real pictures
// where the corpus is there, on made ones everywhere.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before } = require('node:test');
const sharp = require('sharp');

const { useServer, project } = require('./harness');
const { ossClient } = require('./oss');
const { ssim } = require('./ssim');

const corpus = process.env.BINDERY_CORPUS || path.join(project, '..', 'shared', 'corpus');
const GEOMETRY = 0.98;
const LOSSY = 0.95;

const base64url = (text) => Buffer.from(text).toString('base64url');

/** A picture with edges, gradients and some noise; the same each time. */
async function madePicture(width, height) {
  const shapes = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 900 600">
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#47a"/><stop offset="1" stop-color="#fdb"/></linearGradient></defs>
    <rect width="900" height="600" fill="url(#sky)"/><circle cx="650" cy="180" r="90" fill="#fe8"/>
    <path d="M0 600 L200 250 L420 520 L560 330 L900 600 Z" fill="#253"/><path d="M60 600 L330 360 L640 600 Z" fill="#485" stroke="#fff" stroke-width="6"/>
    ${Array.from({ length: 30 }, (_, i) => `<rect x="${20 + 29 * i}" y="${480 + (i % 5) * 18}" width="14" height="60" fill="hsl(${i * 37},60%,45%)"/>`).join('')}</svg>`;
  const noise = await sharp({ create: { width, height, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 20 } } }).blur(2).png().toBuffer();
  return sharp(Buffer.from(shapes)).composite([{ input: noise, blend: 'soft-light' }]).removeAlpha().jpeg({ quality: 95 }).toBuffer();
}

/** Pictures by name: made ones, and those of the corpus that are there. */
async function pictures() {
  const all = { 'made.jpg': await madePicture(900, 600), 'tall.jpg': await madePicture(501, 777) };
  const real = ['exif-orientation/Landscape_1.jpg', 'exif-samples/jpg/gps/DSCN0010.jpg', 'vips-images/sample.jpg', 'exif-samples/jpg/hdr/canon_hdr_YES.jpg'];
  for (const name of real.map((r) => path.join(corpus, r))) if (fs.existsSync(name)) all[path.basename(name)] = fs.readFileSync(name);
  return all;
}

// [text, what sharp does with the picture, how alike]. Results are PNGs where nothing says otherwise, so that only the operation counts.
const fit = (mode, width, height, more = {}) => (s) => s.resize({ width, height, fit: mode, withoutEnlargement: true, ...more });
/** Cut to size from the left of the middle. */
const fill = (width, height) => async (s, m) => {
  const factor = Math.max(width / m.width, height / m.height);
  const [w, h] = [Math.round(m.width * factor), Math.round(m.height * factor)];
  const scaled = await s.resize(w, h, { fit: 'fill' }).png().toBuffer();
  return sharp(scaled).extract({ left: (w - width) >> 1, top: (h - height) >> 1, width, height });
};
const operations = [
  ['resize,w_300', fit('inside', 300), GEOMETRY],
  ['resize,h_200', fit('inside', undefined, 200), GEOMETRY],
  ['resize,m_lfit,w_200,h_170', fit('inside', 200, 170), GEOMETRY],
  ['resize,m_mfit,w_200,h_170', fit('outside', 200, 170), GEOMETRY],
  ['resize,m_fill,w_200,h_170', fill(200, 170), GEOMETRY],
  ['resize,m_pad,w_200,h_170,color_FF8000', fit('contain', 200, 170, { background: '#FF8000' }), GEOMETRY],
  ['resize,m_fixed,w_200,h_170', fit('fill', 200, 170), GEOMETRY],
  ['resize,l_210', (s, m) => s.resize(m.width > m.height ? { width: 210 } : { height: 210 }), GEOMETRY],
  ['resize,s_160', (s, m) => s.resize(m.width > m.height ? { height: 160 } : { width: 160 }), GEOMETRY],
  ['resize,p_30', (s, m) => s.resize(Math.round(m.width * 0.3), Math.round(m.height * 0.3), { fit: 'fill' }), GEOMETRY],
  ['resize,w_1100,limit_0', fit('inside', 1100, undefined, { withoutEnlargement: false }), GEOMETRY],
  ['crop,x_40,y_50,w_300,h_200', (s, m) => s.extract({ left: 40, top: 50, width: Math.min(300, m.width - 40), height: 200 }), GEOMETRY],
  ['crop,w_280,h_200,g_se', (s, m) => s.extract({ left: m.width - 280, top: m.height - 200, width: 280, height: 200 }), GEOMETRY],
  ['indexcrop,x_100,i_1', (s, m) => s.extract({ left: 100, top: 0, width: 100, height: m.height }), GEOMETRY],
  ['rotate,90', (s) => s.rotate(90), GEOMETRY],
  ['rotate,180', (s) => s.rotate(180), GEOMETRY],
  ['blur,r_6,s_2', (s) => s.blur(2), LOSSY],
  ['resize,w_300/quality,Q_75/format,jpg', (s) => s.resize({ width: 300, withoutEnlargement: true }).jpeg({ quality: 75 }), LOSSY],
  ['resize,w_300/quality,Q_75/format,webp', (s) => s.resize({ width: 300, withoutEnlargement: true }).webp({ quality: 75 }), LOSSY],
  ['resize,w_300/quality,Q_70/format,avif', (s) => s.resize({ width: 300, withoutEnlargement: true }).png(), LOSSY],
  ['resize,w_300/format,bmp', (s) => s.resize({ width: 300, withoutEnlargement: true }).png(), GEOMETRY],
  ['resize,w_300/format,tiff', (s) => s.resize({ width: 300, withoutEnlargement: true }).png(), GEOMETRY],
  ['resize,w_300/interlace,1/format,jpg', (s) => s.resize({ width: 300, withoutEnlargement: true }).jpeg({ quality: 90 }), LOSSY],
  [`resize,w_400/watermark,image_${base64url('mark.png')},g_se,x_10,y_12`,
    (s, m, mark) => s.resize({ width: 400, withoutEnlargement: true }).png().toBuffer().then(async (b) => {
      const { width, height } = await sharp(b).metadata();
      return sharp(b).composite([{ input: mark, left: width - 120 - 10, top: height - 40 - 12 }]).png();
    }), GEOMETRY],
];

const FORMATS = { jpg: 'jpeg', webp: 'webp', avif: 'heif', bmp: 'bmp', tiff: 'tiff' };

/** BMP is not sharp's: its rows, bottom up, as PNG. */
function fromBmp(bytes) {
  const [offset, width, height, bits] = [bytes.readUInt32LE(10), bytes.readInt32LE(18), bytes.readInt32LE(22), bytes.readUInt16LE(28)];
  const channels = bits / 8;
  const stride = Math.ceil((width * channels) / 4) * 4;
  const pixels = Buffer.alloc(width * Math.abs(height) * 3);
  for (let y = 0; y < Math.abs(height); y++)
    for (let x = 0; x < width; x++) {
      const at = offset + (height > 0 ? height - 1 - y : y) * stride + x * channels;
      pixels.set([bytes[at + 2], bytes[at + 1], bytes[at]], (y * width + x) * 3);
    }
  return sharp(pixels, { raw: { width, height: Math.abs(height), channels: 3 } }).png().toBuffer();
}

describe('renditions, beside those of sharp', () => {
  const server = useServer();
  let oss;
  let all;
  let mark;

  before(async () => {
    all = await pictures();
    mark = await sharp({ create: { width: 120, height: 40, channels: 4, background: { r: 255, g: 90, b: 0, alpha: 0.6 } } }).png().toBuffer();
    const moving = await sharp(await Promise.all([0, 90, 180, 270].map((turn) => sharp(all['made.jpg']).resize(240, 240).rotate(turn).png().toBuffer())), { join: { animated: true } })
      .gif({ delay: [40, 80, 120, 160], loop: 3 })
      .toBuffer();
    const moved = await sharp(moving, { animated: true }).webp({ delay: [40, 80, 120, 160], loop: 3 }).toBuffer();
    const clear = await sharp(all['made.jpg']).resize(400, 300).composite([{ input: Buffer.from('<svg width="400" height="300"><circle cx="200" cy="150" r="140"/></svg>'), blend: 'dest-in' }]).png().toBuffer();
    server.bucket('pictures', { ...all, 'mark.png': mark, 'moving.gif': moving, 'moving.webp': moved, 'clear.png': clear });
    await server.call('CreateProject', { ProjectName: 'p' });
    await server.call('AttachOSSBucket', { ProjectName: 'p', OSSBucket: 'pictures' });
    oss = ossClient(server, 'pictures');
  });
  const rendition = async (name, text) => (await oss.get(name, { process: `image/${text}` })).content;

  for (const [text, run, alike] of operations)
    it(text.replace(/image_[^,]*/, 'image_...'), async () => {
      for (const [name, bytes] of Object.entries(all)) {
        const { width, height } = await sharp(bytes).metadata();
        const format = /format,(\w+)/.exec(text)?.[1];
        const plain = sharp(bytes).keepExif(); // its orientation stays, on both sides
        const made = await run(plain, { width, height }, mark);
        const expected = await (format ? made : made.png()).toBuffer();
        let got = await rendition(name, format ? text : `${text}/format,png`);
        if (format === 'bmp') got = await fromBmp(got);
        const info = await sharp(got).metadata();
        if (format && format !== 'bmp') assert.equal(info.format, FORMATS[format]);
        const wanted = await sharp(expected).metadata();
        assert.deepEqual([info.width, info.height], [wanted.width, wanted.height], name);
        const likeness = await ssim(got, expected);
        assert.ok(likeness >= alike, `${name}: ${likeness.toFixed(4)}, expected ${alike}`);
      }
    });

  it('circles and rounded corners are cut out, and white where there is no alpha', async () => {
    const shape = (svg) => sharp(all['made.jpg']).composite([{ input: Buffer.from(svg), blend: 'dest-in' }]).png().toBuffer();
    const round = await shape('<svg width="900" height="600"><circle cx="450.5" cy="300.5" r="100.5"/></svg>');
    const circle = await sharp(round).extract({ left: 350, top: 200, width: 201, height: 201 }).png().toBuffer();
    const corners = await shape('<svg width="900" height="600"><rect width="900" height="600" rx="60"/></svg>');
    for (const [text, expected] of [['circle,r_100', circle], ['rounded-corners,r_60', corners]])
      for (const format of ['png', 'jpg']) {
        const got = await rendition('made.jpg', `${text}/format,${format}`);
        const { width, height, hasAlpha } = await sharp(got).metadata();
        const size = await sharp(expected).metadata();
        assert.deepEqual([width, height], [size.width, size.height], text);
        assert.equal(hasAlpha, format === 'png');
        assert.ok((await ssim(got, expected)) >= LOSSY, `${text} ${format}`);
      }
  });

  it('animations keep their frames, their times and how often they go round', async () => {
    for (const name of ['moving.gif', 'moving.webp']) {
      const got = await rendition(name, 'resize,w_120');
      const info = await sharp(got, { animated: true }).metadata();
      assert.deepEqual([info.format, info.width, info.pageHeight, info.pages, info.delay], [name.slice(7), 120, 120, 4, [40, 80, 120, 160]], name);
      assert.equal(info.loop, 3);
      const source = fs.readFileSync(path.join(server.store, 'pictures', name));
      for (let page = 0; page < 4; page++) {
        const expected = await sharp(source, { page }).resize(120).png().toBuffer();
        const likeness = await ssim(await sharp(got, { page }).png().toBuffer(), expected);
        assert.ok(likeness >= 0.9, `${name}, frame ${page}: ${likeness.toFixed(4)}`); // of 256 colours
      }
      assert.equal((await sharp(await rendition(name, 'resize,w_120/format,jpg')).metadata()).pages, undefined);
    }
  });

  it('alpha stays in formats that have it, and is white in JPEG', async () => {
    const png = await rendition('clear.png', 'resize,w_200');
    assert.ok((await sharp(png).metadata()).hasAlpha);
    const source = fs.readFileSync(path.join(server.store, 'pictures', 'clear.png'));
    const expected = await sharp(source).resize(200).png().toBuffer();
    assert.ok((await ssim(png, expected)) >= GEOMETRY);
    const jpeg = await rendition('clear.png', 'resize,w_200/format,jpg');
    const corner = await sharp(jpeg).extract({ left: 0, top: 0, width: 8, height: 8 }).raw().toBuffer();
    for (const value of corner) assert.ok(value >= 250, `${value}`);
  });

  it('auto-orient turns pixels as the eight orientations of EXIF say', async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const name = `turned-${orientation}.jpg`;
      const bytes = await sharp(all['made.jpg']).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
      fs.writeFileSync(path.join(server.store, 'pictures', name), bytes);
      const expected = await sharp(bytes).rotate().resize({ width: 200 }).png().toBuffer();
      const got = await rendition(name, 'auto-orient,1/resize,w_200/format,png');
      assert.ok((await ssim(got, expected)) >= GEOMETRY, name);
      const kept = await sharp(await rendition(name, 'resize,w_200')).metadata();
      assert.deepEqual([kept.width, kept.orientation || 1], [200, orientation], 'pixels and tag stay without it');
    }
  });

  it('average-hue and info say what sharp sees', async () => {
    for (const [name, bytes] of Object.entries(all)) {
      const { RGB } = JSON.parse(await rendition(name, 'average-hue'));
      const { channels } = await sharp(bytes).toColourspace('srgb').stats();
      const got = [0, 8, 16].map((shift) => (Number(RGB) >> (16 - shift)) & 255);
      for (const [i, value] of got.entries()) assert.ok(Math.abs(value - channels[i].mean) <= 3, `${name}: ${RGB}, ${channels.map((c) => c.mean)}`);
      const info = JSON.parse(await rendition(name, 'info'));
      const { width, height } = await sharp(bytes).metadata();
      assert.deepEqual(
        [info.ImageWidth.value, info.ImageHeight.value, info.FileSize.value, info.Format.value],
        [String(width), String(height), String(bytes.length), 'jpg'],
        name,
      );
    }
  });
});

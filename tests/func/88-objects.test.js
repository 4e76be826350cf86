// Renditions that need more than pixels, in the jailed program as it is: texts with fonts, frames of videos, pages of documents.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, it } = require('node:test');
const sharp = require('sharp');

const { useServer } = require('./harness');
const { ossClient } = require('./oss');

const sample = (name) => fs.readFileSync(path.join(__dirname, '../samples', name));
const steps = (name) => fs.readFileSync(path.join(__dirname, '../render', name));
const base64url = (text) => Buffer.from(text).toString('base64url');
const FONTS = ['wqy-zenhei', 'wqy-microhei', 'fangzhengshusong', 'fangzhengkaiti', 'fangzhengheiti', 'fangzhengfangsong', 'droidsansfallback'];

const plain = (background) => sharp({ create: { width: 400, height: 200, channels: 3, background } }).png().toBuffer();

describe('renditions of texts, videos and documents', () => {
  const server = useServer();
  const made = async (key, text) => (await ossClient(server, 'media').get(key, { process: text })).content;
  const refused = (key, text, code) =>
    assert.rejects(made(key, text), (e) => {
      assert.deepEqual([e.status, e.code], [400, code], `${key} ${text}: ${e.message}`);
      return true;
    });
  /** Grey values of what became of the grey picture. */
  const marked = async (text) => sharp(await made('grey.png', `image/watermark,${text}`)).greyscale().raw().toBuffer();

  before(async () => {
    const video = steps('steps.mp4');
    server.bucket('media', {
      'grey.png': await plain('#808080'),
      'light.png': await plain('#e4e4e4'),
      'steps.mp4': video,
      'steps.ts': steps('steps.ts'),
      'steps-hevc.mkv': steps('steps-hevc.mkv'),
      'cut.mp4': video.subarray(0, video.length / 2),
      'empty.mp4': '',
      'report.pdf': sample('report.pdf'),
      'locked.pdf': sample('locked.pdf'),
      'cut.pdf': sample('cut.pdf'),
      'song.mp3': sample('layer3.mp3'),
    });
    await server.call('CreateProject', { ProjectName: 'demo' });
    await server.call('AttachOSSBucket', { ProjectName: 'demo', OSSBucket: 'media' });
  });

  it('every font draws letters and Chinese, each of them another glyph', async () => {
    for (const font of FONTS) {
      const [one, other] = await Promise.all(['Ab 中文', 'Xy 水印'].map((text) => marked(`text_${base64url(text)},type_${base64url(font)},size_60`)));
      const different = one.reduce((n, value, i) => n + (value !== other[i]), 0);
      assert.ok(different > 500, `${font}: ${different} pixels differ`);
    }
  });

  it('a text of all the world is drawn, by fonts that were not opened before', async () => {
    const pixels = await marked(`text_${base64url('한국어 ไทย العربية ∑→')},size_40`);
    assert.ok(pixels.filter((value) => value < 20).length > 200);
  });

  it('an image and a text, several of them, are laid in one go', async () => {
    const image = `image_${base64url('light.png?x-oss-process=image/resize,P_20')}`;
    const pixels = await marked(`${image},text_${base64url('A')},g_nw,x_0,y_0/watermark,${image},g_se,x_0,y_0`);
    assert.equal(pixels[400 * 20], 228);
    assert.equal(pixels[400 * 200 - 1], 228);
    assert.equal(pixels[400 * 100 + 200], 128);
  });

  it('frames are those of their time', async () => {
    for (const name of ['steps.mp4', 'steps.ts', 'steps-hevc.mkv'])
      for (const [t, frame] of [[0, 0], [300, 3], [901, 9]]) {
        const { data } = await sharp(await made(name, `video/snapshot,t_${t},f_png`)).greyscale().raw().toBuffer({ resolveWithObject: true });
        assert.ok(Math.abs(data[32 * 8 + 20] - (30 + 20 * frame)) <= 2, `${name} at ${t}: ${data[32 * 8 + 20]}`);
      }
    await refused('steps.mp4', 'video/snapshot,t_5000,f_jpg', 'InvalidArgument');
  });

  it('pages are drawn', async () => {
    const { width, height } = await sharp(await made('report.pdf', 'doc/snapshot,target_png,page_2')).metadata();
    assert.deepEqual([width, height], [1190, 1684]);
    await refused('report.pdf', 'doc/snapshot,page_3', 'InvalidArgument');
    await refused('locked.pdf', 'doc/snapshot', 'BadRequest');
  });

  it('what a recording consists of', async () => {
    const video = JSON.parse(await made('steps.mp4', 'video/info'));
    assert.deepEqual([video.VideoWidth, video.VideoHeight, video.Duration], [32, 16, 1]);
    const audio = JSON.parse(await made('song.mp3', 'audio/info'));
    assert.equal(audio.AudioStreams[0].SampleRate, '44100');
    await refused('song.mp3', 'video/info', 'BadRequest');
  });

  it('what breaks off is refused, and the next one served', async () => {
    for (const [key, text] of [['cut.mp4', 'video/snapshot,t_0,f_jpg'], ['empty.mp4', 'video/snapshot,t_0,f_jpg'], ['cut.pdf', 'doc/snapshot'], ['cut.mp4', 'video/info']]) {
      await refused(key, text, 'BadRequest');
      await made('steps.mp4', 'video/snapshot,t_100,f_jpg');
    }
  });
});

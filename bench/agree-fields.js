// The fields that are compared: one row each. {field, when, ours (row), theirs (facts), same, tool}. `facts` is what
// agree-tools.js gives of a file. A row counts for a file if it applies (`when`) and either side has a value.
'use strict';

const c = require('./agree-compare');

const mime = (f) => f.exif['File:MIMEType'] || '';
const isImage = (f) => mime(f).startsWith('image/');
const isMedia = (f) => f.probe !== null;
const isPdf = (f) => f.pdf !== null;
const isOpenPdf = (f) => isPdf(f) && !f.pdf.needsPassword;
const isOffice = (f) => /officedocument|opendocument/.test(mime(f)) && Object.keys(f.exif).some((k) => /^(XML|XMP-meta):/.test(k));
const isAny = () => true;

/** The first of these tags that says something. */
function first(tags, ...names) {
  for (const name of names) {
    const value = tags[name];
    if (value !== undefined && value !== null && c.text(value) !== '') return value;
  }
  return undefined;
}

const list = (value) => (value === undefined ? [] : [].concat(value).map(String));
const joined = (value) => (value === undefined ? undefined : list(value).join(', '));
const some = (value) => (value && value.length ? value : undefined);
const known = (value) => (value === undefined || value === '' || value === 'unknown' || value === 'N/A' ? undefined : value);

// ---- images, by exiftool ----

const SIZE_GROUPS = ['File', 'PNG', 'GIF', 'RIFF', 'Jpeg2000', 'PNG-pHYs', 'Photoshop', 'SVG', 'BMP', 'IFD0', 'Meta', 'XML'];
const size = (name) => (f) => first(f.exif, ...SIZE_GROUPS.map((g) => `${g}:${name}`), name === 'ImageWidth' ? 'FITS:Naxis1' : 'FITS:Naxis2');

/** A length of an SVG in pixels of 96 to the inch. */
function pixels(value) {
  const m = /^([\d.]+)\s*(px|pt|pc|mm|cm|in)?$/.exec(String(value));
  if (!m) return undefined;
  return Math.round(Number(m[1]) * { px: 1, pt: 4 / 3, pc: 16, mm: 96 / 25.4, cm: 96 / 2.54, in: 96 }[m[2] || 'px']);
}

const imageSize = (name) => (f) => {
  if (f.python.width) return name === 'ImageWidth' ? f.python.width : f.python.height;
  const box = String(f.exif['SVG:ViewBox'] || '').split(/[\s,]+/);
  const value = first({ size: size(name)(f), box: box[name === 'ImageWidth' ? 2 : 3] }, 'size', ...(box.length === 4 ? ['box'] : []));
  return mime(f) === 'image/svg+xml' && value !== undefined ? pixels(value) : value;
};

const stamp = (f, date, fraction, offset) => {
  const d = first(f.exif, `ExifIFD:${date}`, `IFD0:${date}`);
  if (d === undefined || !c.time(d)) return undefined;
  const sub = first(f.exif, `ExifIFD:${fraction}`);
  return `${d}${sub === undefined ? '' : `.${String(sub).trim()}`}${String(first(f.exif, `ExifIFD:${offset}`) || '').trim()}`;
};

const valid = (...values) => values.find((v) => v !== undefined && c.time(v));

const iptcTime = (f) => {
  const date = first(f.exif, 'IPTC:DateCreated');
  return date && `${date}${f.exif['IPTC:TimeCreated'] ? ` ${f.exif['IPTC:TimeCreated']}` : ''}`;
};

const imageTime = (f) =>
  valid(
    stamp(f, 'DateTimeOriginal', 'SubSecTimeOriginal', 'OffsetTimeOriginal'),
    stamp(f, 'CreateDate', 'SubSecTimeDigitized', 'OffsetTimeDigitized'),
    first(f.exif, 'XMP-exif:DateTimeOriginal'),
    first(f.exif, 'XMP-photoshop:DateCreated'),
    first(f.exif, 'XMP-xmp:CreateDate'),
    iptcTime(f),
    stamp(f, 'ModifyDate', 'SubSecTime', 'OffsetTime'),
  );

const place = (f) => {
  const [lat, lon] = [first(f.exif, 'Composite:GPSLatitude'), first(f.exif, 'Composite:GPSLongitude')];
  return lat === undefined || lon === undefined ? undefined : `${lat},${lon}`;
};

const keywords = (f) =>
  some([
    ...list(f.exif['XMP-dc:Subject']),
    ...list(f.exif['IPTC:Keywords']),
    ...list(f.exif['IFD0:XPKeywords']).flatMap((k) => k.split(';')),
  ].filter((k) => c.text(k) !== ''));

/** Which way up (a HEIF is turned against the clock): the container's word before that of EXIF, in HEIC and AVIF. 0 and more than 8 mean nothing. */
const orientation = (f) => {
  const turn = first(f.exif, 'QuickTime:Rotation', 'Meta:Rotation');
  if (turn !== undefined) return { 0: 1, 90: 8, 180: 3, 270: 6 }[turn];
  const value = first(f.exif, 'IFD0:Orientation', 'XMP-tiff:Orientation');
  return value >= 1 && value <= 8 ? value : undefined;
};

const hasFrames = (f) => /^image\/(gif|png|apng|webp|x-icon|x-cursor|tiff)$/.test(mime(f));

/** Pictures of a file; those of a TIFF are its directories. */
const frames = (f) => {
  if (mime(f) === 'image/tiff') return new Set(Object.keys(f.exif).flatMap((k) => /^IFD\d+(?=:)/.exec(k) || [])).size || undefined;
  return f.python.frames || first(f.exif, 'GIF:FrameCount', 'PNG:AnimationFrames') || 1;
};

/** The name in the ICC profile; without one, of the colour space that the container names by number. */
const colorProfile = (f) => {
  const name = first(f.exif, 'ICC_Profile:ProfileDescription');
  if (name !== undefined) return name;
  if (f.exif['PNG:SRGBRendering'] !== undefined || f.exif['Jpeg2000:ColorSpace'] === 16) return 'sRGB';
  const [primaries, transfer] = [f.exif['QuickTime:ColorPrimaries'], f.exif['QuickTime:TransferCharacteristics']];
  return { '1 13': 'sRGB', '12 13': 'Display P3' }[`${primaries} ${transfer}`];
};

const labels = (row) => some((row.Labels || []).map((l) => l.LabelName));

const image = [
  ['ImageWidth', isImage, (r) => r.ImageWidth, imageSize('ImageWidth'), c.sameNumber],
  ['ImageHeight', isImage, (r) => r.ImageHeight, imageSize('ImageHeight'), c.sameNumber],
  ['Orientation', isImage, (r) => r.Orientation, orientation, c.sameNumber],
  ['ProduceTime', isImage, (r) => r.ProduceTime, imageTime, c.sameTime],
  ['LatLong', isImage, (r) => r.LatLong, place, c.samePlace],
  ['Title', isImage, (r) => r.Title,
    (f) => first(f.exif, 'XMP-dc:Title', 'IPTC:ObjectName', 'IPTC:Headline', 'IFD0:XPTitle'), c.sameText],
  ['Artist', isImage, (r) => r.Artist,
    (f) => joined(first(f.exif, 'XMP-dc:Creator', 'IPTC:By-line', 'IFD0:Artist', 'IFD0:XPAuthor')), c.sameText],
  ['Rating', isImage, (r) => r.Rating, (f) => first(f.exif, 'XMP-xmp:Rating', 'IFD0:Rating', 'FujiFilm:Rating'), c.sameNumber],
  ['Labels', isImage, labels, keywords, c.sameSet],
  ['FrameCount', hasFrames, (r) => r.FrameCount, frames, c.sameNumber],
  ['ColorProfile', isImage, (r) => r.ColorProfile, colorProfile, c.sameText],
];

// ---- EXIF, by exiftool ----

/** Our EXIF document of a row: {tag: {value}}. */
function exifOf(row) {
  try {
    return JSON.parse(row.EXIF || '{}');
  } catch {
    return {};
  }
}

/** Nikon's lens is four numbers; ours is "28-300mm f/3.5-5.6". */
const numbers = (v) => [...new Set(String(v).match(/[\d.]+/g))].join(' ');
const sameLens = (ours, theirs) => c.sameText(ours, theirs) || (/^[\d. ]+$/.test(theirs) && numbers(ours) === numbers(theirs));

/** Canon's is a number, of which a camera prints ten digits. */
const sameSerial = (ours, theirs) => c.sameText(ours, theirs) || c.sameNumber(ours, theirs);

// Our tag, exiftool's tag or those of which the first counts, how they are compared.
const EXIF = [
  ['Make', 'IFD0:Make', c.sameText],
  ['Model', 'IFD0:Model', c.sameText],
  ['Software', 'IFD0:Software', c.sameText],
  ['DateTime', 'IFD0:ModifyDate', c.sameText],
  ['Copyright', 'IFD0:Copyright', c.sameText],
  ['ImageDescription', 'IFD0:ImageDescription', c.sameText],
  ['XResolution', 'IFD0:XResolution', c.near(1e-6)],
  ['YResolution', 'IFD0:YResolution', c.near(1e-6)],
  ['ResolutionUnit', 'IFD0:ResolutionUnit', c.sameNumber],
  ['ExposureTime', 'ExifIFD:ExposureTime', c.near(1e-6)],
  ['FNumber', 'ExifIFD:FNumber', c.near(1e-6)],
  ['ExposureProgram', 'ExifIFD:ExposureProgram', c.sameNumber],
  ['ISOSpeedRatings', 'ExifIFD:ISO', c.nearAll(0)],
  ['DateTimeOriginal', 'ExifIFD:DateTimeOriginal', c.sameText],
  ['DateTimeDigitized', 'ExifIFD:CreateDate', c.sameText],
  ['OffsetTime', 'ExifIFD:OffsetTime', c.sameText],
  ['OffsetTimeOriginal', 'ExifIFD:OffsetTimeOriginal', c.sameText],
  ['SubSecTimeOriginal', 'ExifIFD:SubSecTimeOriginal', c.sameText],
  ['ExposureBiasValue', 'ExifIFD:ExposureCompensation', c.near(1e-6)],
  ['MeteringMode', 'ExifIFD:MeteringMode', c.sameNumber],
  ['LightSource', 'ExifIFD:LightSource', c.sameNumber],
  ['Flash', 'ExifIFD:Flash', c.sameNumber],
  ['FocalLength', 'ExifIFD:FocalLength', c.near(1e-6)],
  ['FocalLengthIn35mmFilm', 'ExifIFD:FocalLengthIn35mmFormat', c.sameNumber],
  ['ColorSpace', 'ExifIFD:ColorSpace', c.sameNumber],
  ['PixelXDimension', 'ExifIFD:ExifImageWidth', c.sameNumber],
  ['PixelYDimension', 'ExifIFD:ExifImageHeight', c.sameNumber],
  ['ExposureMode', 'ExifIFD:ExposureMode', c.sameNumber],
  ['WhiteBalance', 'ExifIFD:WhiteBalance', c.sameNumber],
  ['DigitalZoomRatio', 'ExifIFD:DigitalZoomRatio', c.near(1e-6)],
  ['SceneCaptureType', 'ExifIFD:SceneCaptureType', c.sameNumber],
  ['LensMake', 'ExifIFD:LensMake', c.sameText],
  ['LensModel', ['ExifIFD:LensModel', 'Canon:LensModel', 'Olympus:LensModel', 'Panasonic:LensType', 'Nikon:Lens'], sameLens],
  ['LensSpecification', 'ExifIFD:LensInfo', c.nearAll(1e-6)],
  ['LensSerialNumber', ['ExifIFD:LensSerialNumber', 'Olympus:LensSerialNumber', 'Panasonic:LensSerialNumber'], c.sameText],
  ['BodySerialNumber', ['ExifIFD', 'Canon', 'Nikon', 'Olympus', 'Pentax'].map((g) => `${g}:SerialNumber`), sameSerial],
];

const exif = EXIF.map(([ours, theirs, same]) => [
  `EXIF.${ours}`, isImage, (r) => known((exifOf(r)[ours] || {}).value), (f) => first(f.exif, ...[theirs].flat()), same,
]);

// ---- video and audio, by ffprobe ----

/** A tag of the container, or of the first stream where containers have none (Ogg). */
const tag = (...names) => (f) => {
  const all = [f.probe.format.tags, ...f.probe.streams.map((s) => s.tags)].filter(Boolean);
  for (const tags of all)
    for (const name of names)
      for (const [key, value] of Object.entries(tags)) if (key.toLowerCase() === name && c.text(value) !== '') return value;
  return undefined;
};

const isCover = (s) => Boolean(s.disposition && s.disposition.attached_pic);
const covers = (f) => f.probe.streams.filter(isCover).length || undefined;
const firstVideo = (name) => (f) => (f.probe.streams.find((s) => s.codec_type === 'video' && !isCover(s)) || {})[name] || undefined;

const media = [
  ['Duration', (r) => r.Duration, (f) => known(f.probe.format.duration), c.near(1e-3, 0.002)],
  ['StartTime', (r) => r.StartTime, (f) => known(f.probe.format.start_time), c.near(1e-3, 0.002)],
  ['Bitrate', (r) => r.Bitrate, (f) => known(f.probe.format.bit_rate), c.near(1e-3, 1)],
  ['FormatName', (r) => r.FormatName, (f) => f.probe.format.format_name, c.exact],
  ['FormatLongName', (r) => r.FormatLongName, (f) => f.probe.format.format_long_name, c.exact],
  ['StreamCount', (r) => r.StreamCount, (f) => f.probe.format.nb_streams, c.sameNumber],
  ['ProgramCount', (r) => r.ProgramCount || undefined, (f) => f.probe.format.nb_programs || undefined, c.sameNumber],
  ['VideoWidth', (r) => r.VideoWidth, firstVideo('width'), c.sameNumber],
  ['VideoHeight', (r) => r.VideoHeight, firstVideo('height'), c.sameNumber],
  ['Title', (r) => r.Title, tag('title'), c.sameText],
  ['Artist', (r) => r.Artist, tag('artist'), c.sameText],
  ['Album', (r) => r.Album, tag('album'), c.sameText],
  ['AlbumArtist', (r) => r.AlbumArtist, tag('album_artist', 'albumartist', 'album artist'), c.sameText],
  ['Composer', (r) => r.Composer, tag('composer'), c.sameText],
  ['Performer', (r) => r.Performer, tag('performer'), c.sameText],
  ['AudioCovers', (r) => (r.AudioCovers && r.AudioCovers.length) || undefined, covers, c.sameNumber],
  ['LatLong', (r) => r.LatLong, place, c.samePlace],
].map(([field, ours, theirs, same]) => [field, isMedia, ours, theirs, same, 'ffprobe']);

const ratio = (value) => (value === undefined || /^0|[/:]0$/.test(value) ? undefined : value);
const language = (value) => (value === undefined || value === 'und' ? undefined : value);

const turned = (s) => {
  const matrix = (s.side_data_list || []).find((d) => d.rotation !== undefined);
  const degrees = matrix ? -matrix.rotation : Number((s.tags || {}).rotate || 0);
  return ((degrees % 360) + 360) % 360 || undefined;
};

/** As the stream says, else as its pixel format is called. */
function bitDepth(s) {
  if (s.bits_per_raw_sample > 0) return s.bits_per_raw_sample;
  const m = /(?:p|gray|nv|x2rgb)(\d+)?(?:le|be)?$/.exec(s.pix_fmt || '');
  if (!s.pix_fmt) return undefined;
  return m && m[1] >= 9 && m[1] <= 16 ? m[1] : 8;
}

const COMMON = [
  ['CodecName', (s) => known(s.codec_name), c.exact],
  ['CodecLongName', (s) => known(s.codec_long_name), c.exact],
  ['CodecTagString', (s) => s.codec_tag_string, c.exact],
  ['CodecTag', (s) => s.codec_tag, c.exact],
  ['StartTime', (s) => known(s.start_time), c.near(1e-3, 0.002)],
  ['Duration', (s) => known(s.duration), c.near(1e-3, 0.002)],
  ['Bitrate', (s) => known(s.bit_rate), c.near(1e-3, 1)],
  ['Language', (s) => language((s.tags || {}).language), c.exact, language],
];
const VIDEO = [
  ...COMMON,
  ['TimeBase', (s) => ratio(s.time_base), c.exact],
  ['FrameCount', (s) => known(s.nb_frames), c.sameNumber],
  ['Profile', (s) => known(s.profile), c.exact],
  ['Width', (s) => s.width || undefined, c.sameNumber],
  ['Height', (s) => s.height || undefined, c.sameNumber],
  ['HasBFrames', (s) => s.has_b_frames || undefined, c.sameNumber, (v) => v || undefined],
  ['SampleAspectRatio', (s) => ratio(s.sample_aspect_ratio), c.exact],
  ['DisplayAspectRatio', (s) => ratio(s.display_aspect_ratio), c.exact],
  ['PixelFormat', (s) => known(s.pix_fmt), c.exact],
  ['Level', (s) => (s.level >= 0 ? s.level : undefined), c.sameNumber],
  ['FrameRate', (s) => ratio(s.r_frame_rate), c.exact],
  ['AverageFrameRate', (s) => ratio(s.avg_frame_rate), c.exact],
  ['Rotate', turned, c.sameNumber, (v) => (v === undefined ? undefined : ((Number(v) % 360) + 360) % 360 || undefined)],
  ['BitDepth', bitDepth, c.sameNumber],
  ['ColorSpace', (s) => known(s.color_space), c.exact],
  ['ColorRange', (s) => known(s.color_range), c.exact],
  ['ColorTransfer', (s) => known(s.color_transfer), c.exact],
  ['ColorPrimaries', (s) => known(s.color_primaries), c.exact],
];
const AUDIO = [
  ...COMMON,
  ['TimeBase', (s) => ratio(s.time_base), c.exact],
  ['FrameCount', (s) => known(s.nb_frames), c.sameNumber],
  ['SampleFormat', (s) => known(s.sample_fmt), c.exact],
  ['SampleRate', (s) => (Number(s.sample_rate) ? s.sample_rate : undefined), c.sameNumber],
  ['Channels', (s) => s.channels || undefined, c.sameNumber],
  ['ChannelLayout', (s) => known(s.channel_layout), c.exact],
];
const SUBTITLE = [
  ...COMMON,
  ['Width', (s) => s.width || undefined, c.sameNumber],
  ['Height', (s) => s.height || undefined, c.sameNumber],
];

/** The streams of a kind, by their index in the file. */
const STREAMS = [
  { name: 'VideoStreams', fields: VIDEO, is: (s) => s.codec_type === 'video' },
  { name: 'AudioStreams', fields: AUDIO, is: (s) => s.codec_type === 'audio' },
  { name: 'Subtitles', fields: SUBTITLE, is: (s) => s.codec_type === 'subtitle' },
];

/** Comparisons of the streams of a file: [{field, ours, theirs, same}]. */
function streamsOf(row, facts) {
  if (!isMedia(facts)) return [];
  return STREAMS.flatMap(({ name, fields, is }) => {
    const theirs = new Map(facts.probe.streams.filter(is).map((s) => [s.index, s]));
    const ours = new Map((row[name] || []).map((s) => [s.Index, s]));
    const indexes = [...new Set([...theirs.keys(), ...ours.keys()])].sort();
    const there = { field: `${name}.Index`, ours: some([...ours.keys()].join()), theirs: some([...theirs.keys()].join()), same: c.exact };
    const both = indexes.filter((i) => ours.has(i) && theirs.has(i));
    return [
      there,
      ...both.flatMap((i) =>
        fields.map(([field, get, same, normal = (v) => v]) => ({
          field: `${name}.${field}`,
          ours: normal(known(ours.get(i)[field])),
          theirs: get(theirs.get(i)),
          same,
        })),
      ),
    ];
  }).map((x) => ({ ...x, tool: 'ffprobe' }));
}

// ---- documents ----

const pdfName = (name) => (f) => first(f.pdf, name);

const documents = [
  ['PageCount', isOpenPdf, (r) => r.PageCount, pdfName('Pages'), c.sameNumber, 'pdfinfo'],
  ['Title', isOpenPdf, (r) => r.Title, pdfName('Title'), c.sameText, 'pdfinfo'],
  ['Artist', isOpenPdf, (r) => r.Artist, pdfName('Author'), c.sameText, 'pdfinfo'],
  ['ProduceTime', isOpenPdf, (r) => r.ProduceTime, pdfName('CreationDate'), c.sameTime, 'pdfinfo'],
  ['DocumentModifiedTime', isOpenPdf, (r) => r.DocumentModifiedTime, pdfName('ModDate'), c.sameTime, 'pdfinfo'],
  ['Encrypted', isPdf, (r) => (r.Encrypted === 'true' ? 'true' : undefined),
    (f) => (f.pdf.needsPassword || /^yes/.test(f.pdf.Encrypted) ? 'true' : undefined), c.exact, 'pdfinfo'],
  ['Title', isOffice, (r) => r.Title, (f) => first(f.exif, 'XMP-dc:Title'), c.sameText],
  ['Artist', isOffice, (r) => r.Artist, (f) => joined(first(f.exif, 'XMP-meta:Initial-creator', 'XMP-dc:Creator')), c.sameText],
  ['ProduceTime', isOffice, (r) => r.ProduceTime, (f) => first(f.exif, 'XML:CreateDate', 'XMP-meta:Creation-date'), c.sameTime],
  ['DocumentModifiedTime', isOffice, (r) => r.DocumentModifiedTime, (f) => first(f.exif, 'XML:ModifyDate', 'XMP-dc:Date'), c.sameTime],
  ['PageCount', isOffice, (r) => r.PageCount,
    (f) => first(f.exif, 'XML:Pages', 'XML:Slides', 'XMP-meta:Document-statisticPage-count'), c.sameNumber],
  ['Title', (f) => mime(f) === 'text/html', (r) => r.Title, (f) => first(f.exif, 'HTML:Title'), c.sameText],
  ['Title', (f) => mime(f) === 'text/rtf', (r) => r.Title, (f) => first(f.exif, 'RTF:Title'), c.sameText],
  ['EntryCount', (f) => f.python.entries !== undefined && f.row.MediaType === 'archive', (r) => r.EntryCount, (f) => f.python.entries, c.sameNumber, 'python'],
  ['Title', (f) => f.python.From !== undefined, (r) => r.Title, (f) => f.python.Subject, c.sameText, 'python'],
  ['MailFrom', (f) => f.python.From !== undefined, (r) => r.MailFrom, (f) => f.python.From, c.sameText, 'python'],
  ['MailTo', (f) => f.python.From !== undefined, (r) => r.MailTo, (f) => f.python.To, c.sameText, 'python'],
  ['ProduceTime', (f) => f.python.From !== undefined, (r) => r.ProduceTime, (f) => f.python.Date, c.sameTime, 'python'],
];

/** exiftool tells a video from a recording of sound by the name of the format alone; ffprobe knows the streams. */
const contentType = (f) => {
  const hasPicture = f.probe && f.probe.streams.some((s) => s.codec_type === 'video' && !isCover(s));
  const hasSound = f.probe && f.probe.streams.some((s) => s.codec_type === 'audio');
  return hasSound && !hasPicture ? mime(f).replace(/^video\//, 'audio/') : mime(f);
};

/** exiftool knows few kinds of text, and calls the others plain: that says nothing. */
const isJustText = (f) => mime(f) === 'text/plain' && /^text\/(?!plain)/.test(f.row.ContentType);

const FIELDS = [
  ['ContentType', (f) => mime(f) !== '' && !isJustText(f), (r) => r.ContentType, contentType, c.sameType],
  ...image,
  ...exif,
  ...media,
  ...documents,
].map(([field, when, ours, theirs, same, tool = 'exiftool']) => ({ field, when, ours, theirs, same, tool }));

/** All comparisons of a file: [{field, tool, ours, theirs, agrees}], without those where neither side has a value. */
function compare(row, facts) {
  const pairs = FIELDS.filter((f) => f.when(facts)).map(({ field, tool, ours, theirs, same }) => ({
    field, tool, same, ours: ours(row), theirs: theirs(facts),
  }));
  return [...pairs, ...streamsOf(row, facts)]
    .filter((p) => p.ours !== undefined || p.theirs !== undefined)
    .map((p) => ({ ...p, agrees: p.ours !== undefined && p.theirs !== undefined && p.same(p.ours, p.theirs) }));
}

module.exports = { compare };

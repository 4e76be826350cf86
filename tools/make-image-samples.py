#!/usr/bin/env python3
"""Makes more images of tests/samples: those of frames, profiles, ratings, keywords, lenses, videos and plain headers.

Usage: tools/make-image-samples.py [FOLDER]   (default: tests/samples; needs exiftool)
What x.expected.json says comes from exiftool, which is run over each file, where it has the fact; what it has not is in
the row itself, beside the bytes that say so, with a note why.
"""
import json, os, struct, subprocess, sys, zlib
from sample_parts import *

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..', 'tests', 'samples')


def icc(name, languages=()):
    """A profile with a name: version 2's, or version 4's in `languages`."""
    if languages:
        texts = [t.encode('utf-16-be') for _, t in languages]
        at, records = 16 + 12 * len(texts), b''
        for (code, _), text in zip(languages, texts):
            records += code.encode() + struct.pack('>II', len(text), at)
            at += len(text)
        desc = b'mluc\0\0\0\0' + struct.pack('>II', len(texts), 12) + records + b''.join(texts)
    else:
        desc = b'desc\0\0\0\0' + struct.pack('>I', len(name) + 1) + name.encode() + b'\0' * 79
    desc += b'\0' * (-len(desc) % 4)
    copyright = b'text\0\0\0\0none\0\0\0\0'
    tags = [(b'cprt', copyright), (b'desc', desc)]
    at, table, data = 132 + 12 * len(tags), b'', b''
    for tag, content in tags:
        table += tag + struct.pack('>II', at + len(data), len(content))
        data += content
    size = at + len(data)
    head = struct.pack('>I4sI4s4s4s', size, b'test', 0x04000000 if languages else 0x02100000, b'mntr', b'RGB ', b'XYZ ')
    head += struct.pack('>6H', 2020, 1, 2, 3, 4, 5) + b'acsp'
    return head.ljust(128, b'\0') + struct.pack('>I', len(tags)) + table + data


def icc_segments(profile, part):
    pieces = [profile[i:i + part] for i in range(0, len(profile), part)]
    return b''.join(segment(0xe2, b'ICC_PROFILE\0' + bytes([i + 1, len(pieces)]) + p) for i, p in enumerate(pieces))


def animation(*blocks, frames):
    """A GIF with a table of colours, extensions and pictures."""
    picture = b'!\xf9\4\0\0\0\0\0,' + struct.pack('<HHHHB', 0, 0, 1, 1, 0x80) + b'\0\0\0\xff\xff\xff' + b'\2\2\x44\1\0'
    return (b'GIF89a' + struct.pack('<HHBBB', 5, 4, 0x80, 0, 0) + b'\0\0\0\xff\xff\xff' + b''.join(blocks) +
            picture * frames + b';')


def gif_blocks(name, data):
    return b'!\xff\x0b' + name + b''.join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255)) + b'\0'


def pages(order, *kinds):
    """A TIFF whose directories follow each other; a kind of None has no such tag."""
    out, at = (b'MM\0*' if order == '>' else b'II*\0') + struct.pack(order + 'I', 8), 8
    for i, kind in enumerate(kinds):
        tags = picture(order, kind or 0, 30 + i, 20)[0 if kind is not None else 1:]
        one = directory(order, at, tags)
        link = 2 + 12 * len(tags)
        behind = at + len(one) if i + 1 < len(kinds) else 0
        out += one[:link] + struct.pack(order + 'I', behind) + one[link + 4:]
        at += len(one)
    return out


def sequence(width, height, samples):
    """An AVIF of moving pictures, without a primary item."""
    tkhd = full(b'tkhd', b'\0' * 72 + struct.pack('>HHHH', width, 0, height, 0))
    stbl = box(b'stbl', full(b'stsz', struct.pack('>II', 9, samples)))
    mdia = box(b'mdia', full(b'hdlr', b'\0\0\0\0pict' + b'\0' * 13) + box(b'minf', stbl))
    return box(b'ftyp', b'avis\0\0\0\0avisavif') + box(b'moov', box(b'trak', tkhd + mdia))


def noted(make, note, model='Camera', order='<', exif=()):
    """EXIF with a maker's note that a function of its offset makes."""
    def build(at):
        return tiff(order, [ascii_tag(0x10f, make), ascii_tag(0x110, model)],
                    [*exif, (0x927c, 7, len(note(0)), note(at))])
    return build(build(0).index(note(0)))


def note_of(head, tags, base=None, order='<'):
    """A note of `head` and a directory, whose offsets count from `base` bytes into the note, or from EXIF's start."""
    return lambda at: head + directory(order, (at if base is None else -base) + len(head), tags)


def equipment(at):
    """Olympus's note: one entry that leads to another directory, both counted from the note's start."""
    head = b'OLYMPUS\0II\3\0'
    behind = len(head) + 2 + 12 + 4
    return (head + directory('<', len(head), [(0x2010, 13, 1, struct.pack('<I', behind))]) +
            directory('<', behind, [ascii_tag(0x101, 'BHP242330'), ascii_tag(0x203, 'OLYMPUS M.12-40mm F2.8')]))


def samsung_trailer(kind, name, data):
    part = struct.pack('<HHI', 0, kind, len(name)) + name + data
    head = b'SEFH' + struct.pack('<II', 106, 1) + struct.pack('<HHII', 0, kind, len(part), len(part))
    return part + head + struct.pack('<I', len(head)) + b'SEFT'


def multi_picture(*attributes):
    entries = b''.join(struct.pack('>IIIHH', a, 100, 0, 0, 0) for a in attributes)
    tags = [(0xb000, 7, 4, b'0100'), long('>', 0xb001, len(attributes)), (0xb002, 7, len(entries), entries)]
    return segment(0xe2, b'MPF\0MM\0*\0\0\0\x08' + directory('>', 8, tags))


def exr(left, top, right, bottom):
    def attribute(name, kind, value):
        return name + b'\0' + kind + b'\0' + struct.pack('<I', len(value)) + value
    return (b'\x76\x2f\x31\1\2\0\0\0' + attribute(b'compression', b'compression', b'\0') +
            attribute(b'dataWindow', b'box2i', struct.pack('<4i', left, top, right, bottom)) +
            attribute(b'displayWindow', b'box2i', struct.pack('<4i', 0, 0, 99, 99)) + b'\0')


def fits(**cards):
    text = ''.join(f'{k:8}= {v:>20} / what it is'.ljust(80) for k, v in cards.items()) + 'END'.ljust(80)
    return text.ljust(2880).encode()


def minolta(width, height, exif):
    def block(name, data):
        return b'\0' + name + struct.pack('>I', len(data)) + data
    size = struct.pack('>8sHHHHBBBBBBBB', b'27820001', height + 8, width + 8, height, width, 12, 12, 0x52, 0, 0, 0, 1, 0)
    blocks = block(b'PRD', size) + block(b'TTW', exif)
    return b'\0MRM' + struct.pack('>I', len(blocks)) + blocks


def phase(width, height):
    entries = b''.join(struct.pack('<IIII', t, 1, 4, v) for t, v in ((0x108, width + 50), (0x109, height + 50),
                                                                      (0x10c, width), (0x10d, height)))
    maker = b'IIIICwaR' + struct.pack('<I', 16) + b'\0' * 4 + struct.pack('<II', 4, 0) + entries
    return tiff('<', picture('<', 0, 1, 1)[1:] + [ascii_tag(0x10f, 'Phase One')], head=maker)


def heap(*records):
    """A heap of a CRW: what is in it, then the directory, then where that is."""
    data, table = b'', struct.pack('<H', len(records))
    for kind, content in records:
        table += struct.pack('<HII', kind, len(content), len(data))
        data += content
    return data + table + struct.pack('<I', len(data))


def crw(width, height):
    size = struct.pack('<IIfIIII', width, height, 1.0, 0, 8, 24, 1)
    return (b'II' + struct.pack('<I', 26) + b'HEAPCCDR' + struct.pack('<HHII', 2, 1, 0, 0) +
            heap((0x300a, heap((0x1810, size))), (0x2005, b'\0' * 16)))


def jls(width, height):
    return b'\xff\xd8\xff\xf7' + struct.pack('>HBHHBBBB', 11, 8, height, width, 1, 1, 0x11, 0) + b'\xff\xd9'


KEYWORDS = '<dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>sun &amp; sand</rdf:li></rdf:Bag></dc:subject>'
LANGUAGE = '<dc:language><rdf:Bag><rdf:li>de-CH</rdf:li><rdf:li>fr</rdf:li></rdf:Bag></dc:language>'
CAMERA = 'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" '
WINDOWS = [(0x9c9e, 1, 30, 'beach;sea; sun'.encode('utf-16-le') + b'\0\0')]
MADE = icc('Made of Bytes')
SEVERAL = icc('', [('deDE', 'Aus Bytes'), ('enUS', 'Made of Bytes \u2116 4'), ('jaJP', '\u8272')])


def captions():
    words = segment(0xed, b'Photoshop 3.0\0' + resource(0x404, iim((25, b'sun & sand'), (25, b'wind'))))
    return [
        # the union in this order is ours; that each is there is exiftool's
        ('rated.jpg', jpeg(40, 30, tiff('<', WINDOWS), more=words + xmp_segment(xmp('xmp:Rating="4"', KEYWORDS + LANGUAGE))),
         'image/jpeg', 'jpg', {}),
        ('rejected.jpg', jpeg(40, 30, more=xmp_segment(xmp('xmp:Rating="-1"'))), 'image/jpeg', 'jpg', {'Rating': None}),
        # exiftool does not reckon with UTC
        ('zone-of-position.jpg', jpeg(40, 30, tiff('<', [ascii_tag(0x10f, 'Bindery')], [ascii_tag(0x9003, '2020:08:19 17:11:11')],
                                                   [ratio('<', 7, (9, 1), (10, 1), (5950, 100)), ascii_tag(29, '2020:08:19')])),
         'image/jpeg', 'jpg', {'ProduceTime': '2020-08-19T17:11:11+08:00'}),
        ('exif-rating.jpg', jpeg(40, 30, tiff('<', [short('<', 0x4746, 3)])), 'image/jpeg', 'jpg', {}),
    ]


def profiles():
    packed = zlib.compress(MADE)
    colr = lambda data: [box(b'colr', data)]
    return [
        ('profile-parts.jpg', jpeg(40, 30, more=icc_segments(SEVERAL, 200)), 'image/jpeg', 'jpg', {}),
        ('profile-icc.png', png(31, 17, [chunk(b'iCCP', b'given\0\0' + packed)]), 'image/png', 'png', {}),
        # the name that the chunk gives, which exiftool calls ProfileName
        ('profile-cut.png', png(31, 17, [chunk(b'iCCP', b'given\0\0' + packed[:20])]), 'image/png', 'png',
         {'ColorProfile': 'given'}),
        # SRGBRendering says that there is the chunk; a name is ours
        ('profile-srgb.png', png(31, 17, [chunk(b'sRGB', b'\0')]), 'image/png', 'png', {'ColorProfile': 'sRGB'}),
        ('profile-coded.png', png(31, 17, [chunk(b'cICP', b'\x0c\x0d\0\1')]), 'image/png', 'png', {'ColorProfile': 'Display P3'}),
        ('profile.webp', riff(vp8x(31, 17, 0x20), (b'ICCP', MADE), vp8(31, 17)), 'image/webp', 'webp', {}),
        ('profile.tiff', tiff('>', [short('>', 0x100, 12), short('>', 0x101, 7), (0x8773, 7, len(MADE), MADE)] + strip_of('>')),
         'image/tiff', 'tiff', {}),
        ('profile.heic', heif(b'heic', 20, 10, colours=colr(b'nclx\0\1\0\x0d\0\1\x80') + colr(b'prof' + MADE)), 'image/heic',
         'heic', {}),
        ('profile-coded.avif', heif(b'avif', 20, 10, colours=colr(b'nclx\0\x09\0\x10\0\x09\0')), 'image/avif', 'avif',
         {'ColorProfile': 'BT.2100 PQ'}),
        ('profile.jp2', jp2(20, 10, colour=b'\2\0\0' + MADE), 'image/jp2', 'jp2', {}),
        ('profile.psd', photoshop(1, 4, 3, resource(0x40f, MADE)), 'image/vnd.adobe.photoshop', 'psd', {}),
        ('profile.gif', animation(gif_blocks(b'ICCRGBG1012', MADE), frames=1), 'image/gif', 'gif', {}),
    ]


def frames():
    anmf = (b'ANMF', b'\0' * 16 + b'VP8 ' + struct.pack('<I', 10) + vp8(5, 4)[1][:10])
    magic = b'\1' + bytes(range(255, -1, -1)) + b'\0'
    return [
        ('frames.gif', animation(b'!\xff\x0bXMP DataXMP' + xmp('', XMP_TITLE) + magic, frames=3), 'image/gif', 'gif',
         {'Title': 'Bridge & R\u00edo'}),
        ('frames.png', png(8, 8, [chunk(b'acTL', struct.pack('>II', 7, 0))]), 'image/apng', 'png', {}),
        # exiftool counts no frames of a WebP
        ('frames.webp', riff(vp8x(5, 4, 2), (b'ANIM', b'\0' * 6), anmf, anmf), 'image/webp', 'webp', {'FrameCount': 2}),
        # three pages and a preview; exiftool counts only those that say they are pages
        ('pages.tiff', pages('<', None, None, 1, 2), 'image/tiff', 'tiff', {'FrameCount': 3, 'ImageWidth': 30}),
        ('sequence.avif', sequence(64, 48, 12), 'image/avif', 'avif', {'FrameCount': 12}),
        # a JPEG XL does not say how many
        ('animated.jxl', jxl((1, 1), (5, 3), (3, 0), (5, 9), (1, 0), (1, 1), (3, 0), (1, 0), (1, 0), (1, 1)), 'image/jxl', 'jxl',
         {'FrameCount': None}),
        # two views and a preview: exiftool has the number of all three
        ('views.jpg', jpeg(40, 30, more=multi_picture(0x20020002, 0x00020002, 0x00010001)), 'image/jpeg', 'jpg', {'FrameCount': 2}),
        ('icons-three.ico', icon(1, (16, 16), (32, 32), (48, 48)), 'image/vnd.microsoft.icon', 'ico',
         {'FrameCount': 3, 'ImageWidth': 48, 'ImageHeight': 48}),
    ]


def motion():
    apple = note_of(b'Apple iOS\0\0\1MM', [ascii_tag(0x11, 'AA-BB')], base=0, order='>')
    video = box(b'ftyp', b'mp42\0\0\0\0mp42')
    true = {'MotionPhoto': 'true'}
    return [
        ('motion.jpg', jpeg(40, 30, more=xmp_segment(xmp(CAMERA + 'GCamera:MotionPhoto="1"'))) + video, 'image/jpeg', 'jpg', true),
        ('motion-old.jpg', jpeg(40, 30, more=xmp_segment(xmp(CAMERA + 'GCamera:MicroVideo="1"'))) + video, 'image/jpeg', 'jpg', true),
        ('motion-off.jpg', jpeg(40, 30, more=xmp_segment(xmp(CAMERA + 'GCamera:MotionPhoto="0"'))), 'image/jpeg', 'jpg',
         {'MotionPhoto': None}),
        ('motion-samsung.jpg', jpeg(40, 30, tiff('<', [ascii_tag(0x10f, 'samsung')])) +
         samsung_trailer(0x0a30, b'MotionPhoto_Data', video), 'image/jpeg', 'jpg', true),
        ('sound-samsung.jpg', jpeg(40, 30, tiff('<', [ascii_tag(0x10f, 'samsung')])) +
         samsung_trailer(0x0100, b'SoundShot_000', video), 'image/jpeg', 'jpg', {'MotionPhoto': None}),
        ('motion-live.heic', heif(b'heic', 20, 10, exif=noted('Apple', apple)), 'image/heic', 'heic', true),
        ('motion.heic', heif(b'heic', 20, 10) + box(b'mpvd', video), 'image/heic', 'heic', true),
    ]


def lenses():
    serial = long('<', 0xc, 330123456)
    lens = ratio('<', 0x84, (240, 10), (700, 10), (28, 10), (28, 10))
    own = tiff('<', [ascii_tag(0x1d, '2012345'), lens])
    named = [ascii_tag(0xa434, 'Own Lens')]
    rows = [
        ('lens-canon.jpg', noted('Canon', note_of(b'', [serial, ascii_tag(0x95, 'EF24-70mm f/2.8L II USM')]))),
        ('lens-standard.jpg', noted('Canon', note_of(b'', [ascii_tag(0x95, 'EF24-70mm f/2.8L II USM')]), exif=named)),
        ('lens-nikon.jpg', noted('NIKON', lambda at: b'Nikon\0\2\x10\0\0' + own)),
        ('lens-fuji.jpg', noted('FUJIFILM', note_of(b'FUJIFILM\x0c\0\0\0', [ascii_tag(0x10, 'FFDT'), short('<', 0x1431, 5)], base=0),
                                order='>')),
        ('lens-olympus.jpg', noted('OLYMPUS CORPORATION', equipment, order='>')),
        ('lens-panasonic.jpg', noted('Panasonic', note_of(b'Panasonic\0\0\0', [ascii_tag(0x51, 'LUMIX G VARIO 12-32/F3.5-5.6')]))),
        ('lens-pentax.jpg', noted('PENTAX', note_of(b'PENTAX \0MM', [ascii_tag(0x229, '4512345')], base=0, order='>'))),
    ]
    moved = noted('Canon', note_of(b'', [ascii_tag(0x95, 'EF24-70mm f/2.8L II USM')])).replace(b'EF24-70', b'\xff\1\2\3\4\5\6')
    return [(n, jpeg(40, 30, e), 'image/jpeg', 'jpg', {}) for n, e in rows] + [
        ('lens-moved.jpg', jpeg(40, 30, moved), 'image/jpeg', 'jpg', {'Lens': None})]


def headers():
    two = lambda a, b, **k: {'ImageWidth': a, 'ImageHeight': b, **k}
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60"/>'
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return [
        ('comment.ppm', b'P6\n# made\n31 17\n255\n' + b'\0' * 9, 'image/x-portable-pixmap', 'pnm', {}),
        ('plain.pgm', b'P2 31 # width\n17 255\n0 0', 'image/x-portable-graymap', 'pnm', two(31, 17)),
        ('plain.pbm', b'P4\n31 17\n\0', 'image/x-portable-bitmap', 'pnm', {}),
        ('named.pam', b'P7\nWIDTH 31\nHEIGHT 17\nDEPTH 1\nMAXVAL 255\nENDHDR\n\0', 'image/x-portable-arbitrarymap', 'pnm', two(31, 17)),
        ('float.pfm', b'PF\n31 17\n-1.0\n\0\0\0\0', 'image/x-portable-floatmap', 'pnm', {}),
        ('light.hdr', b'#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 17 +X 31\n\2\2', 'image/vnd.radiance', 'hdr', {}),
        ('window.exr', exr(-10, 5, 20, 21), 'image/x-exr', 'exr', {}),
        ('plain.tga', struct.pack('<BBBHHBHHHHBB', 0, 0, 2, 0, 0, 0, 0, 0, 31, 17, 24, 0) + b'\0' * 30 +
         b'\0' * 8 + b'TRUEVISION-XFILE.\0', 'image/x-tga', 'tga', two(31, 17)),
        ('plain.sgi', struct.pack('>HBBHHHH', 474, 0, 1, 2, 31, 17, 1) + b'\0' * 500, 'image/x-sgi', 'sgi', two(31, 17)),
        ('plain.pcx', struct.pack('<BBBBHHHH', 10, 5, 1, 8, 10, 20, 40, 36) + b'\0' * 53 + b'\1' + b'\0' * 62,
         'image/vnd.zbrush.pcx', 'pcx', {}),
        ('plain.dds', b'DDS ' + struct.pack('<IIII', 124, 0x1007, 17, 31) + b'\0' * 108, 'image/vnd.ms-dds', 'dds', two(31, 17)),
        ('plain.qoi', b'qoif' + struct.pack('>IIBB', 31, 17, 3, 0) + b'\0' * 8, 'image/qoi', 'qoi', two(31, 17)),
        ('plain.xcf', b'gimp xcf v011\0' + struct.pack('>III', 31, 17, 0), 'image/x-xcf', 'xcf', {}),
        ('plain.fits', fits(SIMPLE='T', BITPIX=8, NAXIS=2, NAXIS1=31, NAXIS2=17), 'image/fits', 'fits', two(31, 17)),
        ('table.fits', fits(SIMPLE='T', BITPIX=8, NAXIS=0), 'image/fits', None, two(None, None)),
        ('plain.jls', jls(31, 17), 'image/jls', 'jpg', two(31, 17)),
        ('packed.svgz', packer.compress(drawing) + packer.flush(), 'image/svg+xml', 'svg', two(120, 60)),
        ('minolta.mrw', minolta(2560, 1920, tiff('>', [ascii_tag(0x10f, 'Minolta')])), 'image/x-minolta-mrw', 'mrw', {}),
        ('phase.iiq', phase(7320, 5484), 'image/x-phaseone-iiq', 'iiq', two(7320, 5484)),
        ('canon.crw', crw(3072, 2048), 'image/x-canon-crw', 'crw', {}),
        ('sigma.x3f', b'FOVb' + struct.pack('<I', 0x20002) + b'\0' * 20 + struct.pack('<III', 2268, 1512, 0) + b'\0' * 60,
         'image/x-sigma-x3f', 'x3f', two(2268, 1512)),
        # a camera that does not mark its preview
        ('nikon.nrw', camera('<', make='NIKON', ifd0=picture('<', 0, 160, 120)[1:], subs=[picture('<', 0, 4000, 3000)]),
         'image/x-nikon-nrw', 'tiff', two(4000, 3000)),
        ('epson.erf', camera('<', make='SEIKO EPSON CORP.', ifd0=picture('<', 1, 160, 120), subs=[picture('<', 0, 3040, 2024)]),
         'image/x-epson-erf', 'tiff', two(3040, 2024)),
    ]


def ask(path):
    """The facts of exiftool, under our names."""
    answer = subprocess.run(['exiftool', '-json', '-n', path], capture_output=True, text=True).stdout
    x = json.loads(answer)[0]
    words = [w for tag in ('Subject', 'Keywords') for w in (x[tag] if isinstance(x.get(tag), list) else [x.get(tag)])]
    words += [w.strip() for w in str(x.get('XPKeywords', '')).split(';')]
    words = [w for i, w in enumerate(words) if w and w not in words[:i]]
    shown = json.loads(subprocess.run(['exiftool', '-json', '-Lens', '-SerialNumber', path], capture_output=True, text=True).stdout)[0]
    language = x.get('Language')
    return {
        'ImageWidth': x.get('ImageWidth'), 'ImageHeight': x.get('ImageHeight'), 'Rating': x.get('Rating'),
        'Labels': [{'LabelName': w, 'LabelConfidence': 1.0} for w in words] or None,
        'ColorProfile': x.get('ProfileDescription'), 'FrameCount': x.get('FrameCount') or x.get('AnimationFrames') or 1,
        'Language': language[0] if isinstance(language, list) else language,
        'Lens': x.get('LensModel') or x.get('LensType') if x.get('Make') == 'Panasonic' else x.get('LensModel') or shown.get('Lens'),
        'Serial': shown.get('SerialNumber'),
    }


def main():
    os.makedirs(OUT, exist_ok=True)
    for name, data, content_type, shape, own in captions() + profiles() + frames() + motion() + lenses() + headers():
        path = os.path.join(OUT, name)
        with open(path, 'wb') as f:
            f.write(data)
        facts = {**ask(path), **own}
        lens, serial = facts.pop('Lens'), facts.pop('Serial')
        exif = {'Format': shape, 'LensModel': lens, 'BodySerialNumber': serial and str(serial)}
        expected = {'ContentType': content_type, 'MediaType': 'image', **facts, **({'EXIF': exif} if shape else {'FrameCount': None})}
        with open(path + '.expected.json', 'w', encoding='utf-8') as f:
            json.dump(expected, f, indent=1, ensure_ascii=False)
            f.write('\n')


main()

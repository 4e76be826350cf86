#!/usr/bin/env python3
"""Makes the images of tests/samples, byte by byte: small files whose facts are known by construction.

Usage: tools/make-samples.py [FOLDER]   (default: tests/samples)
The x.expected.json beside each is written by hand-checked rules here, and was compared with exiftool.
"""
import hashlib, json, os, struct, sys, zlib

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..', 'tests', 'samples')
FULL_TIME = '2020-08-19T17:11:11.25+08:00'


def ascii_tag(tag, text):
    data = text.encode() + b'\0'
    return tag, 2, len(data), data


def short(order, tag, *values):
    return tag, 3, len(values), b''.join(struct.pack(order + 'H', v) for v in values)


def long(order, tag, *values):
    return tag, 4, len(values), b''.join(struct.pack(order + 'I', v) for v in values)


def ratio(order, tag, *values):
    return tag, 5, len(values), b''.join(struct.pack(order + 'II', *v) for v in values)


def directory(order, at, tags):
    """Bytes of a directory that begins at offset `at`, with its values behind it."""
    head = struct.pack(order + 'H', len(tags))
    value_at = at + 2 + 12 * len(tags) + 4
    values = b''
    for tag, kind, count, data in sorted(tags):
        if len(data) > 4:
            field = struct.pack(order + 'I', value_at + len(values))
            values += data + b'\0' * (len(data) & 1)
        else:
            field = data.ljust(4, b'\0')
        head += struct.pack(order + 'HHI', tag, kind, count) + field
    return head + struct.pack(order + 'I', 0) + values


def tiff(order='>', ifd0=(), exif=(), gps=(), subs=(), magic=b'', head=b''):
    """A TIFF structure: IFD0 with Exif, GPS and sub-directories where they have tags; `head` goes before IFD0."""
    parts = [(0x8769, [exif] if exif else []), (0x8825, [gps] if gps else []), (0x14a, list(subs))]
    start = 8 + len(head)
    places = {}
    for known in (False, True):
        pointers = [long(order, p, *(places[p] if known else [0] * len(tags))) for p, tags in parts if tags]
        out = directory(order, start, list(ifd0) + pointers)
        for p, tags in parts:
            places[p] = []
            for one in tags:
                places[p].append(start + len(out))
                out += directory(order, start + len(out), one)
    magic = magic or (b'MM\0*' if order == '>' else b'II*\0')
    return magic + struct.pack(order + 'I', start) + head + out


def camera(order='>', orientation=6, position=True, zone=True, make='Bindery', ifd0=(), size=None, **more):
    """What a camera writes; `ifd0` are further tags of the first directory, `size` what Exif says of the picture."""
    exif = [ratio(order, 0x829a, (1, 250)), ratio(order, 0x829d, (28, 10)), short(order, 0x8827, 100),
            (0x9000, 7, 4, b'0232'), ascii_tag(0x9003, '2020:08:19 17:11:11'), ascii_tag(0x9291, '250'),
            (0x9286, 7, 8 + 12, b'UNICODE\0' + 'h\u00e9llo\u4e2d'.encode('utf-16-be' if order == '>' else 'utf-16-le'))]
    if size:
        exif += [long(order, 0xa002, size[0]), long(order, 0xa003, size[1])]
    if zone:
        exif.append(ascii_tag(0x9011, '+08:00'))
    gps = [(0, 1, 4, b'\2\3\0\0'), ascii_tag(1, 'N'), ratio(order, 2, (39, 1), (54, 1), (12345, 1000)),
           ascii_tag(3, 'W'), ratio(order, 4, (116, 1), (23, 1), (0, 1))]
    return tiff(order, [*ifd0, ascii_tag(0x10f, make), ascii_tag(0x110, 'Sample One'), short(order, 0x112, orientation),
                        ratio(order, 0x11a, (96, 1)), ascii_tag(0x132, '2021:01:02 03:04:05')],
                exif, gps if position else [], **more)


def segment(marker, data):
    return b'\xff' + bytes([marker]) + struct.pack('>H', len(data) + 2) + data


XMP_DATA = {'dc': 'http://purl.org/dc/elements/1.1/', 'xmp': 'http://ns.adobe.com/xap/1.0/',
            'photoshop': 'http://ns.adobe.com/photoshop/1.0/', 'tiff': 'http://ns.adobe.com/tiff/1.0/',
            'exif': 'http://ns.adobe.com/exif/1.0/', 'xmpMM': 'http://ns.adobe.com/xap/1.0/mm/'}
XMP_TITLE = ('<dc:title><rdf:Alt><rdf:li xml:lang="de">Brücke</rdf:li><rdf:li xml:lang="x-default">Bridge &amp; R\u00edo</rdf:li>'
             '</rdf:Alt></dc:title>')
XMP_ARTIST = '<dc:creator><rdf:Seq><rdf:li>Ana</rdf:li><rdf:li>Bo</rdf:li></rdf:Seq></dc:creator>'
XMP_PLACE = '<exif:GPSLatitude>39,54.20575N</exif:GPSLatitude><exif:GPSLongitude>116,23,0W</exif:GPSLongitude>'


def xmp(attributes='', elements='', prefixes=None):
    """A packet; `prefixes` renames those of namespaces."""
    spaces = ''.join(f' xmlns:{p}="{a}"' for p, a in XMP_DATA.items())
    text = ('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""' + spaces +
            f' {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>\n   \n<?xpacket end="w"?>')
    for old, new in (prefixes or {}).items():
        text = text.replace(old + ':', new + ':').replace('xmlns:' + old, 'xmlns:' + new)
    return text.encode()


def xmp_segment(packet):
    return segment(0xe1, b'http://ns.adobe.com/xap/1.0/\0' + packet)


def xmp_extension(packet, part):
    """Segments of `part` bytes each."""
    guid = hashlib.md5(packet).hexdigest().upper().encode()
    return b''.join(segment(0xe1, b'http://ns.adobe.com/xmp/extension/\0' + guid +
                            struct.pack('>II', len(packet), at) + packet[at:at + part])
                    for at in range(0, len(packet), part))


def iim(*records):
    return b''.join(b'\x1c\2' + bytes([n]) + struct.pack('>H', len(t)) + t for n, t in records)


def resource(number, data):
    return b'8BIM' + struct.pack('>HHI', number, 0, len(data)) + data + b'\0' * (len(data) & 1)


PRESS = iim((5, 'Bridge'.encode()), (105, b'Headline'), (80, b'Ana'), (80, 'Jos\u00e9'.encode('latin-1')),
            (55, b'20200819'), (60, b'171111+0800'))


def jpeg(width, height, exif=None, sof=0xc0, more=b''):
    app = segment(0xe0, b'JFIF\0\1\1\0\0\1\0\1\0\0') + more
    if exif is not None:
        app += segment(0xe1, b'Exif\0\0' + exif)
    quant = segment(0xdb, b'\0' + b'\1' * 64)
    frame = segment(sof, struct.pack('>BHHB', 8, height, width, 1) + b'\1\x11\0')
    tables = segment(0xc4, b'\0' + b'\0\1' + b'\0' * 14 + b'\0') + segment(0xc4, b'\x10' + b'\0\1' + b'\0' * 14 + b'\0')
    return b'\xff\xd8' + app + quant + frame + tables + segment(0xda, b'\1\1\0\0\x3f\0') + b'\x2a\xaa\xff\xd9'


def chunk(name, data):
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def png(width, height, before=(), after=()):
    pixels = zlib.compress((b'\0' + b'\x80' * width) * height, 9)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)) +
            b''.join(before) + chunk(b'IDAT', pixels) + b''.join(after) + chunk(b'IEND', b''))


def profile(name, data):
    """Keyword and text of a profile in digits."""
    digits = '\n'.join(data.hex()[i:i + 72] for i in range(0, len(data) * 2, 72))
    return f'Raw profile type {name}'.encode(), f'\n{name}\n{len(data):8}\n{digits}\n'.encode()


def gif(width, height):
    return (b'GIF89a' + struct.pack('<HHBBB', width, height, 0x80, 0, 0) + b'\0\0\0\xff\xff\xff' +
            b',' + struct.pack('<HHHHB', 0, 0, 1, 1, 0) + b'\2\2\x44\1\0;')


def riff(*chunks):
    body = b'WEBP' + b''.join(n + struct.pack('<I', len(d)) + d + b'\0' * (len(d) & 1) for n, d in chunks)
    return b'RIFF' + struct.pack('<I', len(body)) + body


def vp8(width, height):
    return b'VP8 ', b'\x10\x02\x00\x9d\x01\x2a' + struct.pack('<HH', width, height) + b'\0' * 6


def vp8l(width, height):
    return b'VP8L', b'\x2f' + struct.pack('<I', (width - 1) | (height - 1) << 14) + b'\0' * 5


def vp8x(width, height, flags):
    return b'VP8X', bytes([flags, 0, 0, 0]) + struct.pack('<I', width - 1)[:3] + struct.pack('<I', height - 1)[:3]


def box(name, data):
    return struct.pack('>I', 8 + len(data)) + name + data


def full(name, data, version=0, flags=0):
    return box(name, struct.pack('>I', version << 24 | flags) + data)


def heif(brand, width, height, transforms=(), exif=None, packet=b''):
    """A primary item with ispe and transforms; the items of Exif and XMP, if there are, in mdat."""
    properties = full(b'ispe', struct.pack('>II', 16, 16)) + full(b'ispe', struct.pack('>II', width, height))
    properties += b''.join(box(name, bytes([value])) for name, value in transforms)
    links = [0x82] + [0x83 + i for i in range(len(transforms))]
    item_type = b'av01' if brand == b'avif' else b'hvc1'
    items = [(1, item_type + b'\0', b'\0\0\0\0')]
    if exif:
        items.append((2, b'Exif\0', b'\0\0\0\6Exif\0\0' + exif))
    if packet:
        items.append((3, b'mime\0application/rdf+xml\0', packet))
    infes = b''.join(full(b'infe', struct.pack('>HH', i, 0) + t, 2) for i, t, _ in items)

    def meta(data_at):
        iloc = struct.pack('>HH', 0x4400, len(items))
        for i, _, data in items:
            iloc += struct.pack('>HHHII', i, 0, 1, data_at, len(data))
            data_at += len(data)
        ipma = struct.pack('>IHB', 1, 1, len(links)) + bytes(links)
        return full(b'meta', full(b'hdlr', b'\0\0\0\0pict' + b'\0' * 13) + full(b'pitm', b'\0\1') +
                    full(b'iinf', struct.pack('>H', len(items)) + infes) + full(b'iloc', iloc) +
                    box(b'iprp', box(b'ipco', properties) + full(b'ipma', ipma)))

    ftyp = box(b'ftyp', brand + b'\0\0\0\0mif1' + brand)
    data_at = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(data_at) + box(b'mdat', b''.join(data for _, _, data in items))


def bmp(width, height, core=False):
    head = struct.pack('<IHHHH', 12, width, height, 1, 24) if core else struct.pack('<IiiHHIIiiII', 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    pixels = b'\x80' * ((width * 3 + 3) // 4 * 4 * abs(height))
    return b'BM' + struct.pack('<IHHI', 14 + len(head) + len(pixels), 0, 0, 14 + len(head)) + head + pixels


def icon(kind, *sizes):
    """Pictures of one row of pixels each, as far as anyone looks."""
    picture = struct.pack('<IiiHHIIiiII', 40, 1, 2, 1, 32, 0, 0, 0, 0, 0, 0) + b'\0' * 8
    at = 6 + 16 * len(sizes)
    return (struct.pack('<HHH', 0, kind, len(sizes)) +
            b''.join(struct.pack('<BBBBHHII', w & 255, h & 255, 0, 0, 1, 32, len(picture), at + i * len(picture))
                     for i, (w, h) in enumerate(sizes)) + picture * len(sizes))


def photoshop(version, width, height, *resources):
    block = b''.join(resources)
    return (struct.pack('>4sH6xHIIHH', b'8BPS', version, 1, height, width, 8, 1) + struct.pack('>I', 0) +
            struct.pack('>I', len(block)) + block + b'\0' * (4 if version == 1 else 8) + b'\0\0' + b'\x80' * 16)


def codestream(width, height):
    """The markers of a JPEG 2000 up to the first tile."""
    size = struct.pack('>HIIIIIIIIHBBB', 0, width, height, 0, 0, width, height, 0, 0, 1, 7, 1, 1)
    return (b'\xff\x4f' + segment(0x51, size) + segment(0x52, b'\0\0\0\1\0\0\4\4\0\1') +
            segment(0x5c, b'\x40\x40') + b'\xff\xd9')


def jp2(width, height, *boxes):
    head = box(b'ihdr', struct.pack('>IIHBBBB', height, width, 1, 7, 7, 0, 0)) + box(b'colr', b'\1\0\0' + struct.pack('>I', 17))
    return (box(b'jP  ', b'\r\n\x87\n') + box(b'ftyp', b'jp2 \0\0\0\0jp2 ') + box(b'jp2h', head) + b''.join(boxes) +
            box(b'jp2c', codestream(width, height)))


def jxl(*fields):
    """The start of a JPEG XL codestream from (bits, value) pairs."""
    value = length = 0
    for bits, number in fields:
        value |= number << length
        length += bits
    return b'\xff\x0a' + value.to_bytes(16, 'little')


def jxl_file(*boxes):
    return box(b'JXL ', b'\r\n\x87\n') + box(b'ftyp', b'jxl \0\0\0\0jxl ') + b''.join(boxes)


def picture(order, kind, width, height, compression=1):
    """Tags of a directory with pixels; kind 1 is a preview."""
    return [long(order, 0xfe, kind), long(order, 0x100, width), long(order, 0x101, height),
            short(order, 0x103, compression)] + strip_of(order)


def raf(size, cropped, preview):
    def record(tag, width, height):
        return struct.pack('>HHHH', tag, 4, height, width)
    records = struct.pack('>I', 2) + record(0x100, *size) + record(0x111, *cropped)
    head = b'FUJIFILMCCD-RAW 0201FF000000' + b'Bindery'.ljust(32, b'\0') + b'0100' + b'\0' * 20
    return (head + struct.pack('>IIIIII', 108, len(preview), 108 + len(preview), len(records), 0, 0) + preview + records)


def cr3(width, height, packet):
    exif = [ascii_tag(0x9003, '2020:08:19 17:11:11'), ascii_tag(0x9291, '25'), ascii_tag(0x9011, '+08:00')]
    ifd0 = [short('<', 0x100, width), short('<', 0x101, height), ascii_tag(0x10f, 'Canon'), short('<', 0x112, 6)]
    gps = [ascii_tag(1, 'N'), ratio('<', 2, (39, 1), (54, 1), (12345, 1000)),
           ascii_tag(3, 'W'), ratio('<', 4, (116, 1), (23, 1), (0, 1))]
    canon = b''.join(box(b'CMT%d' % i, tiff('<', tags)) for i, tags in ((1, ifd0), (2, exif), (4, gps)))
    moov = box(b'moov', box(b'uuid', bytes.fromhex('85c0b687820f11e08111f4ce462b6a48') + box(b'CNCV', b'CanonCR3_001') + canon))
    return (box(b'ftyp', b'crx \0\0\0\1crx isom') + moov +
            box(b'uuid', bytes.fromhex('be7acfcb97a942e89c71999491e3afac') + packet) + box(b'mdat', b'\0' * 8))


def strip_of(order):
    """Tags of pixels; the first bytes of the file will do."""
    return [long(order, 273, 8), long(order, 279, 1)]


def main():
    facts = {'Orientation': 6, 'ProduceTime': FULL_TIME, 'LatLong': '39.903429,-116.383333'}
    exif = {'Make': 'Bindery', 'Model': 'Sample One', 'FNumber': '28/10', 'ExposureTime': '1/250',
            'XResolution': '96/1', 'ExifVersion': '0232', 'UserComment': 'h\u00e9llo\u4e2d',
            'GPSVersionID': '2 3 0 0', 'GPSLatitudeRef': 'North', 'GPSLongitudeRef': 'West',
            'GPSLatitude': '39deg 54\' 12.345" ', 'GPSLongitude': '116deg 23\' ',
            'DateTimeOriginal': '2020:08:19 17:11:11', 'Orientation': '6'}
    strip = strip_of('>')
    samples = [
        ('camera.jpg', jpeg(400, 267, camera()), 'image/jpeg', (400, 267, 'jpg'), facts, exif),
        ('camera-little.jpg', jpeg(400, 267, camera('<')), 'image/jpeg', (400, 267, 'jpg'), facts, exif),
        ('local-time.jpg', jpeg(9, 8, camera(orientation=3, position=False, zone=False)), 'image/jpeg', (9, 8, 'jpg'),
         {'Orientation': 3, 'ProduceTime': '2020-08-19T17:11:11.25', 'LatLong': None}, {'GPSTag': None}),
        ('progressive.jpg', jpeg(65500, 1, sof=0xc2), 'image/jpeg', (65500, 1, 'jpg'),
         {'Orientation': None, 'ProduceTime': None}, {'Make': None}),
        ('zero-date.jpg', jpeg(2, 2, tiff('<', [ascii_tag(0x132, '0000:00:00 00:00:00'), short('<', 0x112, 9)])),
         'image/jpeg', (2, 2, 'jpg'), {'Orientation': None, 'ProduceTime': None}, {'Orientation': '9'}),
        ('loop.jpg', jpeg(3, 4, tiff('>', [long('>', 0x8769, 8), long('>', 0x8825, 8), short('>', 0x112, 8)])),
         'image/jpeg', (3, 4, 'jpg'), {'Orientation': 8}, {}),
        ('damaged-exif.jpg', jpeg(5, 6, b'MM\0*\xff\xff\xff\xff'), 'image/jpeg', (5, 6, 'jpg'), {'Orientation': None}, {}),
        ('no-frame.jpg', b'\xff\xd8' + segment(0xe0, b'JFIF\0\1\1\0\0\1\0\1\0\0'), 'image/jpeg', None, {}, {}),
        ('named.txt', jpeg(7, 7), 'image/jpeg', (7, 7, 'jpg'), {}, {}),
        ('plain.png', png(31, 17), 'image/png', (31, 17, 'png'), {'Orientation': None}, {}),
        ('exif-before.png', png(31, 17, [chunk(b'eXIf', camera())]), 'image/png', (31, 17, 'png'), facts, exif),
        ('exif-after.png', png(31, 17, after=[chunk(b'eXIf', camera('<'))]), 'image/png', (31, 17, 'png'), facts, exif),
        ('animated.png', png(8, 8, [chunk(b'acTL', struct.pack('>II', 1, 0))]), 'image/apng', (8, 8, 'png'), {}, {}),
        ('screen.gif', gif(640, 480), 'image/gif', (640, 480, 'gif'), {}, {}),
        ('lossy.webp', riff(vp8(550, 368)), 'image/webp', (550, 368, 'webp'), {}, {}),
        ('lossless.webp', riff(vp8l(386, 395)), 'image/webp', (386, 395, 'webp'), {}, {}),
        ('extended.webp', riff(vp8x(16384, 1, 8), vp8(1, 1), (b'EXIF', camera())), 'image/webp', (16384, 1, 'webp'), facts, exif),
        ('plain.tiff', tiff('>', [short('>', 0x100, 12), long('>', 0x101, 70000), short('>', 0x112, 4)] + strip),
         'image/tiff', (12, 70000, 'tiff'), {'Orientation': 4}, {}),
        ('phone.heic', heif(b'heic', 4032, 3024, [(b'irot', 3)], camera(orientation=6)), 'image/heic', (4032, 3024, 'heic'),
         facts, exif),
        ('mirrored.avif', heif(b'avif', 20, 10, [(b'irot', 1), (b'imir', 0)]), 'image/avif', (20, 10, 'avif'),
         {'Orientation': 5}, {}),
        ('mirror-first.avif', heif(b'avif', 20, 10, [(b'imir', 0), (b'irot', 1)]), 'image/avif', (20, 10, 'avif'),
         {'Orientation': 7}, {}),
    ]
    place = '39.903429,-116.383333'
    named = {'Title': 'Bridge & R\u00edo', 'Artist': 'Ana, Bo'}
    whole = xmp('tiff:Orientation="6" xmp:CreateDate="2001-01-01T00:00:00" exif:DateTimeOriginal="2020-08-19T17:11:11.25+08:00"',
                XMP_TITLE + XMP_ARTIST + XMP_PLACE)
    of_xmp = {**named, 'Orientation': 6, 'ProduceTime': FULL_TIME, 'LatLong': place}
    scan = tiff('>', [ascii_tag(0x132, '2022:01:02 03:04:05'), ascii_tag(0x13b, 'Exif Artist'), ascii_tag(0x10e, 'SONY DSC')])
    other = '<xmpMM:DerivedFrom><rdf:Description><dc:title>Other</dc:title></rdf:Description></xmpMM:DerivedFrom>'
    press = segment(0xed, b'Photoshop 3.0\0' + resource(0x3ed, b'abc') + resource(0x404, PRESS))
    of_press = {'Title': 'Bridge', 'Artist': 'Ana, Jos\u00e9', 'ProduceTime': '2020-08-19T17:11:11+08:00'}
    long_packet = xmp('', XMP_TITLE + '<xmp:Label>' + 'x' * 3000 + '</xmp:Label>' + XMP_ARTIST)
    tail = hashlib.md5(long_packet).hexdigest().upper()
    note = f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{tail}"'
    samples += [
        ('xmp.jpg', jpeg(40, 30, more=xmp_segment(whole)), 'image/jpeg', (40, 30, 'jpg'), of_xmp, {}),
        ('xmp-prefixes.jpg', jpeg(40, 30, more=xmp_segment(xmp('tiff:Orientation="6"', other + XMP_TITLE, {'dc': 'a', 'tiff': 'dc'}))),
         'image/jpeg', (40, 30, 'jpg'), {'Title': 'Bridge & R\u00edo', 'Artist': None, 'Orientation': 6}, {}),
        ('xmp-below-exif.jpg', jpeg(40, 30, camera(orientation=3), more=xmp_segment(whole)), 'image/jpeg', (40, 30, 'jpg'),
         {**facts, **named, 'Orientation': 3}, {}),
        ('xmp-scanned.jpg', jpeg(40, 30, scan, more=xmp_segment(xmp('photoshop:DateCreated="1999-12-31"'))), 'image/jpeg',
         (40, 30, 'jpg'), {'ProduceTime': '1999-12-31T00:00:00', 'Artist': 'Exif Artist', 'Title': None}, {}),
        ('xmp-extended.jpg', jpeg(40, 30, more=xmp_segment(xmp(note)) + xmp_extension(long_packet, 1500)), 'image/jpeg',
         (40, 30, 'jpg'), named, {}),
        ('xmp-entities.jpg', jpeg(40, 30, more=xmp_segment(b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' +
                                                           xmp('', '<dc:title>&b;</dc:title>'))), 'image/jpeg',
         (40, 30, 'jpg'), {'Title': None}, {}),
        ('iptc.jpg', jpeg(40, 30, more=press), 'image/jpeg', (40, 30, 'jpg'), of_press, {}),
        ('iptc-below-xmp.jpg', jpeg(40, 30, more=press + xmp_segment(whole)), 'image/jpeg', (40, 30, 'jpg'), of_xmp, {}),
        ('xmp.png', png(31, 17, after=[chunk(b'iTXt', b'XML:com.adobe.xmp\0\0\0\0\0' + whole)]), 'image/png', (31, 17, 'png'),
         of_xmp, {}),
        ('xmp.webp', riff(vp8x(31, 17, 4), vp8(31, 17), (b'XMP ', whole)), 'image/webp', (31, 17, 'webp'), of_xmp, {}),
        ('xmp.avif', heif(b'avif', 20, 10, packet=whole), 'image/avif', (20, 10, 'avif'), of_xmp, {}),
        ('xmp.tiff', tiff('<', [short('<', 0x100, 12), short('<', 0x101, 7), (0x2bc, 1, len(whole), whole),
                                (0x83bb, 7, len(PRESS), PRESS)] + strip_of('<')), 'image/tiff', (12, 7, 'tiff'), of_xmp, {}),
    ]
    doctype = ('<?xml version="1.0"?><!-- <svg width="1"> --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" '
               '[<!ENTITY ns "http://ns.adobe.com/">]>')
    svg = 'xmlns="http://www.w3.org/2000/svg"'
    samples += [
        ('windows.bmp', bmp(13, -7), 'image/bmp', (13, 7, 'bmp'), {}, {}),
        ('os2.bmp', bmp(13, 7, core=True), 'image/bmp', (13, 7, 'bmp'), {}, {}),
        ('icons.ico', icon(1, (16, 16), (256, 256), (48, 48)), 'image/vnd.microsoft.icon', (256, 256, 'ico'), {}, {}),
        ('pointer.cur', icon(2, (32, 24)), 'image/x-win-bitmap', (32, 24, 'ico'), {}, {}),
        ('layers.psd', photoshop(1, 4, 3, resource(0x404, PRESS), resource(0x422, camera()), resource(0x424, whole)),
         'image/vnd.adobe.photoshop', (4, 3, 'psd'), {**facts, **named}, exif),
        ('large.psb', photoshop(2, 300000, 3), 'image/vnd.adobe.photoshop', (300000, 3, 'psd'), {}, {}),
        ('file.jp2', jp2(200, 100, box(b'uuid', b'JpgTiffExif->JP2' + camera()),
                         box(b'uuid', bytes.fromhex('be7acfcb97a942e89c71999491e3afac') + whole)), 'image/jp2', (200, 100, 'jp2'),
         {**facts, **named}, exif),
        ('codestream.j2k', codestream(200, 100), 'image/x-jp2-codestream', (200, 100, 'jp2'), {}, {}),
        ('small.jxl', jxl((1, 1), (5, 3), (3, 0), (5, 9), (1, 1)), 'image/jxl', (80, 32, 'jxl'), {'Orientation': 1}, {}),
        ('ratio.jxl', jxl((1, 0), (2, 1), (13, 1079), (3, 5), (1, 0), (1, 1), (3, 5)), 'image/jxl', (1920, 1080, 'jxl'),
         {'Orientation': 6}, {}),
        ('boxes.jxl', jxl_file(box(b'Exif', b'\0\0\0\0' + camera()), box(b'xml ', whole),
                               box(b'jxlp', b'\0\0\0\0' + jxl((1, 0), (2, 0), (9, 99), (3, 0), (2, 2), (18, 70000), (1, 1)))),
         'image/jxl', (70001, 100, 'jxl'), {**facts, **named, 'Orientation': 1}, exif),
        ('pixels.svg', f'<svg {svg} width="120px" height=\'60\'/>'.encode(), 'image/svg+xml', (120, 60, 'svg'), {}, {}),
        ('paper.svg', f'{doctype}<svg {svg} xmlns:x="&ns;" width="210mm" height="297mm" viewBox="0 0 1 1"></svg>'.encode(),
         'image/svg+xml', (794, 1123, 'svg'), {}, {}),
        ('shape.svg', b'<svg:svg xmlns:svg="http://www.w3.org/2000/svg" width="100%" height="50" viewBox="0,0 , 300 100"></svg:svg>',
         'image/svg+xml', (150, 50, 'svg'), {}, {}),
    ]
    preview = jpeg(160, 120, camera())
    made = {k: v for k, v in exif.items() if k != 'Make'}

    def two_sizes(make, compression=1, **more):
        return camera('<', make=make, ifd0=picture('<', 1, 160, 120),
                      subs=[picture('<', 1, 1600, 1200), picture('<', 0, 4352, 2868, compression)], **more)

    panasonic = [short('<', 4, 4), short('<', 5, 8), short('<', 6, 3004), short('<', 7, 4008)]
    rw2_head = tiff('<', panasonic + [ascii_tag(0x10f, 'Panasonic'), (0x2e, 7, len(preview), preview)], magic=b'IIU\0')
    samples += [
        ('canon.cr2', camera('<', make='Canon', ifd0=picture('<', 0, 1536, 1024)[1:], size=(5184, 3456), head=b'CR\2\0\0\0\0\0'),
         'image/x-canon-cr2', (5184, 3456, 'cr2'), facts, made),
        ('nikon.nef', two_sizes('NIKON CORPORATION', 34713), 'image/x-nikon-nef', (4352, 2868, 'tiff'), facts, made),
        ('sony.arw', two_sizes('SONY', 32767), 'image/x-sony-arw', (4352, 2868, 'tiff'), facts, made),
        ('samsung.srw', two_sizes('SAMSUNG', 32772), 'image/x-samsung-srw', (4352, 2868, 'tiff'), facts, made),
        ('adobe.dng', camera('<', make='Canon', ifd0=picture('<', 1, 160, 120) + [(0xc612, 1, 4, b'\1\4\0\0')],
                             subs=[picture('<', 0, 4352, 2868, 7), picture('<', 1, 1600, 1200)]),
         'image/x-adobe-dng', (4352, 2868, 'tiff'), facts, made),
        ('pentax.pef', camera('>', make='PENTAX Corporation', ifd0=picture('>', 0, 4352, 2868, 65535)[1:]),
         'image/x-pentax-pef', (4352, 2868, 'tiff'), facts, made),
        ('olympus.orf', camera('<', make='OLYMPUS', ifd0=picture('<', 0, 4352, 2868)[1:], magic=b'IIRO'),
         'image/x-olympus-orf', (4352, 2868, 'tiff'), facts, made),
        ('panasonic.rw2', rw2_head, 'image/x-panasonic-rw2', (4000, 3000, 'rw2'), facts, made),
        ('fuji.raf', raf((4352, 2868), (4000, 2600), preview), 'image/x-fuji-raf', (4000, 2600, 'raf'), facts, exif),
        ('canon.cr3', cr3(6000, 4000, whole), 'image/x-canon-cr3', (6000, 4000, 'cr3'), of_xmp, {'Make': 'Canon'}),
    ]
    digits, press_digits = profile('exif', b'Exif\0\0' + camera()), profile('iptc', resource(0x404, PRESS))
    samples += [
        ('profile.png', png(31, 17, [chunk(b'tEXt', b'\0'.join(digits))]), 'image/png', (31, 17, 'png'), facts, exif),
        ('profile-packed.png', png(31, 17, [chunk(b'zTXt', digits[0] + b'\0\0' + zlib.compress(digits[1], 9))]), 'image/png',
         (31, 17, 'png'), facts, exif),
        ('profile-iptc.png', png(31, 17, [chunk(b'zTXt', press_digits[0] + b'\0\0' + zlib.compress(press_digits[1], 1))]),
         'image/png', (31, 17, 'png'), of_press, {}),
        ('profile-empty.png', png(31, 17, [chunk(b'zTXt', digits[0] + b'\0\0' + zlib.compress(b'') + b'\0' * 80),
                                           chunk(b'tEXt', digits[0] + b'\0\nexif\n0\n' + b' ' * 80)]), 'image/png',
         (31, 17, 'png'), {'Orientation': None}, {}),
        ('profile-damaged.png', png(31, 17, [chunk(b'zTXt', digits[0] + b'\0\0' + zlib.compress(digits[1], 9)[:-60])]), 'image/png',
         (31, 17, 'png'), {'Orientation': None}, {}),
    ]
    os.makedirs(OUT, exist_ok=True)
    for name, data, content_type, size, more, tags in samples:
        expected = {'ContentType': content_type, 'MediaType': 'image', **more}
        if size:
            expected.update(ImageWidth=size[0], ImageHeight=size[1])
            expected['EXIF'] = {'Format': size[2], 'ImageWidth': str(size[0]), 'ImageHeight': str(size[1]),
                                'FileSize': str(len(data)), **tags}
        else:
            expected['Error'] = 'EXTRACT_FAILED'
        with open(os.path.join(OUT, name), 'wb') as f:
            f.write(data)
        with open(os.path.join(OUT, name + '.expected.json'), 'w', encoding='utf-8') as f:
            json.dump(expected, f, indent=1, ensure_ascii=False)
            f.write('\n')


main()

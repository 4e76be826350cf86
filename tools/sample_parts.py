"""Parts of the images of tests/samples: containers, directories of EXIF, packets of XMP, byte by byte."""
import hashlib, struct, zlib

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


def heif(brand, width, height, transforms=(), exif=None, packet=b'', colours=()):
    """A primary item with ispe, transforms and boxes of colours; the items of Exif and XMP, if there are, in mdat."""
    extent = full(b'ispe', struct.pack('>II', 16, 16)) + full(b'ispe', struct.pack('>II', width, height))
    more = [box(name, bytes([value])) for name, value in transforms] + list(colours)
    properties = extent + b''.join(more)
    links = [0x82] + [0x83 + i for i in range(len(more))]
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


def jp2(width, height, *boxes, colour=b'\1\0\0\0\0\0\x11'):
    head = box(b'ihdr', struct.pack('>IIHBBBB', height, width, 1, 7, 7, 0, 0)) + box(b'colr', colour)
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

#!/usr/bin/env python3
"""Makes the images of tests/samples, byte by byte: small files whose facts are known by construction.

Usage: tools/make-samples.py [FOLDER]   (default: tests/samples)
The x.expected.json beside each is written by hand-checked rules here, and was compared with exiftool.
"""
import hashlib, json, os, struct, sys, zlib
from sample_parts import *

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..', 'tests', 'samples')


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

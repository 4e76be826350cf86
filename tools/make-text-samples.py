#!/usr/bin/env python3
"""Makes the samples of texts, pages, mail and archives in a folder, each with what Python's own
modules (email, html, tarfile, zipfile, codecs) say about it. usage: make-text-samples.py FOLDER"""
import base64, bz2, email, email.policy, email.utils, gzip, io, json, lzma, os, re, sys, tarfile, zipfile
from email.message import EmailMessage
from html.parser import HTMLParser

FOLDER = sys.argv[1]
EN = 'All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience.'
DE = 'Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.'
RU = 'Все люди рождаются свободными и равными в своём достоинстве и правах. Все это знают, но не все так думают: было бы хорошо, если бы мы были все.'
JA = 'すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。'
ZH = '人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。'
KO = '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.'


def write(name, data, expected):
    with open(os.path.join(FOLDER, name), 'wb') as f:
        f.write(data)
    with open(os.path.join(FOLDER, name + '.expected.json'), 'w') as f:
        json.dump(expected, f, ensure_ascii=False, indent=1)
        f.write('\n')


def plain(text):
    text = re.sub(r'\s*[\n\r]\s*', '\n', text.strip())
    return re.sub(r'[^\S\n]+', ' ', text)


def texts():
    rows = [('english.txt', EN, 'ascii', 'US-ASCII', 'en', b''), ('german.txt', DE, 'utf-8', 'UTF-8', 'de', b'\xef\xbb\xbf'),
            ('latin.txt', DE, 'latin-1', 'ISO-8859-1', 'de', b''), ('cyrillic.txt', RU, 'cp1251', 'windows-1251', 'ru', b''),
            ('koi8.txt', RU, 'koi8-r', 'KOI8-R', 'ru', b''), ('wide.txt', DE, 'utf-16-le', 'UTF-16LE', 'de', b'\xff\xfe'),
            ('wide-big.txt', RU, 'utf-16-be', 'UTF-16BE', 'ru', b'\xfe\xff'), ('sjis.txt', JA, 'shift_jis', 'Shift_JIS', 'ja', b''),
            ('euc.txt', JA, 'euc_jp', 'EUC-JP', 'ja', b''), ('jis.txt', JA, 'iso2022_jp', 'ISO-2022-JP', 'ja', b''),
            ('gbk.txt', ZH, 'gb18030', 'GB18030', 'zh', b''), ('korean.txt', KO, 'euc_kr', 'EUC-KR', 'ko', b'')]
    for name, text, codec, charset, language, mark in rows:
        write(name, mark + text.encode(codec), {'ContentType': 'text/plain', 'MediaType': 'document', 'Charset': charset,
              'Language': language, 'DocumentText': text, 'Title': None})
    write('notes.md', ('intro\n\n# The *first* heading\n\n' + EN).encode(),
          {'ContentType': 'text/markdown', 'Title': 'The *first* heading', 'Language': 'en', 'Charset': 'US-ASCII'})
    write('table.csv', 'name;größe\nx;1\n'.encode(), {'ContentType': 'text/csv', 'Charset': 'UTF-8', 'Language': None,
          'DocumentText': 'name;größe\nx;1'})
    write('places.xml', '<?xml version="1.0" encoding="ISO-8859-1"?><a><!-- no --><b t="x">Zürich</b><c><![CDATA[& Köln]]></c></a>'.encode('latin-1'),
          {'ContentType': 'application/xml', 'Charset': 'ISO-8859-1', 'DocumentText': 'Zürich & Köln'})


class Visible(HTMLParser):
    def __init__(self):
        super().__init__()
        self.out, self.hidden, self.title, self.in_title = [], 0, '', False

    def handle_starttag(self, tag, attributes):
        self.hidden += tag in ('script', 'style', 'template')
        self.in_title = self.in_title or tag == 'title'
        if tag in ('p', 'br', 'div', 'h1', 'li', 'tr'):
            self.out.append('\n')

    def handle_endtag(self, tag):
        self.hidden -= tag in ('script', 'style', 'template')
        self.in_title = self.in_title and tag != 'title'
        if tag in ('p', 'div', 'h1', 'li', 'tr'):
            self.out.append('\n')

    def handle_data(self, data):
        if self.in_title:
            self.title += data
        elif not self.hidden:
            self.out.append(data)


def pages():
    def page(name, text, codec, more):
        v = Visible()
        v.feed(text)
        write(name, text.encode(codec), {'MediaType': 'document', 'Title': plain(v.title), 'DocumentText': plain(''.join(v.out)), **more})
    page('page.html', '<!DOCTYPE html><html lang="de-AT"><head><meta charset="windows-1252"><title>Grüße &amp; mehr</title>'
         '<meta name="author" content="Anna Müller"><meta name="keywords" content="Alpen, Wetter; Alpen">'
         '<meta property="article:published_time" content="2003-07-01T10:52:37+02:00"><style>p{}</style></head>'
         '<body><h1>Über uns</h1><script>var x = "<p>no</p>";</script><p>Eins<br>zwei &euro; drei</p><template><p>no</p></template></body></html>',
         'cp1252', {'ContentType': 'text/html', 'Charset': 'windows-1252', 'Language': 'de-AT', 'Artist': 'Anna Müller',
                    'ProduceTime': '2003-07-01T10:52:37+02:00',
                    'Labels': [{'LabelName': 'Alpen', 'LabelConfidence': 1.0}, {'LabelName': 'Wetter', 'LabelConfidence': 1.0}]})
    page('guess.html', '<html><title>Свобода</title><body><p>' + RU + '</body></html>', 'koi8-r',
         {'ContentType': 'text/html', 'Charset': 'KOI8-R', 'Language': 'ru'})
    deep = '<html><body>' + '<div>' * 3000 + 'x'
    write('deep.html', deep.encode(), {'ContentType': 'text/html'})
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "' + '&b;' * 10 + '"><!ENTITY d "' + '&c;' * 10 + \
        '"><!ENTITY e SYSTEM "file:///etc/passwd">]><a>x &d; &e; y</a>'
    write('bomb.xml', bomb.encode(), {'ContentType': 'application/xml'})


def mails():
    m = EmailMessage()
    m['Subject'] = 'Grüße aus München — ein sehr langer Betreff, der gefaltet werden muss, weil er so lang ist'
    m['From'] = '"Müller, Anna" <anna@example.org>'
    m['To'] = 'bob@example.org, Carl <carl@example.org>'
    m['Cc'] = 'Дима <d@example.org>'
    m['Date'] = 'Tue, 1 Jul 2003 10:52:37 +0200'
    m['Message-ID'] = '<1@example.org>'
    m.set_content(DE + '\n\nAnna')
    m.add_alternative('<p>no</p>', subtype='html')
    m.add_attachment(b'%PDF-1.4', maintype='application', subtype='pdf', filename='Übersicht 2003.pdf')
    m.add_attachment(b'x' * 500, maintype='application', subtype='octet-stream', filename='b.bin')
    m.set_boundary('=_boundary')
    for part, i in zip(m.walk(), range(9)):
        if part.get_content_type() == 'multipart/alternative':
            part.set_boundary('=_inner')

    def expect(data):
        p = email.message_from_bytes(data, policy=email.policy.default)
        body = p.get_body(('plain',))
        return {'MediaType': 'document', 'Title': p['Subject'], 'MailFrom': str(p['From'].addresses[0].display_name) + ' <' + p['From'].addresses[0].addr_spec + '>',
                'ProduceTime': email.utils.parsedate_to_datetime(p['Date']).isoformat(),
                'EntryCount': len(list(p.iter_attachments())), 'EntryNames': [a.get_filename() for a in p.iter_attachments()],
                'DocumentText': plain(body.get_content())}
    data = m.as_bytes()
    more = {'MailTo': 'bob@example.org, Carl <carl@example.org>, Дима <d@example.org>', 'Language': 'de', 'Charset': 'UTF-8'}
    write('letter.eml', data, {'ContentType': 'message/rfc822', **expect(data), **more})
    box = b'From a@b Tue Jul  1 10:52:37 2003\n' + data + b'\n\nFrom c@d Tue Jul  1 10:52:37 2003\nSubject: second\n\nsecond\n'
    write('letters.mbox', box, {'ContentType': 'application/mbox', **expect(data), **more})
    raw = ('From: =?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <y@example.jp>\r\nSubject: =?utf-8?B?5pel?= =?utf-8?B?5pys?=\r\n'
           ' =?koi8-r?Q?=F0=D2=C9?=\r\nTo: x@example.jp\r\nDate: 21 Nov 97 09:55:06 EST\r\nMIME-Version: 1.0\r\n'
           'Content-Type: text/html; charset=shift_jis\r\nContent-Transfer-Encoding: base64\r\n\r\n').encode()
    html = ('<html><p>' + JA + '</p>').encode('shift_jis')
    write('foreign.eml', raw + base64.encodebytes(html),
          {'ContentType': 'message/rfc822', 'Title': '日本При', 'MailFrom': '山田 <y@example.jp>', 'MailTo': 'x@example.jp',
           'ProduceTime': '1997-11-21T09:55:06-05:00', 'Charset': 'Shift_JIS', 'Language': 'ja', 'DocumentText': JA,
           'EntryCount': 0, 'EntryNames': None})
    nest = b'From: a@example.org\nTo: b@example.org\nSubject: deep\nMIME-Version: 1.0\n'
    for i in range(200):
        nest += b'Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n' % (i, i)
    write('deep.eml', nest, {'ContentType': 'message/rfc822', 'Title': 'deep', 'DocumentText': None})


def rtf():
    data = (rb"{\rtf1\ansi\ansicpg1251\deff0{\fonttbl{\f0 Times;}}{\info{\title \'cf\'f0\'e8\'e2\'e5\'f2}{\author Anna}{\keywords x, y}"
            rb"{\creatim\yr2003\mo7\dy1\hr10\min52}{\revtim\yr2004\mo1\dy2}}{\*\generator Foo;}\pard Hello \u8364?\'e0 world{\b  bold}\par "
            rb"second\tab line\par{\pict\bin5 }}}}}}after \u-10179?\u-8704?\par}")
    write('letter.rtf', data, {'ContentType': 'application/rtf', 'MediaType': 'document', 'Title': 'Привет', 'Artist': 'Anna',
          'ProduceTime': '2003-07-01T10:52:00', 'DocumentModifiedTime': '2004-01-02T00:00:00', 'Charset': 'windows-1251',
          'Labels': [{'LabelName': 'x', 'LabelConfidence': 1.0}, {'LabelName': 'y', 'LabelConfidence': 1.0}],
          'DocumentText': 'Hello €а world bold\nsecond line\nafter 😀'})
    write('deep.rtf', b'{\\rtf1 top' + b'{' * 5000 + b'no', {'ContentType': 'application/rtf', 'DocumentText': 'top'})


def archives():
    members = [('a/../é.txt', b'hello'), ('big', b'\0' * 10000), ('/abs', b'')]
    names = [n for n, _ in members]

    def tar(mode, count=None):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode=mode) as t:
            for n, d in members if count is None else (('d/f%d' % i, b'') for i in range(count)):
                info = tarfile.TarInfo(n)
                info.size = len(d)
                t.addfile(info, io.BytesIO(d))
        return out.getvalue()
    base = {'MediaType': 'archive', 'EntryCount': 3, 'EntryNames': names}
    write('tree.tar', tar('w'), {'ContentType': 'application/x-tar', **base, 'Encrypted': None})
    write('tree.tar.gz', tar('w:gz'), {'ContentType': 'application/gzip', **base})
    write('tree.tar.bz2', tar('w:bz2'), {'ContentType': 'application/x-bzip2', **base})
    write('tree.tar.xz', tar('w:xz'), {'ContentType': 'application/x-xz', **base})
    write('many.tar.gz', tar('w:gz', 1200), {'EntryCount': 1200, 'EntryNames': ['d/f%d' % i for i in range(1000)]})
    write('cut.tar', tar('w')[:5000], {'ContentType': 'application/x-tar', 'Error': 'EXTRACT_FAILED', 'EntryCount': None,
          'EntryNames': names[:2]})
    big = tarfile.TarInfo('huge')
    big.size = 100 << 20
    write('bomb.tar.gz', gzip.compress(big.tobuf() + b'\0' * big.size, 9, mtime=0),
          {'ContentType': 'application/gzip', 'EntryCount': None, 'EntryNames': ['huge']})
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        for n, d in members:
            z.writestr(zipfile.ZipInfo(n, (2003, 7, 1, 10, 52, 36)), d, zipfile.ZIP_DEFLATED)
    write('tree.zip', out.getvalue(), {'ContentType': 'application/zip', **base, 'Encrypted': 'false'})
    data = bytearray(out.getvalue())
    at = data.find(b'PK\1\2')
    data[at + 8] |= 1
    data[data.find(b'PK\3\4') + 6] |= 1
    write('locked.zip', bytes(data), {'ContentType': 'application/zip', 'EntryCount': 3, 'Encrypted': 'true'})
    out = io.BytesIO()
    with gzip.GzipFile('named.txt', 'wb', fileobj=out, mtime=0) as g:
        g.write(b'hello')
    write('named.gz', out.getvalue(), {'ContentType': 'application/gzip', 'EntryCount': 1, 'EntryNames': ['named.txt']})
    write('bare.xz', lzma.compress(b'hello'), {'ContentType': 'application/x-xz', 'EntryCount': 1, 'EntryNames': None})
    write('bare.bz2', bz2.compress(b'hello'), {'ContentType': 'application/x-bzip2', 'EntryCount': 1, 'EntryNames': None})
    ar = b'!<arch>\n'
    for n, d in (('one.o', b'abc\n'), ('two.o', b'defg')):
        ar += b'%-16s%-12d%-6d%-6d%-8s%-10d`\n' % (n.encode() + b'/', 0, 0, 0, b'100644', len(d)) + d
    write('objects.a', ar, {'ContentType': 'application/x-archive', 'EntryCount': 2, 'EntryNames': ['one.o', 'two.o']})


for make in (texts, pages, mails, rtf, archives):
    make()

#!/usr/bin/env python3
"""Makes the samples of PDF, office documents and e-books in a folder. Needs qpdf, exiftool and poppler-utils: what these can
read of a sample is expected of it, the rest is known by construction. usage: make-document-samples.py FOLDER"""
import io, json, os, re, struct, subprocess, sys, zipfile, zlib

FOLDER = sys.argv[1]
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OOXML = 'application/vnd.openxmlformats-officedocument.'
ODF = 'application/vnd.oasis.opendocument.'


def labels(*names):
    return [{'LabelName': n, 'LabelConfidence': 1.0} for n in names]


def tool(*args):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


def path_of(name):
    return os.path.join(FOLDER, name)


def put(name, data):
    with open(path_of(name), 'wb') as f:
        f.write(data)


def expect(name, expected):
    with open(path_of(name + '.expected.json'), 'w') as f:
        json.dump(expected, f, ensure_ascii=False, indent=1)
        f.write('\n')


def iso(time):
    """exiftool's 2020:02:03 04:05:06+02:00 or Z as Bindery writes times."""
    day, _, clock = time.partition(' ')
    return day.replace(':', '-') + 'T' + clock.replace('Z', '+00:00')


def facts(name):
    """What exiftool says of the document."""
    said = json.loads(tool('exiftool', '-j', '-api', 'TimeZone=UTC', path_of(name)))[0]
    first = lambda *keys: next((said[k] for k in keys if k in said), None)
    words = first('Keywords', 'Keyword', 'Subject') if first('Keywords', 'Keyword') else None
    words = re.split(r'[,;]\s*', words) if isinstance(words, str) else [w for k in words or [] for w in re.split(r'[,;]\s*', k)]
    author = first('Author', 'Creator', 'Initial-creator')
    created, changed = first('CreateDate', 'Creation-date'), first('ModifyDate', 'Date')
    found = {'Title': first('Title'), 'Artist': author, 'Language': first('Language'),
             'ProduceTime': iso(created) if created else None, 'DocumentModifiedTime': iso(changed) if changed else None,
             'Labels': labels(*dict.fromkeys(words)) if words else None}
    return {k: v for k, v in found.items() if v is not None}


# ---- PDF ----

def stream(text):
    data = zlib.compress(text.encode('cp1252'), 9)
    return b'<</Length %d/Filter/FlateDecode>>stream\n' % len(data) + data + b'\nendstream'


def pdf(info=b'', root=b'', pages=2, more=(), table=True):
    lines = ['BT /F1 12 Tf 72 720 Td (First page of the report.) Tj 0 -20 Td (Analytical engines, caf\xe9.) Tj ET',
             'BT /F1 12 Tf 72 720 Td (Second page: the end.) Tj ET'][:pages]
    objects = [b'<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>']
    kids = []
    tree = 2 + 2 * len(lines)
    for line in lines:
        objects += [stream(line), b'<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1 1 0 R>>>>>>'
                    % (tree, len(objects) + 1)]
        kids.append(b'%d 0 R' % len(objects))
    objects += [b'<</Type/Pages/Count %d/Kids[%s]>>' % (len(kids), b' '.join(kids)), b'<</Type/Catalog/Pages %d 0 R%s>>' % (tree, root),
                b'<<' + info + b'>>', *more]
    out, places = b'%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', []
    for i, o in enumerate(objects, 1):
        places.append(len(out))
        out += b'%d 0 obj\n' % i + o + b'\nendobj\n'
    if table:
        at = len(out)
        out += b'xref\n0 %d\n0000000000 65535 f \n' % (len(places) + 1) + b''.join(b'%010d 00000 n \n' % p for p in places)
    out += b'trailer\n<</Size %d/Root %d 0 R/Info %d 0 R>>\n' % (len(places) + 1, tree + 1, tree + 2)
    return out + (b'startxref\n%d\n%%%%EOF\n' % at if table else b'')


REPORT = (b'/Title<' + ('\ufeffAnnual report – Überblick'.encode('utf-16-be')).hex().encode() +
          b">/Author(Ada Lovelace)/Keywords(engines, analytical; mills)/CreationDate(D:20200203040506+02'00')/ModDate(D:20210304050607Z)")
PACKET = ('<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
          'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
          'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2019-05-06T07:08:09+01:00"><dc:title><rdf:Alt><rdf:li '
          'xml:lang="x-default">Only in XMP</rdf:li></rdf:Alt></dc:title><dc:creator><rdf:Seq><rdf:li>Charles Babbage</rdf:li></rdf:Seq>'
          '</dc:creator><dc:subject><rdf:Bag><rdf:li>mills</rdf:li></rdf:Bag></dc:subject><dc:language><rdf:Bag><rdf:li>en-GB</rdf:li>'
          '</rdf:Bag></dc:language></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>').encode()


def pdf_facts(name):
    """pdfinfo's pages and encryption, pdftotext's words, exiftool's properties."""
    said = dict(re.findall(r'^([^:]+): +(.*)$', tool('pdfinfo', path_of(name)), re.M))
    text = re.sub(r'\s*[\n\f]\s*', '\n', tool('pdftotext', path_of(name), '-')).strip()
    return {'ContentType': 'application/pdf', 'MediaType': 'document', **facts(name), 'PageCount': int(said['Pages']),
            'Encrypted': 'true' if said['Encrypted'].startswith('yes') else 'false', 'DocumentText': text}


def pdfs():
    put('report.pdf', pdf(REPORT))
    plain = pdf_facts('report.pdf')
    expect('report.pdf', plain)
    qpdf = lambda name, *args: tool('qpdf', '--deterministic-id' if '--encrypt' not in args else '--static-id', *args, path_of('report.pdf'), path_of(name))
    qpdf('linear.pdf', '--linearize')
    expect('linear.pdf', pdf_facts('linear.pdf'))
    qpdf('objects.pdf', '--object-streams=generate')
    expect('objects.pdf', pdf_facts('objects.pdf'))
    # exiftool reads no properties of what is encrypted with 256 bits: they are those of the original.
    qpdf('restricted.pdf', '--encrypt', '', 'owner', '256', '--')
    expect('restricted.pdf', {**plain, **pdf_facts('restricted.pdf'), **{k: plain[k] for k in ('Title', 'Artist', 'ProduceTime', 'DocumentModifiedTime', 'Labels')}})
    qpdf('restricted-objects.pdf', '--object-streams=generate', '--encrypt', '', 'owner', '128', '--use-aes=y', '--')
    expect('restricted-objects.pdf', {**plain, 'Encrypted': 'true'})
    qpdf('locked.pdf', '--encrypt', 'user', 'owner', '256', '--')
    expect('locked.pdf', {'ContentType': 'application/pdf', 'MediaType': 'document', 'Encrypted': 'true', 'DocumentText': None, 'Title': None,
                          'PageCount': None})
    put('no-table.pdf', pdf(REPORT, table=False))
    expect('no-table.pdf', {**plain, 'PageCount': int(re.search(r'Pages: +(\d+)', tool('pdfinfo', path_of('no-table.pdf')))[1])})
    put('odd-time.pdf', pdf(REPORT.replace(b'D:20200203040506+02', b'D:20201303440506+99')))
    expect('odd-time.pdf', {'ContentType': 'application/pdf', 'MediaType': 'document', 'Title': plain['Title'], 'PageCount': 2})
    put('xmp-only.pdf', pdf(root=b'/Metadata 7 0 R', pages=1, more=[b'<</Type/Metadata/Subtype/XML/Length %d>>stream\n' % len(PACKET) + PACKET + b'\nendstream']))
    expect('xmp-only.pdf', {**pdf_facts('xmp-only.pdf'), 'DocumentModifiedTime': None, 'Labels': labels('mills')})
    failed = {'ContentType': 'application/pdf', 'MediaType': 'document', 'Error': 'EXTRACT_FAILED', 'PageCount': None, 'DocumentText': None}
    put('cut.pdf', pdf(REPORT)[:300])
    expect('cut.pdf', {**failed, 'Encrypted': None})
    put('no-pages.pdf', pdf(REPORT, pages=0))
    expect('no-pages.pdf', failed)


# ---- ZIP packages ----

def package(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z:
        for name, text in parts:
            data = text if isinstance(text, bytes) else text.encode()
            z.writestr(zipfile.ZipInfo(name, (2003, 7, 1, 10, 52, 36)), data,
                       zipfile.ZIP_STORED if name == 'mimetype' else zipfile.ZIP_DEFLATED)
    return out.getvalue()


CORE = (XML + '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<dc:title>Packages &amp; parts</dc:title><dc:creator>Ada Lovelace</dc:creator><cp:keywords>gears, cards; gears</cp:keywords>'
        '<cp:lastModifiedBy>Somebody Else</cp:lastModifiedBy><dcterms:created xsi:type="dcterms:W3CDTF">2020-02-03T04:05:06Z</dcterms:created>'
        '<dcterms:modified xsi:type="dcterms:W3CDTF">2021-03-04T05:06:07Z</dcterms:modified><dc:language>en-GB</dc:language></cp:coreProperties>')
WORD = ('xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"')
SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SLIDE = ('xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"')
BODY = ('<w:body><w:p><w:r><w:t>Head</w:t></w:r><w:r><w:t xml:space="preserve">ing one</w:t></w:r></w:p><w:p><w:r><w:t>before</w:t><w:tab/>'
        '<w:t>after the tab</w:t><w:br/><w:t>next line</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>cell A</w:t></w:r></w:p></w:tc><w:tc><w:p>'
        '<w:r><w:t>cell B</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p><w:r><w:delText>deleted</w:delText><w:instrText>PAGE</w:instrText>'
        '<w:t>café 中文</w:t></w:r></w:p><w:p><mc:AlternateContent><mc:Choice><w:r><w:t>box</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>box again'
        '</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p></w:body>')


def app(inside):
    return XML + f'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">{inside}</Properties>'


def ooxml(inside, *parts):
    types = XML + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    return package([('[Content_Types].xml', types), ('docProps/core.xml', CORE), ('docProps/app.xml', app(inside)), *parts])


def word(document):
    return ooxml('<Pages>7</Pages><Words>99</Words>', ('word/document.xml', document))


def office():
    words = XML + f'<w:document {WORD}>{BODY}</w:document>'
    parts = ooxml('<Pages>7</Pages><Words>99</Words>', ('word/document.xml', words),
                  ('word/header1.xml', XML + f'<w:hdr {WORD}><w:p><w:r><w:t>the header</w:t></w:r></w:p></w:hdr>'),
                  ('word/footnotes.xml', XML + f'<w:footnotes {WORD}><w:footnote><w:p><w:r><w:t>a footnote</w:t></w:r></w:p></w:footnote></w:footnotes>'))
    text = 'Heading one\nbefore after the tab\nnext line\ncell A\ncell B\ncafé 中文\nbox\na footnote\nthe header'
    put('parts.docx', parts)
    base = {**facts('parts.docx'), 'MediaType': 'document', 'Encrypted': 'false', 'Labels': labels('gears', 'cards')}
    docx = {'ContentType': OOXML + 'wordprocessingml.document', **base, 'PageCount': 7}
    expect('parts.docx', {**docx, 'DocumentText': text})
    for name, kind in (('macros.docm', 'application/vnd.ms-word.document.macroEnabled.12'), ('template.dotx', OOXML + 'wordprocessingml.template')):
        put(name, parts)
        expect(name, {**docx, 'ContentType': kind, 'DocumentText': text})
    strings = (XML + f'<sst {SHEET} count="2"><si><t>Difference engine</t></si><si><r><t>rich </t></r><r><t>text</t></r><rPh sb="0" eb="1">'
               '<t>phonetic</t></rPh></si></sst>')
    sheet = (XML + f'<worksheet {SHEET}><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>42</v></c><c r="C1" t="inlineStr"><is>'
             '<t>inline words</t></is></c><c r="D1" t="str"><f>A1</f><v>formula words</v></c></row></sheetData></worksheet>')
    cells = ooxml('<Application>x</Application>', ('xl/workbook.xml', XML + f'<workbook {SHEET}><sheets><sheet name="Engines" sheetId="1"/></sheets></workbook>'),
                  ('xl/sharedStrings.xml', strings), ('xl/worksheets/sheet1.xml', sheet))
    for name, kind in (('cells.xlsx', OOXML + 'spreadsheetml.sheet'), ('macros.xlsm', 'application/vnd.ms-excel.sheet.macroEnabled.12')):
        put(name, cells)
        expect(name, {'ContentType': kind, **base, 'PageCount': None,
                      'DocumentText': 'Engines\nDifference engine\nrich text\ninline words\nformula words'})

    def slide(words):
        return (XML + f'<p:sld {SLIDE}><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>{words}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>')
    order = [10, 2, 1, 9, 3, 4, 5, 6, 7, 8, 11]
    put('slides.pptx', ooxml('<Application>x</Application>', ('ppt/presentation.xml', XML + f'<p:presentation {SLIDE}/>'),
                             *[(f'ppt/slides/slide{i}.xml', slide(f'slide number {i}')) for i in order],
                             ('ppt/notesSlides/notesSlide1.xml', slide('spoken notes'))))
    expect('slides.pptx', {'ContentType': OOXML + 'presentationml.presentation', **base, 'PageCount': 11,
                           'DocumentText': '\n'.join(f'slide number {i}' for i in range(1, 12)) + '\nspoken notes'})
    # What is hostile or damaged costs its own part.
    failed = {**docx, 'Error': 'EXTRACT_FAILED', 'DocumentText': None}
    laughs = ''.join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip('abcdefghi', 'bcdefghij'))
    for name, document in (
            ('external.docx', f'<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><w:document {WORD}><w:body><w:p><w:t>kept &x;</w:t></w:p></w:body></w:document>'),
            ('laughs.docx', f'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">{laughs}]><w:document {WORD}><w:body><w:p><w:t>kept &j;</w:t></w:p></w:body></w:document>'),
            ('deep.docx', f'<w:document {WORD}>' + '<w:p>' * 5000 + '</w:p>' * 5000 + '</w:document>')):
        put(name, word(XML + document))
        expect(name, failed)
    put('utf-16.docx', word(words.replace('UTF-8', 'UTF-16').encode('utf-16')))
    expect('utf-16.docx', {**docx, 'DocumentText': text[:text.index('\na footnote')]})
    damaged = bytearray(parts)
    at = damaged.index(b'word/document.xml', damaged.index(b'PK\1\2')) - 46
    damaged[at + 16] ^= 1
    put('bad-sum.docx', bytes(damaged))
    expect('bad-sum.docx', {**docx, 'Error': 'EXTRACT_FAILED'})
    put('no-directory.docx', parts[:parts.index(b'PK\1\2')])
    expect('no-directory.docx', {'ContentType': docx['ContentType'], 'MediaType': 'document', 'Error': 'EXTRACT_FAILED', 'Title': None, 'Encrypted': None})


SPACES = ' '.join(f'xmlns:{p}="{u}"' for p, u in (
    *((p, f'urn:oasis:names:tc:opendocument:xmlns:{n}:1.0') for p, n in (('office', 'office'), ('text', 'text'), ('table', 'table'), ('draw', 'drawing'),
                                                                         ('meta', 'meta'))), ('dc', 'http://purl.org/dc/elements/1.1/')))


def open_document(kind, body, more='', encrypted=''):
    meta = (XML + f'<office:document-meta {SPACES}><office:meta><dc:title>Open text</dc:title><meta:initial-creator>Ada Lovelace</meta:initial-creator>'
            '<dc:creator>Somebody Else</dc:creator><meta:creation-date>2020-02-03T04:05:06.5</meta:creation-date><dc:date>2021-03-04T05:06:07</dc:date>'
            '<dc:language>de-DE</dc:language><meta:keyword>gears</meta:keyword><meta:keyword>cards, holes</meta:keyword>' + more + '</office:meta></office:document-meta>')
    manifest = (XML + '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
                f'manifest:full-path="content.xml" manifest:media-type="text/xml">{encrypted}</manifest:file-entry></manifest:manifest>')
    content = bytes(range(256)) if encrypted else XML + f'<office:document-content {SPACES}><office:body>{body}</office:body></office:document-content>'
    return package([('mimetype', ODF + kind), ('content.xml', content), *([] if encrypted else [('meta.xml', meta)]), ('META-INF/manifest.xml', manifest)])


def open_documents():
    body = ('<office:text><text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:h>Heading</text:h><text:p>one<text:s text:c="3"/>two'
            '<text:tab/>three<text:line-break/>four</text:p><table:table><table:table-row><table:table-cell><text:p>cell A</text:p></table:table-cell>'
            '<table:table-cell><text:p>cell B</text:p></table:table-cell></table:table-row></table:table><text:p>Grüße</text:p></office:text>')
    statistic = '<meta:document-statistic meta:page-count="3" meta:word-count="9"/>'
    base = {'MediaType': 'document', 'Title': 'Open text', 'Artist': 'Ada Lovelace', 'Language': 'de-DE', 'ProduceTime': '2020-02-03T04:05:06.5',
            'DocumentModifiedTime': '2021-03-04T05:06:07', 'Encrypted': 'false', 'Labels': labels('gears', 'cards', 'holes')}
    text = 'Heading\none two three four\ncell A\ncell B\nGrüße'
    page = '<draw:page draw:name="{0}"><draw:text-box><text:p>{0} here</text:p></draw:text-box></draw:page>'
    rows = [('open.odt', 'text', body, statistic, 3, text), ('open.ott', 'text-template', body, statistic, 3, text),
            ('open.ods', 'spreadsheet', '<office:spreadsheet><table:table table:name="T"><table:table-row><table:table-cell><text:p>one</text:p></table:table-cell>'
             '<table:table-cell><text:p>two</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>', '', None, 'one\ntwo'),
            ('open.odg', 'graphics', '<office:drawing>' + page.format('alpha') + page.format('beta') + '</office:drawing>', '', 2, 'alpha here\nbeta here'),
            ('open.otp', 'presentation-template', '<office:presentation>' + page.format('alpha') + '</office:presentation>', '', 1, 'alpha here')]
    for name, kind, content, more, pages, words in rows:
        put(name, open_document(kind, content, more))
        said = facts(name)
        if said.get('Title') != base['Title']:
            raise SystemExit(f'{name}: exiftool says {said}')
        expect(name, {'ContentType': ODF + kind, **base, 'PageCount': pages, 'DocumentText': words})
    put('locked.odt', open_document('text', '', encrypted='<manifest:encryption-data manifest:checksum-type="SHA1/1K"/>'))
    expect('locked.odt', {'ContentType': ODF + 'text', 'MediaType': 'document', 'Encrypted': 'true', 'DocumentText': None, 'Title': None})


def books():
    container = (XML + '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles><rootfile '
                 'full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>')
    opf = (XML + '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A Book</dc:title>'
           '<dc:creator>Ada Lovelace</dc:creator><dc:creator>Charles Babbage</dc:creator><dc:language>en</dc:language><dc:date>2020-02-03</dc:date>'
           '<dc:subject>Engines</dc:subject><dc:subject>Mills</dc:subject><meta property="dcterms:modified">2021-03-04T05:06:07Z</meta></metadata><manifest>'
           '<item id="c2" href="text/two%20more.xhtml" media-type="application/xhtml+xml"/><item id="c1" href="text/../text/one.xhtml#top" '
           'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c1"/><itemref idref="c2"/><itemref idref="gone"/></spine></package>')

    def chapter(inside):
        return ('<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
                '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>head title</title><style>p{}</style><script>var a = "no";</script></head>'
                f'<body>{inside}</body></html>')
    base = {'ContentType': 'application/epub+zip', 'MediaType': 'document', 'Title': 'A Book', 'Artist': 'Ada Lovelace, Charles Babbage', 'Language': 'en',
            'ProduceTime': '2020-02-03T00:00:00', 'DocumentModifiedTime': '2021-03-04T05:06:07+00:00', 'Labels': labels('Engines', 'Mills'), 'PageCount': None}
    for name, algorithm, encrypted, text in (('book.epub', 'http://www.idpf.org/2008/embedding', 'false', 'Chapter One\nIt was\na dark night… café\nThe end.'),
                                             ('locked.epub', 'http://www.w3.org/2001/04/xmlenc#aes256-cbc', 'true', None)):
        encryption = (XML + '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#">'
                      f'<EncryptionMethod Algorithm="{algorithm}"/></EncryptedData></encryption>')
        put(name, package([('mimetype', 'application/epub+zip'), ('META-INF/container.xml', container), ('OEBPS/book.opf', opf),
                           ('OEBPS/text/one.xhtml', chapter('<h1>Chapter&nbsp;One</h1><p>It was<br/>a <b>dark</b> night&hellip; café</p>')),
                           ('OEBPS/text/two more.xhtml', chapter('<p>The end.</p>')), ('META-INF/encryption.xml', encryption)]))
        if facts(name)['Title'] != base['Title']:
            raise SystemExit(f'{name}: exiftool says {facts(name)}')
        expect(name, {**base, 'Encrypted': encrypted, 'DocumentText': text})


# ---- OLE2 compound files ----

END, FREE, FAT = 0xfffffffe, 0xffffffff, 0xfffffffd


def compound(*streams):
    """Streams by name, in sectors of 512 bytes; those below 4,096 bytes in the mini stream."""
    chains, mini, mini_fat, sectors = [], b'', [], []

    def chain(table, count):
        at = len(table)
        table += [at + i + 1 for i in range(count - 1)] + [END] * bool(count)
        return at if count else END

    fat = []

    def store(data):
        count = -(-len(data) // 512)
        sectors.extend(data[i * 512:(i + 1) * 512].ljust(512, b'\0') for i in range(count))
        return chain(fat, count)
    order = sorted(streams, key=lambda s: (len(s[0]), s[0].upper()))
    for name, data in order:
        if len(data) < 4096:
            chains.append(chain(mini_fat, -(-len(data) // 64)))
            mini += data + b'\0' * (-len(data) % 64)
        else:
            chains.append(store(data))
    mini_at = store(mini)
    mini_fat_at = store(b''.join(struct.pack('<I', n) for n in mini_fat + [FREE] * (-len(mini_fat) % 128)))

    def entry(name, kind, right, child, start, size):
        text = (name + '\0').encode('utf-16-le') if name else b''
        return text.ljust(64, b'\0') + struct.pack('<HBBIII16xI16xIQ', len(text), kind, 1, FREE, right, child, 0, start, size)
    n = len(order)
    listed = entry('Root Entry', 5, FREE, 1 if n else FREE, mini_at, len(mini))
    for i, ((name, data), start) in enumerate(zip(order, chains), 1):
        listed += entry(name, 2, i + 1 if i < n else FREE, FREE, start, len(data))
    listed += entry('', 0, FREE, FREE, 0, 0) * (-(n + 1) % 4)
    directory_at = store(listed)
    fat_at = len(fat)
    table = fat + [FAT] + [FREE] * (127 - len(fat))
    header = (b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' + b'\0' * 16 + struct.pack('<HHHHH6xIIIIIIIIII', 0x3e, 3, 0xfffe, 9, 6, 0, 1, directory_at, 0, 4096,
              mini_fat_at if mini else END, -(-len(mini_fat) // 128), END, 0, fat_at) + b'\xff' * 432)
    return header + b''.join(sectors) + b''.join(struct.pack('<I', n) for n in table)


def ticks(seconds):
    return (seconds + 11644473600) * 10000000


CREATED, CHANGED = 1580702706, 1614834367  # 2020-02-03T04:05:06Z, 2021-03-04T05:06:07Z


def summary(title, page, codec, pages=4):
    """What exiftool calls FlashPix: the property set of a title in a code page."""
    text = lambda s: struct.pack('<II', 30, len(s) + 1) + (s + b'\0').ljust(-(-(len(s) + 1) // 4) * 4, b'\0')
    time = lambda s: struct.pack('<IQ', 64, ticks(s))
    values = [(1, struct.pack('<IHxx', 2, page)), (2, text(title.encode(codec))), (4, text(b'Ada Lovelace')), (5, text(b'gears; cards')),
              (12, time(CREATED)), (13, time(CHANGED))] + [(14, struct.pack('<II', 3, pages))] * bool(pages)
    at, ids, body = 8 + 8 * len(values), b'', b''
    for i, value in values:
        ids += struct.pack('<II', i, at + len(body))
        body += value
    section = struct.pack('<II', at + len(body), len(values)) + ids + body
    return (struct.pack('<HHI16xI', 0xfffe, 0, 0x20006, 1) + bytes.fromhex('e0859ff2f94f6810ab9108002b27b3d9') + struct.pack('<I', 48) + section)


def legacy(name, kind, data, text, encrypted='false', **more):
    put(name, data)
    said = {k: v for k, v in facts(name).items() if k in ('Title', 'Artist', 'ProduceTime', 'DocumentModifiedTime', 'Labels')}
    said.update({k: v + '+00:00' for k, v in said.items() if k.endswith('Time') and len(v) == 19})
    expect(name, {'ContentType': kind, 'MediaType': 'document', **said, 'Encrypted': encrypted, 'DocumentText': text, **more})


def record(kind, data):
    return struct.pack('<HH', kind, len(data)) + data


def books_of_cells():
    xls = 'application/vnd.ms-excel'
    begin = record(0x809, struct.pack('<HH12x', 0x600, 5))
    strings = (struct.pack('<II', 3, 3) + struct.pack('<HB', 17, 0) + b'Difference engine' + struct.pack('<HBH', 4, 9, 1) + '中文ab'.encode('utf-16-le') + b'\0' * 4 +
               struct.pack('<HB', 11, 0) + b'split ')
    globals_ = record(0x85, struct.pack('<IHBB', 0, 0, 7, 0) + b'Engines') + record(0xfc, strings) + record(0x3c, b'\1' + 'words'.encode('utf-16-le')) + record(10, b'')
    sheet = record(0x809, struct.pack('<HH12x', 0x600, 16)) + record(0x207, struct.pack('<HB', 13, 0) + b'formula words') + record(10, b'')
    book = (begin + globals_ + sheet).ljust(5000, b'\0')
    about = ('\5SummaryInformation', summary('Légende €', 1252, 'cp1252'))
    text = 'Engines\nDifference engine\n中文ab\nsplit words\nformula words'
    data = compound(('Workbook', book), about)
    legacy('cells.xls', xls, data, text, PageCount=4)
    looped = bytearray(data)
    struct.pack_into('<I', looped, len(data) - 512 + 4 * 9, 0)  # the tenth sector of the book leads to its first
    legacy('loop.xls', xls, bytes(looped), text, PageCount=4)
    legacy('locked.xls', xls, compound(('Workbook', begin + record(0x2f, b'\0' * 6) + globals_)), None, 'true')
    russian = 'Счёт за март'.encode('cp1251')
    old = (record(0x809, struct.pack('<HH', 0x500, 5)) + record(0x42, struct.pack('<H', 1251)) +
           record(0x204, struct.pack('<HHHH', 0, 0, 0, len(russian)) + russian) + record(10, b''))
    legacy('cyrillic.xls', xls, compound(('Book', old), ('\5SummaryInformation', summary('Счёт', 1251, 'cp1251'))), 'Счёт за март', PageCount=4)


def words():
    doc = 'application/msword'
    pieces = [(b'Heading one\rbefore\x13 HYPERLINK "x" \x14link\x15 after\x07cell\x07', False), ('Grüße 中文\r'.encode('utf-16-le'), True)]

    def fib(flags, version=193, first=0, end=0):
        f = bytearray(512)
        struct.pack_into('<HH6xH', f, 0, 0xa5ec, version, flags)
        struct.pack_into('<II', f, 24, first, end)
        return f
    stream, places, positions, at = bytearray(fib(0x200)), b'', [0], 512
    for data, is_wide in pieces:
        stream += data
        places += struct.pack('<HIH', 0, at if is_wide else at * 2 | 0x40000000, 0)
        positions.append(positions[-1] + len(data) // (2 if is_wide else 1))
        at += len(data)
    table = b'\1\2\0\0\0' + b'\2' + struct.pack('<I', 4 * len(positions) + len(places)) + b''.join(struct.pack('<I', p) for p in positions) + places
    struct.pack_into('<II', stream, 0x1a2, 0, len(table))
    legacy('pieces.doc', doc, compound(('WordDocument', bytes(stream)), ('1Table', table), ('\5SummaryInformation', summary('Légende 中', 65001, 'utf-8'))),
           'Heading one\nbeforelink after\ncell\nGrüße 中文', PageCount=4)
    locked = bytearray(stream)
    struct.pack_into('<H', locked, 10, 0x300)
    legacy('locked.doc', doc, compound(('WordDocument', bytes(locked)), ('1Table', table), ('\5SummaryInformation', summary('Légende €', 1252, 'cp1252'))),
           None, 'true', PageCount=4)
    russian = 'Все люди рождаются свободными.\rИ равными.\r'.encode('cp1251')
    legacy('cyrillic.doc', doc, compound(('WordDocument', bytes(fib(0, 104, 512, 512 + len(russian))) + russian), ('\5SummaryInformation', summary('Статья', 1251, 'cp1251'))),
           'Все люди рождаются свободными.\nИ равными.', PageCount=4)
    japanese = '人間は自由。\r'.encode('cp932')
    legacy('japanese.doc', doc, compound(('WordDocument', bytes(fib(0, 104, 512, 512 + len(japanese))) + japanese), ('\5SummaryInformation', summary('人間', 932, 'cp932'))),
           '人間は自由。', PageCount=4, Title='人間')  # exiftool has no East Asian code pages


def shows():
    ppt = 'application/vnd.ms-powerpoint'
    atom = lambda kind, data: struct.pack('<HHI', 0, kind, len(data)) + data
    group = lambda kind, *inside: struct.pack('<HHI', 15, kind, len(b''.join(inside))) + b''.join(inside)
    slide = lambda text: group(0x3ee, group(0xf00d, atom(0xfa0, text.encode('utf-16-le'))))
    body = group(0x3e8, group(0x3f8, atom(0xfa8, b'Click to edit')), slide('First slide 中'), slide('Second slide'), group(0x3f0, atom(0xfa8, b'caf\xe9 notes')))
    user = lambda token: struct.pack('<HHIII', 0, 0xff6, 12, 20, token)
    legacy('slides.ppt', ppt, compound(('PowerPoint Document', body), ('Current User', user(0xe391c05f)), ('\5SummaryInformation', summary('Slides', 1252, 'cp1252', 0))),
           'First slide 中\nSecond slide\ncafé notes', PageCount=2)
    legacy('locked.ppt', ppt, compound(('PowerPoint Document', body), ('Current User', user(0xf3d1c4df))), None, 'true')


def messages():
    def message(codec, page, subject, body):
        kind = '001F' if codec == 'utf-16-le' else '001E'
        rows = struct.pack('<IIQ', 0x00390040, 6, ticks(CREATED)) + (struct.pack('<IIQ', 0x3ffd0003, 6, page) if page else b'')
        texts = ((0x37, subject), (0xc1a, 'Ada Lovelace'), (0x5d01, 'ada@example.org'), (0xe04, 'Charles Babbage; Mary Somerville'), (0x1000, body))
        return compound(('__properties_version1.0', b'\0' * 32 + rows), *((f'__substg1.0_{i:04X}{kind}', t.encode(codec)) for i, t in texts))
    for name, codec, page, subject, body in (('message.msg', 'utf-16-le', 0, 'Lunch at nöon', 'Dear Charles,\r\n\r\nshall we?\r\n'),
                                             ('japanese.msg', 'cp932', 932, '昼食', '一緒に如何？\r\n')):
        put(name, message(codec, page, subject, body))
        expect(name, {'ContentType': 'application/vnd.ms-outlook', 'MediaType': 'document', 'Title': subject, 'MailFrom': 'Ada Lovelace <ada@example.org>',
                      'MailTo': 'Charles Babbage; Mary Somerville', 'ProduceTime': '2020-02-03T04:05:06+00:00', 'Encrypted': 'false',
                      'DocumentText': re.sub(r'\s*\n\s*', '\n', body).strip()})
    put('locked.docx', compound(('EncryptedPackage', bytes(range(256)) * 20), ('EncryptionInfo', b'\4\0\4\0\x40\0\0\0<encryption/>')))
    expect('locked.docx', {'ContentType': 'application/encrypted-office', 'MediaType': 'document', 'Encrypted': 'true', 'DocumentText': None})


for make in (pdfs, office, open_documents, books, books_of_cells, words, shows, messages):
    make()

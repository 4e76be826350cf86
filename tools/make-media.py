#!/usr/bin/env python3
"""Makes the recordings of tests/samples by ffmpeg, and beside each what ffprobe says of it as x.expected.json.

Usage: tools/make-media.py [FOLDER]   (default: tests/samples)
Needs ffmpeg and ffprobe 5.1; the tests need neither. Nothing here comes from Bindery.
"""
import fractions
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / 'tests' / 'samples')

PICTURE = '-f lavfi -i testsrc=size=64x48:rate=10:duration=0.4'.split()
SOUND = '-f lavfi -i sine=frequency=440:sample_rate=44100:duration=0.2'.split()
SPEECH = '-f lavfi -i sine=frequency=440:sample_rate=8000:duration=0.2'.split()
AROUND = '-f lavfi -i anoisesrc=r=48000:d=0.1,pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0'.split()
BOTH = PICTURE + SOUND
TAGS = ['title=Fjord \u5cf6', 'artist=Ada', 'album=Songs', 'album_artist=Choir', 'composer=Bach', 'performer=Glenn',
        'date=2020-08-19']
H264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-x264-params', 'threads=1']
HDR = ['-c:v', 'libx265', '-pix_fmt', 'yuv420p10le', '-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace',
       'bt2020nc', '-color_range', 'tv', '-x265-params',
       'log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:info=0']
APPLE = ['com.apple.quicktime.make=Apple', 'com.apple.quicktime.model=iPhone 12', 'com.apple.quicktime.software=15.1',
         'com.apple.quicktime.creationdate=2021-07-01T12:30:00+0200',
         'com.apple.quicktime.location.ISO6709=+48.8577+002.2950+035.0/']


def tags(*pairs):
    return [arg for pair in pairs for arg in ('-metadata', pair)]


# name: arguments of ffmpeg. {sub} is a subtitle file, {cover} a picture, {h264} the sample h264.mp4.
SAMPLES = {
    'h264.mp4': BOTH + H264 + ['-c:a', 'aac'] + tags(*TAGS, 'creation_time=2020-08-19T17:11:11Z', 'location=+37.3318-122.0312/'),
    'rotated.mov': ['-i', '{h264}', '-map', '0:v', '-map_metadata', '-1', '-c', 'copy', '-metadata:s:v:0', 'rotate=90'] + tags(*APPLE)
                   + ['-movflags', 'use_metadata_tags'],
    'hdr.mp4': PICTURE + HDR + ['-tag:v', 'hvc1'],
    'fragments.mp4': BOTH + H264 + ['-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov'],
    'quicktime.mov': BOTH + ['-c:v', 'mjpeg', '-c:a', 'pcm_s16le', '-vf', 'setsar=4/3'],
    'prores.mov': PICTURE + ['-c:v', 'prores_ks', '-profile:v', '0'],
    'timed.mp4': BOTH + ['-i', '{sub}'] + H264 + ['-c:a', 'aac', '-c:s', 'mov_text', '-metadata:s:s:0', 'language=eng'],
    'phone.3gp': PICTURE + ['-c:v', 'h263', '-s', '128x96'],
    'song.m4a': SOUND + ['-i', '{cover}', '-map', '0', '-map', '1', '-c:a', 'aac', '-c:v', 'copy', '-disposition:v', 'attached_pic']
                + tags(*TAGS, 'lyrics=La la'),
    'lossless.m4a': SOUND + ['-c:a', 'alac'],
    'tracks.mkv': PICTURE + SOUND + SOUND + ['-i', '{sub}', '-map', '0', '-map', '1', '-map', '2', '-map', '3'] + H264
                  + ['-c:a', 'libvorbis', '-c:s', 'srt', '-metadata:s:a:0', 'language=ger', '-metadata:s:a:1', 'language=jpn',
                     '-metadata:s:s:0', 'language=fre'] + tags('title=Tracks', 'creation_time=2019-02-03T04:05:06Z'),
    'sound.mka': SOUND + ['-c:a', 'libopus', '-ar', '48000'],
    'vp9.webm': BOTH + ['-c:v', 'libvpx-vp9', '-c:a', 'libopus', '-ar', '48000', '-cpu-used', '8', '-row-mt', '0', '-threads', '1'],
    'av1.mkv': PICTURE + ['-c:v', 'libaom-av1', '-cpu-used', '8', '-threads', '1'],
    'vp8.webm': PICTURE + ['-c:v', 'libvpx', '-threads', '1'],
    'theora.ogv': BOTH + ['-c:v', 'libtheora', '-c:a', 'libvorbis'] + tags('title=Ogg', 'artist=Vorbis'),
    'vorbis.ogg': SOUND + ['-c:a', 'libvorbis'] + tags(*TAGS),
    'opus.opus': SOUND + ['-c:a', 'libopus', '-ar', '48000'] + tags(*TAGS),
    'flac.oga': SOUND + ['-c:a', 'flac'],
    'flac.flac': SOUND + ['-i', '{cover}', '-map', '0', '-map', '1', '-c:a', 'flac', '-c:v', 'copy', '-disposition:v', 'attached_pic']
                 + tags(*TAGS),
    'mpeg4.avi': BOTH + ['-c:v', 'mpeg4', '-c:a', 'libmp3lame'] + tags('title=Avi'),
    'windows.wmv': BOTH + ['-c:v', 'wmv2', '-c:a', 'wmav2'] + tags('title=Wmv', 'author=Bill'),
    'windows.wma': SOUND + ['-c:a', 'wmav2'] + tags(*TAGS),
    'flash.flv': BOTH + ['-c:v', 'flv', '-c:a', 'libmp3lame'],
    'program.mpg': BOTH + ['-c:v', 'mpeg2video', '-c:a', 'mp2', '-r', '25', '-f', 'vob'],
    'transport.ts': BOTH + ['-c:v', 'mpeg2video', '-r', '25', '-c:a', 'mp2', '-metadata:s:a:0', 'language=spa'],
    'bluray.m2ts': PICTURE + H264 + ['-mpegts_m2ts_mode', '1'],
    'stream.m2v': PICTURE + ['-c:v', 'mpeg2video', '-r', '25', '-f', 'mpeg2video'],
    'stream.h264': PICTURE + H264 + ['-f', 'h264'],
    'real.rm': PICTURE + ['-c:v', 'rv10', '-s', '128x96', '-f', 'rm'],
    'camera.mxf': PICTURE + ['-c:v', 'mpeg2video', '-r', '25', '-s', '64x48', '-f', 'mxf'],
    'frames.ivf': PICTURE + ['-c:v', 'libvpx', '-threads', '1'],
    'raw.y4m': '-f lavfi -i testsrc=size=32x24:rate=10:duration=0.2 -pix_fmt yuv420p'.split(),
    'layer3.mp3': SOUND + ['-i', '{cover}', '-map', '0', '-map', '1', '-c:a', 'libmp3lame', '-c:v', 'copy', '-disposition:v',
                           'attached_pic'] + tags(*TAGS, 'language=eng'),
    'bare.mp3': SOUND + ['-c:a', 'libmp3lame', '-b:a', '64k', '-id3v2_version', '0', '-write_xing', '0'],
    'layer2.mp2': SOUND + ['-c:a', 'mp2'],
    'stream.aac': SOUND + ['-c:a', 'aac', '-f', 'adts'],
    'around.ac3': AROUND + ['-c:a', 'ac3'],
    'around.eac3': AROUND + ['-c:a', 'eac3', '-f', 'eac3'],
    'around.wav': AROUND + ['-c:a', 'pcm_s16le', '-t', '0.02'],
    'plain.wav': SPEECH + ['-c:a', 'pcm_s16le'] + tags('title=Wave', 'artist=Sine', 'date=2020-08-19'),
    'large.rf64': SPEECH + ['-c:a', 'pcm_s16le', '-rf64', 'always', '-f', 'wav'],
    'sony.w64': SPEECH + ['-c:a', 'pcm_s16le'],
    'plain.aiff': SPEECH + ['-c:a', 'pcm_s16be'] + tags('title=Aiff'),
    'packed.aifc': SPEECH + ['-c:a', 'pcm_alaw', '-f', 'aiff'],
    'core.caf': SPEECH + ['-c:a', 'pcm_s16be'],
    'sun.au': SPEECH + ['-c:a', 'pcm_mulaw'],
    'creative.voc': SPEECH + ['-c:a', 'pcm_u8'],
    'pack.wv': SOUND + ['-c:a', 'wavpack'] + tags('title=Wave Pack'),
    'true.tta': SOUND + ['-c:a', 'tta'],
    'cinema.dts': AROUND + ['-c:a', 'dca', '-strict', '-2'],
    'video.nut': PICTURE + ['-c:v', 'mpeg4'],
}
LARGEST = 40000


def run(*args):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout


def ffmpeg(args, out):
    quiet = ['ffmpeg', '-v', 'error', '-y', '-nostdin']
    run(*quiet, *args, '-fflags', '+bitexact', '-flags:v', '+bitexact', '-flags:a', '+bitexact', str(out))


def with_lyrics(path):
    """An ID3 tag with a USLT frame and the one of a picture without a size, before the sound of bare.mp3."""
    def frame(name, data):
        return name + struct.pack('>IH', len(data), 0) + data
    frames = frame(b'USLT', b'\0engwords\0One line\nand another') + frame(b'TIT2', b'\1\xff\xfe' + 'Līga'.encode('utf-16le'))
    size = len(frames)
    digits = bytes(size >> shift & 0x7f for shift in (21, 14, 7, 0))
    path.write_bytes(b'ID3\3\0\0' + digits + frames + (OUT / 'bare.mp3').read_bytes())


# ---- what ffprobe says, in the names of the model ----

def integer(value):
    return int(value) if value not in (None, 'N/A') else None


def real(value):
    return float(value) if value not in (None, 'N/A') else None


def known(value):
    return None if value in (None, '', 'N/A', 'unknown', 'unspecified', '0/0', '0:1', '0/1') else value


def inverse(rate):
    rate = fractions.Fraction(rate) if known(rate) else 0
    return f'{rate.denominator}/{rate.numerator}' if rate else None


def rotation(s):
    for data in s.get('side_data_list', []):
        if 'rotation' in data and data['rotation'] % 360:
            return str(-int(data['rotation']) % 360)
    return None


def common(s):
    return {'Index': s['index'], 'Language': s.get('tags', {}).get('language'), 'CodecName': known(s.get('codec_name')),
            'CodecLongName': known(s.get('codec_long_name')), 'CodecTagString': s['codec_tag_string'], 'CodecTag': s['codec_tag'],
            'StartTime': real(s.get('start_time')), 'Duration': real(s.get('duration')), 'Bitrate': integer(s.get('bit_rate'))}


def video(s):
    level = s.get('level')
    return common(s) | {
        'Profile': known(s.get('profile')), 'CodecTimeBase': inverse(s['avg_frame_rate']), 'Width': s['width'], 'Height': s['height'],
        'HasBFrames': s['has_b_frames'], 'SampleAspectRatio': known(s.get('sample_aspect_ratio')),
        'DisplayAspectRatio': known(s.get('display_aspect_ratio')), 'PixelFormat': s.get('pix_fmt'),
        'Level': level if level is not None and level >= 0 else None, 'FrameRate': known(s['r_frame_rate']),
        'AverageFrameRate': known(s['avg_frame_rate']), 'TimeBase': s['time_base'], 'FrameCount': integer(s.get('nb_frames')),
        'Rotate': rotation(s), 'ColorSpace': known(s.get('color_space')), 'ColorRange': known(s.get('color_range')),
        'ColorTransfer': known(s.get('color_transfer')), 'ColorPrimaries': known(s.get('color_primaries'))}


def audio(s):
    return common(s) | {
        'CodecTimeBase': f'1/{s["sample_rate"]}', 'TimeBase': s['time_base'], 'FrameCount': integer(s.get('nb_frames')),
        'SampleFormat': known(s.get('sample_fmt')), 'SampleRate': integer(s['sample_rate']), 'Channels': s['channels'],
        'ChannelLayout': known(s.get('channel_layout'))}


def subtitle(s):
    return common(s) | {'Width': integer(s.get('width')) or None, 'Height': integer(s.get('height')) or None}


KINDS = {'video': ('VideoStreams', video), 'audio': ('AudioStreams', audio), 'subtitle': ('Subtitles', subtitle)}
TEXTS = {'Title': 'title', 'Artist': 'artist', 'Album': 'album', 'AlbumArtist': 'album_artist', 'Composer': 'composer',
         'Performer': 'performer'}


def expected(path):
    probe = json.loads(run('ffprobe', '-v', 'quiet', '-of', 'json', '-show_format', '-show_streams', '-show_programs', str(path)))
    f, streams = probe['format'], probe['streams']
    found = {k.lower(): v for k, v in (streams[0].get('tags', {}) if f['format_name'] == 'ogg' else f.get('tags', {})).items()}
    out = {'FormatName': f['format_name'], 'FormatLongName': f['format_long_name'], 'StreamCount': f['nb_streams'],
           'ProgramCount': f['nb_programs'], 'StartTime': real(f.get('start_time')), 'Duration': real(f.get('duration')),
           'Bitrate': integer(f.get('bit_rate'))}
    for kind, (member, of) in KINDS.items():
        listed = [{k: v for k, v in of(s).items() if v is not None} for s in streams if s['codec_type'] == kind]
        out[member] = listed or None
    covers = [s for s in streams if s['codec_type'] == 'video' and s['disposition']['attached_pic']]
    moving = [s for s in streams if s['codec_type'] == 'video' and s not in covers]
    out['AudioCovers'] = [{'ImageWidth': s['width'], 'ImageHeight': s['height']} for s in covers] or None
    out['VideoWidth'] = moving[0]['width'] if moving else None
    out['VideoHeight'] = moving[0]['height'] if moving else None
    out['MediaType'] = 'video' if moving else 'audio'
    out |= {member: found.get(tag) for member, tag in TEXTS.items()}
    for s in out['AudioStreams'] or []:
        lyric = next((v for k, v in found.items() if k.startswith('lyrics')), None)
        if lyric:
            s['Lyric'] = lyric
    for s, depth in zip(out['VideoStreams'] or [], (integer(s.get('bits_per_raw_sample')) for s in streams if s['codec_type'] == 'video')):
        s['BitDepth'] = depth or 10 if '10' in s['PixelFormat'] else depth or 8
    return out


# What ffprobe has in other forms.
MORE = {
    'h264.mp4': {'ProduceTime': '2020-08-19T17:11:11+00:00', 'LatLong': '37.3318,-122.0312', 'ContentType': 'video/mp4'},
    'rotated.mov': {'ProduceTime': '2021-07-01T12:30:00+02:00', 'LatLong': '48.8577,2.295', 'ContentType': 'video/quicktime',
                    'EXIF': {'Make': 'Apple', 'Model': 'iPhone 12', 'Software': '15.1'}},
    'tracks.mkv': {'ProduceTime': '2019-02-03T04:05:06+00:00', 'Language': 'ger', 'ContentType': 'video/x-matroska'},
    'sound.mka': {'ContentType': 'audio/x-matroska'},
    'song.m4a': {'ContentType': 'audio/mp4', 'ProduceTime': '2020-08-19T00:00:00'},
    'layer3.mp3': {'ContentType': 'audio/mpeg', 'Language': 'eng', 'ProduceTime': '2020-08-19T00:00:00'},
    'vorbis.ogg': {'ContentType': 'audio/ogg', 'ProduceTime': '2020-08-19T00:00:00'},
    'theora.ogv': {'ContentType': 'video/ogg', 'ProduceTime': None},
    'vp9.webm': {'ContentType': 'video/webm'},
    'windows.wma': {'ContentType': 'audio/x-ms-wma'},
}


def main():
    with tempfile.TemporaryDirectory() as temp:
        sub, cover = pathlib.Path(temp) / 'sub.srt', pathlib.Path(temp) / 'cover.jpg'
        sub.write_text('1\n00:00:00,000 --> 00:00:00,200\nA line\n')
        ffmpeg('-f lavfi -i testsrc=size=40x30:rate=1:duration=1 -frames:v 1'.split(), cover)
        places = {'{sub}': str(sub), '{cover}': str(cover), '{h264}': str(OUT / 'h264.mp4')}
        for name, args in SAMPLES.items():
            ffmpeg([places.get(a, a) for a in args], OUT / name)
    with_lyrics(OUT / 'lyrics.mp3')
    for name in [*SAMPLES, 'lyrics.mp3']:
        path = OUT / name
        if path.stat().st_size > LARGEST:
            sys.exit(f'{name} has {path.stat().st_size} bytes')
        facts = expected(path) | MORE.get(name, {})
        (OUT / f'{name}.expected.json').write_text(json.dumps(facts, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')


main()

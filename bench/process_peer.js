// The peer that a team would write itself: an HTTP server on npm sharp, started by process.js.
// GET /FILE?w=WIDTH[&f=FORMAT][&mark=FILE] scales FILE of the folder given. Usage: node process_peer.js FOLDER
'use strict';

const http = require('node:http');
const path = require('node:path');
const sharp = require('../tests/func/node_modules/sharp');

const folder = process.argv[2];
sharp.cache(false);

const server = http.createServer(async (request, response) => {
  try {
    const url = new URL(request.url, 'http://localhost');
    const name = path.join(folder, path.basename(url.pathname));
    const format = url.searchParams.get('f') || path.extname(name).slice(1).replace('jpg', 'jpeg');
    let picture = sharp(name, { animated: format === 'gif' }).resize({ width: Number(url.searchParams.get('w')) });
    const mark = url.searchParams.get('mark');
    if (mark) picture = picture.composite([{ input: path.join(folder, path.basename(mark)), gravity: 'southeast' }]);
    const options = format === 'jpeg' || format === 'webp' ? { quality: 80 } : {};
    const bytes = await picture.toFormat(format, options).toBuffer();
    response.writeHead(200, { 'Content-Type': `image/${format}`, 'Content-Length': bytes.length });
    response.end(bytes);
  } catch (e) {
    response.writeHead(500);
    response.end(String(e));
  }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit());

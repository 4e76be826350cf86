// The vendor's client for object storage, pointed at the OSS endpoint of a server.
'use strict';

const OSS = require('ali-oss');
const { KEY, REGION } = require('./harness');

/** ali-oss as users have it: by address, so the bucket is part of the path. `more`: further options of it. */
function ossClient(server, bucket, more = {}) {
  return new OSS({
    endpoint: `http://${server.endpoints.oss}`,
    region: `oss-${REGION}`,
    accessKeyId: KEY.id,
    accessKeySecret: KEY.secret,
    bucket,
    timeout: 60000,
    ...more,
  });
}

module.exports = { ossClient };

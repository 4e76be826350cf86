/* Requests as the vendor's own clients sent them, signed by their code: openapi-client 0.4.15 (two
 * ACS3) and pop-core 1.8.0 (two RPC v1). Recorded from the wire at GOLDEN_TIME with the key below.
 */
#pragma once

#include <stddef.h>

#define GOLDEN_KEY_ID "LTAItestAccessKeyId00001"
#define GOLDEN_SECRET "testSecretOfThirtyLetters00001"
#define GOLDEN_TIME   "2026-11-22T08:21:11Z"

struct golden {
    const char *name, *method, *uri, *body;
    const char *headers[32]; /* name, value, ... */
};

static const struct golden golden[] = {
    { "acs3_query",
      "POST",
      "/?ProjectName=p%201&Query=%7B%22Field%22%3A%22Filename%22%2C%22Value%22%3A%22a%2"
      "Bb*c~d!%27()%C3%A9%2F%E4%B8%AD%22%2C%22Operation%22%3A%22eq%22%7D&WithoutTotalHi"
      "ts=true&MaxResults=10&Empty=",
      "",
      {
          "host",
          "127.0.0.1:40331",
          "x-acs-version",
          "2020-09-30",
          "x-acs-action",
          "SimpleQuery",
          "user-agent",
          "AlibabaCloud (linux; x64) Node.js/v20.20.2 Core/1.0.1 TeaDSL/1",
          "x-acs-date",
          "2026-11-22T08:21:11Z",
          "x-acs-signature-nonce",
          "d7b872dfdb9e4ee3e00bc649236e2097",
          "accept",
          "application/json",
          "x-acs-content-sha256",
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "x-acs-credentials-provider",
          "static_ak",
          "authorization",
          "ACS3-HMAC-SHA256 Credential=LTAItestAccessKeyId00001,SignedHeaders=host;x-acs-ac"
          "tion;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-signature-"
          "nonce;x-acs-version,Signature=a11421c5988311a545ae50ea03f725e72b20ba537b67f5a2df"
          "ce2238bfaefc17",
          "connection",
          "keep-alive",
          "content-length",
          "0",
      } },
    { "acs3_form",
      "POST",
      "/?ProjectName=p",
      "DatasetName=d%2B1%20~*&Files=%5B%7B%22URI%22%3A%22oss%3A%2F%2Fb%2F%C3%A4%20%26%3"
      "D%22%7D%5D",
      {
          "host",
          "127.0.0.1:40331",
          "x-acs-version",
          "2020-09-30",
          "x-acs-action",
          "AddStoryFiles",
          "user-agent",
          "AlibabaCloud (linux; x64) Node.js/v20.20.2 Core/1.0.1 TeaDSL/1",
          "x-acs-date",
          "2026-11-22T08:21:11Z",
          "x-acs-signature-nonce",
          "6b78d27553faedfdadfab3abbc627e50",
          "accept",
          "application/json",
          "content-type",
          "application/x-www-form-urlencoded",
          "x-acs-content-sha256",
          "d40eabb29b5dc88250a5502730de16acfcdc14c6ec4d8df5c5d0eec855262c01",
          "x-acs-credentials-provider",
          "static_ak",
          "authorization",
          "ACS3-HMAC-SHA256 Credential=LTAItestAccessKeyId00001,SignedHeaders=content-type;"
          "host;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-a"
          "cs-signature-nonce;x-acs-version,Signature=f2ed15fc133263a4879e1922b797d116313ef"
          "0c73e7d65f7ed20d21b7b762588",
          "connection",
          "keep-alive",
          "transfer-encoding",
          "chunked",
      } },
    { "rpc1_get",
      "GET",
      "/?AccessKeyId=LTAItestAccessKeyId00001&Action=GetProject&Format=JSON&ProjectName"
      "=it%27s%20%28a%29%20%2Atest%2A~%20%2B%C3%A9%26%3D&SignatureMethod=HMAC-SHA1&Sign"
      "atureNonce=f6327aa502c17c752753e6dccd02e382&SignatureVersion=1.0&Timestamp=2026-"
      "11-22T08%3A21%3A11Z&Version=2020-09-30&Signature=h04azKGizdH0BTDiO4kBve0yI1g%3D",
      "",
      {
          "x-sdk-client",
          "Node.js(v20.20.2), @alicloud/pop-core: 1.8.0",
          "user-agent",
          "AlibabaCloud (linux; x64) Node.js/v20.20.2 Core/1.8.0",
          "x-acs-action",
          "getProject",
          "x-acs-version",
          "2020-09-30",
          "host",
          "127.0.0.1:40331",
          "connection",
          "keep-alive",
      } },
    { "rpc1_post",
      "POST",
      "/",
      "AccessKeyId=LTAItestAccessKeyId00001&Action=CreateProject&Description=%E6%97%A5%"
      "E6%9C%AC%20%2B%21&Format=JSON&ProjectName=p%20q&SignatureMethod=HMAC-SHA1&Signat"
      "ureNonce=dbb6771882f8a45158c2259ae48fa288&SignatureVersion=1.0&Timestamp=2026-11"
      "-22T08%3A21%3A11Z&Version=2020-09-30&Signature=LbmMgRqhg4lEWIXaCKAVIn4ynYQ%3D",
      {
          "x-sdk-client",
          "Node.js(v20.20.2), @alicloud/pop-core: 1.8.0",
          "user-agent",
          "AlibabaCloud (linux; x64) Node.js/v20.20.2 Core/1.8.0",
          "x-acs-action",
          "CreateProject",
          "x-acs-version",
          "2020-09-30",
          "content-type",
          "application/x-www-form-urlencoded",
          "host",
          "127.0.0.1:40331",
          "connection",
          "keep-alive",
          "content-length",
          "317",
      } },
};

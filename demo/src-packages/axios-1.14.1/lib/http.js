'use strict';

const { http, https } = require('follow-redirects');
const FormData = require('form-data');
const { getProxyForUrl } = require('proxy-from-env');

/** The body as text, and the header that says what it is. */
function encode(data) {
  if (data === undefined) return {};
  if (data instanceof FormData) return { body: data.toString(), type: data.contentType };
  return { body: JSON.stringify(data), type: 'application/json' };
}

/** Sends one request. */
module.exports = function send(config) {
  return new Promise((resolve, reject) => {
    const { body, type } = encode(config.data);
    const headers = Object.assign({}, config.headers, type ? { 'content-type': type } : {});
    const proxy = getProxyForUrl(config.url);
    const target = proxy ? new URL(proxy) : config.url;
    const client = target.protocol === 'https:' ? https : http;
    const options = { method: config.method.toUpperCase(), headers, path: proxy ? config.url.href : undefined };
    const request = client.request(target, options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, data: Buffer.concat(parts).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
};

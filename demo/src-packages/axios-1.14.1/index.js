'use strict';

const buildURL = require('./lib/buildURL');
const send = require('./lib/http');

/** Creates a client whose requests start from `defaults`. */
function create(defaults) {
  const request = (config) => {
    const merged = Object.assign({ method: 'get', headers: {} }, defaults, config);
    return send(Object.assign(merged, { url: buildURL(merged.baseURL, merged.url, merged.params) }));
  };
  const client = (config) => request(config);
  for (const method of ['get', 'delete', 'head', 'options']) {
    client[method] = (url, config) => request(Object.assign({}, config, { method, url }));
  }
  for (const method of ['post', 'put', 'patch']) {
    client[method] = (url, data, config) => request(Object.assign({}, config, { method, url, data }));
  }
  client.create = create;
  return client;
}

module.exports = create({});

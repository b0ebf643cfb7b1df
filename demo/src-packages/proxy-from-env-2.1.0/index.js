'use strict';

/** The proxy that the environment names for this URL, or an empty string. */
exports.getProxyForUrl = function getProxyForUrl(url) {
  const proxy = url.protocol === 'https:' ? process.env.HTTPS_PROXY : process.env.HTTP_PROXY;
  const direct = (process.env.NO_PROXY || '').split(',');
  return direct.includes(url.hostname) ? '' : proxy || '';
};

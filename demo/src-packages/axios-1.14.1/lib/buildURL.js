'use strict';

/** Joins base and path, and appends the parameters. */
module.exports = function buildURL(base, path, params) {
  const url = new URL(path, base);
  for (const [key, value] of Object.entries(params || {})) {
    url.searchParams.append(key, String(value));
  }
  return url;
};

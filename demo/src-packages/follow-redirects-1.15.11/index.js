'use strict';

const LIMIT = 20;

/** A module like `http` whose requests follow the `location` of an answer. */
function wrap(native) {
  function request(url, options, done, left = LIMIT) {
    return native.request(url, options, (response) => {
      const { location } = response.headers;
      const moved = response.statusCode >= 300 && response.statusCode < 400 && location;
      if (!moved || left === 0) return done(response);
      response.resume();
      return request(new URL(location, url), options, done, left - 1).end();
    });
  }
  return { request };
}

module.exports = { http: wrap(require('http')), https: wrap(require('https')) };

// The evaluation of https://ossf.github.io/osv-schema/#evaluation, with the order of node-semver: the one that npm brings.
const { execSync } = require('node:child_process');
const fs = require('node:fs');

let semver;
try {
  semver = require('semver');
} catch {
  const root = execSync('npm root --global', { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
  semver = require(`${root}/npm/node_modules/semver`);
}

const compare = (a, b) => (a === null ? (b === null ? 0 : -1) : b === null ? 1 : semver.compare(a, b));

function held(events, version) {
  const limits = events.filter((event) => 'limit' in event).map((event) => event.limit);
  if (limits.length && !limits.some((limit) => limit === '*' || semver.lt(version, limit))) return false;
  const kinds = ['introduced', 'last_affected', 'fixed'];
  const steps = [];
  for (const event of events) {
    for (const [kind, at] of Object.entries(event)) {
      if (kinds.includes(kind)) steps.push([kind === 'introduced' && at === '0' ? null : at, kinds.indexOf(kind)]);
    }
  }
  steps.sort((a, b) => compare(a[0], b[0]) || a[1] - b[1]);
  let result = false;
  for (const [at, kind] of steps) {
    const order = compare(version, at);
    if (kind === 0 && order >= 0) result = true;
    else if ((kind === 1 && order > 0) || (kind === 2 && order >= 0)) result = false;
  }
  return result;
}

const cases = JSON.parse(fs.readFileSync(0, 'utf8'));
console.log(JSON.stringify(cases.map((one) => held(one.events, one.version))));

// Writes npm.tsv: what node-semver answers on generated versions and ranges.
//
//   npm install semver@7.8.6 && node npm.mjs > npm.tsv
//
// The generator is seeded, so that the same node-semver gives the same file.
// Lines, by their first column:
//   P rank text          a version; equal ranks are equal versions. All pairs were compared.
//   V text strict loose  a text read as a version: what it is written as, or !
//   R text strict strict+prerelease loose loose+prerelease range minimum
//                        a range: for each way of reading it, which of the first
//                        WITHIN P lines it holds for, as bits in hexadecimal, first
//                        line first; ! for no range, = for the same as in the column
//                        before. Then its normal form and lowest version, read loosely.
import { createRequire } from 'node:module';
const require = createRequire(`${process.cwd()}/`);
const semver = require('semver');
const { version } = require('semver/package.json');

const POOL = 512, WITHIN = 128, TEXTS = 3000, RANGES = 2600;

let state = 0x5eed;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = n => Math.floor(random() * n);
const pick = list => list[below(list.length)];
const chance = p => random() < p;
const some = (from, to, make) => Array.from({ length: from + below(to - from + 1) }, make);

const number = () => pick(['0', '0', '1', '1', '1', '2', '2', '3', '10']);
const rare = () => pick(['00', '01', '9007199254740991', '9007199254740992', '99999999999999999999', '123']);
const identifier = () => pick(['0', '1', '2', '10', 'a', 'alpha', 'beta', 'rc', 'a-b', '0a', '-', '1-', 'B', 'x',
  '9007199254740990', '9007199254740991', '9007199254740993', '36028797018963968']);
const prerelease = () => some(1, 3, identifier).join('.');
const build = () => some(1, 2, () => pick(['b', '001', '5', 'x-y', '-'])).join('.');
const numbers = () => `${number()}.${number()}.${number()}`;
const full = () => numbers() + (chance(0.4) ? `-${prerelease()}` : '') + (chance(0.08) ? `+${build()}` : '');
const part = () => (chance(0.12) ? pick(['x', 'X', '*']) : chance(0.03) ? rare() : number());
const partial = () => (chance(0.5) ? full() : some(1, 3, part).join('.') + (chance(0.05) ? `-${prerelease()}` : ''));
const signs = () => (chance(0.08) ? pick(['v', '=', 'v ', '= ', '=v', 'vv']) : '');
const operator = () => pick(['', '', '', '^', '^', '^', '~', '~', '~>', '>=', '>=', '<', '<', '<=', '>', '=', '^ ', '~ ', '>= ', '< ', '~> ']);
// Many bounds are versions of the pool, so that edges are hit.
const word = () => operator() + signs() + (chance(0.3) ? pick(within) : partial());
const alternative = () => (chance(0.12) ? `${signs()}${partial()} - ${signs()}${partial()}` : some(1, pick([1, 1, 2, 3]), word).join(pick([' ', ' ', ' ', '  '])));
const mutated = text => {
  const noise = ' v=<>~^-.x*0123|+abX_,\u00a0'.split('');
  const characters = [...text];
  for (let times = 1 + below(2); times > 0; times--) {
    const at = below(characters.length + 1);
    const change = pick([[0, pick(noise)], [1, pick(noise)], [1]]);
    characters.splice(at, ...change);
  }
  return characters.join('');
};
const rangeText = () => {
  const text = some(1, chance(0.3) ? 3 : 1, alternative).join(pick(['||', ' || ', ' || ']));
  return chance(0.3) ? mutated(text) : text;
};
const versionText = () => {
  let text = full();
  if (chance(0.2)) text = text.replace(/\d+/, rare());
  if (chance(0.3)) text = pick(['v', '=', ' ', 'v ', '= ', '=v']) + text;
  return chance(0.5) ? mutated(text) : text;
};
const unique = (count, make) => {
  const seen = new Set();
  while (seen.size < count) seen.add(make());
  return [...seen];
};

const lines = [
  `# node-semver ${version}; made by: node npm.mjs > npm.tsv`,
  `# ${POOL} versions in order (${POOL * POOL} pairs), ${TEXTS} texts, ${RANGES} ranges on ${WITHIN} versions (${RANGES * WITHIN * 4} answers)`,
];

const pool = unique(POOL, full);
const within = pool.slice(0, WITHIN);
const rank = new Map();
let current = -1;
let previous;
for (const text of [...pool].sort(semver.compare)) {
  if (previous === undefined || semver.compare(previous, text) !== 0) current += 1;
  rank.set(text, current);
  previous = text;
}
for (const left of pool) {
  for (const right of pool) {
    if (semver.compare(left, right) !== Math.sign(rank.get(left) - rank.get(right))) throw new Error(`no order: ${left} ${right}`);
  }
}
for (const text of pool) lines.push(['P', rank.get(text), text].join('\t'));

const shown = (text, loose) => {
  const found = semver.parse(text, { loose });
  return found === null ? '!' : found.version;
};
for (const text of unique(TEXTS, versionText)) {
  const strict = shown(text, false);
  const loose = shown(text, true);
  lines.push(['V', text, strict, loose === strict ? '=' : loose].join('\t'));
}

const bits = (text, options) => {
  let range;
  try {
    range = new semver.Range(text, options);
  } catch {
    return '!';
  }
  const found = within.map(version => (range.test(version) ? '1' : '0')).join('');
  return found.match(/.{4}/g).map(four => parseInt(four, 2).toString(16)).join('');
};
for (const text of unique(RANGES, rangeText)) {
  const columns = [];
  for (const loose of [false, true]) {
    for (const includePrerelease of [false, true]) columns.push(bits(text, { loose, includePrerelease }));
  }
  const short = columns.map((column, index) => (index > 0 && column === columns[index - 1] ? '=' : column));
  const valid = semver.validRange(text, { loose: true });
  const minimum = valid === null ? null : semver.minVersion(text, { loose: true });
  lines.push(['R', text, ...short, valid ?? '!', minimum?.version ?? '!'].join('\t'));
}
process.stdout.write(`${lines.join('\n')}\n`);

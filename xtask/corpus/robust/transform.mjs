// Puts every case through every transformer: `node transform.mjs CASES OUT`, in a folder with the packages installed.
// Each variant becomes one package, OUT/node_modules/<transformer>.<half>.<trigger>.<case>.<kind>. What a transformer refuses
// is printed as `refused <package>: <why>`. Nothing of what is written here is ever run.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { transformAsync } from '@babel/core';
import esbuild from 'esbuild';
import obfuscator from 'javascript-obfuscator';
import { minify } from 'terser';
import ts from 'typescript';
import webpack from 'webpack';

const [casesFolder, out] = process.argv.slice(2);

/** A case: what each kind (`malicious`, `benign`) is made of. */
function readCase(file) {
  const text = fs.readFileSync(file, 'utf8');
  const kinds = {};
  for (const [, language, kind, source] of text.matchAll(/^```(m?js) (malicious|benign)\n([\s\S]*?)^```$/gm)) {
    kinds[kind] = { source, module: language === 'mjs' };
  }
  if (!kinds.malicious || !kinds.benign) throw new Error(`${file}: a case has a malicious and a benign block`);
  return kinds;
}

/** Held-out cases are for counting only. Their choice is frozen by this hash of their names. */
function halfOf(trigger, name) {
  return crypto.createHash('sha256').update(`${trigger}/${name}`).digest()[0] % 2 ? 'held-out' : 'tuning';
}

/** The text of a bundle that `build` makes of a file. */
async function bundled({ source, module }, build) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'robust-'));
  try {
    const entry = path.join(folder, module ? 'index.mjs' : 'index.js');
    fs.writeFileSync(entry, source);
    await build(entry, path.join(folder, 'out'));
    return fs.readFileSync(path.join(folder, 'out', 'bundle.js'), 'utf8');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function withWebpack(settings) {
  return (given) => bundled(given, (entry, folder) => new Promise((resolve, reject) => {
    const external = ({ request }, done) => (/^[./]/.test(request) ? done() : done(null, request));
    webpack({
      entry,
      target: 'node16',
      externalsType: 'node-commonjs',
      externals: external,
      output: { path: folder, filename: 'bundle.js' },
      experiments: { topLevelAwait: true },
      node: { __dirname: false, __filename: false },
      ...settings,
    }, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString({ all: false, errors: true })));
      else resolve();
    });
  }));
}

function obfuscated(preset) {
  return ({ source }) => obfuscator.obfuscate(source, { ...preset, seed: 4, target: 'node' }).getObfuscatedCode();
}

async function withTerser({ source, module }) {
  const made = await minify(source, { module, toplevel: true, compress: { passes: 2 }, mangle: { toplevel: true } });
  return made.code;
}

async function withEsbuild({ source }) {
  return (await esbuild.transform(source, { minify: true })).code;
}

const withEsbuildBundle = (given) => bundled(given, (entry, folder) => esbuild.build({
  entryPoints: [entry],
  bundle: true,
  minify: true,
  platform: 'node',
  format: given.module ? 'esm' : 'cjs',
  packages: 'external',
  outfile: path.join(folder, 'bundle.js'),
  logLevel: 'silent',
}));

function withTypescript({ source }) {
  const { ES5 } = ts.ScriptTarget;
  const compilerOptions = {
    target: ES5, module: ts.ModuleKind.CommonJS, esModuleInterop: true, downlevelIteration: true, allowJs: true,
  };
  return ts.transpileModule(source, { fileName: 'index.ts', compilerOptions }).outputText;
}

async function withBabel({ source, module }) {
  const preset = ['@babel/preset-env', { targets: 'ie 11', modules: 'commonjs' }];
  const made = await transformAsync(source, {
    presets: [preset], sourceType: module ? 'module' : 'script', configFile: false, babelrc: false,
  });
  return made.code;
}

/** What comes out is a CommonJS module, or of the same kind as what goes in. */
const TRANSFORMERS = {
  written: { run: ({ source }) => source },
  terser: { run: withTerser },
  esbuild: { run: withEsbuild },
  'esbuild-bundle': { run: withEsbuildBundle },
  webpack: { run: withWebpack({ mode: 'production' }), commonjs: true },
  'webpack-dev': { run: withWebpack({ mode: 'development', devtool: 'eval' }), commonjs: true },
  typescript: { run: withTypescript, commonjs: true },
  babel: { run: withBabel, commonjs: true },
  'obfuscator-low': { run: obfuscated({ optionsPreset: 'low-obfuscation' }) },
  'obfuscator-default': { run: obfuscated({ optionsPreset: 'default' }) },
  'obfuscator-medium': { run: obfuscated({ optionsPreset: 'medium-obfuscation' }) },
  'obfuscator-high': { run: obfuscated({ optionsPreset: 'high-obfuscation' }) },
};

function writePackage(name, trigger, isModule, source) {
  const folder = path.join(out, 'node_modules', name);
  const file = isModule ? 'index.mjs' : 'index.js';
  const manifest = { name, version: '1.0.0', main: file };
  if (trigger === 'install') manifest.scripts = { postinstall: `node ${file}` };
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, file), source);
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
}

/** Changes with anything that the variants are made from. */
function inputs() {
  const hash = crypto.createHash('sha256');
  const files = fs.readdirSync(casesFolder, { recursive: true }).filter((file) => file.endsWith('.md')).sort();
  for (const file of files) hash.update(file).update(fs.readFileSync(path.join(casesFolder, file)));
  hash.update(fs.readFileSync(process.argv[1])).update(fs.readFileSync('package-lock.json'));
  return { files, digest: hash.digest('hex') };
}

const { files, digest } = inputs();
const marker = path.join(out, '.made-from');
if (fs.existsSync(marker) && fs.readFileSync(marker, 'utf8').startsWith(digest)) {
  process.stdout.write(fs.readFileSync(marker, 'utf8').slice(digest.length + 1));
  process.exit(0);
}
fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(path.join(out, 'package.json'), '{"name": "robust-variants", "version": "1.0.0", "private": true}');
let refused = '';
for (const file of files) {
  const [trigger, name] = file.replace(/\.md$/, '').split(path.sep);
  for (const [kind, given] of Object.entries(readCase(path.join(casesFolder, file)))) {
    for (const [transformer, { run, commonjs }] of Object.entries(TRANSFORMERS)) {
      const variant = `${transformer}.${halfOf(trigger, name)}.${trigger}.${name}.${kind}`;
      try {
        writePackage(variant, trigger, given.module && !commonjs, await run(given));
      } catch (error) {
        refused += `refused ${variant}: ${String(error.message ?? error).split('\n')[0]}\n`;
      }
    }
  }
}
fs.writeFileSync(marker, `${digest}\n${refused}`);
process.stdout.write(refused);

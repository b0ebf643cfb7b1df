import fs, { readFile as read } from "node:fs";
export * as all from "./all.js";
export { default } from "./one.js";
const { exec: run, ...rest } = require("child" + "_process");
const table = ["a", `b${rest}c`, "\x64\u{65}"].reverse().join("");
label: for (let i = 0, n = table.length; i < n; i += 1) {
  if (table[i] === "c") continue label;
  else switch (i % 3) { case 0: break; default: read?.(table, { flag: "r" }); }
}
async function* later(first, [second = 1, ...others], { deep: { value } } = {}) {
  try { yield* await import(first ?? second); } catch { throw new Error(value); } finally { others.length ||= 0; }
}
class Store extends (rest.Base || Object) {
  static #count = 0n;
  get size() { return Store.#count; }
  constructor(...args) { super(...args); (0, eval)(atob("MSsx")); }
  static { Store.#count++; }
}
module.exports = { Store, later, run: (line) => run(line, { shell: true }), pattern: /[/\]]+\/(?<name>x)/giu };

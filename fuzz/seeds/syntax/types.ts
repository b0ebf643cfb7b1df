namespace Shapes { export enum Kind { Round = 1, Square = Round << 2 } }
type Deep<T extends readonly unknown[]> = T extends [infer Head, ...infer Rest] ? [Head, ...Deep<Rest>] : never;
declare module "other" { const value: unique symbol; export = value; }
@sealed abstract class Box<in out T> implements Iterable<T> {
  declare private readonly inside?: T;
  constructor(public label: string, protected items: Array<T> = []) {}
  *[Symbol.iterator](this: Box<T>): Iterator<T> { yield* this.items satisfies T[] as T[]; }
  abstract open<U>(by: (item: T) => item is T & U): asserts by is typeof by;
}
import legacy = require("legacy");
export const pick = <const K,>(key: K, table: Record<string, `${string}-${number}`>) => table[key as never]!;

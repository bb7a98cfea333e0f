import { type Conversion, parseConversion } from "../../config/conversion.ts";
import { unitOf } from "../../config/units-of-measure.ts";
import { valueAt } from "../payload-timestamp.ts";
import { asDouble } from "./exact-number.ts";
import { PayloadFault, shown } from "./fault.ts";

/** Names and array positions from the top of a record. */
export type Path = readonly string[];

/** What a route keeps of its records, and under which names and units. */
export interface ShapingConfig {
  /** Fields that are kept; null for all. */
  readonly select: readonly Path[] | null;
  /** New names, at the top of the record. */
  readonly rename: readonly (readonly [Path, string])[];
  /** Conversions of numbers, as conversion.ts reads them. Several of a field are told apart by the record's unit. */
  readonly convert: readonly (readonly [Path, readonly string[]])[];
  /** Whether `u` is the unit of a record, as SenML has it. */
  readonly hasUnits: boolean;
}

/** Where SenML has the unit of a record. */
const UNIT_FIELD = "u";

interface Rule {
  readonly path: Path;
  readonly conversions: readonly Conversion[];
}

/** A tree of the paths that are kept: null where all below is. */
type Kept = Map<string, Kept> | null;

/** Converts, picks and renames fields of records, in this order: paths are always those of the record as it came. */
export class Shaping {
  readonly #rules: readonly Rule[];
  readonly #kept: Kept;
  readonly #names: ReadonlyMap<string, string>;
  readonly #moved: readonly (readonly [Path, string])[];
  readonly #hasUnits: boolean;
  /** Whether what `finish` gives may be another value than it was given. */
  readonly changes: boolean;

  /** Throws a sentence where a conversion is none. */
  constructor({ select, rename, convert, hasUnits }: ShapingConfig) {
    this.#rules = convert.map(([path, texts]) => ({ path, conversions: texts.map(conversionOf) }));
    this.#kept = select === null ? null : treeOf(select);
    const top = rename.filter(([path]) => path.length === 1);
    this.#names = new Map(top.map(([[from = ""], to]) => [from, to]));
    this.#moved = rename.filter(([path]) => path.length > 1);
    this.#hasUnits = hasUnits;
    this.changes = convert.length > 0 || select !== null || rename.length > 0;
  }

  /** Converts numbers in a record, in place. A field that is missing or null stays so. */
  convert(record: unknown): PayloadFault | null {
    for (const { path, conversions } of this.#rules) {
      const parent = valueAt(record, path.slice(0, -1));
      const name = path.at(-1) ?? "";
      // Byte strings are views of what the device sent, which stays as it is.
      const isInside = typeof parent === "object" && parent !== null && !(parent instanceof Uint8Array);
      if (!isInside || !Object.hasOwn(parent, name)) continue;
      const conversion = this.#conversionFor(record, conversions);
      if (conversion === null) continue;
      const found: unknown = Reflect.get(parent, name);
      if (found === null) continue;
      const value = asDouble(found);
      if (typeof value !== "number") return new PayloadFault(`${where(path)} is no number to convert`);
      const result = conversion.apply(value);
      if (!Number.isFinite(result))
        return new PayloadFault(`${where(path)} is beyond all doubles as converted`);
      Reflect.set(parent, name, result);
      if (this.#hasUnits && conversion.units !== null) {
        Reflect.set(record as object, UNIT_FIELD, conversion.units.to);
      }
    }
    return null;
  }

  /** The record with the fields that are kept, under their new names. */
  finish(record: unknown): PayloadFault | { readonly value: unknown } {
    const kept = this.#kept === null ? record : pick(record, this.#kept);
    if (kept === undefined) return new PayloadFault("none of the selected fields is there");
    return this.#names.size === 0 && this.#moved.length === 0 ? { value: kept } : this.#renamed(kept);
  }

  #conversionFor(record: unknown, conversions: readonly Conversion[]): Conversion | null {
    if (!this.#hasUnits) return conversions[0] ?? null;
    const unit = valueAt(record, [UNIT_FIELD]);
    const own = typeof unit === "string" ? unitOf(unit) : null;
    return (
      conversions.find(({ units }) => units === null || (own !== null && unitOf(units.from) === own)) ?? null
    );
  }

  #renamed(record: unknown): PayloadFault | { readonly value: unknown } {
    if (!isMembers(record)) return { value: record };
    const moved: [string, unknown][] = [];
    for (const [path, name] of this.#moved) {
      const parent = valueAt(record, path.slice(0, -1));
      const last = path.at(-1) ?? "";
      if (!isMembers(parent) || !Object.hasOwn(parent, last)) continue;
      moved.push([name, Reflect.get(parent, last)]);
      remove(record, path);
    }
    const members: Record<string, unknown> = Object.create(null);
    const own = Object.entries(record).map(
      ([name, value]) => [this.#names.get(name) ?? name, value] as const,
    );
    for (const [name, value] of [...own, ...moved]) {
      if (Object.hasOwn(members, name)) return new PayloadFault(`two fields have the name ${shown(name)}`);
      members[name] = value;
    }
    return { value: members };
  }
}

function conversionOf(text: string): Conversion {
  const conversion = parseConversion(text);
  if (typeof conversion === "string") throw new Error(`'${text}': ${conversion}`);
  return conversion;
}

function treeOf(paths: readonly Path[]): Kept {
  const tree: Map<string, Kept> = new Map();
  for (const path of paths) {
    let level = tree;
    for (const [index, name] of path.entries()) {
      const below = level.get(name);
      // A path that is kept whole has all that is below it.
      if (below === null) break;
      if (index === path.length - 1) level.set(name, null);
      else {
        const next: Map<string, Kept> = below ?? new Map();
        level.set(name, next);
        level = next;
      }
    }
  }
  return tree;
}

/** The parts of a value that a tree names, in their own order; undefined where there is none of them. */
function pick(value: unknown, tree: Kept): unknown {
  if (tree === null) return value;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  const parts: [string, unknown][] = [];
  for (const [name, inner] of Object.entries(value)) {
    const below = tree.get(name);
    const part = below === undefined ? undefined : pick(inner, below);
    if (part !== undefined) parts.push([name, part]);
  }
  if (parts.length === 0) return undefined;
  if (Array.isArray(value)) return parts.map(([, part]) => part);
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, part] of parts) members[name] = part;
  return members;
}

/** Takes a field away, and the tables around it that are empty then. */
function remove(record: object, path: Path): void {
  for (let length = path.length; length > 0; length--) {
    const parent = valueAt(record, path.slice(0, length - 1));
    if (!isMembers(parent)) return;
    Reflect.deleteProperty(parent, path[length - 1] ?? "");
    if (Object.keys(parent).length > 0) return;
  }
}

function isMembers(value: unknown): value is object {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function where(path: Path): string {
  return path.length === 0 ? "the record" : shown(path.join("."));
}

import { hull, intersect, parseVersions, type Versions } from "./versions.ts";

/** A schema as its file has it. Only what the generator uses is named. */
export interface RawField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: unknown;
  readonly ignorable?: boolean;
  readonly fields?: readonly RawField[];
}

export interface RawSchema {
  readonly apiKey?: number;
  readonly type: string;
  readonly name: string;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields?: readonly RawField[];
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly RawField[] }[];
}

export const PRIMITIVES = [
  "bool",
  "int8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "float64",
  "uuid",
  "string",
  "bytes",
  "records",
] as const;
export type Primitive = (typeof PRIMITIVES)[number];

export type FieldType =
  | { readonly kind: "primitive"; readonly name: Primitive }
  | { readonly kind: "struct"; readonly struct: Struct }
  | { readonly kind: "array"; readonly element: ElementType };
export type ElementType = Exclude<FieldType, { kind: "array" }>;

export interface Field {
  /** Kafka's name with a small first letter. */
  readonly name: string;
  readonly type: FieldType;
  /** Always within the struct's versions. */
  readonly versions: Versions;
  readonly nullable: Versions;
  readonly tagged: Versions;
  readonly tag: number;
  readonly ignorable: boolean;
  /** Whether lengths are compact in the flexible versions of the message. */
  readonly compactable: boolean;
  /** The default as the schema gives it; undefined where it gives none. */
  readonly default: string | undefined;
}

export interface Struct {
  readonly name: string;
  /** The versions of the message in which the struct occurs. */
  versions: Versions;
  fields: readonly Field[];
}

export interface Message {
  readonly name: string;
  readonly type: string;
  readonly apiKey: number | null;
  readonly valid: Exclude<Versions, null>;
  readonly flexible: Versions;
  /** Whether the highest version is still changing in Apache Kafka. */
  readonly latestVersionUnstable: boolean;
  /** Those a struct uses come before it; the message itself is the last. */
  readonly structs: readonly Struct[];
  readonly root: Struct;
}

/** A schema with its types resolved and its ranges cut to what is valid; null where no version is valid any more. */
export function resolveMessage(raw: RawSchema): Message | null {
  const valid = parseVersions(raw.validVersions);
  if (valid === null) return null;
  if (!Number.isFinite(valid.max)) throw new Error(`${raw.name}: valid versions need an end`);
  if (raw.flexibleVersions === undefined) throw new Error(`${raw.name}: no flexible versions`);
  const resolver = new Resolver(raw);
  const root = resolver.declare(raw.name, raw.fields ?? [], valid);
  resolver.order(root);
  return {
    name: raw.name,
    type: raw.type,
    apiKey: raw.apiKey ?? null,
    valid,
    flexible: intersect(parseVersions(raw.flexibleVersions), valid),
    latestVersionUnstable: raw.latestVersionUnstable === true,
    structs: resolver.ordered,
    root,
  };
}

class Resolver {
  readonly ordered: Struct[] = [];
  private readonly raw: RawSchema;
  private readonly structs = new Map<string, Struct>();
  private readonly commons = new Map<string, readonly RawField[]>();

  constructor(raw: RawSchema) {
    this.raw = raw;
    for (const common of raw.commonStructs ?? []) this.commons.set(common.name, common.fields);
  }

  /** The struct of that name. Each use widens its versions, and a wider range means that its fields are resolved again. */
  declare(name: string, fields: readonly RawField[], versions: Versions): Struct {
    const known = this.structs.get(name);
    const struct = known ?? { name, versions: null, fields: [] };
    this.structs.set(name, struct);
    struct.versions = hull(struct.versions, versions);
    struct.fields = fields
      .map((field) => this.field(field, struct.versions))
      .filter((field): field is Field => field !== null);
    return struct;
  }

  /** Lists a struct after those that it uses. */
  order(struct: Struct): void {
    for (const field of struct.fields) {
      const type = field.type.kind === "array" ? field.type.element : field.type;
      if (type.kind === "struct" && !this.ordered.includes(type.struct)) this.order(type.struct);
    }
    this.ordered.push(struct);
  }

  private field(raw: RawField, within: Versions): Field | null {
    const tagged = parseVersions(raw.taggedVersions ?? "none");
    if (raw.versions === undefined && tagged === null) throw this.error(raw, "no versions");
    const versions = intersect(raw.versions === undefined ? tagged : parseVersions(raw.versions), within);
    if (versions === null) return null;
    if (tagged !== null && raw.tag === undefined) throw this.error(raw, "tagged versions without a tag");
    return {
      name: raw.name.charAt(0).toLowerCase() + raw.name.slice(1),
      type: this.type(raw, versions),
      versions,
      nullable: intersect(parseVersions(raw.nullableVersions ?? "none"), versions),
      tagged: intersect(tagged, versions),
      tag: raw.tag ?? -1,
      ignorable: raw.ignorable === true,
      // Brokers read the client's id before they know whether the version is one they speak, so it is never compact.
      compactable: !(this.raw.name === "RequestHeader" && raw.name === "ClientId"),
      default: raw.default === undefined ? undefined : String(raw.default),
    };
  }

  private type(raw: RawField, versions: Versions): FieldType {
    if (!raw.type.startsWith("[]")) return this.elementType(raw, raw.type, versions);
    return { kind: "array", element: this.elementType(raw, raw.type.slice(2), versions) };
  }

  private elementType(raw: RawField, name: string, versions: Versions): ElementType {
    const primitive = PRIMITIVES.find((candidate) => candidate === name);
    if (primitive !== undefined) return { kind: "primitive", name: primitive };
    const fields = raw.fields ?? this.commons.get(name);
    if (fields === undefined) throw this.error(raw, `unknown type ${name}`);
    return { kind: "struct", struct: this.declare(name, fields, versions) };
  }

  private error(field: RawField, problem: string): Error {
    return new Error(`${this.raw.name}.${field.name}: ${problem}`);
  }
}

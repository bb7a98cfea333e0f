import { constantCase } from "./names.ts";
import type { ElementType, Field, Message, Struct } from "./schema.ts";
import { defaultExpression, differsFromDefault, isNullable, typeExpression } from "./values.ts";
import { describeVersions, intersect, isWithin, type Versions, versionTest } from "./versions.ts";

/** What generated code may import: name -> module, with `type` before the names of types. */
const IMPORTS: readonly (readonly [symbol: string, module: string])[] = [
  ["type Int64", "../../../base/ids.ts"],
  ["type Uuid", "../../../base/ids.ts"],
  ["ZERO_UUID", "../../../base/ids.ts"],
  ...["Int8", "Int16", "Int32", "Int64", "Uuid", "String", "CompactString"].flatMap((element) =>
    ["read", "readNullable", "write"].map((verb) => [`${verb}${element}Array`, "../arrays.ts"] as const),
  ),
  ["type MessageCodec", "../message.ts"],
  ["type Mutable", "../message.ts"],
  ["NO_BYTES", "../message.ts"],
  ["notNull", "../message.ts"],
  ["unsupportedField", "../message.ts"],
  ["unsupportedVersion", "../message.ts"],
  ["type Reader", "../reader.ts"],
  ["type UnknownTaggedField", "../reader.ts"],
  ["type Writer", "../writer.ts"],
];
const TAKEN_NAMES = ["Array", "Error", "Map", "Object", "Promise", "Record", "Set", "String", "Symbol"];

/** The source of one message's codec, all versions. */
export function generateCodec(message: Message): string {
  const parts = [
    codecConstant(message),
    ...[...message.structs].reverse().map((struct) => interfaceOf(message, struct)),
    ...message.structs.map((struct) => defaultsOf(struct)),
    ...structsToCompare(message).map((struct) => comparisonOf(message, struct)),
    ...[...message.structs].reverse().map((struct) => readFunctions(message, struct)),
    ...[...message.structs].reverse().map((struct) => writeFunction(message, struct)),
  ];
  const body = parts.join("\n\n");
  checkNames(message);
  return `${HEADER}${imports(body)}\n\n${body}\n`;
}

export const HEADER =
  "// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.\n\n";

function checkNames(message: Message): void {
  const imported = IMPORTS.map(([symbol]) => symbol.replace("type ", ""));
  for (const { name } of message.structs) {
    if (imported.includes(name) || TAKEN_NAMES.includes(name))
      throw new Error(`${message.name}: struct named ${name}`);
  }
}

function imports(body: string): string {
  const modules = new Map<string, string[]>();
  for (const [symbol, module] of IMPORTS) {
    if (!new RegExp(`\\b${symbol.replace("type ", "")}\\b`).test(body)) continue;
    modules.set(module, [...(modules.get(module) ?? []), symbol]);
  }
  return [...modules]
    .map(([module, symbols]) => {
      const types = symbols.every((symbol) => symbol.startsWith("type "));
      const list = types ? symbols.map((symbol) => symbol.replace("type ", "")) : symbols;
      return `import ${types ? "type " : ""}{ ${list.join(", ")} } from "${module}";`;
    })
    .join("\n");
}

function codecConstant(message: Message): string {
  const { name, valid, flexible } = message;
  return `/** ${name}: ${versionsNote(message)}. */
export const ${constantCase(name)}: MessageCodec<${name}> = {
  name: "${name}",
  apiKey: ${message.apiKey},
  minVersion: ${valid.min},
  maxVersion: ${valid.max},
  flexibleFrom: ${flexible === null ? null : flexible.min},
  read: read${name},
  write: write${name},
};`;
}

function versionsNote({ valid, flexible }: Message): string {
  const versions = valid.min === valid.max ? `version ${valid.min}` : `versions ${valid.min} to ${valid.max}`;
  return flexible === null ? versions : `${versions}, flexible from ${flexible.min}`;
}

function interfaceOf(message: Message, struct: Struct): string {
  const lines: string[] = [];
  for (const field of struct.fields) {
    if (!isWithin(struct.versions, field.versions)) {
      lines.push(`  /** In ${describeVersions(field.versions, message.valid)}. */`);
    }
    lines.push(`  readonly ${field.name}: ${typeExpression(field)};`);
  }
  if (isFlexible(message, struct) !== false) {
    lines.push("  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;");
  }
  return `export interface ${struct.name} {\n${lines.join("\n")}\n}`;
}

function defaultsOf(struct: Struct): string {
  const lines = struct.fields.map((field) => `  ${field.name}: ${defaultExpression(field)},`);
  return `export const DEFAULT_${constantCase(struct.name)}: ${struct.name} = {\n${lines.join("\n")}\n};`;
}

/** The structs that some field holds by itself and that have to be compared with their defaults when it is written. */
function structsToCompare(message: Message): Struct[] {
  const needed = new Set<Struct>();
  const need = (field: Field): void => {
    if (field.type.kind !== "struct" || defaultExpression(field) === "null") return;
    needed.add(field.type.struct);
    for (const inner of field.type.struct.fields) need(inner);
  };
  for (const struct of message.structs) {
    for (const field of struct.fields) {
      if (field.tagged !== null || (!isWithin(struct.versions, field.versions) && !field.ignorable))
        need(field);
    }
  }
  return [...needed];
}

function comparisonOf(message: Message, struct: Struct): string {
  const tests = struct.fields.map((field) => differsFromDefault(field));
  if (isFlexible(message, struct) !== false) tests.push("message.unknownTaggedFields !== undefined");
  return `function isDefault${struct.name}(message: ${struct.name}): boolean {
  if (message === DEFAULT_${constantCase(struct.name)}) return true;
  return !(
    ${tests.join(" ||\n    ")}
  );
}`;
}

function isFlexible(message: Message, struct: Struct): boolean | string {
  return versionTest(message.flexible, struct.versions);
}

/** The versions in which a field stands in its place among the others. */
function plainVersions(field: Field): Versions {
  if (field.tagged === null) return field.versions;
  if (isWithin(field.versions, field.tagged)) return null;
  throw new Error(`${field.name} is tagged in some of its versions only`);
}

function flexibleLine(body: string, test: boolean | string): string {
  return typeof test === "string" && /\bflexible\b/.test(body) ? `  const flexible = ${test};\n` : "";
}

// Reading.

function readFunctions(message: Message, struct: Struct): string {
  const isRoot = struct === message.root;
  const parameters = `reader: Reader, version: number`;
  const body = readBody(message, struct);
  const unused = isRoot || /\bversion\b/.test(body) ? "" : "_";
  const lines = [
    `${isRoot ? "export " : ""}function read${struct.name}(${parameters.replace("version", `${unused}version`)}): ${struct.name} {`,
    isRoot ? `${versionCheck(message)}${body}` : body,
    "}",
  ];
  const uses = message.structs.flatMap((user) => user.fields).filter((field) => isArrayOf(field, struct));
  if (uses.length === 0) return lines.join("\n");
  lines.push(
    "",
    `function read${struct.name}Array(${parameters}, count: number): ${struct.name}[] {`,
    `  const values: ${struct.name}[] = [];`,
    `  for (let index = 0; index < count; index++) values.push(read${struct.name}(reader, version));`,
    "  return values;",
    "}",
  );
  if (uses.every((field) => !isNullable(field))) return lines.join("\n");
  lines.push(
    "",
    `function readNullable${struct.name}Array(${parameters}, count: number): ${struct.name}[] | null {`,
    `  return count === -1 ? null : read${struct.name}Array(reader, version, count);`,
    "}",
  );
  return lines.join("\n");
}

function isArrayOf(field: Field, struct: Struct): boolean {
  return (
    field.type.kind === "array" &&
    field.type.element.kind === "struct" &&
    field.type.element.struct === struct
  );
}

function versionCheck({ name, valid }: Message): string {
  return `  if (version < ${valid.min} || version > ${valid.max}) throw unsupportedVersion("${name}", version);\n`;
}

function readBody(message: Message, struct: Struct): string {
  const flexible = isFlexible(message, struct);
  const fields = struct.fields.map((field) => {
    const present = versionTest(plainVersions(field), struct.versions);
    const fallback = defaultExpression(field);
    if (present === false) return `    ${field.name}: ${fallback},`;
    return `    ${field.name}: ${choose(present, readPlain(message, field), fallback)},`;
  });
  const literal = `{\n${fields.join("\n")}\n  }`;
  if (flexible === false) return `${flexibleLine(literal, flexible)}  return ${literal};`;
  const tagged = struct.fields.filter((field) => field.tagged !== null);
  const section =
    tagged.length === 0 ? readUnknownSection(flexible) : readSection(message, struct, tagged, flexible);
  const body = `  const message: Mutable<${struct.name}> = ${literal};\n${section}\n  return message;`;
  return `${flexibleLine(body, flexible)}${body}`;
}

function readUnknownSection(flexible: true | string): string {
  const indent = flexible === true ? "  " : "    ";
  const lines = [
    `${indent}const unknown = reader.taggedFields();`,
    `${indent}if (unknown !== undefined) message.unknownTaggedFields = unknown;`,
  ];
  return flexible === true ? lines.join("\n") : ["  if (flexible) {", ...lines, "  }"].join("\n");
}

function readSection(
  message: Message,
  struct: Struct,
  tagged: readonly Field[],
  flexible: true | string,
): string {
  const known = intersect(message.flexible, struct.versions);
  const lines = [
    `let count = ${flexible === true ? "reader.taggedFieldCount()" : "flexible ? reader.taggedFieldCount() : 0"};`,
    "let tag = -1;",
    "let unknown: UnknownTaggedField[] | undefined;",
    "for (; count > 0; count--) {",
    "  tag = reader.tag(tag);",
    "  const outerEnd = reader.beginTaggedField();",
  ];
  for (const field of tagged) {
    const test = versionTest(field.tagged, known);
    const version = typeof test === "string" ? ` && ${test}` : "";
    const start = field === tagged[0] ? "  if" : "  } else if";
    lines.push(
      `${start} (tag === ${field.tag}${version}) {`,
      `    message.${field.name} = ${readTagged(message, field)};`,
    );
  }
  lines.push(
    "  } else {",
    "    unknown ??= [];",
    "    unknown.push({ tag, bytes: reader.rest() });",
    "  }",
    "  reader.endTaggedField(outerEnd);",
    "}",
    "if (unknown !== undefined) message.unknownTaggedFields = unknown;",
  );
  return lines.map((line) => `  ${line}`).join("\n");
}

function readPlain(message: Message, field: Field): string {
  const nullable = versionTest(field.nullable, field.versions);
  const flexible = field.compactable ? asFlag(versionTest(message.flexible, field.versions)) : false;
  if (field.type.kind === "struct") {
    const read = `read${field.type.struct.name}(reader, version)`;
    if (typeof nullable === "string")
      throw new Error(`${message.name}.${field.name}: nullable in some versions only`);
    return nullable ? `reader.int8() < 0 ? null : ${read}` : read;
  }
  return choose(
    flexible,
    readLong(message, field, nullable, true, intersect(field.versions, message.flexible)),
    readLong(message, field, nullable, false, before(field.versions, message.flexible)),
  );
}

function readTagged(message: Message, field: Field): string {
  const nullable = versionTest(field.nullable, field.versions);
  if (field.type.kind !== "struct") return readLong(message, field, nullable, true, field.tagged);
  const read = `read${field.type.struct.name}(reader, version)`;
  return nullable === false ? read : `reader.unsignedVarint() === 0 ? null : ${read}`;
}

/** Reads a value of any type but a single struct, with compact lengths or without. */
function readLong(
  message: Message,
  field: Field,
  nullable: boolean | string,
  compact: boolean,
  versions: Versions,
): string {
  const { type } = field;
  if (type.kind === "struct") throw new Error("structs are read by their own functions");
  if (type.kind === "primitive") {
    switch (type.name) {
      case "string":
        return choose(
          nullable,
          `reader.${longName(compact, true, "String")}()`,
          `reader.${longName(compact, false, "String")}()`,
        );
      case "bytes":
      case "records":
        return choose(
          nullable,
          `reader.${longName(compact, true, "ByteString")}()`,
          `reader.${longName(compact, false, "ByteString")}()`,
        );
      default:
        return `reader.${type.name}()`;
    }
  }
  const least = leastBytes(message, type.element, versions);
  const count = choose(
    nullable,
    `reader.${longName(compact, true, "ArrayLength")}(${least})`,
    `reader.${longName(compact, false, "ArrayLength")}(${least})`,
  );
  const verb = nullable === false ? "read" : "readNullable";
  if (type.element.kind === "struct")
    return `${verb}${type.element.struct.name}Array(reader, version, ${count})`;
  return `${verb}${arrayName(type.element.name, compact)}Array(reader, ${count})`;
}

function longName(compact: boolean, nullable: boolean, what: string): string {
  const name = `${compact ? "Compact" : ""}${nullable ? "Nullable" : ""}${what}`;
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function arrayName(element: string, compact: boolean): string {
  if (element === "string" && compact) return "CompactString";
  return element.charAt(0).toUpperCase() + element.slice(1);
}

function choose(test: boolean | string, yes: string, no: string): string {
  if (test === true || yes === no) return yes;
  return test === false ? no : `(${test} ? ${yes} : ${no})`;
}

/** The opposite of a test of versions. */
function negation(test: string): string {
  const single = /^version (>=|<=) (\d+)$/.exec(test);
  if (single === null) return `!(${test})`;
  return `version ${single[1] === ">=" ? "<" : ">"} ${single[2]}`;
}

function asFlag(test: boolean | string): boolean | string {
  return typeof test === "string" ? "flexible" : test;
}

function before(versions: Versions, flexible: Versions): Versions {
  if (versions === null || flexible === null) return versions;
  return intersect(versions, { min: 0, max: flexible.min - 1 });
}

/** The fewest bytes that an element takes in any of the versions, which bounds the count of an array. */
function leastBytes(message: Message, element: ElementType, versions: Versions): number {
  if (versions === null) return 1;
  let least = Number.POSITIVE_INFINITY;
  for (let version = versions.min; version <= Math.min(versions.max, message.valid.max); version++) {
    least = Math.min(least, bytesAtLeast(message, element, version));
  }
  if (!(least >= 1 && Number.isFinite(least))) throw new Error(`${message.name}: an array of nothing`);
  return least;
}

const FIXED_BYTES: Readonly<Record<string, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
};

function bytesAtLeast(message: Message, type: ElementType, version: number): number {
  const at: Versions = { min: version, max: version };
  const flexible = isWithin(at, message.flexible);
  if (type.kind === "primitive") {
    const fixed = FIXED_BYTES[type.name];
    if (fixed !== undefined) return fixed;
    if (flexible) return 1;
    return type.name === "string" ? 2 : 4;
  }
  let bytes = flexible ? 1 : 0;
  for (const field of type.struct.fields) {
    if (!isWithin(at, plainVersions(field))) continue;
    if (field.type.kind === "array") bytes += flexible ? 1 : 4;
    else if (field.type.kind === "struct" && isWithin(at, field.nullable)) bytes += 1;
    else bytes += bytesAtLeast(message, field.type, version);
  }
  return bytes;
}

// Writing.

function writeFunction(message: Message, struct: Struct): string {
  const isRoot = struct === message.root;
  const flexible = isFlexible(message, struct);
  const lines = struct.fields.flatMap((field) => writeField(message, struct, field));
  if (flexible !== false) lines.push(...writeSection(message, struct, flexible));
  const body = lines.map((line) => `  ${line}\n`).join("");
  const used = (name: string): string => (isRoot || new RegExp(`\\b${name}\\b`).test(body) ? "" : "_");
  return `${isRoot ? "export " : ""}function write${struct.name}(${used("writer")}writer: Writer, ${used("message")}message: ${struct.name}, ${used("version")}version: number): void {
${isRoot ? versionCheck(message) : ""}${flexibleLine(body, flexible)}${body}}`;
}

function writeField(message: Message, struct: Struct, field: Field): string[] {
  const where = `"${struct.name}.${field.name}"`;
  const present = versionTest(field.versions, struct.versions);
  if (field.tagged !== null) {
    if (present === true || field.ignorable) return [];
    if (present === false) throw new Error(`${where} is in no version`);
    return [
      `if (${negation(present)} && ${differsFromDefault(field)}) {`,
      `  throw unsupportedField(${where}, version);`,
      "}",
    ];
  }
  const lines = writePlain(message, field, where);
  if (present === true) return lines;
  const conditional = [`if (${present}) {`, ...lines.map((line) => `  ${line}`)];
  if (field.ignorable) return [...conditional, "}"];
  return [
    ...conditional,
    `} else if (${differsFromDefault(field)}) {`,
    `  throw unsupportedField(${where}, version);`,
    "}",
  ];
}

function writePlain(message: Message, field: Field, where: string): string[] {
  const value = `message.${field.name}`;
  const nullable = versionTest(field.nullable, field.versions);
  const flexible = field.compactable ? asFlag(versionTest(message.flexible, field.versions)) : false;
  const lines =
    typeof nullable === "string" ? [`if (${negation(nullable)}) notNull(${value}, ${where}, version);`] : [];
  if (field.type.kind === "struct") {
    const write = `write${field.type.struct.name}(writer, ${value}, version);`;
    if (!nullable) return [write];
    return [`if (${value} === null) writer.int8(-1);`, "else {", "  writer.int8(1);", `  ${write}`, "}"];
  }
  if (typeof flexible === "boolean" || isFixed(field)) {
    return [...lines, ...writeLong(field, value, nullable !== false, flexible !== false)];
  }
  const compact = writeLong(field, value, nullable !== false, true);
  const plain = writeLong(field, value, nullable !== false, false);
  return [...lines, "if (flexible) {", ...indented(compact), "} else {", ...indented(plain), "}"];
}

function isFixed(field: Field): boolean {
  return field.type.kind === "primitive" && FIXED_BYTES[field.type.name] !== undefined;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** Writes a value of any type but a single struct, with compact lengths or without. */
function writeLong(field: Field, value: string, nullable: boolean, compact: boolean): string[] {
  const { type } = field;
  if (type.kind === "struct") throw new Error("structs are written by their own functions");
  if (type.kind === "primitive") {
    if (type.name === "string") return [`writer.${longName(compact, nullable, "String")}(${value});`];
    if (type.name === "bytes" || type.name === "records") {
      return [`writer.${longName(compact, nullable, "ByteString")}(${value});`];
    }
    return [`writer.${type.name}(${value});`];
  }
  const length = `writer.${longName(compact, false, "ArrayLength")}`;
  const elements =
    type.element.kind === "struct"
      ? `for (const value of ${value}) write${type.element.struct.name}(writer, value, version);`
      : `write${arrayName(type.element.name, compact)}Array(writer, ${value});`;
  if (!nullable) return [`${length}(${value}.length);`, elements];
  return [
    `if (${value} === null) ${length}(-1);`,
    "else {",
    `  ${length}(${value}.length);`,
    `  ${elements}`,
    "}",
  ];
}

function writeSection(message: Message, struct: Struct, flexible: true | string): string[] {
  const tagged = struct.fields.filter((field) => field.tagged !== null).sort((a, b) => a.tag - b.tag);
  const known = intersect(message.flexible, struct.versions);
  const section =
    tagged.length === 0
      ? ["writer.taggedFields(message.unknownTaggedFields);"]
      : knownSection(message, tagged, known);
  if (flexible === true) return section;
  const refuse = `throw unsupportedField("${struct.name}.unknownTaggedFields", version);`;
  return [
    "if (flexible) {",
    ...indented(section),
    "} else if (message.unknownTaggedFields !== undefined) {",
    `  ${refuse}`,
    "}",
  ];
}

function knownSection(message: Message, tagged: readonly Field[], known: Versions): string[] {
  const lines: string[] = ["const unknown = message.unknownTaggedFields;"];
  const counts: string[] = [];
  for (const [index, field] of tagged.entries()) {
    const test = versionTest(field.tagged, known);
    const differs = differsFromDefault(field);
    lines.push(`const has${index} = ${typeof test === "string" ? `${test} && (${differs})` : differs};`);
    counts.push(`(has${index} ? 1 : 0)`);
  }
  lines.push(
    `writer.unsignedVarint(${counts.join(" + ")} + (unknown === undefined ? 0 : unknown.length));`,
    "let next = 0;",
  );
  for (const [index, field] of tagged.entries()) {
    const test = versionTest(field.tagged, known);
    const merge = `next = writer.unknownTaggedFields(unknown, next, ${field.tag});`;
    lines.push(typeof test === "string" ? `if (${test}) ${merge}` : merge);
    lines.push(
      `if (has${index}) {`,
      `  const at = writer.beginTaggedField(${field.tag});`,
      ...indented(writeTagged(message, field)),
      "  writer.endTaggedField(at);",
      "}",
    );
  }
  lines.push("writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);");
  return lines;
}

function writeTagged(message: Message, field: Field): string[] {
  const value = `message.${field.name}`;
  const nullable = versionTest(field.nullable, field.versions);
  if (typeof nullable === "string")
    throw new Error(`${message.name}.${field.name}: nullable in some versions only`);
  if (field.type.kind !== "struct") return writeLong(field, value, nullable, true);
  const write = `write${field.type.struct.name}(writer, ${value}, version);`;
  if (!nullable) return [write];
  // Here presence is a varint, 1 or 0, unlike the int8 of a nullable struct that is not tagged.
  return [
    `if (${value} === null) writer.unsignedVarint(0);`,
    "else {",
    "  writer.unsignedVarint(1);",
    `  ${write}`,
    "}",
  ];
}

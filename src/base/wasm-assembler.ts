/**
 * A few WebAssembly instructions, written as functions, so that a small kernel can stand in the source as
 * text one can read: no binary blob, no compiler at build time. Encodings: WebAssembly core specification,
 * section 5 (binary format), with the SIMD instructions of release 2.0.
 */

/** Instructions in order; nested lists are flattened when the module is assembled. */
export type Code = readonly (number | Code)[];

export interface WasmFunction {
  /** Export name, or null for a function that only others of the module call. */
  readonly name: string | null;
  /** Number of i32 parameters: locals 0 and up. */
  readonly parameters: number;
  /** Number of further i32 locals, numbered after the parameters. */
  readonly locals: number;
  /** Whether the function leaves one i32; else it returns nothing. */
  readonly returnsValue: boolean;
  readonly body: Code;
}

const I32 = 0x7f;
const EMPTY_BLOCK = 0x40;
const END = 0x0b;

export const constant = (value: number): Code => [0x41, signedLeb(value)];
export const get = (local: number): Code => [0x20, unsignedLeb(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, unsignedLeb(local)];
export const call = (functionIndex: number, ...parameters: Code[]): Code => [
  parameters,
  0x10,
  unsignedLeb(functionIndex),
];

export const add = (left: Code, right: Code): Code => [left, right, 0x6a];
export const subtract = (left: Code, right: Code): Code => [left, right, 0x6b];
export const and = (left: Code, right: Code): Code => [left, right, 0x71];
export const xor = (left: Code, right: Code): Code => [left, right, 0x73];
export const shiftLeft = (value: Code, bits: number): Code => [value, constant(bits), 0x74];
export const shiftRight = (value: Code, bits: number): Code => [value, constant(bits), 0x76];
export const lessUnsigned = (left: Code, right: Code): Code => [left, right, 0x49];
export const greaterOrEqualUnsigned = (left: Code, right: Code): Code => [left, right, 0x4f];

export const load32 = (address: Code, offset = 0): Code => [address, 0x28, 0, unsignedLeb(offset)];
export const load8 = (address: Code, offset = 0): Code => [address, 0x2d, 0, unsignedLeb(offset)];
export const store32 = (address: Code, value: Code): Code => [address, value, 0x36, 0, 0];
/** Loads 16 bytes; no alignment is claimed. */
export const load128 = (address: Code, offset = 0): Code => [address, 0xfd, 0x00, 0, unsignedLeb(offset)];
export const store128 = (address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  0xfd,
  0x0b,
  0,
  unsignedLeb(offset),
];
export const xor128 = (left: Code, right: Code): Code => [left, right, 0xfd, 0x51];
export const zero128: Code = [0xfd, 0x0c, Array<number>(16).fill(0)];

/** Runs `body` while `condition` is not 0; the condition is looked at first. */
export const whileTrue = (condition: Code, body: Code): Code => [
  [0x02, EMPTY_BLOCK],
  [0x03, EMPTY_BLOCK],
  [condition, 0x45, 0x0d, 1],
  body,
  [0x0c, 0],
  END,
  END,
];

export const ifTrue = (condition: Code, body: Code): Code => [condition, 0x04, EMPTY_BLOCK, body, END];

/** Assembles a module with one memory of fixed size, exported as `memory`. Functions are numbered as listed. */
export function assembleModule(
  functions: readonly WasmFunction[],
  memoryPages: number,
): Uint8Array<ArrayBuffer> {
  const exported = functions.flatMap((each, index) =>
    each.name === null ? [] : [[text(each.name), 0x00, unsignedLeb(index)]],
  );
  const module: Code = [
    [0x00, 0x61, 0x73, 0x6d],
    [0x01, 0x00, 0x00, 0x00],
    section(1, vector(functions.map(signature))),
    section(3, vector(functions.map((_, index) => unsignedLeb(index)))),
    section(5, vector([[0x01, unsignedLeb(memoryPages), unsignedLeb(memoryPages)]])),
    section(7, vector([[text("memory"), 0x02, 0x00], ...exported])),
    section(10, vector(functions.map(functionBody))),
  ];
  return new Uint8Array(flatten(module));
}

function signature(each: WasmFunction): Code {
  const parameters = Array<number>(each.parameters).fill(I32);
  return [0x60, unsignedLeb(each.parameters), parameters, each.returnsValue ? [1, I32] : [0]];
}

function functionBody(each: WasmFunction): Code {
  return sized([each.locals === 0 ? [0] : [1, unsignedLeb(each.locals), I32], each.body, END]);
}

function section(id: number, content: Code): Code {
  return [id, sized(content)];
}

function vector(items: readonly Code[]): Code {
  return [unsignedLeb(items.length), items];
}

function sized(content: Code): Code {
  const bytes = flatten(content);
  return [unsignedLeb(bytes.length), bytes];
}

function text(value: string): Code {
  const bytes = [...new TextEncoder().encode(value)];
  return [unsignedLeb(bytes.length), bytes];
}

function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest !== 0);
  return bytes;
}

function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  bytes.push(rest & 0x7f);
  return bytes;
}

function flatten(code: Code): number[] {
  const bytes: number[] = [];
  const visit = (part: Code): void => {
    for (const item of part) {
      if (typeof item === "number") bytes.push(item);
      else visit(item);
    }
  };
  visit(code);
  return bytes;
}

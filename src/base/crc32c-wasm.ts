import {
  add,
  and,
  assembleModule,
  type Code,
  call,
  constant,
  get,
  greaterOrEqualUnsigned,
  ifTrue,
  lessUnsigned,
  load8,
  load32,
  load128,
  set,
  shiftLeft,
  shiftRight,
  store32,
  store128,
  subtract,
  type WasmFunction,
  whileTrue,
  xor,
  xor128,
  zero128,
} from "./wasm-assembler.ts";

/**
 * CRC32C by folding with exclusive-or only, since WebAssembly has no carry-less multiplication.
 *
 * x^209 + x^144 + x^54 + x^39 + x^14 + 1 is a multiple of the Castagnoli polynomial. Squared three times, its
 * exponents count bytes instead of bits: byte i of a message can be removed when it is added (exclusive-or) to
 * the bytes 65, 155, 170, 195 and 209 further on. Squared four more times, it works at 16 times those
 * distances. So a message shrinks to its last 209 bytes by plain 16-byte loads, and those go through the
 * classic tables. The nearest distance, 65, lets four lanes of 16 bytes be folded at once.
 */
const EXPONENTS = [0, 14, 39, 54, 144] as const;
const REACH = 209;
const FAR = 16;
/** From this length on, folding at 16 times the distances first is worth its longer tail. */
const FAR_FROM_BYTES = 8192;
/** The near fold leaves up to REACH + 63 bytes and needs some to begin with. */
export const WASM_MIN_BYTES = 512;
/** Bytes per call: a message beyond this is taken in pieces. */
export const WASM_MAX_BYTES = 65536;

// The memory's layout. Each area that is folded has zeros before it, as far as the fold reaches back, and
// room for a lane beyond its end.
const TABLES = 0;
const TABLES_BYTES = 16 * 1024;
const FAR_TAIL = TABLES + TABLES_BYTES + 256;
const NEAR_TAIL = FAR_TAIL + FAR * REACH + 256;
export const WASM_DATA = 32 * 1024;
const MEMORY_PAGES = 2;

export interface Crc32cKernel {
  readonly memory: Uint8Array;
  /** CRC register after `length` bytes at WASM_DATA, which are overwritten. No final inversion. */
  fold(register: number, length: number): number;
}

/** The kernel, or null where this machine or engine has no WebAssembly SIMD. `tables` is 16 x 256 words. */
export function loadCrc32cKernel(tables: Int32Array): Crc32cKernel | null {
  const code = assembleModule(
    [foldFunction(FAR), foldFunction(1), tableFunction, mainFunction],
    MEMORY_PAGES,
  );
  try {
    if (!WebAssembly.validate(code)) return null;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
    const memory = exports.memory;
    const fold = exports.fold;
    if (!(memory instanceof WebAssembly.Memory) || typeof fold !== "function") return null;
    new Int32Array(memory.buffer, TABLES, tables.length).set(tables);
    return { memory: new Uint8Array(memory.buffer), fold: fold as Crc32cKernel["fold"] };
  } catch {
    // Engines without a compiler for it refuse here; the tables alone give the same answer.
    return null;
  }
}

/**
 * (source, length, tail) -> bytes left at `tail`: folds away all but the last REACH * scale bytes and up to 63
 * more. The tail is moved out first and zeros put in its place, so that what is pulled forward into it comes
 * only from bytes that are folded away.
 */
function foldFunction(scale: number): WasmFunction {
  const [source, length, tail, at, folded, lane] = [0, 1, 2, 3, 4, 5];
  const reach = REACH * scale;
  const pulled = (address: Code, offset: number): Code =>
    EXPONENTS.map((exponent) => load128(address, exponent * scale + offset)).reduce(xor128);
  // `at` trails the place that is written by the reach, since offsets in loads can't be negative.
  const foldLane = (offset: number): Code =>
    store128(get(at), xor128(load128(get(at), reach + offset), pulled(get(at), offset)), reach + offset);
  const eachTailLane = (body: Code): Code => [
    set(lane, constant(0)),
    whileTrue(lessUnsigned(get(lane), get(length)), [body, set(lane, add(get(lane), constant(16)))]),
  ];
  return {
    name: null,
    parameters: 3,
    locals: 3,
    returnsValue: true,
    body: [
      set(folded, and(subtract(get(length), constant(reach)), constant(-64))),
      set(length, subtract(get(length), get(folded))),
      set(at, subtract(get(source), constant(reach))),
      set(folded, add(get(at), get(folded))),
      whileTrue(lessUnsigned(get(at), get(folded)), [
        [0, 16, 32, 48].map(foldLane),
        set(at, add(get(at), constant(64))),
      ]),
      eachTailLane([
        store128(add(get(tail), get(lane)), load128(add(get(at), get(lane)), reach)),
        store128(add(get(at), get(lane)), zero128, reach),
      ]),
      eachTailLane(
        store128(
          add(get(tail), get(lane)),
          xor128(load128(add(get(tail), get(lane))), pulled(add(get(at), get(lane)), 0)),
        ),
      ),
      get(length),
    ],
  };
}

/** (source, length) -> register: the table method, 16 bytes a step, from a register of 0. */
const tableFunction: WasmFunction = (() => {
  const [source, length, register, end, word] = [0, 1, 2, 3, 4];
  const entry = (table: number, byte: Code): Code => load32(shiftLeft(byte, 2), TABLES + table * 1024);
  const byteOfWord = (index: number): Code =>
    index === 3 ? shiftRight(get(word), 24) : and(shiftRight(get(word), 8 * index), constant(255));
  const words: Code = [0, 1, 2, 3].map((index) => {
    const loaded = load32(get(source), 4 * index);
    const sum = [0, 1, 2, 3].map((byte) => entry(15 - 4 * index - byte, byteOfWord(byte))).reduce(xor);
    return index === 0
      ? [set(word, xor(loaded, get(register))), set(register, sum)]
      : [set(word, loaded), set(register, xor(get(register), sum))];
  });
  const lowByte = and(xor(get(register), load8(get(source))), constant(255));
  return {
    name: null,
    parameters: 2,
    locals: 3,
    returnsValue: true,
    body: [
      set(end, add(get(source), get(length))),
      whileTrue(greaterOrEqualUnsigned(subtract(get(end), get(source)), constant(16)), [
        words,
        set(source, add(get(source), constant(16))),
      ]),
      whileTrue(lessUnsigned(get(source), get(end)), [
        set(register, xor(entry(0, lowByte), shiftRight(get(register), 8))),
        set(source, add(get(source), constant(1))),
      ]),
      get(register),
    ],
  };
})();

/** (register, length) -> register over the bytes at WASM_DATA. The register goes into the first four bytes. */
const mainFunction: WasmFunction = (() => {
  const [register, length, source] = [0, 1, 2];
  const [foldFar, foldNear, byTable] = [0, 1, 2];
  return {
    name: "fold",
    parameters: 2,
    locals: 1,
    returnsValue: true,
    body: [
      set(source, constant(WASM_DATA)),
      store32(get(source), xor(load32(get(source)), get(register))),
      ifTrue(greaterOrEqualUnsigned(get(length), constant(FAR_FROM_BYTES)), [
        set(length, call(foldFar, get(source), get(length), constant(FAR_TAIL))),
        set(source, constant(FAR_TAIL)),
      ]),
      set(length, call(foldNear, get(source), get(length), constant(NEAR_TAIL))),
      call(byTable, constant(NEAR_TAIL), get(length)),
    ],
  };
})();

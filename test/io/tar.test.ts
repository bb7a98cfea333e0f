import { expect, test } from "bun:test";
import { readTar, TAR_END, tarHeader, tarPadding } from "../../src/io/tar.ts";

const text = new TextEncoder();
const FILES: readonly (readonly [string, Uint8Array])[] = [
  ["format", text.encode("x")],
  ["empty", new Uint8Array(0)],
  [`${"t".repeat(249)}-0/00000000000000000000.log`, new Uint8Array(5000).fill(7)],
  ["a/block", new Uint8Array(512).fill(1)],
  [`${"n".repeat(99)}`, text.encode("short enough")],
  [`${"n".repeat(101)}`, text.encode("not any more")],
];

function archive(): Uint8Array {
  return Buffer.concat([
    ...FILES.flatMap(([name, bytes]) => [
      tarHeader(name, bytes.length, 1e9),
      bytes,
      tarPadding(bytes.length),
    ]),
    TAR_END,
  ]);
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

async function read(source: AsyncIterable<Uint8Array>): Promise<[string, Uint8Array][]> {
  const found: [string, Uint8Array][] = [];
  for await (const entry of readTar(source)) {
    const parts: Uint8Array[] = [];
    for await (const part of entry.bytes()) parts.push(Buffer.from(part));
    found.push([entry.name, new Uint8Array(Buffer.concat(parts))]);
  }
  return found;
}

test("files come out as they went in, in whatever pieces", async () => {
  for (const size of [1, 7, 511, 512, 513, 100_000]) {
    const found = await read(inPieces(archive(), size));
    expect(found).toEqual(FILES.map(([name, bytes]) => [name, new Uint8Array(bytes)]));
  }
});

test("the system's tar reads it", async () => {
  const child = Bun.spawn(["tar", "tf", "-"], { stdin: archive(), stdout: "pipe", stderr: "pipe" });
  const out = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  expect(out.trim().split("\n")).toEqual(FILES.map(([name]) => name));
});

test("an archive that ends too early is none", async () => {
  const whole = archive();
  for (let end = 0; end < whole.length - TAR_END.length; end += 97)
    expect(read(inPieces(whole.subarray(0, end), 512))).rejects.toThrow("ends before its end");
});

test("a flipped bit in a header is found", async () => {
  const whole = archive();
  for (let byte = 0; byte < 265; byte += 11) {
    const bytes = whole.slice();
    bytes[byte] = (bytes[byte] ?? 0) ^ 1;
    expect(read(inPieces(bytes, 512))).rejects.toThrow("damaged");
  }
});

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitCodeOf } from "../../src/cli/exit-codes.ts";
import { download, fileSource, webSource } from "../../src/cli/update/sources.ts";
import { PlainDisk } from "../../src/io/bun/plain-disk.ts";
import { ByteStream } from "../../src/update/byte-stream.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-download-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const disk = new PlainDisk();
const BREAK_MS = 40;
const BYTES = new Uint8Array(200_000).map((_, index) => (index * 7) % 251);

/** A server whose answers break off after some bytes. */
class Site {
  bytes = BYTES;
  tag: string | null = '"one"';
  /** Of one answer. */
  breaksAfter = 60_000;
  knowsRanges = true;
  asked: string[] = [];
  saysLength = true;
  readonly #server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (request) => {
      socket.write(this.#answer(String(request)));
      // What has come is read before the link is seen to be gone, as on any link that is not this machine's own.
      setTimeout(() => socket.end(), BREAK_MS);
    });
  });

  static async open(): Promise<Site> {
    const site = new Site();
    await new Promise<void>((resolve) => site.#server.listen(0, "127.0.0.1", resolve));
    return site;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/bundle`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }

  /** Says how long it is, and ends where it breaks. */
  #answer(request: string): Uint8Array {
    const path = /^GET (\S+)/.exec(request)?.[1];
    const says = (
      status: string,
      headers: Readonly<Record<string, string | number>>,
      body = new Uint8Array(),
    ) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      return Buffer.concat([
        Buffer.from(`HTTP/1.1 ${status}\r\nconnection: close\r\n${lines.join("")}\r\n`),
        body,
      ]);
    };
    if (path === "/moved") return says("302 Found", { location: "/bundle", "content-length": 0 });
    if (path === "/round") return says("302 Found", { location: "/round", "content-length": 0 });
    if (path !== "/bundle") return says("404 Not Found", { "content-length": 0 });
    const range = /^range: bytes=(\d+)-\r$/im.exec(request)?.[1];
    const ifRange = /^if-range: (.*)\r$/im.exec(request)?.[1] ?? null;
    const isPart = this.knowsRanges && range !== undefined && (ifRange === null || ifRange === this.tag);
    const from = isPart ? Number(range) : 0;
    this.asked.push(isPart ? `from ${from}` : "whole");
    const { length } = this.bytes;
    const headers = {
      ...(this.saysLength ? { "content-length": length - from } : {}),
      ...(this.tag === null ? {} : { etag: this.tag }),
      ...(isPart ? { "content-range": `bytes ${from}-${length - 1}/${length}` } : {}),
    };
    const body = this.bytes.subarray(from, Math.min(length, from + this.breaksAfter));
    return says(isPart ? "206 Partial Content" : "200 OK", headers, body);
  }
}

let files = 0;
function wanted(site: Site, more: Partial<Parameters<typeof download>[2]> = {}) {
  const waits: number[] = [];
  const options = {
    url: site.url,
    allowHttp: true,
    sizeBytes: BYTES.length,
    manifestSha256: "aa",
    onProgress: () => {},
    wait: async (ms: number) => void waits.push(ms),
    ...more,
  };
  return { path: join(folder, `download-${files++}`), options, waits };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (error: unknown) => String(error),
  );
}

test("goes on where the link broke off, and over restarts", async () => {
  using site = await Site.open();
  const { path, options, waits } = wanted(site);
  await download(disk, path, options);
  expect(readFileSync(path).equals(BYTES)).toBe(true);
  // A part whose end came before anybody looked is asked for again.
  expect([...new Set(site.asked)]).toEqual(["whole", "from 60000", "from 120000", "from 180000"]);
  expect(waits.length).toBeGreaterThanOrEqual(3);
  // As a power cut would have left it: the rest is asked for, and no more.
  writeFileSync(path, BYTES.subarray(0, 150_000));
  site.asked = [];
  await download(disk, path, options);
  expect([readFileSync(path).equals(BYTES), site.asked]).toEqual([true, ["from 150000"]]);
  site.asked = [];
  await download(disk, path, options);
  expect(site.asked).toEqual([]);
});

test("begins anew where the file is another one, or the bundle, or the server knows no parts", async () => {
  using site = await Site.open();
  const { path, options } = wanted(site);
  writeFileSync(path, new Uint8Array(1000));
  writeFileSync(`${path}.json`, JSON.stringify({ url: site.url, manifestSha256: "aa", tag: '"zero"' }));
  await download(disk, path, options);
  expect([readFileSync(path).equals(BYTES), site.asked[0]]).toEqual([true, "whole"]);
  site.asked = [];
  writeFileSync(path, new Uint8Array(1000));
  await download(disk, path, { ...options, manifestSha256: "bb" });
  expect([readFileSync(path).equals(BYTES), site.asked[0]]).toEqual([true, "whole"]);
  site.knowsRanges = false;
  site.breaksAfter = BYTES.length;
  writeFileSync(path, BYTES.subarray(0, 10));
  await download(disk, path, { ...options, manifestSha256: "bb" });
  expect(readFileSync(path).equals(BYTES)).toBe(true);
});

test("gives up after ten failures without a byte, at longer and longer intervals, and keeps what it has", async () => {
  using site = await Site.open();
  const { path, options, waits } = wanted(site);
  site.breaksAfter = 100;
  writeFileSync(path, "");
  const onProgress = () => {
    site.breaksAfter = 0;
  };
  expect(await refusal(download(disk, path, { ...options, onProgress }))).toMatch(/HeadwaterError/);
  const minutes = [60_000, 60_000, 60_000, 60_000];
  expect(waits.slice(-10)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, ...minutes]);
  expect(readFileSync(path).length).toBe(100);
});

test("never takes more than was signed, nor what says that it is of another size", async () => {
  using site = await Site.open();
  site.breaksAfter = Number.MAX_SAFE_INTEGER;
  const { path, options } = wanted(site);
  site.saysLength = false;
  await download(disk, path, { ...options, sizeBytes: 1000 });
  expect(readFileSync(path).length).toBe(1000);
  writeFileSync(path, BYTES.subarray(0, 500));
  expect(await refusal(download(disk, path, { ...options, sizeBytes: 1000 }))).toContain("has 200000 bytes");
});

test("asks http only where that is allowed, follows few redirections, and names what it was answered", async () => {
  using site = await Site.open();
  site.breaksAfter = Number.MAX_SAFE_INTEGER;
  const read = (path: string, allowHttp = true) => {
    const url = new URL(path, site.url).href;
    return refusal(new ByteStream(webSource(url, allowHttp), 0).take(BYTES.length));
  };
  expect(await read("/bundle")).toBe("done");
  expect(await read("/moved")).toBe("done");
  expect(await read("/bundle", false)).toContain("only https is asked; --allow-http");
  expect(await read("/round")).toContain("more than 5 other addresses");
  expect(await read("/nothing")).toContain("the server answers 404");
  expect(await refusal(new ByteStream(webSource("http://127.0.0.1:1/x", true), 0).take(1))).toContain(
    "127.0.0.1:1",
  );
  const from = new ByteStream(webSource(site.url, true), 150_000);
  expect(await from.take(10)).toEqual(BYTES.slice(150_000, 150_010));
  await from.close();
});

test("a bundle that is not there is told as what it is, and not as a disk that fails", () => {
  const path = join(folder, "nothere.update");
  let thrown: unknown = null;
  try {
    fileSource(disk, path);
  } catch (error) {
    thrown = error;
  }
  expect(String(thrown)).toContain(`${path} is not there`);
  expect(exitCodeOf(thrown)).toBe(2);
});

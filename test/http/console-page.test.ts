import { describe, expect, test } from "bun:test";
import { answerConsole, isConsole } from "../../src/http/console-page.ts";

/** What the page may weigh, all of it, gzipped. */
const MAX_GZIPPED_BYTES = 300 * 1024;

async function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Response> {
  return answerConsole(new Request(`http://127.0.0.1${path}`, { headers, method }), path);
}

async function pathsOfPage(): Promise<readonly string[]> {
  const html = await (await get("/")).text();
  return [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
}

describe("the console's files", () => {
  test("the page names a script, a style and an icon, which are there", async () => {
    const paths = await pathsOfPage();
    expect(paths).toHaveLength(3);
    for (const path of paths) {
      expect(isConsole(path)).toBe(true);
      expect((await get(path)).status).toBe(200);
    }
  });

  test("all of it weighs less than is promised", async () => {
    let sum = 0;
    for (const path of ["/", ...(await pathsOfPage())]) {
      const response = await get(path, { "accept-encoding": "gzip, deflate" });
      expect(response.headers.get("content-encoding")).toBe("gzip");
      sum += (await response.arrayBuffer()).byteLength;
    }
    expect(sum).toBeLessThan(MAX_GZIPPED_BYTES);
  });

  test("who takes no gzip gets the same", async () => {
    for (const path of ["/", ...(await pathsOfPage())]) {
      const plain = new Uint8Array(await (await get(path)).arrayBuffer());
      const gzipped = await (await get(path, { "accept-encoding": "gzip" })).arrayBuffer();
      expect(Bun.gunzipSync(gzipped)).toEqual(plain);
    }
  });

  test("files are kept for good, the page is asked for again", async () => {
    const [icon = "", style = "", script = ""] = (await pathsOfPage()).toSorted((a, b) => b.localeCompare(a));
    for (const path of [style, script]) {
      expect((await get(path)).headers.get("cache-control")).toContain("immutable");
    }
    for (const path of ["/", icon]) {
      const first = await get(path);
      expect(first.headers.get("cache-control")).toBe("no-cache");
      const again = await get(path, { "if-none-match": first.headers.get("etag") ?? "" });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe("");
    }
  });

  test("nothing inline is needed, and nothing from elsewhere", async () => {
    const page = await get("/");
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    const html = await page.text();
    expect(html).not.toMatch(/<style|<script(?![^>]*src=)|\son\w+=|style=/);
    for (const path of ["/", ...(await pathsOfPage())]) {
      const text = await (await get(path)).text();
      expect(text.match(/(?:src|href|url)[=(]["']?(?:https?:)?\/\/[^"')]*/g)).toBeNull();
    }
  });

  test("other files and methods", async () => {
    expect((await get("/assets/other.js")).status).toBe(404);
    const response = await get("/", {}, "POST");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    expect(["/api/status", "/healthz", "/metrics", "/assets"].some(isConsole)).toBe(false);
  });
});

import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import { programsMissing, required } from "./tools.ts";

/** A real browser connects by MQTT over WebSocket, with the bundle of MQTT.js that web pages load. */
const START_MS = 60_000;
const REPORT_MS = 40_000;
const END_MS = 5_000;
const BUNDLE = readFileSync(join(import.meta.dirname, "../../node_modules/mqtt/dist/mqtt.min.js"), "utf8");
const results = new Results("mqtt-browser");
let target: Target;

interface Report {
  readonly error?: string;
  readonly heard?: readonly (readonly [string, string, number, boolean])[];
  readonly sessionPresent?: boolean;
}

beforeAll(async () => {
  target = await startTarget({ doors: ["mqtt"], webSocket: true });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

const missing = required(programsMissing("chromium"));
for (const version of [4, 5] as const) {
  const name = `Chromium, MQTT.js ${version === 4 ? "3.1.1" : "5"}`;
  results.test(name, "publish and subscribe over WebSocket", missing, async () => {
    const report = await visit(page(`ws://${target.mqttWebSocket}/mqtt`, version));
    expect(report.error).toBeUndefined();
    const topic = (qos: number): string => `browser/${version}/qos/${qos}`;
    const sent = [0, 1, 2].map((qos) => [topic(qos), `½ 水 ${qos}`, qos, false]);
    const kept = [`browser/${version}/kept`, "kept", 1, true];
    expect<unknown>(report.heard?.toSorted()).toEqual([kept, ...sent]);
    expect(report.sessionPresent).toBe(false);
  });
}

/** The page: publishes with each QoS to itself, keeps one message, and reports what it heard. */
function page(url: string, protocolVersion: 4 | 5): string {
  const script = `
    const report = (what) => fetch("/report", { method: "POST", body: JSON.stringify(what) });
    const heard = [];
    const client = mqtt.connect(${JSON.stringify(url)}, { protocolVersion: ${protocolVersion}, reconnectPeriod: 0 });
    client.on("error", (error) => report({ error: String(error) }));
    client.on("connect", async ({ sessionPresent }) => {
      try {
        const folder = "browser/${protocolVersion}/";
        await client.subscribeAsync(folder + "qos/#", { qos: 2 });
        for (const qos of [0, 1, 2]) await client.publishAsync(folder + "qos/" + qos, "½ 水 " + qos, { qos });
        await client.publishAsync(folder + "kept", "kept", { qos: 1, retain: true });
        await client.subscribeAsync(folder + "kept", { qos: 1 });
        while (heard.length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
        await client.publishAsync(folder + "kept", "", { qos: 1, retain: true });
        await client.endAsync();
        await report({ heard: heard.slice(0, 4), sessionPresent });
      } catch (error) {
        await report({ error: String(error) });
      }
    });
    client.on("message", (topic, payload, { qos, retain }) => heard.push([topic, payload.toString(), qos, retain]));
  `;
  return `<!doctype html><meta charset="utf-8"><script src="/mqtt.js"></script><script>${script}</script>`;
}

/** Opens a page in a browser of its own until it has reported. */
async function visit(html: string): Promise<Report> {
  const reported = Promise.withResolvers<Report>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/mqtt.js")
        return new Response(BUNDLE, { headers: { "content-type": "text/javascript" } });
      if (pathname === "/report") {
        reported.resolve((await request.json()) as Report);
        return new Response("");
      }
      return new Response(html, { headers: { "content-type": "text/html" } });
    },
  });
  const profile = mkdtempSync(join(tmpdir(), "headwater-browser-"));
  const options = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
  ];
  const browser = Bun.spawn(["chromium", ...options, `--user-data-dir=${profile}`, server.url.href], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const errors = new Response(browser.stderr).text();
  const late = setTimeout(() => browser.kill("SIGKILL"), REPORT_MS);
  void browser.exited.then(async () =>
    reported.reject(new Error(`the browser has ended: ${(await errors).slice(-2_000)}`)),
  );
  try {
    return await reported.promise;
  } finally {
    clearTimeout(late);
    // Asked to end, it ends its helpers, too.
    browser.kill("SIGTERM");
    const forced = setTimeout(() => browser.kill("SIGKILL"), END_MS);
    await browser.exited;
    clearTimeout(forced);
    await server.stop(true);
    // Its helpers may still be writing for a moment.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

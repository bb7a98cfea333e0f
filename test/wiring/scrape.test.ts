import { expect, test } from "bun:test";
import { startHeadwater } from "../support/headwater.ts";

/** The value of a series, as it stands in a scrape. */
function figure(text: string, series: string): number {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

test("a scrape tells of each listener, and works without a free file descriptor", async () => {
  const headwater = await startHeadwater();
  const { http, mqtt, pid } = headwater;
  // Over one connection, which is open by the time that no other could be.
  const scrape = async () => {
    const response = await fetch(`http://${http}/metrics`);
    return { status: response.status, text: await response.text() };
  };
  const [hostname = "", port = ""] = mqtt.split(":");
  const client = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } });
  try {
    const of = (name: string, listener: string) => `headwater_listener_${name}{listener="${listener}"}`;
    let before = await scrape();
    while (figure(before.text, of("connections", "mqtt")) !== 1) before = await scrape();
    expect(figure(before.text, of("connections_accepted_total", "mqtt"))).toBe(1);
    expect(figure(before.text, of("connections_accepted_total", "kafka"))).toBe(0);
    expect(figure(before.text, of("connections", "http"))).toBe(1);
    expect(Bun.spawnSync(["prlimit", "--pid", String(pid), "--nofile=3:"]).exitCode).toBe(0);
    const after = await scrape();
    expect(after.status).toBe(200);
    // As it was known last.
    const resident = (text: string) => figure(text, "process_resident_memory_bytes");
    expect(resident(after.text)).toBe(resident(before.text));
    expect(figure(after.text, 'headwater_http_requests_total{code="2xx"}')).toBeGreaterThan(0);
  } finally {
    client.end();
    await headwater.kill();
    await headwater.dispose();
  }
}, 60_000);

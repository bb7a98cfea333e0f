import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import mqtt from "mqtt";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";

/** The program as users run it: the compiled binary where HEADWATER_BIN names one, else this checkout's source. */
const START_MS = 30_000;
const READINGS = 200;
const TOP = resolve(import.meta.dirname, "../..");

function headwater(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const [program = "", ...first] = headwaterCommand();
  return spawnSync(program, [...first, ...args], { encoding: "utf8", cwd: "/", timeout: START_MS });
}

describe("the program", () => {
  test("says its version, and the commit where it was built", () => {
    const run = headwater("version");
    expect(run.status).toBe(0);
    expect(run.stdout).toContain("0.1.0");
    if (process.env.HEADWATER_BIN) expect(run.stdout).toMatch(/\b[0-9a-f]{12}\b/);
  });

  test("helps", () => {
    const run = headwater("--help");
    expect(run.status).toBe(0);
    for (const command of ["serve", "topic", "produce", "consume", "uplink", "doctor", "version"]) {
      expect(run.stdout).toContain(command);
    }
  });

  test("refuses what it doesn't know, with a status that is not 0", () => {
    const run = headwater("swim");
    expect(run.status).not.toBe(0);
    expect(run.stdout + run.stderr).toContain("swim");
  });
});

describe("a gateway", () => {
  let gateway: Headwater;
  beforeAll(async () => {
    gateway = await startHeadwater();
  }, START_MS);
  afterAll(() => gateway?.dispose(), START_MS);

  test("takes readings by MQTT and gives them back by `headwater consume`, over a kill and a restart", async () => {
    const client = await mqtt.connectAsync(`mqtt://${gateway.mqtt}`, { protocolVersion: 5 });
    for (let index = 0; index < READINGS; index += 1) {
      await client.publishAsync("devices/pump-1/pressure", String(index), { qos: 1 });
    }
    await client.endAsync();
    const wanted = Array.from({ length: READINGS }, (_, index) => String(index));
    expect(consumed()).toEqual(wanted);
    await gateway.kill();
    await gateway.restart();
    expect(consumed()).toEqual(wanted);
    expect(await gateway.stop()).toBe(0);
    await gateway.restart();
    expect(consumed()).toEqual(wanted);
  }, 60_000);

  test("answers for its health", async () => {
    const answer = await fetch(`http://${gateway.http}/healthz`);
    expect(answer.status).toBe(200);
  });

  function consumed(): readonly string[] {
    const run = headwater(
      ...["consume", "telemetry", "--bootstrap", gateway.kafka, "--from", "earliest"],
      ...["--count", String(READINGS), "-o", "json"],
    );
    if (run.status !== 0) throw new Error(`consume ended with ${run.status}: ${run.stderr}`);
    return run.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => String(JSON.parse(line).value));
  }
});

test.skipIf(!process.env.HEADWATER_BIN)("SHA256SUMS names the bytes of both binaries", () => {
  const dist = join(TOP, "dist");
  expect(existsSync(join(dist, "headwater-linux-x64"))).toBe(true);
  expect(existsSync(join(dist, "headwater-linux-arm64"))).toBe(true);
  const run = spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: dist, encoding: "utf8" });
  expect(run.stdout.split("\n").filter((line) => line.endsWith(": OK"))).toHaveLength(2);
  expect(run.status).toBe(0);
});

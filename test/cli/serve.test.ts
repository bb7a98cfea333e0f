import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AssertionError } from "../../src/base/assert.ts";
import { HeadwaterError } from "../../src/base/errors.ts";
import type { RunningBroker } from "../../src/cli/world.ts";
import type { Settings } from "../../src/config/options.ts";
import { run } from "./support.ts";

const ADDRESSES = { kafka: "127.0.0.1:1", mqtt: "127.0.0.1:2", http: "127.0.0.1:3" };

function gateway(given: Partial<RunningBroker> = {}) {
  return async () => ({
    addresses: ADDRESSES,
    stop: async () => {},
    reload: () => ({ live: [], restart: [], unused: [] }),
    failed: new Promise<Error>(() => {}),
    ...given,
  });
}

test("one line says that everything serves, a signal ends it in order", async () => {
  const steps: string[] = [];
  let seen: Settings | null = null;
  const stop = async () => void steps.push("stopped");
  const { code, out, err } = await run(["serve", "--data", "d", "--set", "num.partitions=7"], {
    runBroker: (settings) => {
      seen = settings;
      return gateway({ stop })();
    },
    interrupted: Promise.resolve("SIGTERM"),
  });
  expect([code, out, steps]).toEqual([
    0,
    "ready kafka=127.0.0.1:1 mqtt=127.0.0.1:2 http=127.0.0.1:3\n",
    ["stopped"],
  ]);
  expect(seen as unknown).toMatchObject({ data: "d", "num.partitions": 7, "gateway.id": "host" });
  const lines = err
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [how, ...rest] = lines.map(({ message }) => message);
  expect(how).toContain("headwater init");
  expect(rest).toEqual(["stopping", "stopped"]);
});

test("how to go on is said where nobody else can reach it and no file says what it is to be", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-serve-"));
  const [empty, full] = [join(folder, "empty.toml"), join(folder, "full.toml")];
  writeFileSync(empty, "# nothing is said\n");
  writeFileSync(full, 'log.level = "info"\n');
  const says = async (...args: readonly string[]) => {
    const { err } = await run(["serve", ...args], {
      runBroker: gateway(),
      interrupted: Promise.resolve("SIGINT"),
    });
    return err.includes("headwater init");
  };
  expect([await says(), await says("--config", empty), await says("--mqtt", "off")]).toEqual([
    true,
    true,
    true,
  ]);
  expect([await says("--config", full), await says("--kafka", "0.0.0.0:9092")]).toEqual([false, false]);
  expect(
    await says(
      "--set",
      "kafka.tls.listen=0.0.0.0:9093",
      "--set",
      "tls.certificate.file=a",
      "--set",
      "tls.key.file=b",
    ),
  ).toBe(false);
  rmSync(folder, { recursive: true });
});

test("as JSON, and without the doors that are off", async () => {
  const interrupted = Promise.resolve("SIGINT");
  const all = await run(["serve", "-o", "json"], { runBroker: gateway(), interrupted });
  expect(JSON.parse(all.out)).toEqual({ ready: true, ...ADDRESSES });
  const runBroker = gateway({ addresses: { kafka: "[::1]:1" } });
  expect((await run(["serve"], { runBroker, interrupted })).out).toBe("ready kafka=[::1]:1\n");
  const web = gateway({ addresses: { mqtt: "127.0.0.1:2", mqttWebSocket: "127.0.0.1:4" } });
  expect((await run(["serve"], { runBroker: web, interrupted })).out).toBe(
    "ready mqtt=127.0.0.1:2 mqttWebSocket=127.0.0.1:4\n",
  );
});

describe("what ends it otherwise, by exit code; nothing is ready before it is", () => {
  const cases: readonly (readonly [Error, number])[] = [
    [new HeadwaterError("PORT_TAKEN", "taken"), 6],
    [new HeadwaterError("DATA_FOLDER_LOCKED", "locked"), 4],
    [new HeadwaterError("DISK_IO", "broken"), 5],
    [new AssertionError("a bug"), 70],
  ];
  for (const [error, expected] of cases) {
    test(`${error.message} at the start`, async () => {
      const { code, out, err } = await run(["serve"], { runBroker: () => Promise.reject(error) });
      expect([code, out]).toEqual([expected, ""]);
      expect(err).toContain(error.message);
    });

    test(`${error.message} while it runs: not stopped in order, since nothing more can be promised`, async () => {
      let stopped = false;
      const stop = async () => {
        stopped = true;
      };
      const runBroker = gateway({ failed: Promise.resolve(error), stop });
      const { code, out, err } = await run(["serve"], { runBroker });
      expect([code, out.startsWith("ready "), stopped]).toEqual([expected, true, false]);
      expect(err).toContain(error.message);
    });
  }

  test("a stop that fails", async () => {
    const failed = Promise.withResolvers<Error>();
    const stop = () => {
      failed.resolve(new HeadwaterError("DISK_IO", "broken"));
      return new Promise<void>(() => {});
    };
    const runBroker = gateway({ stop, failed: failed.promise });
    expect((await run(["serve"], { runBroker, interrupted: Promise.resolve("SIGTERM") })).code).toBe(5);
  });
});

test("wrong settings end it before anything starts, all problems told", async () => {
  const { code, out, err } = await run(["serve", "--kafka", "x", "--set", "log.level=loud"]);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain('--kafka = "x"');
  expect(err).toContain('log.level = "loud"');
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { main } from "../../devices/simulator/main.ts";
import { EXIT, type Terminal } from "../../devices/simulator/terminal.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";

const SIMULATOR = resolve(import.meta.dirname, "../../devices/simulator/main.ts");

let gateway: Headwater;
let folder: string;

beforeAll(async () => {
  gateway = await startHeadwater({ settings: { "num.partitions": "3" } });
  folder = mkdtempSync(join(tmpdir(), "headwater-simulator-"));
});

afterAll(async () => {
  await gateway.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command line in this process; no signal ever comes. */
async function call(line: string, ...more: readonly string[]) {
  let out = "";
  let err = "";
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    errIsTerminal: false,
    interrupted: () => new Promise(() => {}),
  };
  const code = await main([...line.split(" ").filter((word) => word !== ""), ...more], terminal);
  return { code, out, err };
}

const run = (ledger: string, more: string) =>
  call(`run --mqtt ${gateway.mqtt} --rate 0 --devices 5 ${more} --ledger`, ledger);
const verify = (ledger: string, more = "") =>
  call(`verify --kafka ${gateway.kafka} --ignore-others --json ${more} --ledger`, ledger);

describe("run and verify", () => {
  test.each(["--qos 1 --format json", "--qos 2 --format cbor --protocol 3.1.1"])("%s", async (options) => {
    const prefix = options.includes("cbor") ? "cbor" : "json";
    const ledger = join(folder, `${prefix}.ledger`);
    const ran = await run(ledger, `${options} --readings 100 --prefix ${prefix}`);
    expect(ran.code).toBe(EXIT.ok);
    expect(ran.out).toContain("acknowledged   500 of 500");
    const checked = await verify(ledger);
    expect(checked.code).toBe(EXIT.ok);
    expect(JSON.parse(checked.out)).toMatchObject({ ok: true, acked: 500, found: 500, partitions: 3 });
  });

  test("a second run goes on where the ledger ends", async () => {
    const ledger = join(folder, "twice.ledger");
    await run(ledger, "--readings 10 --prefix twice");
    await run(ledger, "--readings 10 --prefix twice --devices 3");
    const checked = await verify(ledger);
    expect(JSON.parse(checked.out)).toMatchObject({ ok: true, devices: 5, acked: 80, found: 80 });
    // Without the ledger its numbers begin again, and that is seen.
    const fresh = join(folder, "fresh.ledger");
    await run(fresh, "--readings 10 --prefix twice");
    const again = await verify(fresh);
    expect(again.code).toBe(EXIT.failed);
    expect(JSON.parse(again.out)).toMatchObject({ ok: false, repeated: 50, strange: 30 });
  });

  test("verify waits for what comes later, and says what never came", async () => {
    const ledger = join(folder, "later.ledger");
    await run(ledger, "--readings 10 --prefix later");
    const text = readFileSync(ledger, "utf8");
    writeFileSync(ledger, text.replaceAll('"sent":10,"acked":[[0,10]]', '"sent":20,"acked":[[0,20]]'));
    const missing = await verify(ledger);
    expect(missing.code).toBe(EXIT.failed);
    expect(JSON.parse(missing.out)).toMatchObject({ missing: 50 });
    const waiting = verify(ledger, "--wait 20s");
    writeFileSync(join(folder, "rest.ledger"), text);
    await run(join(folder, "rest.ledger"), "--readings 10 --prefix later");
    expect((await waiting).code).toBe(EXIT.ok);
  });

  test("Ctrl-C ends a run and leaves the ledger", async () => {
    const ledger = join(folder, "interrupted.ledger");
    const args = ["run", "--mqtt", gateway.mqtt, "--rate", "50", "--prefix", "ctrl-c", "--ledger", ledger];
    const child = Bun.spawn([process.execPath, SIMULATOR, ...args, "--json"], {
      stdout: "pipe",
      stderr: "ignore",
    });
    for await (const _ of child.stdout) break;
    child.kill("SIGINT");
    expect(await child.exited).toBe(EXIT.ok);
    const checked = await verify(ledger);
    expect(JSON.parse(checked.out)).toMatchObject({ ok: true, devices: 10, missing: 0 });
  });
});

describe("errors", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["rnu", /did you mean run/],
    ["run --rat 5", /did you mean --rate/],
    ["run --rate fast", /--rate fast: write a number/],
    ["run --devices 1.5", /whole number/],
    ["run --duration 10", /with its unit, as 10s/],
    ["run --profile smell", /choose mixed, temperature/],
    ["run --mqtt 1883", /--mqtt 1883: .*write host:port/],
    ["run --mqtt", /needs a value: --mqtt HOST:PORT/],
    ["run now", /"now" is too much/],
    ["run --json=1", /takes no value/],
    ["run --ledger /nowhere/at/all", /the ledger can't be written/],
    ["verify", /--ledger FILE is missing/],
    ["verify --ledger /nowhere/at/all", /there is no such file/],
  ];
  test.each(refused)("%s", async (line, message) => {
    const { code, err } = await call(line);
    expect(code).toBe(EXIT.usage);
    expect(err).toMatch(message);
  });

  test("nobody answers", async () => {
    const ledger = join(folder, "nobody.ledger");
    writeFileSync(ledger, '{"device":"a-0","sent":1,"acked":[[0,1]]}\n');
    expect((await call(`verify --kafka 127.0.0.1:1 --ledger ${ledger}`)).code).toBe(EXIT.unreachable);
    const ran = await call("run --mqtt 127.0.0.1:1 --duration 200ms");
    expect(ran.code).toBe(EXIT.unreachable);
    expect(ran.err).toContain("ECONNREFUSED");
    const absent = await call(`verify --kafka ${gateway.kafka} --topic absent --ledger ${ledger}`);
    expect(absent.code).toBe(EXIT.unreachable);
  });

  test("help", async () => {
    for (const line of ["--help", "run --help", "verify -h"]) {
      const { code, out } = await call(line);
      expect(code).toBe(EXIT.ok);
      expect(out).toContain("Usage: bun devices/simulator/main.ts");
    }
    expect((await call("")).code).toBe(EXIT.usage);
  });
});

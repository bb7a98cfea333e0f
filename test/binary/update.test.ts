import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { updateBundle } from "../../scripts/releasing/bundles.ts";
import { publicPem } from "../../scripts/releasing/keys.ts";
import type { Architecture } from "../../src/update/manifest.ts";
import { headwaterCommand } from "../support/headwater.ts";
import { LaunchedService, shellWords } from "../support/launched-service.ts";
import { writeVersion } from "../support/other-version.ts";

/**
 * Updates of a gateway that runs, by the command that people type. The new version is the compiled binary that HEADWATER_BIN
 * names, with another version written into it; without one it is a script around this checkout.
 */
const LIMIT_MS = 120_000;
const EPOCH_SECONDS = 1_900_000_000;
const ARCHITECTURE = process.arch as Architecture;
const { privateKey } = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("ed25519").privateKey;
const version = String(
  JSON.parse(Bun.spawnSync([...headwaterCommand(), "version", "-o", "json"]).stdout.toString()).version,
);
/** A program of another version, what it says that it is, and how it is run. */
interface OtherVersion {
  readonly bytes: Uint8Array;
  readonly says: string;
  readonly command: string;
}

/** The compiled binary with other numbers; a checkout has but its own. */
function otherVersion(folder: string, numbers: string): OtherVersion {
  const own = shellWords(headwaterCommand());
  if (!process.env.HEADWATER_BIN) return { bytes: script(`exec ${own} "$@"`), says: version, command: own };
  const bytes = readFileSync(headwaterCommand()[0] ?? "");
  const says = version.replace("0.1.0+", `${numbers}+`);
  writeVersion(bytes, version, says);
  const path = join(folder, numbers);
  writeFileSync(path, bytes, { mode: 0o755 });
  return { bytes, says, command: shellWords([path]) };
}

function script(text: string): Uint8Array {
  return new TextEncoder().encode(`#!/bin/sh\n${text}\n`);
}

describe("headwater update", () => {
  let service: LaunchedService;
  let made: OtherVersion;
  let seconds = EPOCH_SECONDS;

  /** Writes a bundle whose version is newer than all before. */
  function bundle(
    name: string,
    bytes: Uint8Array,
    says = made.says,
    more: object = {},
    key = privateKey,
  ): string {
    const path = join(service.folder, `${name}.update`);
    seconds += 1;
    const binaries = { [ARCHITECTURE]: bytes };
    const contents = {
      version: says,
      epochSeconds: seconds,
      binaries,
      level: 1,
      minimumVersion: "0.0.1",
      ...more,
    };
    writeFileSync(path, updateBundle(contents, [key]));
    return path;
  }

  /** Of a program that is no good otherwise. */
  const selfTest = ({ command } = made) => `case "$1" in self-test) exec ${command} "$@" ;; esac`;

  async function status(): Promise<{
    launched: { version: string; slot: string };
    last: { result: string; reason: string } | null;
  }> {
    const { output } = await service.command("update", "--status", "-o", "json");
    return JSON.parse(output);
  }

  beforeAll(async () => {
    service = new LaunchedService("1", "update.gate.ms = 5000\nupdate.settle.ms = 300\nupdate.tries = 2\n");
    made = otherVersion(service.folder, "0.2.0");
    writeFileSync(service.keys, publicPem(privateKey));
    service.start();
    const { http } = await service.ready();
    const stored = await fetch(`http://${http}/api/topics/kept/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"value":"before"}',
    });
    expect(stored.status).toBe(200);
  }, LIMIT_MS);
  afterAll(() => service.dispose(), LIMIT_MS);

  test(
    "takes a new version through its gate, and it stays",
    async () => {
      const { bytes, says } = made;
      const path = bundle("new", bytes, says);
      const checked = await service.command("update", path, "--dry-run");
      expect(checked).toMatchObject({ code: 0, output: expect.stringContaining("nothing was changed") });
      expect((await status()).launched.slot).toBe("packaged");
      const { code, output } = await service.command("update", path);
      expect(output).toContain("has proved itself and stays");
      expect(code).toBe(0);
      expect((await status()).launched).toMatchObject({ slot: "a", version: says });
      const { http } = await service.ready();
      const shown = (await (await fetch(`http://${http}/api/status`)).json()) as Record<string, unknown>;
      expect(shown).toMatchObject({
        version: says,
        update: { slot: "a", trial: false, last: { result: "committed" } },
      });
      expect(await (await fetch(`http://${http}/api/topics/kept/records?offset=0`)).text()).toContain(
        "before",
      );
      const reports = await (
        await fetch(`http://${http}/api/topics/headwater.update/records?offset=0`)
      ).text();
      expect(reports).toContain("committed");
    },
    LIMIT_MS,
  );

  test.each([
    ["ends at once", "exit 139", "it ended 2 times before it was healthy"],
    ["hangs", "exec sleep 600", "it had not said that it is healthy after 4 seconds"],
    [
      "serves less than before",
      'exec HEADWATER "$@" --set mqtt.listen=192.0.2.1:1883',
      "not everything serves",
    ],
  ])(
    "goes back by itself from a version that %s",
    async (name, serve, reason) => {
      const path = bundle(name, script(`${selfTest()}\n${serve.replace("HEADWATER", made.command)}`));
      // The guard of the launcher is told another time than the gateway has.
      const guard = name === "hangs" ? ["--set", "update.gate.ms=2000"] : [];
      const { code, output } = await service.command("update", path, ...guard);
      expect(output).toContain("was given up, and the version before is back");
      expect(output).toContain(reason);
      expect(code).toBe(1);
      const { launched, last } = await status();
      expect([launched.slot, last?.result]).toEqual(["a", "failed"]);
      const { http } = await service.ready();
      expect(await (await fetch(`http://${http}/api/topics/kept/records?offset=0`)).text()).toContain(
        "before",
      );
    },
    LIMIT_MS,
  );

  test(
    "refuses what it can't take, and says why",
    async () => {
      const good = script(`${selfTest()}\nexit 1`);
      const other = ARCHITECTURE === "x64" ? "arm64" : "x64";
      const whole = readFileSync(bundle("whole", good));
      const cut = join(service.folder, "cut.update");
      writeFileSync(cut, whole.subarray(0, whole.length - 1));
      const changed = join(service.folder, "changed.update");
      whole.writeUInt8(whole.readUInt8(whole.length - 1) ^ 1, whole.length - 1);
      writeFileSync(changed, whole);
      const cases: readonly (readonly [string, string, string])[] = [
        ["another key", bundle("stranger", good, made.says, {}, stranger), "is signed by SHA256:"],
        ["cut off", cut, "it is not whole"],
        ["changed", changed, "does not have the sum that was signed"],
        [
          "another processor",
          bundle("arch", good, made.says, { binaries: { [other]: good } }),
          `it is for ${other}`,
        ],
        [
          "a later log",
          bundle("log", good, made.says, { logFormats: { reads: [2], writes: 2 } }),
          "this one has format 1",
        ],
        ["an older version", bundle("old", good, "0.0.1"), "is older than"],
        [
          "too large a step",
          bundle("step", good, "9.0.0", { minimumVersion: "8.0.0" }),
          "replaces versions from 8.0.0 on",
        ],
        [
          "no self-test",
          bundle("test", script("exit 3")),
          "does not pass its self-test on this machine: it ended with 3",
        ],
        ["another program", bundle("name", good, "9.0.0"), "and was signed as 9.0.0"],
        ["nothing", join(service.folder, "nothing.update"), "nothing.update"],
      ];
      const starts = service.starts;
      for (const [, path, why] of cases) {
        const { code, output } = await service.command("update", path);
        expect(output).toContain(why);
        expect(code).not.toBe(0);
      }
      writeFileSync(service.keys, "no key");
      expect((await service.command("update", bundle("good", good))).output).toContain("holds no public key");
      writeFileSync(service.keys, publicPem(privateKey));
      expect([service.starts, (await status()).launched.slot]).toEqual([starts, "a"]);
    },
    LIMIT_MS,
  );

  test.skipIf(!process.env.HEADWATER_BIN)(
    "takes what the centre wants, and leaves alone what it has given up",
    async () => {
      const files = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: (request) => new Response(Bun.file(join(service.folder, new URL(request.url).pathname))),
      });
      try {
        await service.restart("update.from.centre = true\nupdate.allow.http = true\n");
        const good = otherVersion(service.folder, "0.3.0");
        await want(files.url, good.says, bundle("wanted", good.bytes, good.says));
        await waitFor(async () => (await status()).launched.version === good.says);
        await waitFor(async () => (await desired())?.state === "runs");
        const bad = otherVersion(service.folder, "0.4.0");
        await want(files.url, bad.says, bundle("bad", script(`${selfTest(bad)}\nexit 1`), bad.says));
        await waitFor(async () => (await desired())?.reason === "it was given up here 1 times");
        expect((await status()).launched.version).toBe(good.says);
        const { http } = await service.ready();
        const reports = await (
          await fetch(`http://${http}/api/topics/headwater.update/records?offset=0`)
        ).text();
        for (const told of ["fetching", "chosen", "committed", "runs", "failed", "stays"])
          expect(reports).toContain(told);
        const metrics = await (await fetch(`http://${http}/metrics`)).text();
        expect(metrics).toContain("headwater_update_failed 1");
      } finally {
        await files.stop(true);
      }
    },
    LIMIT_MS,
  );

  /** Writes the record as an uplink would that mirrors it. */
  async function want(site: URL, wanted: string, path: string): Promise<void> {
    const { manifestSha256 } = JSON.parse(
      (await service.command("update", path, "--check", "-o", "json")).output,
    );
    const url = new URL(basename(path), site).href;
    const value = { version: wanted, bundles: { [ARCHITECTURE]: { url, manifestSha256 } } };
    const { http } = await service.ready();
    const stored = await fetch(`http://${http}/api/topics/headwater.desired-version/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key: "*", valueJson: value }),
    });
    expect(stored.status).toBe(200);
  }

  /** Null while the gateway is between two starts. */
  async function desired(): Promise<{ state: string; reason: string | null } | null> {
    const { http } = await service.ready();
    const answer = await fetch(`http://${http}/api/status`).catch(() => null);
    return answer === null ? null : ((await answer.json()) as { update: { desired: never } }).update.desired;
  }

  test(
    "goes back by hand, and lets a newer package win",
    async () => {
      const { code, output } = await service.command("update", "--rollback");
      expect([code, output]).toEqual([0, expect.stringContaining("takes the place of")]);
      await waitFor(async () => (await status()).launched.slot === "packaged");
      const { code: none } = await service.command("update", "--rollback");
      expect(none).toBe(1);
    },
    LIMIT_MS,
  );
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS / 2;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it has not come in time");
    await Bun.sleep(50);
  }
}

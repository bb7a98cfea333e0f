import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { discardUnused } from "../../src/cli/discard.ts";
import { HostTree } from "../../src/io/bun/host-tree.ts";
import { PlainDisk } from "../../src/io/bun/plain-disk.ts";
import type { Tree } from "../../src/io/tree.ts";
import { erase } from "../../src/log/erasure.ts";
import { ERASURE_MARKER } from "../../src/log/erasure-marker.ts";
import { batchOf, createLog, mustAppend, openStore } from "../log/support.ts";
import { run } from "./support.ts";

const CANARY = "canary-5f3a9c";
const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

interface Gateway {
  readonly root: string;
  readonly data: string;
  readonly config: string;
  readonly outside: string;
}

/** A gateway that was stopped, with secrets in its folder and out of it. */
async function gateway(): Promise<Gateway> {
  const root = mkdtempSync(join(tmpdir(), "headwater-erase-"));
  roots.push(root);
  const [data, outside] = [join(root, "data"), join(root, "outside")];
  const { store, clock } = await openStore({ disk: new PlainDisk(), folder: data });
  for (const topic of ["telemetry", "__cluster_metadata"])
    mustAppend(createLog(store, topic), batchOf([CANARY], { key: "pump-1" }));
  await clock.settleAll();
  await store.close();
  mkdirSync(outside);
  mkdirSync(join(data, "tls"));
  for (const name of ["users", "acl.toml", "tls/gateway.key", "headwater.toml.old"])
    writeFileSync(join(data, name), CANARY);
  chmodSync(join(data, "tls/gateway.key"), 0o400);
  for (const name of ["ca.pem", "kept"]) writeFileSync(join(outside, name), CANARY);
  symlinkSync(outside, join(data, "way-out"));
  symlinkSync(join(outside, "ca.pem"), join(data, "ca.pem"));
  const config = join(outside, "headwater.toml");
  const settings = [`"gateway.id" = "gw-7"`, `data = ${JSON.stringify(data)}`];
  const tls = `[tls]\nkey.file = ${JSON.stringify(join(data, "tls/gateway.key"))}\n`;
  const ca = `ca.file = ${JSON.stringify(join(data, "ca.pem"))}\n`;
  writeFileSync(config, `${settings.join("\n").replace('"gateway.id"', "gateway.id")}\n${tls}${ca}`);
  return { root, data, config, outside };
}

/** Files below a folder, links not followed. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !lstatSync(join(folder, name)).isDirectory())
    .sort();
}

test("without --yes it says what would go and what would stay, and changes nothing", async () => {
  const { data, config, outside } = await gateway();
  const before = filesOf(data);
  const { code, out, err } = await run(["erase", "--config", config]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain(`${data} of gw-7: `);
  expect(out).toContain("overwritten and removed first: 6 files");
  for (const name of ["users", "acl.toml", "tls/gateway.key", "way-out"])
    expect(out).toContain(`  ${name}\n`);
  expect(out).toContain("overwritten and removed next: ");
  expect(out).toContain(`stays   ${outside}/ca.pem (tls.ca.file)\n`);
  expect(out).toContain(`stays   ${config} (the configuration)\n`);
  expect(out).toEndWith("nothing was removed; --yes gw-7 does it\n");
  expect(filesOf(data)).toEqual(before);
  const json = JSON.parse((await run(["erase", "--config", config, "-o", "json"])).out);
  expect(json).toMatchObject({ folder: data, gatewayId: "gw-7", erased: false, begun: false, left: [] });
  expect(json.files[0]).toEqual({
    path: expect.any(String),
    stage: "secrets",
    sizeBytes: expect.any(Number),
  });
});

test("with the gateway's id all goes, and what lies elsewhere stays", async () => {
  const { data, config, outside } = await gateway();
  linkSync(join(outside, "kept"), join(data, "hard-link"));
  const { code, out, err } = await run(["erase", "--config", config, "--yes", "gw-7", "--no-discard"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(readdirSync(data)).toEqual(["lock"]);
  expect(readFileSync(join(data, "lock"), "utf8")).not.toContain(CANARY);
  expect(out).toContain("sudo fstrim -v");
  expect(out).toContain("destroy it");
  for (const name of ["ca.pem", "kept"]) expect(readFileSync(join(outside, name), "utf8")).toBe(CANARY);
  expect(existsSync(config)).toBe(true);
  // Nobody has lost anything any more: a gateway that starts here is a new one.
  const { store } = await openStore({ disk: new PlainDisk(), folder: data });
  await store.close();
});

test("secrets are overwritten where they lie, but not under a name elsewhere", async () => {
  const { data, outside } = await gateway();
  const tree = new HostTree(data);
  expect(tree.overwrite("tls/gateway.key")).toBe(true);
  expect(readFileSync(join(data, "tls/gateway.key"))).toEqual(Buffer.alloc(CANARY.length));
  linkSync(join(outside, "kept"), join(data, "hard-link"));
  for (const name of ["hard-link", "ca.pem"]) expect(tree.overwrite(name)).toBe(false);
  expect(() => tree.list("way-out")).toThrow("ENOTDIR");
  expect(() => tree.unlink("way-out/kept")).toThrow("ENOTDIR");
  expect(readFileSync(join(outside, "kept"), "utf8")).toBe(CANARY);
});

describe("nothing is removed where", () => {
  test("the id is another's", async () => {
    const { data, config } = await gateway();
    const before = filesOf(data);
    const { code, err } = await run(["erase", "--config", config, "--yes", "gw-8", "--no-discard"]);
    expect(code).toBe(2);
    expect(err).toContain("it is gw-7");
    expect(filesOf(data)).toEqual(before);
  });

  test("a gateway runs", async () => {
    const { data, config } = await gateway();
    const { store } = await openStore({ disk: new PlainDisk(), folder: data });
    for (const words of [[], ["--yes", "gw-7", "--no-discard"]]) {
      const { code, err } = await run(["erase", "--config", config, ...words]);
      expect(code).toBe(4);
      expect(err).toContain("is in use by process");
    }
    await store.close();
    expect(existsSync(join(data, "users"))).toBe(true);
  });

  test("the folder is no gateway's, or there is none", async () => {
    const { outside, root } = await gateway();
    for (const folder of [outside, join(root, "none")]) {
      const set = ["--set", "gateway.id=gw-7", "--no-discard"];
      expect((await run(["erase", "--data", folder, "--yes", "gw-7", ...set])).code).toBe(2);
    }
    expect(readdirSync(outside)).toEqual(["ca.pem", "headwater.toml", "kept"]);
  });

  test("the lock is a link", async () => {
    const { data, config, outside } = await gateway();
    rmSync(join(data, "lock"));
    symlinkSync(join(outside, "kept"), join(data, "lock"));
    expect((await run(["erase", "--config", config, "--yes", "gw-7", "--no-discard"])).code).toBe(5);
    expect(readFileSync(join(outside, "kept"), "utf8")).toBe(CANARY);
  });
});

/** Ends as a killed process does, before its n-th change. */
function stopping(tree: HostTree, steps: number): Tree {
  let count = 0;
  return new Proxy(tree, {
    get(target, name) {
      const call: unknown = Reflect.get(target, name);
      if (typeof call !== "function") return call;
      return (...args: unknown[]) => {
        if (name !== "list" && name !== "read" && ++count > steps) throw new Error("killed");
        return call.apply(target, args);
      };
    },
  });
}

test("killed at any step, no gateway starts in what is left, and the next erasure ends it without a configuration", async () => {
  const options = { credentialTopic: "__cluster_metadata", secretPaths: new Set<string>() };
  let isWhole = false;
  let steps = 0;
  for (; !isWhole; steps += 7) {
    const { data, config } = await gateway();
    const before = filesOf(data);
    try {
      erase(stopping(new HostTree(data), steps), "gw-7", options);
      isWhole = true;
    } catch (error) {
      expect(String(error)).toContain("killed");
    }
    if (steps === 0) {
      expect(filesOf(data)).toEqual(before);
      continue;
    }
    expect(existsSync(join(data, ERASURE_MARKER))).toBe(true);
    await expect(openStore({ disk: new PlainDisk(), folder: data })).rejects.toThrow("is being erased");
    for (const command of ["verify", "repair"]) expect((await run([command, "--data", data])).code).toBe(4);
    rmSync(config);
    const again = await run(["erase", "--config", config, "--data", data, "--yes", "gw-7", "--no-discard"]);
    expect({ code: again.code, err: again.err }).toEqual({ code: 0, err: "" });
    expect(readdirSync(data)).toEqual(["lock"]);
  }
  expect(steps).toBeGreaterThan(20);
});

test("the disk is told to forget by root alone, and what kept it from that is said", async () => {
  const calls: string[][] = [];
  const answering = (exitCode: number, text: string) => async (command: readonly string[]) => {
    calls.push([...command]);
    return { exitCode, text };
  };
  expect(await discardUnused("/data", true, answering(0, ""))).toEqual({ done: true });
  const refusal = "fstrim: /data: the discard operation is not supported\n";
  expect(await discardUnused("/data", true, answering(1, refusal))).toEqual({
    done: false,
    why: refusal.trim(),
  });
  expect(calls).toEqual([
    ["fstrim", "/data"],
    ["fstrim", "/data"],
  ]);
  expect(await discardUnused("/data", false, answering(0, ""))).toMatchObject({ done: false });
  expect(await discardUnused("/data", true, async () => null)).toMatchObject({ done: false });
  expect(calls).toHaveLength(2);
});

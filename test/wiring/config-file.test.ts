import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Reloads } from "../../src/cli/world.ts";
import { loadSettings } from "../../src/config/load.ts";
import { SettingsInForce } from "../../src/wiring/reload.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-config-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

function opened(file: string | null) {
  const check = (text: string) =>
    loadSettings({ file: { path: "gateway.toml", text }, env: {}, set: [], flags: new Map(), hostName: "h" });
  const loaded = check("");
  if (!loaded.ok) throw new Error("defaults are wrong");
  const reloads: Reloads = { read: () => loaded, file, check, took: () => {} };
  return new SettingsInForce(loaded.settings, loaded.sources, reloads, silentLogger);
}

test("another text of the configuration is compared with what is in force, and looked through", () => {
  const inForce = opened(null);
  expect(inForce.check('log.level = "debug"\n[mqtt]\nlisten = "127.0.0.1:1999"\n')).toEqual({
    changes: [
      { key: "log.level", from: "info", to: "debug", restart: false },
      { key: "mqtt.listen", from: "127.0.0.1:1883", to: "127.0.0.1:1999", restart: true },
    ],
    problems: [],
  });
  const [problem] = inForce.check('\nkafka.listen = "nonsense"\n').problems;
  expect(problem).toMatchObject({ key: "kafka.listen", value: '"nonsense"', line: 2 });
  expect(inForce.check("[[[").problems.length).toBeGreaterThan(0);
  const secret = 'password = "hunter2"';
  const shown = inForce.check(`[uplink.a]\nbootstrap = "c:9092"\ntopics = ["t"]\n${secret}\n`);
  expect(JSON.stringify(shown)).not.toContain("hunter2");
});

test("the file is replaced as a whole, with the rights it had, by a text that is in order", () => {
  const path = join(folder, "gateway.toml");
  writeFileSync(path, "# old\n");
  chmodSync(path, 0o640);
  const inForce = opened(path);
  const fault = (text: string, from = inForce) => {
    try {
      from.write(text);
      return null;
    } catch (error) {
      return hasCode(error, "CONFIG_INVALID");
    }
  };
  expect([fault('kafka.listen = "nonsense"'), readFileSync(path, "utf8")]).toEqual([true, "# old\n"]);
  expect([fault('log.level = "debug"\n'), readFileSync(path, "utf8")]).toEqual([
    null,
    'log.level = "debug"\n',
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(fault("", opened(null))).toBe(true);
});

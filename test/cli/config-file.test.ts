import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../src/base/errors.ts";
import { readConfigFile } from "../../src/cli/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a configuration is read whole", () => {
  const path = join(folder, "headwater.toml");
  const text = `# ${"ä".repeat(200_000)}\n`;
  writeFileSync(path, text);
  expect(readConfigFile(path)).toBe(text);
});

test("what is no configuration file is refused with its name, and never waited for", () => {
  const pipe = join(folder, "pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const large = join(folder, "large");
  writeFileSync(large, "#".repeat(1024 * 1024 + 1));
  for (const path of ["/dev/zero", pipe, folder, large, join(folder, "none")]) {
    try {
      readConfigFile(path);
      throw new Error(`${path} was read`);
    } catch (error) {
      expect(hasCode(error, "CONFIG_INVALID")).toBe(true);
      expect(String(error)).toContain(path);
      expect(String(error)).toEndWith("; name a TOML file that is there and that this user may read");
    }
  }
});

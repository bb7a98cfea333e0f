import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headwaterCommand, startHeadwater } from "../support/headwater.ts";

test("a running gateway takes over what it can, says what it can't, and a file that is wrong changes nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-reload-"));
  const file = join(folder, "gateway.toml");
  const write = (level: string, retention: string, segment: string): void =>
    writeFileSync(
      file,
      `log.level = "${level}"\nlog.retention.ms = "${retention}"\njournal.bytes = "${segment}"\n`,
    );
  write("info", "7d", "32MiB");
  const gateway = await startHeadwater({ arguments: ["--config", file] });
  const settingOf = async (key: string): Promise<string | undefined> => {
    const answer = await fetch(`http://${gateway.http}/api/config`);
    const { settings } = (await answer.json()) as { settings: { key: string; value: string }[] };
    return settings.find((one) => one.key === key)?.value;
  };
  const reload = async (): Promise<{ code: number; out: string; errors: string }> => {
    const words = [...headwaterCommand(), "config", "reload", "--http", gateway.http];
    const child = Bun.spawn(words, { stdout: "pipe", stderr: "pipe" });
    const [out, errors, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { out, errors, code };
  };
  try {
    write("debug", "1d", "64MiB");
    expect(await reload()).toEqual({
      code: 0,
      out: "taken over     log.retention.ms\ntaken over     log.level\nnext start     journal.bytes\n",
      errors: "",
    });
    expect(await settingOf("log.retention.ms")).toBe("1d");
    expect(await settingOf("journal.bytes")).toBe("32MiB");
    expect(gateway.log()).toContain('"restart":["journal.bytes"]');
    writeFileSync(file, 'log.retention.ms = "soon"\n');
    const refused = await reload();
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain("log.retention.ms");
    expect(refused.errors).toContain("nothing was changed");
    expect(await settingOf("log.retention.ms")).toBe("1d");
    // The same by signal: refused, and then taken.
    process.kill(gateway.pid, "SIGHUP");
    await until(() => gateway.log().split("the configuration can't be taken").length > 2);
    write("debug", "2d", "32MiB");
    process.kill(gateway.pid, "SIGHUP");
    await until(async () => (await settingOf("log.retention.ms")) === "2d");
  } finally {
    await gateway.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await Bun.sleep(20))
    if (await holds()) return;
  throw new Error("it does not come to be");
}

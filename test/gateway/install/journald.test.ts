import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startHeadwater } from "../../support/headwater.ts";

/** systemd's own journald, with a namespace for this test alone: nothing of the machine's journal is touched. */
const NAMESPACE = `headwater-${process.pid}`;
const JOURNALD = "/lib/systemd/systemd-journald";
const SOCKET = `/run/systemd/journal.${NAMESPACE}/socket`;
const START_MS = 10_000;
let journald: Bun.Subprocess;

beforeAll(async () => {
  journald = Bun.spawn([JOURNALD, NAMESPACE], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  for (const end = Date.now() + START_MS; !existsSync(SOCKET) && Date.now() < end; await Bun.sleep(20));
});

afterAll(async () => {
  journald.kill("SIGTERM");
  await journald.exited;
  rmSync(`/run/systemd/journal.${NAMESPACE}`, { recursive: true, force: true });
  for (const top of ["/var/log/journal", "/run/log/journal"]) {
    const folders = existsSync(top) ? readdirSync(top) : [];
    for (const name of folders) {
      if (name.endsWith(`.${NAMESPACE}`)) rmSync(join(top, name), { recursive: true, force: true });
    }
  }
});

/** Entries that the journal has by now, as journalctl finds them. */
async function entries(...matches: readonly string[]): Promise<readonly Readonly<Record<string, string>>[]> {
  const args = [`--namespace=${NAMESPACE}`, "--no-pager", "--output=json", ...matches];
  const child = Bun.spawn(["journalctl", ...args], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const text = await child.stdout.text();
  return text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
}

test("a gateway's log is in the journal, found by its fields and by how grave it is", async () => {
  const environment = { HEADWATER_TEST_JOURNAL: SOCKET };
  const settings = { "log.format": "journal" };
  const headwater = await startHeadwater({ environment, settings });
  const { pid } = headwater;
  try {
    expect(await headwater.stop()).toBe(0);
    // What it says on standard output is all that is left of it.
    expect(
      headwater
        .log()
        .split("\n")
        .filter((line) => line !== ""),
    ).toEqual([expect.stringMatching(/^ready /)]);
    const stopping = await entries("HEADWATER_EVENT=stopping");
    expect(stopping).toHaveLength(1);
    expect(stopping[0]).toMatchObject({
      ...{ MESSAGE: "stopping signal=SIGTERM", HEADWATER_SIGNAL: "SIGTERM", PRIORITY: "6" },
      ...{ SYSLOG_IDENTIFIER: "headwater", _TRANSPORT: "journal", _PID: String(pid) },
    });
    const [folder] = await entries("HEADWATER_EVENT=data folder");
    expect(folder).toMatchObject({ HEADWATER_FOLDER: headwater.dataFolder });
    expect(await entries("--priority=err", "SYSLOG_IDENTIFIER=headwater")).toEqual([]);
  } finally {
    await headwater.dispose();
  }
}, 60_000);

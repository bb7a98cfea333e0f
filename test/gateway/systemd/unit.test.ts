import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ENROLMENT_PATH } from "../../../scripts/flashing/setup.ts";
import { EXIT } from "../../../src/cli/exit-codes.ts";
import { OPTIONS } from "../../../src/config/options.ts";

const UNIT = resolve(import.meta.dirname, "../../../gateway/systemd/headwater.service");
const SECOND_MS = 1000;
/** What serve gives the closing of files beyond shutdown.timeout.ms. */
const CLOSE_GRACE_MS = 15 * SECOND_MS;
const text = readFileSync(UNIT, "utf8");
const ENROL = readFileSync(UNIT.replace(".service", "-enrol.service"), "utf8");

/** All values of a key, in their order, as "Section.Key". */
function values(unit: string, key: string): readonly string[] {
  const found: string[] = [];
  let section = "";
  for (const line of unit.split("\n")) {
    const header = /^\[(\w+)\]$/.exec(line);
    if (header !== null) section = header[1] ?? "";
    const [name, ...rest] = line.split("=");
    if (!line.startsWith("#") && `${section}.${name}` === key) found.push(rest.join("="));
  }
  return found;
}

const one = (key: string) => {
  const [value, ...more] = values(text, key);
  expect(more).toEqual([]);
  return value ?? "";
};

describe("the unit", () => {
  test("is started once it serves, watched, and started again whatever ends it, for ever", () => {
    expect(one("Service.Type")).toBe("notify");
    expect(Number(one("Service.WatchdogSec"))).toBeGreaterThanOrEqual(10);
    expect(one("Service.Restart")).toBe("always");
    expect(one("Unit.StartLimitIntervalSec")).toBe("0");
    expect(values(text, "Service.RestartPreventExitStatus")).toEqual([]);
    expect(one("Install.WantedBy")).toBe("multi-user.target");
  });

  test("waits for neither network nor time, as gateways have to start without them", () => {
    const waits = ["After", "Requires", "BindsTo"].flatMap((key) => values(text, `Unit.${key}`));
    expect(waits).toEqual(["local-fs.target"]);
    // Asked for, and since it is not ordered before the gateway, not waited for.
    expect(values(text, "Unit.Wants")).toEqual(["headwater-enrol.service"]);
    expect(values(ENROL, "Unit.Before")).toEqual([]);
  });

  test("has time to stop", () => {
    const wanted = (OPTIONS["shutdown.timeout.ms"].default ?? Number.NaN) + CLOSE_GRACE_MS;
    expect(Number(one("Service.TimeoutStopSec")) * SECOND_MS).toBeGreaterThan(wanted);
  });

  test("is an ordinary user without capabilities, with folders of its own, bounded in memory and files", () => {
    expect([one("Service.User"), one("Service.Group")]).toEqual(["headwater", "headwater"]);
    expect(one("Service.CapabilityBoundingSet")).toBe("");
    expect([one("Service.StateDirectory"), one("Service.ConfigurationDirectory")]).toEqual([
      "headwater headwater/slots",
      "headwater",
    ]);
    expect(one("Service.MemoryMax")).toMatch(/^[1-9][0-9]%$/);
    const files = (OPTIONS["max.connections"].default ?? Number.NaN) + 2 * 1024;
    expect(Number(one("Service.LimitNOFILE"))).toBeGreaterThan(files);
  });

  test("has nothing that breaks the program: its code is made as it runs, and it asks whether the clock is kept", () => {
    expect(values(text, "Service.MemoryDenyWriteExecute")).toEqual([]);
    expect(values(text, "Service.ProtectClock")).toEqual([]);
    // The boot's id, which tells what was stamped by which boot's clock.
    expect(values(text, "Service.ProcSubset")).toEqual([]);
    expect(values(text, "Service.SystemCallFilter").at(-1)).toBe("adjtimex");
  });
});

test("starts versions out of the slots: programs run there, and one that makes room for another has not failed", () => {
  const slots = "/var/lib/headwater/slots";
  expect(one("Service.ExecStart")).toStartWith(`/usr/lib/headwater/launch ${slots} serve `);
  expect(values(text, "Service.NoExecPaths").join(" ").split(" ")).toContain("/var");
  expect(one("Service.ExecPaths")).toBe(`-${slots}`);
  expect(one("Service.SuccessExitStatus")).toBe(String(EXIT.restart));
  // What the launcher's guard writes and ends is in the same group of processes, and so is an update from the centre.
  expect(Number(one("Service.TasksMax"))).toBeGreaterThan(100);
});

describe("the unit that enrols", () => {
  const only = (key: string) => values(ENROL, key).join("\n");

  test("runs where there is a file for it, waits for ever, and has the gateway go on with what it brought", () => {
    expect(only("Unit.ConditionPathExists")).toBe(ENROLMENT_PATH);
    expect(values(ENROL, "Service.ExecStart")).toEqual([
      `/usr/bin/headwater enrol --wait --file ${ENROLMENT_PATH}`,
      "/usr/bin/systemctl --no-block try-restart headwater.service",
    ]);
    expect([
      only("Service.Type"),
      only("Service.TimeoutStartSec"),
      only("Unit.StartLimitIntervalSec"),
    ]).toEqual(["oneshot", "infinity", "0"]);
  });

  test("is started again unless the centre has refused, or what it was told is wrong", () => {
    expect(only("Service.Restart")).toBe("on-failure");
    expect(only("Service.RestartPreventExitStatus")).toBe(`${EXIT.failed} ${EXIT.usage}`);
  });

  test("can write what it has to, and no more", () => {
    expect(only("Service.ProtectSystem")).toBe("strict");
    expect(values(ENROL, "Service.ReadWritePaths")).toEqual(["/etc/headwater", "-/var/lib/headwater"]);
    expect(values(ENROL, "Service.MemoryDenyWriteExecute")).toEqual([]);
  });
});

test.skipIf(Bun.which("systemd-analyze") === null)("systemd knows all of its lines", () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-unit-"));
  const verify = (unit: string) => {
    // The program need not be installed here.
    const installed = (lines: string) =>
      lines.replaceAll(/\/usr\/(?:bin\/headwater|lib\/headwater\/launch)/g, process.execPath);
    writeFileSync(join(folder, "headwater-enrol.service"), installed(ENROL));
    writeFileSync(join(folder, "headwater.service"), installed(unit));
    const { stdout, stderr } = Bun.spawnSync([
      "systemd-analyze",
      "verify",
      "--man=no",
      "--recursive-errors=no",
      join(folder, "headwater.service"),
      join(folder, "headwater-enrol.service"),
    ]);
    return `${stdout}${stderr}`;
  };
  try {
    expect(verify(text)).toBe("");
    expect(verify(text.replace("WatchdogSec=", "WatchdogSecs="))).toContain("WatchdogSecs");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

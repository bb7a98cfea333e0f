import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { arch, cpus, release } from "node:os";
import { dirname, resolve } from "node:path";
import { HeadwaterError } from "../base/errors.ts";
import { formatAddress } from "../config/address.ts";
import type { Settings } from "../config/options.ts";
import { PAGE_SIZE_BYTES } from "../io/bun/libc.ts";
import type { Command, Input } from "./command.ts";
import { readClockState } from "./doctor/clock-state.ts";
import { checkFreeSpace, checkPreallocation, checkSync, judgeFileSystem } from "./doctor/disk-checks.ts";
import type { Finding, Verdict } from "./doctor/finding.ts";
import { type Histories, judgeGateway, judgeHistories } from "./doctor/gateway-checks.ts";
import {
  judgeClock,
  judgeCpu,
  judgeKernel,
  judgeMemory,
  judgeOpenFiles,
  judgePageSize,
} from "./doctor/system-checks.ts";
import { checkUplink } from "./doctor/uplink-checks.ts";
import { EXIT } from "./exit-codes.ts";
import { wrap } from "./help.ts";
import type { HttpDoor } from "./http/door.ts";
import { LOGIN_FLAGS, withDoor } from "./http/flags.ts";
import { fetchStatus, postUplink } from "./http/requests.ts";
import { effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import type { World } from "./world.ts";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "Measure this machine and say what it means for a gateway",
  flags: [...SETTING_FLAGS, ...LOGIN_FLAGS.filter(({ name }) => name !== "ca")],
  notes: [
    "Looks at the folder of --data: how long a synced append takes (300 small ones in a file of its own that is removed), file system, free space; and at clock, processor, memory, kernel and limits. A gateway may run meanwhile: what it says of its clock and of the flow of its uplinks is shown, too.",
    "Of every [uplink.NAME] it finds, reaches and logs in to each address of the centre, and looks for the topics that routes name in full. Nothing is changed there.",
    "The exit code is 1 where something has to be changed (problem); warnings alone leave it 0.",
  ],
  examples: [["headwater doctor --data /var/lib/headwater", "before a gateway goes out"]],
  run: doctor,
};

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: "ok     ",
  note: "note   ",
  warning: "WARNING",
  problem: "PROBLEM",
};

async function doctor(input: Input, world: World): Promise<number> {
  const { settings } = effectiveSettings(input, world);
  const listen = settings["http.listen"];
  const findings =
    listen === "off"
      ? await allFindings(settings, true, null)
      : await withDoor(formatAddress(listen), input, world, (door) => allFindings(settings, true, door));
  const problems = findings.filter(({ verdict }) => verdict === "problem").length;
  if (input.json) world.out(`${JSON.stringify({ ok: problems === 0, findings })}\n`);
  else world.out(findings.map(findingText).join("\n"));
  return problems === 0 ? EXIT.ok : EXIT.failed;
}

/** All that is found out here; `writes`: the disk is measured, too, by files of its own that are removed. */
export async function allFindings(
  settings: Settings,
  writes: boolean,
  door: HttpDoor | null,
): Promise<readonly Finding[]> {
  const centres = await Promise.all(settings.uplinks.map((uplink) => checkUplink(uplink, settings)));
  const gateway = door === null ? [] : await gatewayFindings(settings, door);
  return [...dataFindings(settings, writes), ...systemFindings(settings), ...centres, ...gateway];
}

/** Of the gateway of these settings, where it runs and serves HTTP. */
async function gatewayFindings(settings: Settings, door: HttpDoor): Promise<readonly Finding[]> {
  try {
    const status = await fetchStatus(door);
    if (status.gatewayId !== settings["gateway.id"]) return [];
    const histories = await Promise.all(status.uplinks.map(({ name }) => historyFindings(door, name)));
    return [...judgeGateway(status), ...histories.flat()];
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    // Where it does not run there is nothing to say.
    if (error.code !== "AUTHENTICATION") return [];
    const remedy = "log in (headwater login), or give --user";
    const said = { value: "not asked", meaning: error.message, remedy, data: {} };
    return [{ check: "gateway", verdict: "note", ...said }];
  }
}

/** None where the gateway does not say: where `http.control` is off, for one. */
async function historyFindings(door: HttpDoor, uplink: string): Promise<readonly Finding[]> {
  try {
    const answer = await postUplink(door, uplink, "inspect", {});
    return judgeHistories({ uplink, ...(answer as Omit<Histories, "uplink">) });
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return [];
  }
}

function dataFindings(settings: Settings, writes: boolean): readonly Finding[] {
  const data = resolve(settings.data);
  const folder = nearestFolder(data);
  const where = folderFinding(data, folder);
  if (where.verdict === "problem") return [where];
  const real = realpathSync(folder);
  return [
    where,
    judgeFileSystem(real, read("/proc/self/mountinfo")),
    checkFreeSpace(real, settings["disk.reserve.bytes"]),
    ...(writes
      ? [
          attempt("fdatasync", () => checkSync(real, () => performance.now())),
          attempt("preallocation", () => checkPreallocation(real)),
        ]
      : []),
  ];
}

function systemFindings(settings: Settings): readonly Finding[] {
  // Segments, two indexes each at most, journal, listeners and the like.
  const files =
    settings["disk.max.open.files"] + settings["max.connections"] + settings["mqtt.max.connections"] + 64;
  return [
    judgeClock(readClockState(Date.now())),
    judgePageSize(PAGE_SIZE_BYTES),
    judgeCpu(read("/proc/cpuinfo"), arch(), cpus().length),
    judgeMemory(read("/proc/meminfo")),
    judgeKernel(release()),
    judgeOpenFiles(read("/proc/self/limits"), files),
  ];
}

/** The folder itself, or the nearest above it that exists: nothing is made, so that rights stay as they are. */
function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}

function folderFinding(data: string, folder: string): Finding {
  const check = "data folder";
  const value = data === folder ? data : `${data} (not there yet; measured in ${folder})`;
  const facts = { data, measured: folder };
  if (!statSync(folder).isDirectory()) {
    const meaning = `${folder} is not a folder`;
    return { check, verdict: "problem", value, meaning, remedy: "name another with --data", data: facts };
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    const meaning = "this user may not write there";
    const remedy = "run as the gateway's user, or change the folder's owner";
    return { check, verdict: "problem", value, meaning, remedy, data: facts };
  }
  return { check, verdict: "ok", value, meaning: "it can be written", remedy: null, data: facts };
}

/** A check that could not even be made is a finding too. */
function attempt(check: string, make: () => Finding): Finding {
  try {
    return make();
  } catch (error) {
    const value = error instanceof Error ? error.message : String(error);
    const meaning = "it could not be measured: the disk is full or failing";
    return { check, verdict: "problem", value, meaning, remedy: "make room, or replace the disk", data: {} };
  }
}

function findingText({ check, verdict, value, meaning, remedy }: Finding): string {
  const indent = 8;
  const lines = [`${MARKS[verdict]} ${check}: ${value}`, `${" ".repeat(indent)}${wrap(meaning, indent)}`];
  if (remedy !== null) lines.push(`${" ".repeat(indent)}-> ${wrap(remedy, indent + 3)}`);
  return `${lines.join("\n")}\n`;
}

/** A file of the kernel, or nothing where it is not there (a sandbox, say). */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

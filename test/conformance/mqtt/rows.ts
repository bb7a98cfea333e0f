import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStep, type Step } from "./steps.ts";

export type SpecVersion = "3.1.1" | "5";

/** One normative statement, as this folder's files have it. */
export interface Row {
  readonly version: SpecVersion;
  /** As in "MQTT-3.1.0-1". */
  readonly id: string;
  /** What the statement asks for, in our own words. */
  readonly says: string;
  readonly status: Status;
  /** File and line, for messages. */
  readonly place: string;
}

export type Status =
  | { readonly is: "tested"; readonly steps: readonly Step[] }
  /** What is sent and expected is there; what the broker does is not there yet. */
  | { readonly is: "pending"; readonly reason: string; readonly steps: readonly Step[] }
  | { readonly is: "not applicable"; readonly reason: string };

export const VERSIONS: readonly SpecVersion[] = ["3.1.1", "5"];

const HEADING = /^## (MQTT-\d+\.\d+\.\d+-\d+)$/;
const REMARK = /^(not applicable|pending): (.+)$/;

/** All rows, in the order of files and lines. */
export function readRows(): readonly Row[] {
  return VERSIONS.flatMap((version) => {
    const folder = join(import.meta.dir, `mqtt-${version}`);
    const names = readdirSync(folder).sort();
    return names.flatMap((name) => {
      const place = `mqtt-${version}/${name}`;
      return parseRows(version, place, readFileSync(join(folder, name), "utf8"));
    });
  });
}

/** Rows of one file. Throws, with the line, where it is not what this folder's README describes. */
export function parseRows(version: SpecVersion, file: string, text: string): readonly Row[] {
  const rows: Row[] = [];
  let open: OpenRow | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const place = `${file}:${index + 1}`;
    const heading = HEADING.exec(line);
    if (heading !== null) {
      if (open !== null) rows.push(closeRow(version, open));
      open = { id: heading[1] ?? "", place, says: [], remark: null, steps: [] };
    } else if (line.startsWith("#")) {
      if (open !== null) throw new Error(`${place}: a heading that is no statement's: ${line}`);
    } else if (open !== null && line.trim() !== "") {
      readLine(open, line, place);
    }
  }
  if (open !== null) rows.push(closeRow(version, open));
  return rows;
}

interface OpenRow {
  readonly id: string;
  readonly place: string;
  readonly says: string[];
  remark: { readonly is: "not applicable" | "pending"; readonly reason: string } | null;
  readonly steps: Step[];
}

function readLine(row: OpenRow, line: string, place: string): void {
  if (line.startsWith("    ")) {
    const step = parseStep(line.trim(), place);
    if (step !== null) row.steps.push(step);
    return;
  }
  const remark = REMARK.exec(line);
  if (row.steps.length > 0 || row.remark !== null) {
    throw new Error(`${place}: words behind the steps of ${row.id}`);
  }
  if (remark === null) row.says.push(line.trim());
  else row.remark = { is: remark[1] === "pending" ? "pending" : "not applicable", reason: remark[2] ?? "" };
}

function closeRow(version: SpecVersion, row: OpenRow): Row {
  const { id, place, remark, steps } = row;
  if (row.says.length === 0) throw new Error(`${place}: ${id} without words`);
  return { version, id, place, says: row.says.join(" "), status: statusOf(remark, steps, `${place}: ${id}`) };
}

function statusOf(remark: OpenRow["remark"], steps: readonly Step[], row: string): Status {
  if (remark?.is === "not applicable") {
    if (steps.length > 0) throw new Error(`${row} has steps, and does not apply`);
    return { is: "not applicable", reason: remark.reason };
  }
  if (!steps.some(checksSomething)) throw new Error(`${row} checks nothing`);
  if (remark === null) return { is: "tested", steps };
  return { is: "pending", reason: remark.reason, steps };
}

/** Whether a step says what the broker has to do. */
function checksSomething(step: Step): boolean {
  return ["expect", "silent", "closed", "logged"].includes(step.kind);
}

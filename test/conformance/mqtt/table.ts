import type { Row } from "./rows.ts";
import { VERSIONS } from "./rows.ts";

/** The rows as a document: how many there are of what, then one line each. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [
    "# MQTT: every normative statement, and how it is kept",
    "",
    "Made by `test/conformance/mqtt/write-table.ts` from the files beside it; a test compares them.",
    "",
    "| MQTT | Statements | Tested | Not applicable | Pending |",
    "| --- | --- | --- | --- | --- |",
    ...VERSIONS.map((version) => {
      const own = rows.filter((row) => row.version === version);
      const count = (is: string): number => own.filter((row) => row.status.is === is).length;
      return `| ${version} | ${own.length} | ${count("tested")} | ${count("not applicable")} | ${count("pending")} |`;
    }),
  ];
  for (const version of VERSIONS) {
    lines.push("", `## MQTT ${version}`, "", "| Statement | What it asks for | |", "| --- | --- | --- |");
    for (const row of rows.filter((row) => row.version === version)) {
      const { status } = row;
      const how = status.is === "tested" ? "tested" : `${status.is}: ${status.reason}`;
      lines.push(`| ${row.id} | ${cell(row.says)} | ${cell(how)} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

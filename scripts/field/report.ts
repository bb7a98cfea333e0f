/** One thing that was done to a gateway, and what became of it. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** How long it took to be as it should be; null where time says nothing. */
  readonly tookMs: number | null;
  readonly detail: string;
}

/** All that was seen of one machine. */
export interface MachineReport {
  readonly machine: string;
  readonly findings: readonly Finding[];
}

/** The report as Markdown. Times are those of an emulated processor, which is some ten times as slow. */
export function reportText(version: string, atMs: number, machines: readonly MachineReport[]): string {
  const lines = [
    `# Headwater ${version} on emulated gateways`,
    "",
    `${new Date(atMs).toISOString().slice(0, 16)}Z`,
    "",
  ];
  for (const { machine, findings } of machines) {
    const bad = findings.filter(({ ok }) => !ok).length;
    lines.push(
      `## ${machine}: ${bad === 0 ? "all as it should be" : `${bad} of ${findings.length} failed`}`,
      "",
    );
    lines.push("| what | result | took | |", "| --- | --- | --- | --- |");
    for (const { what, ok, tookMs, detail } of findings) {
      const took = tookMs === null ? "" : `${(tookMs / 1000).toFixed(1)} s`;
      lines.push(`| ${cell(what)} | ${ok ? "ok" : "FAILED"} | ${took} | ${cell(detail)} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

function cell(text: string): string {
  return text
    .replaceAll("|", "\\|")
    .replaceAll(/\s*\n\s*/g, " ")
    .slice(0, 400);
}

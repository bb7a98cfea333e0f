import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { UsageError } from "./command-line.ts";
import { DeviceLedger, type Expectation, readLedgers, writeLedgers } from "./ledger.ts";

/** The ledgers in a file; none where there is no such file. Throws UsageError that names file and line. */
export function loadLedgers(path: string): ReadonlyMap<string, Expectation> {
  if (!existsSync(path)) return new Map();
  try {
    return readLedgers(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new UsageError(`${path}: ${reason(cause)}`);
  }
}

/**
 * Writes the ledgers of a fleet, and of the devices that an earlier run left in the file and that this fleet does
 * not have. Throws UsageError where the file can't be written. The file is replaced whole, so that a run that is killed leaves the earlier one.
 */
export function saveLedgers(
  path: string,
  ledgers: ReadonlyMap<string, DeviceLedger>,
  earlier: ReadonlyMap<string, Expectation>,
): void {
  const all = new Map(ledgers);
  for (const [device, expectation] of earlier) {
    if (!all.has(device)) all.set(device, new DeviceLedger(expectation));
  }
  try {
    writeFileSync(`${path}.new`, writeLedgers(all));
    renameSync(`${path}.new`, path);
  } catch (cause) {
    throw new UsageError(`the ledger can't be written: ${reason(cause)}`);
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

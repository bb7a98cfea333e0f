import { afterAll, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { REFERENCE } from "./target.ts";

/** How one feature fared with one client. */
export interface Result {
  readonly client: string;
  readonly feature: string;
  readonly result: "passed" | "failed" | "skipped";
}

/**
 * Where the table of clients and features is left, as data, a file each group: what documentation shows is made from
 * it, and several processes may leave theirs at once.
 */
const RESULTS_FOLDER: string = resolve(
  import.meta.dirname,
  `../../.cache/interop/results${REFERENCE ? "-reference" : ""}`,
);

/**
 * What is known after a run: its results, and of what it did not try those of runs before. A test that was skipped
 * says nothing about what an earlier run found.
 */
export function merged(before: readonly Result[], now: readonly Result[]): readonly Result[] {
  const all = new Map(before.map((result) => [keyOf(result), result]));
  for (const result of now) {
    if (result.result !== "skipped" || !all.has(keyOf(result))) all.set(keyOf(result), result);
  }
  return [...all.values()];
}

function keyOf({ client, feature }: Result): string {
  return `${client}\t${feature}`;
}

/** Registers tests and keeps how they end, by client and feature; several tests of one feature count as one. */
export class Results {
  private readonly results = new Map<string, Result>();
  private readonly group: string;

  constructor(group: string) {
    this.group = group;
    afterAll(() => this.save());
  }

  /** A test of one feature of one client; `reason` skips it. */
  test(client: string, feature: string, reason: string | null, body: () => Promise<void>, detail = ""): void {
    const name = `${client}: ${feature}${detail}`;
    if (reason !== null) {
      this.note({ client, feature, result: "skipped" });
      test.skip(`${name} (${reason})`, () => {});
      return;
    }
    test(
      name,
      async () => {
        try {
          await body();
          this.note({ client, feature, result: "passed" });
        } catch (error) {
          this.note({ client, feature, result: "failed" });
          throw error;
        }
      },
      TEST_TIMEOUT_MS,
    );
  }

  private note(result: Result): void {
    const key = keyOf(result);
    if (this.results.get(key)?.result !== "failed") this.results.set(key, result);
  }

  private save(): void {
    const path = `${RESULTS_FOLDER}/${this.group}.json`;
    const before: readonly Result[] = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
    mkdirSync(RESULTS_FOLDER, { recursive: true });
    const known = merged(before, [...this.results.values()]);
    writeFileSync(`${path}.new`, `${JSON.stringify(known, null, 2)}\n`);
    renameSync(`${path}.new`, path);
  }
}

const TEST_TIMEOUT_MS = 90_000;

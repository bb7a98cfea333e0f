import { existsSync } from "node:fs";
import { HeadwaterError, hasCode } from "../../src/base/errors.ts";
import { formatAddress } from "../../src/config/address.ts";
import { type OptionSpec, Options, UsageError } from "./command-line.ts";
import type { Expectation } from "./ledger.ts";
import { loadLedgers } from "./ledger-file.ts";
import { EXIT, type Terminal } from "./terminal.ts";
import { TopicReader, type TopicReaderOptions } from "./topic-reader.ts";
import { type Verdict, Verifier } from "./verify.ts";

export const VERIFY_OPTIONS: readonly OptionSpec[] = [
  {
    name: "kafka",
    value: "HOST:PORT",
    doc: "any Kafka that has the topic, gateway or centre; 127.0.0.1:9092",
  },
  { name: "topic", value: "NAME", doc: "where the readings are; telemetry" },
  { name: "ledger", value: "FILE", doc: "what a run has written" },
  { name: "isolation", value: "LEVEL", doc: "read_committed or read_uncommitted; read_committed" },
  { name: "wait", value: "TIME", doc: "wait that long for readings that are not there yet, as 30s; 0s" },
  { name: "ignore-others", doc: "don't count readings of devices that are not in the ledger" },
  { name: "json", doc: "the verdict as one JSON object" },
];

const STALL_MS = 30_000;
/** How long to wait before looking again for what is missing. */
const AGAIN_MS = 250;

/** A verdict, and what else was in the topic. */
export interface Proof extends Verdict {
  readonly topic: string;
  readonly partitions: number;
  /** Records that are no readings, or readings of devices that were left out. */
  readonly others: number;
}

/** Reads a topic back and holds it against a ledger; gives the exit code. Throws HeadwaterError, UsageError. */
export async function verifyCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = Options.parse(VERIFY_OPTIONS, args);
  const path = options.text("ledger");
  if (path === null) throw new UsageError("--ledger FILE is missing: what a run has written");
  if (!existsSync(path)) throw new UsageError(`--ledger ${path}: there is no such file`);
  const ignoreOthers = options.on("ignore-others");
  const address = options.address("kafka", "127.0.0.1:9092");
  const isolation = options.choice(
    "isolation",
    ["read_committed", "read_uncommitted"] as const,
    "read_committed",
  );
  const topic = options.text("topic") ?? "telemetry";
  const waitMs = options.durationMs("wait") ?? 0;
  const proof = await prove(
    { bootstrap: [address], topic, isolation, stallMs: STALL_MS },
    loadLedgers(path),
    { waitMs, ignoreOthers },
  );
  if (options.on("json")) terminal.out(`${JSON.stringify(proof)}\n`);
  else terminal.out(`${topic} at ${formatAddress(address)}\n${proofText(proof)}`);
  return proof.ok ? EXIT.ok : EXIT.failed;
}

/**
 * Reads all of a topic, from all partitions up to their ends, and tells whether each acknowledged reading is there
 * once and in order. Where some are missing, looks for more until `waitMs` are over. Throws HeadwaterError.
 */
export async function prove(
  from: TopicReaderOptions,
  expected: ReadonlyMap<string, Expectation>,
  { waitMs = 0, ignoreOthers = false }: { readonly waitMs?: number; readonly ignoreOthers?: boolean } = {},
): Promise<Proof> {
  const deadline = performance.now() + waitMs;
  const reader = await openBefore(from, deadline);
  try {
    const verifier = new Verifier(expected);
    let ignored = 0;
    for (;;) {
      await reader.readToEnd((reading, partition, offset) => {
        if (ignoreOthers && !expected.has(reading.device)) ignored += 1;
        else verifier.add(reading, `${from.topic}-${partition} offset ${offset}`);
      });
      const verdict = verifier.verdict();
      if (verdict.missing === 0 || performance.now() > deadline) {
        return {
          topic: from.topic,
          partitions: reader.partitions,
          others: reader.others + ignored,
          ...verdict,
        };
      }
      await Bun.sleep(AGAIN_MS);
    }
  } finally {
    reader.close();
  }
}

/** Waits for broker and topic too, where there is time. */
async function openBefore(from: TopicReaderOptions, deadline: number): Promise<TopicReader> {
  for (;;) {
    try {
      return await TopicReader.open(from);
    } catch (error) {
      const mayCome = hasCode(error, "NETWORK") || hasCode(error, "TIMED_OUT");
      if (!(error instanceof HeadwaterError) || !mayCome || performance.now() > deadline) throw error;
      await Bun.sleep(AGAIN_MS);
    }
  }
}

/** The verdict for people, a line each thing. */
export function proofText(proof: Proof): string {
  const { devices, partitions, acked, found, missing, repeated, outOfOrder, strange, others } = proof;
  const count = (value: number): string => value.toLocaleString("en").padStart(12);
  const lines = [
    `acknowledged${count(acked)}  readings of ${devices} devices`,
    `found       ${count(found)}  in ${partitions} partition${partitions === 1 ? "" : "s"}${others === 0 ? "" : `, beside ${others} other records`}`,
    `missing     ${count(missing)}`,
    `twice       ${count(repeated)}`,
    `out of order${count(outOfOrder)}`,
    ...(strange > 0 ? [`never sent  ${count(strange)}`] : []),
    ...proof.examples.map((example) => `  ${example}`),
    conclusion(proof),
  ];
  return `${lines.join("\n")}\n`;
}

function conclusion(proof: Proof): string {
  if (proof.ok) return "OK: every acknowledged reading is there exactly once, in the order of its device";
  if (proof.acked === 0) return "FAILED: nothing was acknowledged, so nothing is proved";
  return "FAILED";
}

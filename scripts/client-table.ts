/**
 * Makes the README's table of clients from what the interop tests left in `.cache/interop/results`: which client
 * passed how many tests of what. Where a test failed it writes nothing and fails. With `--check` nothing is written at
 * all: it fails where the README says something else, too.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KAFKA_VERSION } from "../test/support/kafka/real-kafka.ts";

interface Result {
  readonly client: string;
  readonly feature: string;
  readonly result: "passed" | "failed" | "skipped";
}

const TOP = join(import.meta.dirname, "..");
const README = join(TOP, "README.md");
const RESULTS = join(TOP, ".cache/interop/results");
const BEGIN = "<!-- Made by scripts/client-table.ts from the results of test/interop. -->";
const END = "<!-- End of what is made. -->";

/** Columns, and the groups of results that count for them; those of `platformatic` by feature. */
const COLUMNS: readonly (readonly [string, readonly string[]])[] = [
  ["records", ["kafka", "platformatic/produce and consume in a group"]],
  ["broker crashes", ["kafka-crash"]],
  ["admin", ["kafka-admin", "kafka-admin-tools", "platformatic/admin"]],
  ["groups", ["groups", "platformatic/produce and consume in a group"]],
  ["groups, KIP-848", ["consumer-groups"]],
  ["transactions", ["transactions", "platformatic/transactions"]],
  ["queues", ["share-groups"]],
  ["device views", ["device-views"]],
  ["Kafka, TLS and logins", ["kafka-security", "kafka-acls"]],
  ["MQTT", ["mqtt", "mqtt-crash", "mqtt-sessions", "mqtt-browser"]],
  ["MQTT, TLS", ["mqtt-tls"]],
];

/** Tools that are one client, and what several clients do together. */
const CLIENT_OF: readonly (readonly [RegExp, string | null])[] = [
  [/^(java\b|kafka-)(?!python)/, "java"],
  [/^all that/, null],
  [/^raw requests/, null],
];

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const check = args[0] === "--check";
  if (args.length > (check ? 1 : 0)) {
    console.error("usage: client-table.ts [--check]");
    return 2;
  }
  const results = readResults();
  const failed = Object.values(results).flatMap((group) => group.filter(({ result }) => result === "failed"));
  for (const { client, feature } of failed) console.error(`failed: ${client}: ${feature}`);
  const before = readFileSync(README, "utf8");
  const [start, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (start < 0 || end < start) {
    console.error(`README.md lacks the lines ${BEGIN} and ${END}`);
    return 1;
  }
  const after = `${before.slice(0, start + BEGIN.length)}\n\n${table(results)}\n${before.slice(end)}`;
  if (!check) {
    if (failed.length > 0) {
      console.error("the README's table of clients stays as it is: run those tests again");
      return 1;
    }
    writeFileSync(README, after);
    return 0;
  }
  if (after !== before)
    console.error("the README's table of clients is another one: run scripts/client-table.ts");
  return after === before && failed.length === 0 ? 0 : 1;
}

/** By group, in the order of their names. */
function readResults(): Readonly<Record<string, readonly Result[]>> {
  const files = readdirSync(RESULTS).filter((name) => name.endsWith(".json"));
  return Object.fromEntries(
    files
      .sort()
      .map((name) => [name.slice(0, -".json".length), JSON.parse(readFileSync(join(RESULTS, name), "utf8"))]),
  );
}

function table(results: Readonly<Record<string, readonly Result[]>>): string {
  const clients = new Map<string, Map<string, { passed: number; all: number }>>();
  for (const [group, list] of Object.entries(results)) {
    for (const { client, feature, result } of list) {
      const name = clientOf(client);
      if (name === null || result === "skipped") continue;
      for (const [column, groups] of COLUMNS) {
        if (!groups.includes(group) && !groups.includes(`${group}/${feature}`)) continue;
        const counts = clients.get(name) ?? new Map<string, { passed: number; all: number }>();
        const count = counts.get(column) ?? { passed: 0, all: 0 };
        count.all += 1;
        if (result === "passed") count.passed += 1;
        clients.set(name, counts.set(column, count));
      }
    }
  }
  const versions = clientVersions();
  const rows = [...clients]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, counts]) => [
      versions.get(name) === undefined ? name : `${name} ${versions.get(name)}`,
      ...COLUMNS.map(([column]) => cell(counts.get(column))),
    ]);
  return markdown([["Client", ...COLUMNS.map(([column]) => column)], ...rows]);
}

function cell(count: { readonly passed: number; readonly all: number } | undefined): string {
  return count === undefined ? "" : `${count.passed} of ${count.all}`;
}

function clientOf(name: string): string | null {
  const found = CLIENT_OF.find(([pattern]) => pattern.test(name));
  return found === undefined ? name : found[1];
}

/** As pinned where the tests get them from; clients of the distribution have none. */
function clientVersions(): ReadonlyMap<string, string> {
  const read = (path: string) => readFileSync(join(TOP, path), "utf8");
  const versions = new Map<string, string>([["java", KAFKA_VERSION]]);
  for (const [, name = "", version = ""] of read("test/interop/python/requirements.txt").matchAll(
    /^([\w-]+)==(\S+)/gm,
  )) {
    versions.set(name === "paho-mqtt" ? "paho" : name, version);
  }
  const go = /franz-go v(\S+)/.exec(read("test/interop/go/go.mod"));
  if (go?.[1] !== undefined) versions.set("franz-go", go[1]);
  const mod = read("test/interop/go/go.mod");
  for (const [, name = "", version = ""] of mod.matchAll(/eclipse\/(paho\S*) v(\S+)/g))
    versions.set(name, version);
  const hiveMq = /hivemq-mqtt-client<\/artifactId>\s*<version>([^<]+)/.exec(
    read("test/interop/java/mqtt/pom.xml"),
  );
  const { dependencies, devDependencies } = JSON.parse(read("package.json"));
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    versions.set(name, String(version));
  }
  for (const protocol of ["3.1.1", "5"]) {
    versions.set(`paho ${protocol}`, `(paho ${versions.get("paho")})`);
    versions.set(`MQTT.js ${protocol}`, `(MQTT.js ${versions.get("mqtt")})`);
    versions.set(`HiveMQ client ${protocol}`, `(HiveMQ client ${hiveMq?.[1]})`);
  }
  return versions;
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) =>
    Math.max(3, ...rows.map((row) => (row[index] ?? "").length)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((text, index) => text.padEnd(widths[index] ?? 0)).join(" | ")} |\n`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |\n`;
  const [head = [], ...body] = rows;
  return line(head) + rule + body.map(line).join("");
}

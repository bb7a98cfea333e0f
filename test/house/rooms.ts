import { importsOf, resolveImport, type Source, type Violation } from "./sources.ts";

/**
 * The rooms of src/, lowest first. A room may import itself and every room on a line above it, never a room on
 * its own line or below. Rooms nest: a file belongs to the longest name that its path starts with.
 */
const ORDER: readonly (readonly string[])[] = [
  ["base"],
  ["io"],
  ["io/bun", "io/simulated"],
  ["config", "metrics", "clock"],
  ["kafka/wire", "records"],
  ["log"],
  ["broker"],
  ["kafka/client"],
  ["coordinators", "cluster", "upstream", "security", "update"],
  ["enrolment"],
  ["kafka", "mqtt", "http", "mdns"],
  ["cli"],
  ["wiring"],
  ["main.ts"],
];

/** Rooms that only these may import: who takes the real clock or disk from here takes it past the seam. */
const RESERVED: ReadonlyMap<string, readonly string[]> = new Map([
  ["io/bun", ["cli", "wiring", "main.ts"]],
  ["io/simulated", []],
]);

/** What code outside src/ that ships may import: it is a client of the broker, never a part of it. */
const CLIENT_ROOMS: readonly string[] = [
  "base",
  "io",
  "io/bun",
  "io/simulated",
  "config",
  "kafka/wire",
  "kafka/client",
  "records",
];

/** All rooms that the order names. */
export const ROOMS: readonly string[] = ORDER.flat();

/** The room of a path below src/, e.g. "kafka/wire", or null where the order has no place for it. */
export function roomOf(path: string): string | null {
  const parts = path.replace(/^src\//, "").split("/");
  for (let count = parts.length; count > 0; count -= 1) {
    const name = parts.slice(0, count).join("/");
    if (ROOMS.includes(name)) return name;
  }
  return null;
}

/** Imports that go against the order, and files that have no place in it. */
export function directionViolations(sources: readonly Source[]): readonly Violation[] {
  return sources.flatMap((source) => {
    const room = roomOf(source.path);
    if (room === null) return [{ path: source.path, message: "belongs to no room of test/house/rooms.ts" }];
    const targets = importsOf(source.text).map((specifier) => resolveImport(source.path, specifier));
    return targets
      .filter((target) => target !== null)
      .map((target) => refusal(source.path, room, target))
      .filter((message) => message !== null)
      .map((message) => ({ path: source.path, message }));
  });
}

function refusal(path: string, room: string, target: string): string | null {
  // The version is the one thing that the program takes from its package.
  if (target === "package.json") return null;
  // The console is a program of its own, for browsers: the door carries what its bundler made of it.
  if (target === "gateway/console/bundle.ts" && room === "http") return null;
  if (!target.startsWith("src/")) return `imports ${target}, which is not part of the program`;
  const other = roomOf(target);
  if (other === null) return `imports ${target}, which belongs to no room`;
  if (other === room) return null;
  // A Worker's entry point wires, as main.ts does.
  const reserved = path.endsWith("-worker.ts") ? undefined : RESERVED.get(other);
  if (reserved !== undefined && !reserved.includes(room)) return `${room} may not import ${other}`;
  return level(other) < level(room) ? null : `${room} may not import ${other}`;
}

function level(room: string): number {
  return ORDER.findIndex((line) => line.includes(room));
}

/** Imports from devices/ into rooms that no client needs. */
export function clientViolations(sources: readonly Source[]): readonly Violation[] {
  return sources.flatMap((source) =>
    importsOf(source.text)
      .map((specifier) => resolveImport(source.path, specifier))
      .filter((target) => target?.startsWith("src/"))
      .filter((target) => !CLIENT_ROOMS.includes(roomOf(target ?? "") ?? ""))
      .map((target) => ({ path: source.path, message: `imports ${target}: devices are clients` })),
  );
}

import { roomOf } from "./rooms.ts";
import { importsOf, type Source, type Violation, withoutComments } from "./sources.ts";

/** Rooms that meet the real world: everything else gets time, randomness, disk and network through src/io. */
const WORLDLY: readonly string[] = ["io/bun", "cli", "wiring", "main.ts"];

interface Forbidden {
  readonly what: string;
  readonly pattern: RegExp;
}

const FORBIDDEN: readonly Forbidden[] = [
  { what: "the clock", pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bBun\.nanoseconds\b/g },
  { what: "randomness", pattern: /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b|\brandomBytes\b/g },
  { what: "a timer", pattern: /\b(?:setTimeout|setInterval|setImmediate)\b|\bBun\.sleep/g },
  { what: "the process", pattern: /(?<![.\w])process\.\w+/g },
  { what: "the console", pattern: /(?<![.\w])console\.\w+/g },
  { what: "the network", pattern: /(?<![.\w])fetch\(|\bnew WebSocket\b/g },
  { what: "a thread", pattern: /\bnew Worker\(/g },
  { what: "Bun", pattern: /\bBun\.\w+/g },
];

/** What of Bun is a pure function of its arguments, and so allowed everywhere. */
const PURE_BUN: ReadonlySet<string> = new Set([
  "Bun.CryptoHasher",
  "Bun.deflateSync",
  "Bun.gunzipSync",
  "Bun.gzipSync",
  "Bun.hash",
  "Bun.inflateSync",
  "Bun.inspect",
  "Bun.SHA1",
  "Bun.SHA256",
  "Bun.stringWidth",
  "Bun.TOML",
  "Bun.zstdCompressSync",
  "Bun.zstdDecompressSync",
]);

/** Modules of the runtime that only compute. */
const PURE_MODULES: ReadonlySet<string> = new Set(["node:path", "node:zlib", "node:util", "node:buffer"]);

/** Exceptions, each with its reason. */
interface Exception {
  readonly path: string;
  readonly text: string;
  readonly reason: string;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    path: "src/http/",
    text: "Bun.serve",
    reason: "Bun's HTTP server is the listener; a socket seam below it would mean an HTTP parser of our own",
  },
  { path: "src/http/", text: "Bun.Server", reason: "the type of that server" },
  {
    path: "src/mqtt/bridge/mqtt-remote.ts",
    text: "node:stream",
    reason:
      "the package mqtt opens its own sockets, as streams; bridges see them through the seam of remote.ts",
  },
  {
    path: "src/io/simulated/",
    text: "setImmediate",
    reason: "the simulated clock lets promises that are ready run before it moves time",
  },
];

/** Uses of the outside world in rooms that have to stay pure. */
export function purityViolations(
  sources: readonly Source[],
  exceptions: readonly Exception[] = EXCEPTIONS,
): readonly Violation[] {
  return sources
    .filter((source) => !WORLDLY.includes(roomOf(source.path) ?? "") && !source.path.endsWith("-worker.ts"))
    .flatMap((source) =>
      usesOf(source)
        .filter(({ text }) => !exceptions.some((e) => source.path.startsWith(e.path) && e.text === text))
        .map(({ text, what }) => ({ path: source.path, message: `touches ${what}: ${text}` })),
    );
}

function usesOf(source: Source): readonly { readonly text: string; readonly what: string }[] {
  const code = withoutComments(source.text);
  const uses = FORBIDDEN.flatMap(({ what, pattern }) =>
    [...code.matchAll(pattern)].map((match) => ({ text: match[0], what })),
  );
  const modules = importsOf(source.text)
    .filter((name) => (name.startsWith("node:") && !PURE_MODULES.has(name)) || /^bun(?::|$)/.test(name))
    .map((name) => ({ text: name, what: "the outside" }));
  return [...uses.filter(({ text }) => !PURE_BUN.has(text)), ...modules];
}

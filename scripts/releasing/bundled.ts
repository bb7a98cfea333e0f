import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A package whose code is in the binary. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX identifier or expression, as its package.json has it. */
  readonly license: string;
  /** SHA-512 of the archive that it came in, in hex, from bun.lock. */
  readonly sha512: string;
  /** Whether code of the program imports it, and not other packages alone. */
  readonly direct: boolean;
  /** `NAME@VERSION` of what its code imports, sorted. */
  readonly imports: readonly string[];
}

/** What is bundled into what: the options that decide which files get in are those of the real builds. */
export interface Bundle {
  readonly entrypoints: readonly string[];
  readonly target: "bun" | "browser";
  readonly tsconfig?: string;
}

/** Below this the bundler keeps the files of a package. */
const MODULES = "node_modules/";

/** The bundles in the binary: the program with its workers, as `scripts/build` compiles it, and the console inside of it. */
export function bundlesOfBinary(top: string): readonly Bundle[] {
  const workers = [...new Bun.Glob("src/**/*-worker.ts").scanSync({ cwd: top })].sort();
  const console = join(top, "gateway/console");
  return [
    { entrypoints: ["src/main.ts", ...workers].map((path) => join(top, path)), target: "bun" },
    {
      entrypoints: [join(console, "source/main.tsx")],
      target: "browser",
      tsconfig: join(console, "tsconfig.json"),
    },
  ];
}

/**
 * The packages of which at least a byte is in the bundles, sorted by name. They are bundled anew and the bundler is asked,
 * so that what is installed, or only named in package.json, doesn't count. Throws where a package has no licence, or
 * bun.lock doesn't know it in that version.
 */
export async function bundledPackages(
  top: string,
  bundles: readonly Bundle[],
): Promise<readonly BundledPackage[]> {
  const graph = new Map<string, Node>();
  for (const bundle of bundles) await follow(top, bundle, graph);
  const locked = lockedHashes(readFileSync(join(top, "bun.lock"), "utf8"));
  const described = new Map([...graph.keys()].map((folder) => [folder, describe(folder)]));
  const idOf = (folder: string) => described.get(folder)?.id ?? folder;
  return [...graph]
    .map(([folder, node]) => {
      const { id, name, version, license } = described.get(folder) ?? describe(folder);
      const sha512 = locked.get(id);
      if (sha512 === undefined) throw new Error(`bun.lock has no ${id}, which is bundled`);
      const imports = [...node.imports].filter((other) => graph.has(other)).map(idOf);
      return { name, version, license, sha512, direct: node.direct, imports: imports.sort() };
    })
    .sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/** The SHA-512 of every package that a bun.lock names, in hex, by `NAME@VERSION`. */
export function lockedHashes(lock: string): ReadonlyMap<string, string> {
  const lines = lock.matchAll(/^ *"[^"]+": \["([^"]+@[^"@]+)", .*"sha512-([A-Za-z0-9+/=]+)"\],?$/gm);
  return new Map(
    [...lines].map(([, id = "", hash = ""]) => [id, Buffer.from(hash, "base64").toString("hex")]),
  );
}

/** A package's folder in the graph of imports. */
interface Node {
  direct: boolean;
  readonly imports: Set<string>;
}

async function follow(top: string, bundle: Bundle, graph: Map<string, Node>): Promise<void> {
  const built = await Bun.build({
    entrypoints: [...bundle.entrypoints],
    target: bundle.target,
    root: top,
    minify: true,
    define: bundle.target === "browser" ? { "process.env.NODE_ENV": '"production"' } : {},
    metafile: true,
    ...(bundle.tsconfig === undefined ? {} : { tsconfig: bundle.tsconfig }),
  });
  const { inputs, outputs } = built.metafile ?? { inputs: {}, outputs: {} };
  const kept = new Set<string>();
  for (const output of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs))
      if (bytesInOutput > 0) kept.add(path);
  }
  if (kept.size === 0) throw new Error(`nothing was bundled of ${bundle.entrypoints.join(", ")}`);
  for (const path of kept) {
    const folder = packageFolder(path);
    if (folder !== null) nodeOf(graph, folder);
  }
  // Second, so that an import of what was left out leads nowhere.
  for (const path of kept) {
    const from = packageFolder(path);
    for (const { path: imported } of inputs[path]?.imports ?? []) {
      const to = kept.has(imported) ? packageFolder(imported) : null;
      if (to === null || to === from) continue;
      if (from === null) nodeOf(graph, to).direct = true;
      else nodeOf(graph, from).imports.add(to);
    }
  }
}

function nodeOf(graph: Map<string, Node>, folder: string): Node {
  const node = graph.get(folder) ?? { direct: false, imports: new Set<string>() };
  graph.set(folder, node);
  return node;
}

/** The folder of the package that a file belongs to, absolute, or null for the program's own. */
function packageFolder(path: string): string | null {
  const start = path.lastIndexOf(MODULES);
  if (start < 0) return null;
  const end = start + MODULES.length;
  const [first = "", second = ""] = path.slice(end).split("/");
  // The bundler names files from where it was started.
  return join(process.cwd(), path.slice(0, end) + (first.startsWith("@") ? `${first}/${second}` : first));
}

function describe(folder: string): { id: string; name: string; version: string; license: string } {
  const file = join(folder, "package.json");
  if (!existsSync(file)) throw new Error(`${file} is missing: its package is bundled`);
  const manifest: { name?: string; version?: string; license?: string } = JSON.parse(
    readFileSync(file, "utf8"),
  );
  const { name, version, license } = manifest;
  if (name === undefined || version === undefined) throw new Error(`${file} names no package and version`);
  if (typeof license !== "string" || license === "") throw new Error(`${file} names no licence`);
  return { id: `${name}@${version}`, name, version, license };
}

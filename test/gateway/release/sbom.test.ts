import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type Bundle,
  bundledPackages,
  bundlesOfBinary,
  lockedHashes,
} from "../../../scripts/releasing/bundled.ts";
import { sbomOf } from "../../../scripts/releasing/release.ts";
import { sbom } from "../../../scripts/releasing/sbom.ts";
import { folder } from "./support.ts";

const TOP = join(import.meta.dirname, "../../..");
/** The whole program is bundled several times. */
const BUNDLING_MS = 60_000;

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly components?: readonly Component[];
}

function componentsOf(text: string): readonly Component[] {
  return JSON.parse(text).components;
}

/** The names of the packages in a bundle, by another way: from its source map. */
async function packagesInSourceMap(bundle: Bundle): Promise<readonly string[]> {
  const { outputs } = await Bun.build({
    entrypoints: [...bundle.entrypoints],
    target: bundle.target,
    root: TOP,
    minify: true,
    sourcemap: "external",
    ...(bundle.tsconfig === undefined ? {} : { tsconfig: bundle.tsconfig }),
  });
  const maps = await Promise.all(
    outputs.filter(({ kind }) => kind === "sourcemap").map(async (map) => JSON.parse(await map.text())),
  );
  return maps
    .flatMap(({ sources }) => sources as string[])
    .filter((path) => path.includes("node_modules/"))
    .map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path);
}

test(
  "the SBOM of a binary has every package whose code the source maps have, and Bun",
  async () => {
    const components = componentsOf(await sbomOf("x64"));
    const listed = components.map(({ purl }) =>
      decodeURIComponent(purl.replace("pkg:npm/", "").replace(/@[^@]*$/, "")),
    );
    const mapped = new Set((await Promise.all(bundlesOfBinary(TOP).map(packagesInSourceMap))).flat());
    expect(mapped.size).toBeGreaterThan(5);
    // One may be there in two versions.
    expect([...new Set(listed)].sort()).toEqual([...mapped, "@oven/bun-linux-x64"].sort());
    expect(new Set(components.map(({ purl }) => purl)).size).toBe(components.length);
    // It would be noticed if one were left out, or one put in that is only installed.
    expect(mapped).toContain("jose");
    expect(mapped).toContain("uplot");
    expect(mapped).not.toContain("typescript");
  },
  BUNDLING_MS,
);

test("what Bun embeds is listed with the versions that it says, and the platform's package with its hash", async () => {
  const bun = componentsOf(await sbomOf("arm64")).at(-1);
  expect(bun?.purl).toBe(`pkg:npm/%40oven/bun-linux-aarch64@${Bun.version}`);
  const lock = readFileSync(join(TOP, "bun.lock"), "utf8");
  const hash = lockedHashes(lock).get(`@oven/bun-linux-aarch64@${Bun.version}`);
  expect(hash).toMatch(/^[0-9a-f]{128}$/);
  expect(bun?.hashes).toEqual([{ alg: "SHA-512", content: hash ?? "" }]);
  const webkit = bun?.components?.find(({ purl }) => purl.startsWith("pkg:generic/webkit@"));
  expect(webkit?.version).toBe(process.versions.webkit ?? "");
  expect(bun?.components?.some(({ name }) => name === "BoringSSL")).toBe(true);
});

test(
  "the same commit gives the same bytes, and other contents another serial number",
  async () => {
    const first = await sbomOf("x64");
    expect(await sbomOf("x64")).toBe(first);
    const arm64 = await sbomOf("arm64");
    const serial = (text: string): string => JSON.parse(text).serialNumber;
    expect(serial(first)).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(serial(arm64)).not.toBe(serial(first));
  },
  BUNDLING_MS,
);

/** A project that bundles two packages of four: one directly, one through it. */
function project(path: string): readonly Bundle[] {
  const files: Readonly<Record<string, string>> = {
    "main.ts": `import { used } from "@scope/direct"; import { unused } from "shaken"; console.log(used);`,
    "node_modules/@scope/direct/index.js": `export { deep as used } from "deep";console.log("direct");`,
    "node_modules/deep/index.js": `export const deep = globalThis.process;`,
    "node_modules/shaken/index.js": `export const unused = () => 1;`,
    "node_modules/idle/index.js": `export const idle = 1;`,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  const hash = Buffer.alloc(64, 7).toString("base64");
  const lines = ["@scope/direct", "deep", "shaken", "idle"].map((name) => {
    const manifest = { name, version: "1.2.3", license: "(MIT OR ISC)", sideEffects: name !== "shaken" };
    writeFileSync(join(path, "node_modules", name, "package.json"), JSON.stringify(manifest));
    return `    "${name}": ["${name}@1.2.3", "", {}, "sha512-${hash}"],\n`;
  });
  writeFileSync(join(path, "bun.lock"), lines.join(""));
  return [{ entrypoints: [join(path, "main.ts")], target: "bun" }];
}

test("only what is bundled is listed, with who imports it", async () => {
  using made = folder();
  const packages = await bundledPackages(made.path, project(made.path));
  expect(packages.map(({ name, direct, imports }) => ({ name, direct, imports }))).toEqual([
    { name: "@scope/direct", direct: true, imports: ["deep@1.2.3"] },
    { name: "deep", direct: false, imports: [] },
  ]);
  const runtime = {
    package: "@oven/bun-linux-x64",
    version: "1.0.0",
    license: "MIT",
    sha512: "00",
    versions: {},
  };
  const text = sbom({
    binary: "b",
    version: "1~a",
    license: "Apache-2.0",
    epochSeconds: 0,
    packages,
    runtime,
  });
  const document = JSON.parse(text);
  expect(document.metadata.timestamp).toBe("1970-01-01T00:00:00Z");
  expect(document.components[0]).toMatchObject({
    group: "@scope",
    name: "direct",
    purl: "pkg:npm/%40scope/direct@1.2.3",
    licenses: [{ expression: "(MIT OR ISC)" }],
    hashes: [{ alg: "SHA-512", content: "07".repeat(64) }],
  });
  expect(document.dependencies).toEqual([
    {
      ref: "pkg:generic/headwater@1~a",
      dependsOn: ["pkg:npm/%40scope/direct@1.2.3", "pkg:npm/%40oven/bun-linux-x64@1.0.0"],
    },
    { ref: "pkg:npm/%40scope/direct@1.2.3", dependsOn: ["pkg:npm/deep@1.2.3"] },
    { ref: "pkg:npm/deep@1.2.3", dependsOn: [] },
    { ref: "pkg:npm/%40oven/bun-linux-x64@1.0.0", dependsOn: [] },
  ]);
});

test("a bundled package without a hash, or without a licence, ends the release", async () => {
  using made = folder();
  const bundles = project(made.path);
  const manifest = join(made.path, "node_modules/deep/package.json");
  writeFileSync(manifest, `{"name": "deep", "version": "1.2.3"}`);
  await expect(bundledPackages(made.path, bundles)).rejects.toThrow("names no licence");
  writeFileSync(manifest, `{"name": "deep", "version": "1.2.4", "license": "MIT"}`);
  await expect(bundledPackages(made.path, bundles)).rejects.toThrow("bun.lock has no deep@1.2.4");
  rmSync(manifest);
  await expect(bundledPackages(made.path, bundles)).rejects.toThrow("package.json");
});

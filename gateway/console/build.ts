/**
 * Bundles the console and prints its files as JSON, the list of `ConsoleFile` in bundle.ts. With a folder as its
 * argument it writes them there instead, unpacked, and says how large they are.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConsoleFile } from "./bundle.ts";

const SOURCE = join(import.meta.dirname, "source");
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

const files = await bundle();
const folder = process.argv[2];
if (folder === undefined) {
  await Bun.write(Bun.stdout, JSON.stringify(files));
} else {
  for (const file of files) {
    const name = file.path === "/" ? "index.html" : file.path.slice(1);
    mkdirSync(join(folder, name, ".."), { recursive: true });
    const gzipped = Uint8Array.fromBase64(file.gzipBase64);
    writeFileSync(join(folder, name), Bun.gunzipSync(gzipped));
    console.log(`${file.path} ${gzipped.length} bytes gzipped`);
  }
}

async function bundle(): Promise<readonly ConsoleFile[]> {
  const built = await Bun.build({
    entrypoints: [join(SOURCE, "main.tsx")],
    tsconfig: join(import.meta.dirname, "tsconfig.json"),
    target: "browser",
    minify: true,
    naming: "[name]-[hash].[ext]",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const parts = await Promise.all(
    built.outputs.map(async (output) => ({
      name: output.path.replace(/^.*\//, ""),
      content: await output.text(),
    })),
  );
  const script = parts.find(({ name }) => name.endsWith(".js"))?.name ?? "";
  const style = parts.find(({ name }) => name.endsWith(".css"))?.name ?? "";
  const page = (await Bun.file(join(SOURCE, "index.html")).text())
    .replace("./main.tsx", `/assets/${script}`)
    .replace("./styles.css", `/assets/${style}`);
  const icon = await Bun.file(join(SOURCE, "icon.svg")).text();
  return [
    made("/", "html", page, false),
    made("/icon.svg", "svg", icon, false),
    ...parts.map(({ name, content }) => made(`/assets/${name}`, name.split(".").at(-1) ?? "", content, true)),
  ];
}

function made(path: string, ending: string, content: string, immutable: boolean): ConsoleFile {
  const gzipped = Bun.gzipSync(Buffer.from(content), { level: 9 });
  return {
    path,
    type: TYPES[ending] ?? "application/octet-stream",
    gzipBase64: gzipped.toBase64(),
    etag: `"${new Bun.CryptoHasher("sha256").update(content).digest("base64url").slice(0, 22)}"`,
    immutable,
  };
}

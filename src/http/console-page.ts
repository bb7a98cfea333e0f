import type { ConsoleFile } from "../../gateway/console/bundle.ts";

/**
 * What the page may do: run its own script and style, ask this gateway, and nothing else. It can't be framed, sends no
 * form anywhere, and takes nothing from elsewhere, so that it works where there is no network.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Names of files carry a hash of what is in them; the page itself is asked for anew each time. */
const KEEP = "public, max-age=31536000, immutable";
const ASK_AGAIN = "no-cache";

interface Ready extends ConsoleFile {
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

let files: Promise<ReadonlyMap<string, Ready>> | null = null;

/** Whether a path is the console's. */
export function isConsole(path: string): boolean {
  return path === "/" || path === "/icon.svg" || path.startsWith("/assets/");
}

/** Answers `GET /` and the files that the page loads. They hold nothing of the gateway, so everybody may have them. */
export async function answerConsole(request: Request, path: string): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(`${path} takes GET, HEAD\n`, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  files ??= load();
  const file = (await files).get(path);
  if (file === undefined) return new Response("there is no such file\n", { status: 404 });
  const headers = {
    "content-type": file.type,
    "cache-control": file.immutable ? KEEP : ASK_AGAIN,
    etag: file.etag,
    vary: "accept-encoding",
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
  };
  if (request.headers.get("if-none-match") === file.etag) return new Response(null, { status: 304, headers });
  if (!/\bgzip\b/.test(request.headers.get("accept-encoding") ?? "")) {
    return new Response(Bun.gunzipSync(file.gzipped), { headers });
  }
  return new Response(file.gzipped, { headers: { ...headers, "content-encoding": "gzip" } });
}

/** Unpacked with the first request, since most gateways are never looked at. */
async function load(): Promise<ReadonlyMap<string, Ready>> {
  const { CONSOLE_FILES } = await import("./console-files.ts");
  return new Map(
    CONSOLE_FILES.map((file) => [file.path, { ...file, gzipped: Uint8Array.fromBase64(file.gzipBase64) }]),
  );
}

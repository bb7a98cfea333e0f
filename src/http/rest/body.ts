import { problem } from "../problem.ts";
import type { RouteBody } from "./route.ts";
import { schemaFault } from "./schema.ts";

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";
/** How deep lists and objects may lie in each other. */
export const MAX_JSON_DEPTH = 64;

/**
 * Reads a body: JSON that its schema takes, or bytes. No form of a web page can be sent with either content type, so that
 * a browser asks before it sends such a request across origins.
 */
export async function readBody(request: Request, wanted: RouteBody): Promise<unknown | Response> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const isBytes = type === BYTES_TYPE && wanted.bytes === true;
  if (type !== JSON_TYPE && !isBytes) {
    const remedy = `send content-type: ${JSON_TYPE}${wanted.bytes === true ? ` or ${BYTES_TYPE}` : ""}`;
    return problem(415, {
      message: "the content type is another one",
      thing: "content-type",
      value: type,
      remedy,
    });
  }
  const bytes = await readBounded(request, wanted.maxBytes);
  if (bytes === null) {
    const remedy = `send ${wanted.maxBytes} bytes at most`;
    return problem(413, { message: "the body is too large", thing: "body", value: null, remedy });
  }
  if (isBytes) return bytes;
  if (bytes.length === 0 && wanted.optional === true) return {};
  const value = parsed(bytes);
  if (value instanceof Response) return value;
  const fault = schemaFault(wanted.schema, value, "body");
  if (fault === null) return value;
  return problem(400, {
    message: `${fault.thing} is not as it must be`,
    thing: fault.thing,
    value: shown(fault.value),
    remedy: fault.remedy,
  });
}

/** The whole body, or null where it has more. What is announced as larger is not read at all. */
async function readBounded(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  if (Number(request.headers.get("content-length") ?? "0") > maxBytes) return null;
  if (request.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks);
}

function parsed(bytes: Uint8Array): unknown | Response {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return bad("it is not UTF-8");
  }
  if (depthOf(text) > MAX_JSON_DEPTH) return bad(`it is more than ${MAX_JSON_DEPTH} levels deep`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return bad("it is not JSON");
  }
}

function bad(why: string): Response {
  return problem(400, {
    message: `the body can't be read: ${why}`,
    thing: "body",
    value: null,
    remedy: "send JSON",
  });
}

/** How deep JSON is at most; what is no JSON has some depth, too. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (quoted) {
      if (character === 0x5c) at += 1;
      else if (character === 0x22) quoted = false;
    } else if (character === 0x22) quoted = true;
    else if (character === 0x5b || character === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (character === 0x5d || character === 0x7d) depth -= 1;
  }
  return deepest;
}

function shown(value: unknown): string | null {
  return value === null || value === undefined ? null : (JSON.stringify(value)?.slice(0, 200) ?? null);
}

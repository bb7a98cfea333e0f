/** The opening handshake of RFC 6455, section 4, as MQTT needs it (MQTT 5 and 3.1.1, section 6). */

/** A request with its headers may have so many bytes: browsers send cookies and more. */
export const MAX_HEAD_BYTES = 8_192;

/** An answer in HTTP, as bytes; `refusal` says in the log why it is a refusal, or is null. */
export interface HandshakeAnswer {
  readonly bytes: Uint8Array;
  readonly refusal: string | null;
}

/** In the order of the clients' wishes. MQTT 3.1 had a name of its own, which some clients still use. */
const SUBPROTOCOLS: readonly string[] = ["mqtt", "mqttv3.1"];
const PATHS: readonly string[] = ["/mqtt", "/"];
const WEBSOCKET_VERSION = "13";
/** RFC 6455, 1.3: what a server appends to the key of the client. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Headers that may stand in a request once. */
const SINGLE_HEADERS: readonly string[] = ["host", "sec-websocket-key", "sec-websocket-version"];

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** Collects the bytes of one request's head. */
export class HandshakeReader {
  #head = "";

  /** Takes a chunk. Returns where the head ended in it, with the answer to the request, or null where more has to come. */
  push(chunk: Uint8Array): { readonly end: number; readonly answer: HandshakeAnswer } | null {
    const before = this.#head.length;
    // One byte is one character in Latin-1, so that places in the text are places in the bytes.
    this.#head += decoder.decode(chunk.subarray(0, MAX_HEAD_BYTES - before));
    if (!/^[A-Z]/.test(this.#head)) {
      return { end: chunk.length, answer: refused(400, "this port speaks MQTT over WebSocket only") };
    }
    const end = this.#head.indexOf("\r\n\r\n", Math.max(0, before - 3));
    if (end >= 0) return { end: end + 4 - before, answer: answerHandshake(this.#head.slice(0, end)) };
    if (this.#head.length < MAX_HEAD_BYTES) return null;
    return { end: chunk.length, answer: refused(431, `the request's head is over ${MAX_HEAD_BYTES} bytes`) };
  }
}

/** Answers a request, given as its lines up to the empty one. The origin is not checked: see this room's README. */
export function answerHandshake(head: string): HandshakeAnswer {
  const [requestLine = "", ...lines] = head.split("\r\n");
  const request = /^([A-Z]+) (\S+) HTTP\/1\.(\d)$/.exec(requestLine);
  const headers = parseHeaders(lines);
  if (request === null || headers === null) return refused(400, "this is no HTTP/1.1 request");
  const [, method, target = "", minor] = request;
  const isUpgrade =
    method === "GET" &&
    minor !== "0" &&
    has(headers, "connection", "upgrade") &&
    has(headers, "upgrade", "websocket");
  if (!isUpgrade) return refused(426, "MQTT over WebSocket is served here: ask for an upgrade to websocket");
  if (!PATHS.includes(target.split("?")[0] ?? "")) {
    return refused(404, `MQTT over WebSocket is served at ${PATHS.join(" and ")} only`);
  }
  if (headers.get("sec-websocket-version") !== WEBSOCKET_VERSION) {
    return refused(426, `version ${WEBSOCKET_VERSION} of WebSocket is served here, and no other`);
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key) || !headers.has("host")) {
    return refused(400, "a WebSocket handshake needs a Host and a Sec-WebSocket-Key of 16 bytes");
  }
  // MQTT-6.0.0-3
  const chosen = items(headers.get("sec-websocket-protocol")).find((name) => SUBPROTOCOLS.includes(name));
  if (chosen === undefined) {
    return refused(400, `the subprotocol has to be ${SUBPROTOCOLS.join(" or ")} (Sec-WebSocket-Protocol)`);
  }
  const answer = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${Bun.SHA1.hash(key + KEY_SUFFIX, "base64")}`,
    `Sec-WebSocket-Protocol: ${chosen}`,
  ];
  return { bytes: encoder.encode(`${answer.join("\r\n")}\r\n\r\n`), refusal: null };
}

const STATUS_TEXTS = {
  400: "Bad Request",
  404: "Not Found",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
} as const;

function refused(status: keyof typeof STATUS_TEXTS, sentence: string): HandshakeAnswer {
  const upgrade = ["Upgrade: websocket", `Sec-WebSocket-Version: ${WEBSOCKET_VERSION}`];
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_TEXTS[status]}`,
    ...(status === 426 ? upgrade : []),
    `Connection: ${status === 426 ? "upgrade, close" : "close"}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${sentence.length + 1}`,
    "",
    `${sentence}\n`,
  ];
  return {
    bytes: encoder.encode(lines.join("\r\n")),
    refusal: `HTTP ${status}: ${sentence}`,
  };
}

/** Values by names in lower case, lists joined; null where a line is none of a header's. */
function parseHeaders(lines: readonly string[]): ReadonlyMap<string, string> | null {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/.exec(line);
    if (match === null) return null;
    const name = (match[1] ?? "").toLowerCase();
    const value = (match[2] ?? "").trim();
    const other = headers.get(name);
    if (other !== undefined && SINGLE_HEADERS.includes(name)) return null;
    headers.set(name, other === undefined ? value : `${other},${value}`);
  }
  return headers;
}

function items(list: string | undefined): readonly string[] {
  return (list ?? "").split(",").map((item) => item.trim());
}

function has(headers: ReadonlyMap<string, string>, name: string, word: string): boolean {
  return items(headers.get(name)).some((item) => item.toLowerCase() === word);
}

import { describe, expect, test } from "bun:test";
import { HandshakeReader, MAX_HEAD_BYTES } from "../../../src/mqtt/websocket/handshake.ts";
import { handshake } from "../support/web-frames.ts";

/** The answer to a request that comes in one piece. */
function answer(request: Uint8Array | string): { text: string; refusal: string | null; end: number } {
  const bytes = typeof request === "string" ? Buffer.from(request) : request;
  const pushed = new HandshakeReader().push(bytes);
  if (pushed === null) throw new Error("the reader wants more");
  const text = Buffer.from(pushed.answer.bytes).toString();
  return { text, refusal: pushed.answer.refusal, end: pushed.end };
}

/** The example of RFC 6455, 1.3. */
const ACCEPTED = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  "Sec-WebSocket-Protocol: mqtt",
  "",
  "",
].join("\r\n");

describe("an accepted handshake", () => {
  test("[MQTT-6.0.0-4] has the key's answer and the subprotocol", () => {
    const request = handshake();
    expect(answer(request)).toEqual({ text: ACCEPTED, refusal: null, end: request.length });
  });

  test("what comes behind it is no part of it", () => {
    const request = handshake();
    expect(answer(Buffer.concat([request, Buffer.from("\r\n\r\nmore")])).end).toBe(request.length);
  });

  test("in two chunks, wherever it is cut, and byte by byte", () => {
    const request = handshake();
    for (let at = 1; at < request.length; at++) {
      const reader = new HandshakeReader();
      expect(reader.push(request.subarray(0, at))).toBeNull();
      const pushed = reader.push(request.subarray(at));
      expect(Buffer.from(pushed?.answer.bytes ?? []).toString()).toBe(ACCEPTED);
      expect(pushed?.end).toBe(request.length - at);
    }
    const reader = new HandshakeReader();
    const pushes = Array.from(request, (byte) => reader.push(new Uint8Array([byte])));
    expect(pushes.slice(0, -1).every((pushed) => pushed === null)).toBe(true);
    expect(pushes.at(-1)?.answer.refusal).toBeNull();
  });

  test("the paths, and the subprotocol that the client prefers", () => {
    expect(answer(handshake("GET / HTTP/1.1")).text).toBe(ACCEPTED);
    expect(answer(handshake("GET /mqtt?token=x HTTP/1.1")).text).toBe(ACCEPTED);
    const chosen = (list: string) =>
      /Protocol: (.*)\r\n/.exec(answer(handshake(undefined, { "Sec-WebSocket-Protocol": list })).text)?.[1];
    expect(chosen("mqttv3.1")).toBe("mqttv3.1");
    expect(chosen("chat, mqtt,mqttv3.1")).toBe("mqtt");
    expect(chosen("mqttv3.1, mqtt")).toBe("mqttv3.1");
  });

  test("headers in any case, with cookies, an origin and bytes beyond ASCII", () => {
    const request = handshake(undefined, {
      Upgrade: "WebSocket",
      Cookie: "a=ü",
      Origin: "https://elsewhere",
    });
    const text = request.toString().replace("Connection:", "connection:");
    expect(answer(text).text).toBe(ACCEPTED);
  });
});

describe("a refused handshake", () => {
  const cases: readonly (readonly [string, Uint8Array | string, number, RegExp])[] = [
    ["a browser's GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 426, /ask for an upgrade to websocket/],
    ["a POST", handshake("POST /mqtt HTTP/1.1"), 426, /ask for an upgrade/],
    ["HTTP/1.0", handshake("GET /mqtt HTTP/1.0"), 426, /ask for an upgrade/],
    ["an upgrade to h2c", handshake(undefined, { Upgrade: "h2c" }), 426, /ask for an upgrade/],
    ["no Connection: Upgrade", handshake(undefined, { Connection: "close" }), 426, /ask for an upgrade/],
    ["another path", handshake("GET /metrics HTTP/1.1"), 404, /at \/mqtt and \/ only/],
    ["an old version", handshake(undefined, { "Sec-WebSocket-Version": "8" }), 426, /version 13/],
    ["no version", handshake(undefined, { "Sec-WebSocket-Version": null }), 426, /version 13/],
    ["no key", handshake(undefined, { "Sec-WebSocket-Key": null }), 400, /Sec-WebSocket-Key/],
    ["a short key", handshake(undefined, { "Sec-WebSocket-Key": "AAAA" }), 400, /Sec-WebSocket-Key/],
    ["no host", handshake(undefined, { Host: null }), 400, /Host/],
    ["no subprotocol", handshake(undefined, { "Sec-WebSocket-Protocol": null }), 400, /has to be mqtt or/],
    [
      "another subprotocol",
      handshake(undefined, { "Sec-WebSocket-Protocol": "MQTT" }),
      400,
      /has to be mqtt/,
    ],
    ["two keys", handshake(undefined, { "sec-websocket-key": "x" }), 400, /no HTTP\/1.1 request/],
    ["a folded line", handshake(undefined, { "X-Y": "a\r\n b" }), 400, /no HTTP\/1.1 request/],
    ["half a request line", "GET /mqtt\r\n\r\n", 400, /no HTTP\/1.1 request/],
    ["an MQTT client", new Uint8Array([0x10, 12, 0, 4]), 400, /speaks MQTT over WebSocket only/],
    ["a TLS client", new Uint8Array([0x16, 3, 1, 2, 0]), 400, /speaks MQTT over WebSocket only/],
    ["an endless head", `GET /mqtt HTTP/1.1\r\nX: ${"x".repeat(MAX_HEAD_BYTES)}`, 431, /over 8192 bytes/],
  ];
  for (const [name, request, status, sentence] of cases) {
    test(`${name}: ${status}`, () => {
      const { text, refusal } = answer(request);
      expect(text).toStartWith(`HTTP/1.1 ${status} `);
      const [head = "", body = ""] = text.split("\r\n\r\n");
      expect(body).toMatch(sentence);
      expect(head).toContain(`\r\nContent-Length: ${body.length}`);
      expect(head.includes("\r\nUpgrade: websocket")).toBe(status === 426);
      expect(head.toLowerCase()).toMatch(/\r\nconnection: .*close/);
      expect(refusal).toBe(`HTTP ${status}: ${body.trim()}`);
    });
  }

  test("a head that never ends, byte by byte", () => {
    const reader = new HandshakeReader();
    const letter = Buffer.from("G");
    for (let count = 1; count < MAX_HEAD_BYTES; count++) expect(reader.push(letter)).toBeNull();
    expect(reader.push(letter)?.answer.refusal).toMatch(/431/);
  });
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import { RawClient } from "../kafka/support/raw-client.ts";
import { type Issued, issue, newAuthority, revocationList } from "../support/certificates.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";

/** A gateway in a process of its own, whose files of TLS change as administrators change them. */
const authority = newAuthority();
const newServer = () => issue(authority, { commonName: "localhost", dns: ["localhost"], ip: [127, 0, 0, 1] });
const pump = issue(authority, { commonName: "pump-1" });
const oven = issue(authority, { commonName: "oven-1" });
/** Of the same name, from authorities that nobody here trusts: one has the name of the true one. */
const rogue = issue(newAuthority(), { commonName: "pump-1" });
const stranger = issue(newAuthority("another authority"), { commonName: "pump-1" });
const folder = mkdtempSync(join(tmpdir(), "headwater-kafka-tls-"));
let headwater: Headwater;
let address: string;

const file = (name: string) => join(folder, name);

function replace(name: string, text: string): void {
  writeFileSync(file(`${name}.new`), text);
  renameSync(file(`${name}.new`), file(name));
}

beforeAll(async () => {
  const server = newServer();
  replace("ca.pem", authority.certificate);
  replace("crl.pem", revocationList(authority, []));
  replace("server.pem", server.certificate);
  replace("server.key", server.key);
  headwater = await startHeadwater({
    settings: {
      "kafka.tls.listen": "127.0.0.1:0",
      "kafka.tls.client.auth": "required",
      "tls.certificate.file": file("server.pem"),
      "tls.key.file": file("server.key"),
      "tls.ca.file": file("ca.pem"),
      "tls.crl.file": file("crl.pem"),
      "security.reload.interval.ms": "100",
    },
  });
  [, address = ""] = /kafkaTls=(\S+)/.exec(headwater.log()) ?? [];
}, 30_000);

afterAll(async () => {
  await headwater.dispose();
  rmSync(folder, { recursive: true });
});

const trust = { ca: authority.certificate };
const showing = ({ certificate: cert, key }: Issued) => ({ ...trust, cert, key });

/** The port that Metadata tells of, or null where the connection ends before that. */
async function answer(client: RawClient): Promise<number | null> {
  const request = { ...DEFAULT_METADATA_REQUEST, topics: [] };
  return client.ask(METADATA_REQUEST, METADATA_RESPONSE, request, 12).then(
    ({ brokers }) => brokers[0]?.port ?? 0,
    () => null,
  );
}

/** What a client with these gets: an answer or nothing. */
async function attempt(tls: Parameters<typeof RawClient.to>[1]): Promise<number | null> {
  const client = await RawClient.to(address, tls).catch(() => null);
  if (client === null) return null;
  const port = await answer(client);
  client.close();
  return port;
}

/** Runs the change and resolves when the log has said so once more than before. */
async function noticed(words: string, change: () => void): Promise<void> {
  const count = () => headwater.log().split(words).length;
  const before = count();
  change();
  for (let wait = 0; count() === before; wait++) {
    if (wait > 1_000) throw new Error(`nothing was said of ${words}`);
    await Bun.sleep(10);
  }
}

test("who shows a certificate of the authority gets in, over TLS 1.2 and 1.3, and nobody else", async () => {
  const port = Number(address.split(":")[1]);
  expect(await attempt(showing(pump))).toBe(port);
  expect(await attempt({ ...showing(pump), maxVersion: "TLSv1.2" })).toBe(port);
  expect(await attempt(trust)).toBeNull();
  expect(await attempt(showing(rogue))).toBeNull();
  expect(await attempt(showing(stranger))).toBeNull();
  expect(await attempt({ ...showing(pump), maxVersion: "TLSv1.1", minVersion: "TLSv1" })).toBeNull();
});

test("a certificate of another authority, a thousand times: nothing for it, and nobody else notices", async () => {
  const honest = await RawClient.to(address, showing(oven));
  let got = 0;
  const rogues = Array.from({ length: 20 }, async () => {
    for (let count = 0; count < 25; count++) {
      for (const shown of [rogue, stranger]) if ((await attempt(showing(shown))) !== null) got += 1;
    }
  });
  const slowest = { ms: 0 };
  let asked = 0;
  let over = false;
  const asks = (async () => {
    while (!over) {
      const startMs = performance.now();
      expect(await answer(honest)).toBe(Number(address.split(":")[1]));
      slowest.ms = Math.max(slowest.ms, performance.now() - startMs);
      asked += 1;
      await Bun.sleep(1);
    }
  })();
  await Promise.all(rogues);
  over = true;
  await asks;
  expect(got).toBe(0);
  expect(asked).toBeGreaterThan(10);
  expect(slowest.ms).toBeLessThan(5_000);
  honest.close();
}, 60_000);

describe("strangers", () => {
  test("plain requests at the port for TLS get nothing, and those before a handshake is over neither", async () => {
    const client = await RawClient.to(address);
    expect(await answer(client)).toBeNull();
    expect(await attempt(showing(pump))).not.toBeNull();
  });

  test("TLS at the plain port gets nothing", async () => {
    await expect(RawClient.to(headwater.kafka, trust)).rejects.toThrow();
    expect(await answer(await RawClient.to(headwater.kafka))).toBe(Number(headwater.kafka.split(":")[1]));
  });
});

describe("files that change while it runs", () => {
  test("certificates: connections stay, new ones see the new one", async () => {
    const before = await RawClient.to(address, showing(pump));
    expect(await answer(before)).not.toBeNull();
    const next = newServer();
    await noticed("serves Kafka with new certificates", () => {
      replace("server.key", next.key);
      replace("server.pem", next.certificate);
    });
    expect(await answer(before)).not.toBeNull();
    expect(await attempt(showing(pump))).not.toBeNull();
    before.close();
  });

  test("a list of revoked certificates: its holder is cut off, and comes in no more", async () => {
    const [first, second] = [
      await RawClient.to(address, showing(pump)),
      await RawClient.to(address, showing(oven)),
    ];
    expect(await answer(first)).not.toBeNull();
    expect(await answer(second)).not.toBeNull();
    replace("crl.pem", revocationList(authority, [pump.serial]));
    await first.closed;
    expect(await answer(second)).not.toBeNull();
    expect(await attempt(showing(pump))).toBeNull();
    expect(await attempt(showing(oven))).not.toBeNull();
    second.close();
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../base/logger.ts";
import { defaultSettings, type Settings } from "../config/options.ts";
import { LOG_FORMATS } from "../log/store-format.ts";
import type { Command, Input } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { throwawayCertificate } from "./self-test/throwaway-certificate.ts";
import type { RunningBroker, World } from "./world.ts";

export const selfTestCommand: Command = {
  name: "self-test",
  summary: "Try whether this program can do its work on this machine",
  flags: [
    {
      name: "folder",
      value: "DIR",
      doc: "Where a gateway is tried, for a moment; a temporary folder otherwise.",
    },
  ],
  notes: [
    "A gateway with an empty data folder is started on free ports of loopback: its log and its mapped files on this file system, the doors, TLS with a certificate of its own, signatures and sums with this processor's instructions. A record is appended, read back, and read back again after a restart. headwater update has a new version do this before it is chosen.",
    "The exit code is 0 where all of it works, and 1 where something does not.",
  ],
  examples: [["headwater self-test", "can it run here?"]],
  run: selfTest,
};

const PORT = { host: "127.0.0.1", port: 0 };
const TOPIC = "self-test";
const VALUE = "a record of the self-test";
const TIMEOUT_MS = 20_000;
/** RFC 8032, section 7.1, test 2: public key, message and signature. */
const ED25519 = [
  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
  "72",
  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
] as const;
/** Of the empty text. */
const SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

async function selfTest(input: Input, world: World): Promise<number> {
  const given = input.value("folder");
  const folder = given ?? mkdtempSync(join(tmpdir(), "headwater-self-test-"));
  const done: string[] = [];
  const check = async (name: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
    done.push(name);
    if (!input.json) world.out(`ok   ${name}\n`);
  };
  const { version } = world;
  try {
    await check("signatures and sums", checkCrypto);
    const settings = settingsIn(folder);
    await check("a gateway starts, over TLS too, and keeps a record", async () => {
      await withGateway(world, settings, async (gateway) => {
        await ready(gateway);
        await append(gateway);
        await readBack(gateway);
      });
    });
    await check("it has the record after a restart", () => withGateway(world, settings, readBack));
    if (input.json) world.out(`${JSON.stringify({ ok: true, version, logFormats: LOG_FORMATS, done })}\n`);
    return EXIT.ok;
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    world.out(input.json ? `${JSON.stringify({ ok: false, version, fault, done })}\n` : `FAIL ${fault}\n`);
    return EXIT.failed;
  } finally {
    if (given === null) rmSync(folder, { recursive: true, force: true });
  }
}

async function checkCrypto(): Promise<void> {
  const [key, message, signature] = ED25519.map((hex) => Uint8Array.fromHex(hex));
  if (key === undefined || message === undefined || signature === undefined) return;
  const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  if (!(await crypto.subtle.verify("Ed25519", imported, signature, message)))
    throw new Error("ed25519 is wrong");
  const changed = Uint8Array.of(0x73);
  if (await crypto.subtle.verify("Ed25519", imported, signature, changed))
    throw new Error("ed25519 takes anything");
  if (new Bun.CryptoHasher("sha256").digest("hex") !== SHA256) throw new Error("SHA-256 is wrong");
  const packed = Bun.zstdCompressSync(new TextEncoder().encode(VALUE));
  if (new TextDecoder().decode(Bun.zstdDecompressSync(packed)) !== VALUE) throw new Error("zstd is wrong");
}

function settingsIn(folder: string): Settings {
  const { certificate, key } = throwawayCertificate();
  const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, key, { mode: 0o600 });
  return defaultSettings({
    "gateway.id": "self-test",
    data: join(folder, "data"),
    "kafka.listen": PORT,
    "mqtt.listen": PORT,
    "http.listen": PORT,
    "http.tls.listen": PORT,
    "tls.certificate.file": files.certificate,
    "tls.key.file": files.key,
    // What a card that is nearly full has room for.
    "journal.bytes": 4 * 1024 * 1024,
    "log.segment.bytes": 1024 * 1024,
    "disk.reserve.bytes": 0,
  });
}

async function withGateway(
  world: World,
  settings: Settings,
  work: (gateway: RunningBroker) => Promise<void>,
): Promise<void> {
  const gateway = await world.runBroker(settings, silentLogger);
  try {
    await work(gateway);
  } finally {
    await gateway.stop();
  }
}

async function ready({ addresses }: RunningBroker): Promise<void> {
  for (const url of [`http://${addresses.http}/readyz`, `https://${addresses.httpTls}/readyz`]) {
    const answer = await ask(url, {});
    if (answer.status !== 200) throw new Error(`${url} answers ${answer.status}: ${await answer.text()}`);
  }
}

async function append({ addresses }: RunningBroker): Promise<void> {
  const answer = await ask(`http://${addresses.http}/api/topics/${TOPIC}/records`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ key: TOPIC, value: VALUE }),
  });
  if (!answer.ok) throw new Error(`a record is not taken: ${answer.status} ${await answer.text()}`);
}

async function readBack({ addresses }: RunningBroker): Promise<void> {
  const answer = await ask(`http://${addresses.http}/api/topics/${TOPIC}/records?offset=0&limit=1`, {});
  const text = await answer.text();
  if (!text.includes(VALUE))
    throw new Error(`the record is not there: ${answer.status} ${text.slice(0, 200)}`);
}

function ask(url: string, request: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  // Its own certificate, made a moment ago: that the handshake works is what is asked.
  return fetch(url, { ...request, signal, tls: { rejectUnauthorized: false } });
}

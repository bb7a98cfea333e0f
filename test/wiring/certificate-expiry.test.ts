import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chainExpiresAtMs } from "../../src/security/certificate.ts";
import { issue, newAuthority } from "../support/certificates.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";

const DAY_S = 86_400;
const WAIT_MS = 20_000;
const POLL_MS = 20;
const authority = newAuthority();
const folder = mkdtempSync(join(tmpdir(), "headwater-expiry-"));
let headwater: Headwater;

const issued = (days: number) =>
  issue(authority, { commonName: "localhost", dns: ["localhost"], ip: [127, 0, 0, 1], days });

/** What is to be served with: when it ends, in seconds since 1970. */
function put(certificate: string, key: string): number {
  writeFileSync(join(folder, "server.pem"), certificate);
  writeFileSync(join(folder, "server.key"), key);
  return (chainExpiresAtMs(certificate) ?? 0) / 1000;
}

async function expiries(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`http://${headwater.http}/metrics`)).text();
  const found = text.matchAll(/^headwater_certificate_expiry_timestamp_seconds\{door="(\w+)"\} (\S+)$/gm);
  return Object.fromEntries([...found].map(([, door, value]) => [door, Number(value)]));
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so after ${WAIT_MS} ms: ${headwater.log()}`);
    await Bun.sleep(POLL_MS);
  }
}

const atAllDoors = (seconds: number) => ({ kafka: seconds, mqtt: seconds, http: seconds });

beforeAll(async () => {
  const { certificate, key } = issued(30);
  put(certificate, key);
  headwater = await startHeadwater({
    settings: {
      "kafka.tls.listen": "127.0.0.1:0",
      "mqtt.tls.listen": "127.0.0.1:0",
      "http.tls.listen": "127.0.0.1:0",
      "tls.certificate.file": join(folder, "server.pem"),
      "tls.key.file": join(folder, "server.key"),
      "security.reload.interval.ms": "1h",
    },
  });
}, 30_000);

afterAll(async () => {
  await headwater.dispose();
  rmSync(folder, { recursive: true });
});

test("metrics tell when the certificate of each door expires: the one that is served, not one that can't be used", async () => {
  const first = (await expiries()).mqtt ?? 0;
  expect(await expiries()).toEqual(atAllDoors(first));
  expect(Math.abs(first - Date.now() / 1000 - 30 * DAY_S)).toBeLessThan(DAY_S);

  const renewed = issued(60);
  const second = put(renewed.certificate, renewed.key);
  process.kill(headwater.pid, "SIGHUP");
  await until(async () => (await expiries()).http === second);
  expect(await expiries()).toEqual(atAllDoors(second));

  put(issued(90).certificate, renewed.key);
  process.kill(headwater.pid, "SIGHUP");
  await until(() => headwater.log().includes("the key is not that of the certificate"));
  expect(await expiries()).toEqual(atAllDoors(second));
}, 60_000);

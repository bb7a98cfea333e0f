import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import mqtt from "mqtt";
import { DEFAULT_FLEET, Fleet } from "../../devices/simulator/fleet.ts";
import { folderTls } from "../../devices/simulator/fleet-tls.ts";
import { readLedgers, writeLedgers } from "../../devices/simulator/ledger.ts";
import { decodeReading, type Reading } from "../../devices/simulator/reading.ts";
import { Verifier } from "../../devices/simulator/verify.ts";
import { type SiteBroker, startSiteBroker } from "../../devices/site-broker/site-broker.ts";

import { issue, newAuthority } from "../support/certificates.ts";

let site: SiteBroker;

beforeAll(async () => {
  site = await startSiteBroker();
});

afterAll(() => site.close());

/** All that the site broker speaks: MQTT 3.1.1. */
const protocolVersion = 4;

test.each(["json", "cbor"] as const)(
  "a fleet's readings come through a plain broker (%s)",
  async (format) => {
    const heard: Reading[] = [];
    const listener = await mqtt.connectAsync({ host: site.host, port: site.port, protocolVersion });
    listener.on("message", (_, payload) => {
      const reading = decodeReading(payload);
      if (reading !== null) heard.push(reading);
    });
    await listener.subscribeAsync("devices/+/+", { qos: 1 });
    const fleet = new Fleet({
      ...DEFAULT_FLEET,
      host: site.host,
      port: site.port,
      protocolVersion,
      devices: 3,
      rateHz: 0,
      readings: 50,
      format,
    });
    fleet.start();
    await fleet.finished();
    await fleet.stop();
    while (heard.length < 150) await Bun.sleep(5);
    await listener.endAsync();
    const verifier = new Verifier(readLedgers(writeLedgers(fleet.ledgers)));
    for (const [index, reading] of heard.entries()) verifier.add(reading, String(index));
    expect(verifier.verdict()).toMatchObject({ ok: true, acked: 150, found: 150 });
  },
);

test("an unknown profile is refused with the ones there are", () => {
  expect(() => new Fleet({ ...DEFAULT_FLEET, profile: "smell" })).toThrow(/smell.*temperature/);
});

test("each device shows its own certificate, which lies in a folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-fleet-"));
  const authority = newAuthority();
  const own = issue(authority, { commonName: "site", ip: [127, 0, 0, 1] });
  writeFileSync(join(folder, "ca.crt"), authority.certificate);
  for (const name of ["device-0", "device-1"]) {
    const { certificate, key } = issue(authority, { commonName: name });
    writeFileSync(join(folder, `${name}.crt`), certificate);
    writeFileSync(join(folder, `${name}.key`), key);
  }
  const shown = new Set<string>();
  const server = createServer({
    cert: own.certificate,
    key: own.key,
    ca: authority.certificate,
    requestCert: true,
  });
  server.on("secureConnection", (socket) => {
    shown.add(String(socket.getPeerCertificate().subject.CN));
    const plain = connect(site.port, site.host);
    socket.pipe(plain).pipe(socket);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const tls = folderTls(join(folder, "ca.crt"), folder);
  const options = {
    ...DEFAULT_FLEET,
    protocolVersion,
    devices: 2,
    rateHz: 0,
    readings: 5,
    port,
    tls,
  } as const;
  const fleet = new Fleet(options);
  fleet.start();
  await fleet.finished();
  await fleet.stop();
  server.close();
  expect([...shown].sort()).toEqual(["device-0", "device-1"]);
  expect(fleet.totals().acked).toBe(10);
  rmSync(folder, { recursive: true });
  expect(() => new Fleet(options)).toThrow(/device-0\.crt/);
});

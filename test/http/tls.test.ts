import { expect, test } from "bun:test";
import { connect } from "node:tls";
import { hasCode } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { HttpDoor } from "../../src/http/door.ts";
import type { TlsServer } from "../../src/io/network.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { issue, newAuthority } from "../support/certificates.ts";
import { accessOf, QUIET } from "./support.ts";

const authority = newAuthority();

function serverOf(serial: number, minVersion: TlsServer["minVersion"] = "1.2"): TlsServer {
  const { certificate, key } = issue(authority, { commonName: "gateway", ip: [127, 0, 0, 1], serial });
  return {
    ...{ certificate, key, authorities: null, revocations: null, clientCertificate: "none", protocols: [] },
    minVersion,
  };
}

function open(tls: () => TlsServer, errors: string[] = []): HttpDoor {
  const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
  const common = { source: QUIET, access: accessOf(), metrics: new Registry(), logger };
  return new HttpDoor({ host: "127.0.0.1", port: 0, tls, ...common });
}

/** The serial number of the certificate that is shown, or what is wrong. */
function shown(port: number, maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3"): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ca: authority.certificate, maxVersion }, () => {
      resolve(String(Number.parseInt(socket.getPeerCertificate().serialNumber, 16)));
      socket.destroy();
    });
    socket.on("error", () => resolve("refused"));
  });
}

test("HTTPS is served, and goes on with another certificate; what is under way ends as it began", async () => {
  let current = serverOf(1);
  const errors: string[] = [];
  const door = open(() => current, errors);
  const tls = { ca: authority.certificate };
  const response = await fetch(`https://127.0.0.1:${door.port}/api/me`, { tls });
  expect(await response.json()).toMatchObject({ mode: "loopback" });
  expect(await shown(door.port)).toBe("1");
  current = serverOf(2);
  door.renew();
  expect(await shown(door.port)).toBe("2");
  current = { ...serverOf(3), key: serverOf(4).key };
  door.renew();
  expect(errors).toEqual(["HTTPS goes on with the certificate that it had"]);
  expect(await shown(door.port)).toBe("2");
  await door.stop(true);
});

test("the lowest version that is spoken is a setting", async () => {
  const door = open(() => serverOf(5, "1.3"));
  expect([await shown(door.port, "TLSv1.2"), await shown(door.port)]).toEqual(["refused", "5"]);
  await door.stop(true);
});

test("a certificate that can't be used is said so, by the setting's name", () => {
  let error: unknown = null;
  try {
    open(() => ({ ...serverOf(6), certificate: "nonsense" }));
  } catch (caught) {
    error = caught;
  }
  expect(hasCode(error, "CONFIG_INVALID")).toBe(true);
  expect(String(error)).toContain("http.tls.listen");
});

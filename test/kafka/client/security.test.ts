import { describe, expect, test } from "bun:test";
import { HeadwaterError } from "../../../src/base/errors.ts";
import {
  CLIENT_SECURITY_OPTIONS,
  type ClientSecuritySettings,
} from "../../../src/config/client-security-options.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../../src/io/bun/network.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";
import { DEFAULT_CONNECTION_OPTIONS, KafkaConnection } from "../../../src/kafka/client/connection.ts";
import { pemFault } from "../../../src/kafka/client/pem.ts";
import { securitySource } from "../../../src/kafka/client/security.ts";
import { issue, newAuthority } from "../../support/certificates.ts";

const authority = newAuthority();
const stranger = newAuthority("another authority");
const device = issue(authority, { commonName: "device" });
const other = issue(authority, { commonName: "other" });
const FILES = {
  "/tls/ca.pem": authority.certificate,
  "/tls/stranger.pem": stranger.certificate,
  "/tls/device.pem": device.certificate,
  "/tls/device.key": device.key,
  "/tls/other.key": other.key,
};
const GOOD = {
  "security.protocol": "SSL",
  "ssl.ca": "/tls/ca.pem",
  "ssl.certificate": "/tls/device.pem",
  "ssl.key": "/tls/device.key",
} as const;

function sourceOf(given: Partial<ClientSecuritySettings>, files: Readonly<Record<string, string>> = FILES) {
  const defaults = Object.entries(CLIENT_SECURITY_OPTIONS).map(([name, option]) => [name, option.default]);
  const settings = { ...(Object.fromEntries(defaults) as ClientSecuritySettings), ...given };
  const source = securitySource(settings, (path) => {
    if (path === "/tls/secret.key") throw new HeadwaterError("DISK_IO", "cannot open it: EACCES");
    const text = files[path];
    return text === undefined ? null : new TextEncoder().encode(text);
  });
  if (source === null) throw new Error("nothing is secured");
  return source;
}

function faultOf(given: Partial<ClientSecuritySettings>, files?: Readonly<Record<string, string>>): string {
  try {
    sourceOf(given, files)();
    return "";
  } catch (error) {
    return error instanceof HeadwaterError ? `${error.code} ${error.message}` : String(error);
  }
}

describe("a file of TLS that can't be used is named with its setting, fault and remedy", () => {
  const cut = authority.certificate.slice(0, 200);
  const CA = "put the certificates of the authorities there, in PEM";
  const KEY = "put the certificate's key there, in PEM and not encrypted";
  const encrypted = device.key.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
  for (const [name, text, expected] of [
    ["ssl.ca", "", `FILE_MISSING ssl.ca = /tls/x: it is empty; ${CA}`],
    [
      "ssl.ca",
      "hello",
      `CONFIG_INVALID ssl.ca = /tls/x: it is no PEM, which has a line -----BEGIN ...-----; ${CA}`,
    ],
    [
      "ssl.ca",
      cut,
      `CONFIG_INVALID ssl.ca = /tls/x: its PEM is cut off: there is no -----END CERTIFICATE-----; ${CA}`,
    ],
    ["ssl.ca", device.key, `CONFIG_INVALID ssl.ca = /tls/x: it holds no certificate but PRIVATE KEY; ${CA}`],
    [
      "ssl.ca",
      authority.certificate.replace(/MII./, "AAAA"),
      `CONFIG_INVALID ssl.ca = /tls/x: the CERTIFICATE in it is damaged; ${CA}`,
    ],
    [
      "ssl.certificate",
      "",
      "FILE_MISSING ssl.certificate = /tls/x: it is empty; put the certificate there, in PEM",
    ],
    [
      "ssl.key",
      device.certificate,
      `CONFIG_INVALID ssl.key = /tls/x: it holds no key but CERTIFICATE; ${KEY}`,
    ],
    ["ssl.key", encrypted, `CONFIG_INVALID ssl.key = /tls/x: its key is encrypted; ${KEY}`],
  ] as const) {
    test(`${name}: ${expected}`, () => {
      expect(faultOf({ ...GOOD, [name]: "/tls/x" }, { ...FILES, "/tls/x": text })).toBe(expected);
    });
  }

  test("one that is not there, or that nobody here may read", () => {
    expect(faultOf({ ...GOOD, "ssl.key": "/tls/none" })).toBe(
      "FILE_MISSING waiting for /tls/none (ssl.key): it is not there; put it there, or correct ssl.key",
    );
    expect(faultOf({ ...GOOD, "ssl.key": "/tls/secret.key" })).toBe(
      "CONFIG_INVALID ssl.key = /tls/secret.key: cannot open it: EACCES; let the gateway's user read it, or name another file",
    );
  });

  test("and sound ones are taken, chains and old names among them", () => {
    expect(faultOf(GOOD)).toBe("");
    const chain = `subject=/CN=device\n${device.certificate}${authority.certificate}`;
    expect(pemFault(chain, "certificates")).toBeNull();
    expect(pemFault(chain.replaceAll("\n", "\r\n"), "certificates")).toBeNull();
    const parameters = "-----BEGIN EC PARAMETERS-----\nMAo=\n-----END EC PARAMETERS-----\n";
    expect(pemFault(parameters.replace("MAo=", "MAMBAQA=") + device.key, "key")).toBeNull();
  });
});

describe("a connection that fails for its files says for which", () => {
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };

  async function connect(given: Partial<ClientSecuritySettings>, server = {}): Promise<string> {
    const good = issue(authority, { commonName: "broker", ip: [127, 0, 0, 1], ...server });
    const tls = { cert: good.certificate, key: good.key };
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, tls, socket: { data() {} } });
    try {
      const options = { ...DEFAULT_CONNECTION_OPTIONS, security: sourceOf(given) };
      const { port } = listener;
      const error = await KafkaConnection.open(seams, "127.0.0.1", port, options).then(
        () => null,
        (reason: unknown) => reason,
      );
      return error instanceof HeadwaterError
        ? `${error.code} ${error.message}`.replace(`:${port}`, "")
        : String(error);
    } finally {
      listener.stop(true);
    }
  }

  test("a key of another certificate", async () => {
    expect(await connect({ ...GOOD, "ssl.key": "/tls/other.key" })).toBe(
      "CONFIG_INVALID ssl.key = /tls/other.key: it is not the key of ssl.certificate = /tls/device.pem; put those two there that belong together",
    );
  });

  test("an authority that is not the broker's", async () => {
    expect(await connect({ ...GOOD, "ssl.ca": "/tls/stranger.pem" })).toBe(
      "TLS_HANDSHAKE no TLS with 127.0.0.1: its certificate is of an authority that is not trusted here; ssl.ca = /tls/stranger.pem has to hold the authority that the broker's certificate comes from",
    );
  });

  test("a broker's certificate that has expired, or is for another name", async () => {
    expect(await connect(GOOD, { days: -1 })).toBe(
      "TLS_HANDSHAKE no TLS with 127.0.0.1: its certificate has expired, or the clock is wrong here; renew it at the broker, or set the clock",
    );
    expect(await connect(GOOD, { ip: [127, 0, 0, 2] })).toBe(
      "TLS_HANDSHAKE no TLS with 127.0.0.1: its certificate is not for 127.0.0.1 but for IP Address:127.0.0.2; correct bootstrap, or write the name that it is for as ssl.server.name",
    );
  });
});

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { securityFileFaults } from "../../src/cli/security-files.ts";
import { loadSettings } from "../../src/config/load.ts";
import { issue, newAuthority, revocationList } from "../support/certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-security-files-"));
const authority = newAuthority();
const { certificate, key } = issue(authority, { commonName: "localhost" });
const GOOD = {
  "server.pem": certificate,
  "server.key": key,
  "ca.pem": authority.certificate,
  "crl.pem": revocationList(authority, []),
};

afterAll(() => rmSync(folder, { recursive: true }));

/** What is found wrong where these lie in place of the good ones. */
function faults(files: Readonly<Record<string, string>>): readonly string[] {
  for (const [name, text] of Object.entries({ ...GOOD, ...files })) writeFileSync(join(folder, name), text);
  const set = Object.entries({
    certificate: "server.pem",
    key: "server.key",
    ca: "ca.pem",
    crl: "crl.pem",
  }).map(([what, name]) => `tls.${what}.file=${join(folder, name)}`);
  const text = `data = "${folder}"\n`;
  const loaded = loadSettings({
    file: { path: "a.toml", text },
    env: {},
    set,
    flags: new Map(),
    hostName: "a",
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return securityFileFaults(loaded.settings);
}

test("files of certificates that no listener could serve with are found before a start", () => {
  expect(faults({})).toEqual([]);
  expect(faults({ "server.key": issue(authority).key })).toEqual([
    expect.stringMatching(
      /^tls\.certificate\.file: .*server\.pem: TLS: the key is not that of the certificate/,
    ),
  ]);
  expect(faults({ "ca.pem": "junk\n" })).toEqual([expect.stringMatching(/^tls\.ca\.file: .*ca\.pem: TLS: /)]);
  expect(faults({ "crl.pem": "junk\n" })).toEqual([
    expect.stringMatching(/^tls\.crl\.file: .*crl\.pem: it holds no/),
  ]);
  expect(faults({ "crl.pem": revocationList(authority, [], Date.now() - 1_000) })).toEqual([
    expect.stringMatching(/^tls\.crl\.file: .*crl\.pem: .* is out of date since /),
  ]);
});

import {
  CLIENT_SECURITY_OPTIONS,
  type ClientSecuritySettings,
  securityConflicts,
} from "../config/client-security-options.ts";
import type { Option } from "../config/option.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import { type SecuritySource, securitySource } from "../kafka/client/security.ts";
import type { Flag, Input } from "./command.ts";
import { UsageError } from "./exit-codes.ts";

/** Flags by setting. The password itself has none: others on the machine see what a command line says. */
const FLAGS: Readonly<Partial<Record<keyof ClientSecuritySettings, Flag>>> = {
  "security.protocol": {
    name: "security-protocol",
    value: "PROTOCOL",
    doc: "PLAINTEXT (where left out), SSL, SASL_PLAINTEXT or SASL_SSL.",
  },
  "sasl.mechanism": {
    name: "sasl-mechanism",
    value: "NAME",
    doc: "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (where left out).",
  },
  "sasl.username": { name: "sasl-username", value: "NAME", doc: "User to log in as." },
  "sasl.password.file": { name: "sasl-password-file", value: "FILE", doc: "File that holds the password." },
  "ssl.ca": {
    name: "ssl-ca",
    value: "FILE",
    doc: "Authorities of the brokers' certificates, in PEM; the well-known ones where left out.",
  },
  "ssl.certificate": { name: "ssl-cert", value: "FILE", doc: "Certificate to show, in PEM." },
  "ssl.key": { name: "ssl-key", value: "FILE", doc: "Its key, in PEM, not encrypted." },
  "ssl.server.name": {
    name: "ssl-server-name",
    value: "NAME",
    doc: "Name that the brokers' certificates are for, if not that of the host.",
  },
  "ssl.endpoint.identification.algorithm": {
    name: "ssl-check-name",
    value: "https|none",
    doc: "none: take a certificate for any name.",
  },
};

const ENTRIES = Object.entries(CLIENT_SECURITY_OPTIONS) as readonly (readonly [
  keyof ClientSecuritySettings,
  Option<unknown>,
])[];

/** How a command secures its connections: the settings of an uplink, as flags. */
export const SECURITY_FLAGS: readonly Flag[] = Object.values(FLAGS);

/** What the flags say; null for plain connections. Throws UsageError. */
export function securityOf(input: Input): SecuritySource | null {
  const values: Record<string, unknown> = {};
  for (const [name, option] of ENTRIES) {
    const flag = FLAGS[name];
    const given = flag === undefined ? null : input.value(flag.name);
    const reading = given === null ? null : option.read(given);
    if (reading?.ok === false) {
      throw new UsageError(`--${flag?.name} ${given}: ${reading.fault}; ${reading.remedy}`);
    }
    values[name] = reading?.ok === true ? reading.value : option.default;
  }
  const settings = values as unknown as ClientSecuritySettings;
  const [conflict] = securityConflicts(settings);
  if (conflict !== undefined) {
    const remedy = conflict.remedy
      .replace("security.protocol = ", "--security-protocol ")
      .replaceAll('"', "");
    throw new UsageError(`--${FLAGS[conflict.name]?.name}: ${conflict.fault}; ${remedy}`);
  }
  const disk = new PlainDisk();
  return securitySource(settings, (path, maxBytes) => disk.readFile(path, maxBytes));
}

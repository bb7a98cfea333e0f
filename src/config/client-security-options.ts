import { choice, type SectionValues, text } from "./option.ts";
import { secret } from "./secret.ts";

/**
 * How a Kafka client proves who it is and checks whom it talks to: settings of every `[uplink.NAME]`, and by their
 * flags of every command that talks to a broker. Names are Kafka's where it has the same thing.
 */
export const CLIENT_SECURITY_OPTIONS = {
  "security.protocol": choice(["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], {
    default: "PLAINTEXT",
    doc: "Whether connections are encrypted (SSL, which is TLS 1.2 or newer) and whether the client logs in (SASL), as the broker's listener has it.",
  }),
  "sasl.mechanism": choice(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], {
    default: "SCRAM-SHA-512",
    doc: "How the client logs in. SCRAM never sends the password and checks that the broker knows it, too; PLAIN sends it: only with SASL_SSL is it safe.",
  }),
  "sasl.username": text("a text", lineFault, {
    default: "",
    doc: "User to log in as.",
  }),
  "sasl.password": secret({
    doc: "Password of that user. Better in a file of its own: see sasl.password.file.",
  }),
  "sasl.password.file": text("a path, or nothing", pathFault, {
    default: "",
    doc: "File that holds the password, without the line's end. Read anew for every connection, as are the files of TLS: they may come, and change, later.",
  }),
  "ssl.ca": text("a path, or nothing", pathFault, {
    default: "",
    defaultText: "the authorities that Bun knows",
    doc: "PEM file of the authorities that the brokers' certificates may come from.",
  }),
  "ssl.certificate": text("a path, or nothing", pathFault, {
    default: "",
    doc: "PEM file of the certificate that the client shows (mutual TLS), and those between it and a root.",
  }),
  "ssl.key": text("a path, or nothing", pathFault, {
    default: "",
    doc: "PEM file of that certificate's key, not encrypted.",
  }),
  "ssl.server.name": text("a host's name, or nothing", lineFault, {
    default: "",
    defaultText: "the host that is connected to",
    doc: "Name that the brokers' certificates have to be for, where it is another than the one they are reached by, for example through a tunnel.",
  }),
  "ssl.endpoint.identification.algorithm": choice(["https", "none"], {
    default: "https",
    doc: "https: a broker's certificate has to be for its name. none: any name will do, so that whoever has a certificate of the same authority can pass for the broker.",
  }),
} as const;

export type ClientSecuritySettings = SectionValues<typeof CLIENT_SECURITY_OPTIONS>;

export interface SecurityConflict {
  readonly name: keyof ClientSecuritySettings;
  readonly fault: string;
  readonly remedy: string;
}

/** What does not go together. */
export function securityConflicts(settings: ClientSecuritySettings): readonly SecurityConflict[] {
  const conflicts: SecurityConflict[] = [];
  const blame = (name: keyof ClientSecuritySettings, fault: string, remedy: string) =>
    conflicts.push({ name, fault, remedy });
  const protocol = settings["security.protocol"];
  const encrypts = protocol === "SSL" || protocol === "SASL_SSL";
  const logsIn = protocol === "SASL_PLAINTEXT" || protocol === "SASL_SSL";
  const hasPassword = !settings["sasl.password"].empty;
  const hasFile = settings["sasl.password.file"] !== "";
  if (logsIn) {
    if (settings["sasl.username"] === "") blame("sasl.username", "it is missing", `${protocol} needs a user`);
    if (!hasPassword && !hasFile) {
      blame("sasl.password.file", "it is missing", "name a file with the password");
    }
    if (hasPassword && hasFile) blame("sasl.password", "there is sasl.password.file too", "keep one of them");
  } else {
    const remedy = `write security.protocol = "${encrypts ? "SASL_SSL" : "SASL_PLAINTEXT"}"`;
    const fault = `${protocol} logs nobody in`;
    if (settings["sasl.username"] !== "") blame("sasl.username", fault, remedy);
    else if (hasPassword) blame("sasl.password", fault, remedy);
    else if (hasFile) blame("sasl.password.file", fault, remedy);
  }
  if ((settings["ssl.certificate"] === "") !== (settings["ssl.key"] === "")) {
    blame("ssl.certificate", "certificate and key go together", "give both files, or none");
  }
  for (const name of ["ssl.ca", "ssl.certificate", "ssl.server.name"] as const) {
    if (settings[name] === "" || encrypts) continue;
    const remedy = `write security.protocol = "${logsIn ? "SASL_SSL" : "SSL"}"`;
    blame(name, `${protocol} is not encrypted`, remedy);
  }
  return conflicts;
}

function pathFault(value: string): string | null {
  return value.includes("\0") ? "it holds a zero character" : null;
}

/** What goes into messages of a line. */
function lineFault(value: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  return /[\0-\x1f\x7f]/.test(value) ? "it holds a control character" : null;
}

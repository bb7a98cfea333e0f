const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END ([A-Z0-9 ]+)-----/g;
const FIRST_LINE = /-----BEGIN ([A-Z0-9 ]+)-----/;
/** Labels of RFC 7468, and of what OpenSSL writes. */
const CERTIFICATES: ReadonlySet<string> = new Set(["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"]);
const ENCRYPTED = "ENCRYPTED PRIVATE KEY";

/** Why a text can't be a PEM file of certificates, or of a key, in words; null where nothing speaks against it. */
export function pemFault(text: string, kind: "certificates" | "key"): string | null {
  if (text.trim() === "") return "it is empty";
  const begun = FIRST_LINE.exec(text);
  if (begun === null) return "it is no PEM, which has a line -----BEGIN ...-----";
  const blocks = [...text.matchAll(BLOCK)];
  if (blocks.length === 0) return `its PEM is cut off: there is no -----END ${begun[1]}-----`;
  const labels = blocks.map(([, label = ""]) => label);
  if (kind === "certificates" && !labels.some((label) => CERTIFICATES.has(label)))
    return `it holds no certificate but ${labels[0]}`;
  if (kind === "key") {
    if (labels.includes(ENCRYPTED) || text.includes("Proc-Type: 4,ENCRYPTED")) return "its key is encrypted";
    if (!labels.some((label) => label.endsWith("PRIVATE KEY"))) return `it holds no key but ${labels[0]}`;
  }
  const broken = blocks.find(([, label = "", body = "", end]) => label !== end || !isDer(body));
  return broken === undefined ? null : `the ${broken[1]} in it is damaged`;
}

/** Whether it is base64 of one DER sequence, and all of it. What stands before an empty line are headers. */
function isDer(body: string): boolean {
  const base64 = (body.split(/\r?\n\r?\n/).at(-1) ?? "").replaceAll(/\s/g, "");
  if (base64 === "" || /[^A-Za-z0-9+/=]/.test(base64)) return false;
  const bytes = Buffer.from(base64, "base64");
  const [tag = 0, first = 0] = bytes;
  if (tag !== SEQUENCE) return false;
  if (first < LONG_FORM) return bytes.length === 2 + first;
  const count = first - LONG_FORM;
  if (count === 0 || count > MAX_LENGTH_BYTES || bytes.length < 2 + count) return false;
  return bytes.length >= 2 + count + bytes.readUIntBE(2, count);
}

const SEQUENCE = 0x30;
const LONG_FORM = 0x80;
const MAX_LENGTH_BYTES = 4;

import { text } from "./option.ts";

/** Encryption of the data folder. */
export const ENCRYPTION_OPTIONS = {
  "storage.encryption.key.file": text("a path", nameFault, {
    default: "",
    defaultText: "none",
    doc: "Key that everything in the data folder is encrypted under (AES-256-GCM): 32 bytes, or these in hex or base64. A folder is encrypted or not from its first start on; headwater encryption changes that of one that is stopped. Names of topics, sizes and times can be seen all the same, and the files users and acl.toml, where they lie in it, stay as they are.",
  }),
  "storage.encryption.key.credential": text("a name", credentialFault, {
    default: "",
    defaultText: "none",
    doc: "The same key as a credential that systemd gives the service: its name with LoadCredential= or, encrypted under the machine's TPM, with LoadCredentialEncrypted=.",
  }),
} as const;

function nameFault(value: string): string | null {
  return value.includes("\0") ? "it holds a zero character" : null;
}

function credentialFault(value: string): string | null {
  return value === "" || /^[A-Za-z0-9._-]{1,255}$/.test(value) ? null : "it is no name of a credential";
}

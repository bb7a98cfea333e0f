import type { Certificate } from "./certificate.ts";
import { nameFault } from "./users.ts";

/** Which part of a client certificate is its holder's name. */
export type NameSource = "cn" | "dns" | "email" | "uri";

/**
 * The name of a certificate: the first source that has exactly one name that a user could have. Two names of a kind
 * are none, since the client would choose.
 */
export function nameOf(certificate: Certificate, sources: readonly NameSource[]): string | null {
  for (const source of sources) {
    const names = namesOf(certificate, source);
    const [only] = names;
    if (names.length === 1 && only !== undefined && nameFault(only) === null) return only;
  }
  return null;
}

function namesOf({ commonName, dns, email, uri }: Certificate, source: NameSource): readonly string[] {
  switch (source) {
    case "cn":
      return commonName === null ? [] : [commonName];
    case "dns":
      return dns;
    case "email":
      return email;
    case "uri":
      return uri;
  }
}

import { HeadwaterError } from "../base/errors.ts";
import type { TlsServer } from "../io/network.ts";
import { isWholeChain } from "./certificate.ts";
import type { TlsFiles } from "./security.ts";

/** Throws CONFIG_INVALID where nobody can serve with these. */
export type TlsCheck = (tls: TlsServer) => void;

/**
 * Whether listeners could serve with the contents of these files, as `tlsServer` has them: the pair first, then what is
 * asked of clients, so that the file is named that is at fault. Throws CONFIG_INVALID with its path.
 */
export function tryTls(
  paths: TlsFiles,
  tls: Omit<TlsServer, "clientCertificate" | "protocols">,
  check: TlsCheck,
): void {
  const pair = {
    ...tls,
    authorities: null,
    revocations: null,
    clientCertificate: "none",
    protocols: [],
  } as const;
  attempt(paths.certificate, () => check(pair));
  const { authorities, revocations } = tls;
  if (authorities === null) return;
  const trusting = { ...pair, authorities, clientCertificate: "required" } as const;
  const authoritiesPath = paths.authorities ?? "";
  attempt(authoritiesPath, () => check(trusting));
  // The runtime reads up to the first that is none, and leaves the others out.
  if (!isWholeChain(authorities))
    throw unusable(authoritiesPath, "not all of it are certificates in PEM: it is cut off, or damaged");
  if (revocations !== null) attempt(paths.revocations ?? "", () => check({ ...trusting, revocations }));
}

function attempt(path: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    throw unusable(path, error.message, error);
  }
}

function unusable(path: string, what: string, cause?: HeadwaterError): HeadwaterError {
  return new HeadwaterError("CONFIG_INVALID", `${path}: ${what}`, { path, cause });
}

import { HeadwaterError } from "../base/errors.ts";
import type { KeyPair, Validity } from "../enrolment/x509.ts";
import type { Input } from "./command.ts";
import { UsageError } from "./exit-codes.ts";

export const DAY_MS = 86_400_000;
/** Nobody comes by to change the certificate of a gateway, or of a device, before it is taken down. */
export const CERTIFICATE_DAYS = 3650;
const MAX_DAYS = 36_500;
/** Clocks of devices differ: what is made now has to be good for one that is late. */
const EARLIER_MS = DAY_MS;
/** No program is older, wherever it comes from. */
export const EARLIEST_MS = Date.UTC(2026, 0, 1);

/** The time, where it can be one. Throws UNSUPPORTED where certificates made now would be good for another century. */
export function believableNowMs(nowMs: number): number {
  if (nowMs >= EARLIEST_MS) return nowMs;
  const shown = new Date(nowMs).toISOString();
  const remedy = "set it (timedatectl set-time), or wait until it was set";
  throw new HeadwaterError(
    "UNSUPPORTED",
    `the clock of this machine shows ${shown}, and certificates go by the time; ${remedy}`,
  );
}

/** For how long certificates made now are good, as `--days` says. Throws UsageError. */
export function validityOf(input: Input, nowMs: number): Validity {
  const text = input.value("days") ?? String(CERTIFICATE_DAYS);
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > MAX_DAYS) throw new UsageError(`--days ${text}: write 1 to ${MAX_DAYS}`);
  return { fromMs: nowMs - EARLIER_MS, untilMs: nowMs + days * DAY_MS };
}

/** A key and a certificate for a device, whose name it has then. */
export async function issueDevice(authority: KeyPair, name: string, validity: Validity): Promise<KeyPair> {
  const x509 = await import("../enrolment/x509.ts");
  const key = await x509.newKey();
  const holder = { commonName: name, names: { dns: [], addresses: [] }, use: "client" as const };
  return {
    key,
    certificate: await x509.signCertificate(authority, await x509.publicKeyOf(key), holder, validity),
  };
}

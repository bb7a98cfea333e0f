import { type CentreSeams, centrePaths, readCentre, redeem } from "../../src/enrolment/centre.ts";
import type { Invitation } from "../../src/enrolment/invitation.ts";
import { type TokenEntry, TokenLedger } from "../../src/enrolment/ledger.ts";
import { newTemplate } from "../../src/enrolment/template.ts";
import { fingerprintOf, secretHash, tokenText } from "../../src/enrolment/token.ts";
import { type KeyPair, newAuthority, signRevocations } from "../../src/enrolment/x509.ts";
import { MemoryFiles } from "./memory-files.ts";

export const DAY_MS = 86_400_000;
export const NOW_MS = Date.UTC(2026, 10, 22, 9);
export const VALIDITY = { fromMs: NOW_MS - DAY_MS, untilMs: NOW_MS + 3650 * DAY_MS };
export const AUTHORITY = await newAuthority("the centre", {
  ...VALIDITY,
  untilMs: VALIDITY.untilMs + DAY_MS,
});
export const OPEN = { mode: 0o644, owner: null };
const NONE_REVOKED = await signRevocations(AUTHORITY, [], VALIDITY);

/** A centre in memory, which answers as the served one does. */
export class FakeCentre {
  readonly files = new MemoryFiles();
  readonly paths = centrePaths("/centre");
  readonly ledger = new TokenLedger(this.files, this.paths.tokens);
  readonly authority: KeyPair;
  nowMs = NOW_MS;
  asked = 0;
  /** What it says of a gateway's configuration; throws what redeem would. */
  check: CentreSeams["check"] = () => undefined;
  readonly seams: CentreSeams = {
    files: this.files,
    paths: this.paths,
    locked: async (change) => change(),
    check: (config, gateway) => this.check(config, gateway),
  };

  constructor(authority: KeyPair = AUTHORITY) {
    this.authority = authority;
    this.put(this.paths.authority, authority.certificate);
    this.put(this.paths.authorityKey, authority.key);
    this.put(this.paths.template, newTemplate("central.example:9093"));
    this.put(
      this.paths.centre,
      JSON.stringify({ url: "https://central.example:8444", hosts: ["central.example", "10.0.0.1"] }),
    );
    this.put(this.paths.revoked, NONE_REVOKED);
    this.put(`${this.paths.files}/acl.toml`, "# rules\n");
  }

  put(path: string, text: string): void {
    this.files.write(path, Buffer.from(text), OPEN);
  }

  /** A token for a gateway: what the ledger has, and what the gateway is given. */
  issue(gateway: string, more: Partial<TokenEntry> = {}): Invitation & { readonly kind: "token" } {
    const count = this.ledger.list().length + 1;
    const [id, secret] = [
      tokenText(new Uint8Array(9).fill(count)),
      tokenText(new Uint8Array(24).fill(count)),
    ];
    const entry = {
      ...{ id, gateway, secretHash: secretHash(secret), values: { site: "north" }, files: {}, names: "" },
      ...{ issuedAtMs: this.nowMs, expiresAtMs: this.nowMs + 14 * DAY_MS, cancelled: false, used: null },
      ...more,
    };
    this.ledger.write(entry);
    const token = { id, secret, fingerprint: fingerprintOf(this.authority.certificate) ?? "" };
    return {
      kind: "token",
      gateway,
      centre: "https://central.example:8444",
      token,
      expiresAtMs: entry.expiresAtMs,
    };
  }

  async answer(invitation: Invitation & { readonly kind: "token" }, request: string): Promise<string> {
    this.asked += 1;
    const { id, secret } = invitation.token;
    return redeem(this.seams, { id, secret, request, gateway: invitation.gateway }, VALIDITY, this.nowMs);
  }

  get centreFiles() {
    return readCentre(this.seams);
  }
}

import { Fields } from "./fields.ts";
import { type EnrolmentToken, formatToken, parseToken } from "./token.ts";

/** The file that makes a gateway of a machine: where to ask with what, or all of it. */
export type Invitation =
  | {
      readonly kind: "token";
      /** gateway.id; null where only a token was given. */
      readonly gateway: string | null;
      /** https URL. */
      readonly centre: string;
      readonly token: EnrolmentToken;
      /** Null where only a token was given. */
      readonly expiresAtMs: number | null;
    }
  | {
      readonly kind: "bundle";
      readonly gateway: string;
      /** A signed bundle, as `readBundle` takes it. */
      readonly bundle: string;
    };

export const INVITATION_FORMAT = "headwater-enrolment/1";
export const MAX_INVITATION_BYTES = 3 * 1024 * 1024;
const MAX_TEXT_LENGTH = 1_000;

/** Reads the file. Throws MALFORMED with the field that is at fault. */
export function parseInvitation(text: string): Invitation {
  const fields = new Fields("the enrolment file", text);
  fields.expectFormat(INVITATION_FORMAT);
  const gateway = fields.text("gateway", MAX_TEXT_LENGTH);
  const bundle = fields.object("bundle");
  if (bundle !== null) return { kind: "bundle", gateway, bundle };
  const centre = fields.text("centre", MAX_TEXT_LENGTH);
  if (centreFault(centre) !== null) throw fields.fault("centre", centreFault(centre) ?? "");
  const token = parseToken(fields.text("token", MAX_TEXT_LENGTH));
  if (token === null) throw fields.fault("token", "is none, or was cut off");
  return { kind: "token", gateway, centre, token, expiresAtMs: fields.timeMs("expires") };
}

export function formatInvitation(invitation: Invitation): string {
  const { gateway } = invitation;
  const rest =
    invitation.kind === "bundle"
      ? { bundle: JSON.parse(invitation.bundle) as unknown }
      : {
          centre: invitation.centre,
          token: formatToken(invitation.token),
          expires: new Date(invitation.expiresAtMs ?? 0).toISOString(),
        };
  return `${JSON.stringify({ format: INVITATION_FORMAT, gateway, ...rest }, null, 2)}\n`;
}

/** Says why a gateway can't ask there, or null. */
export function centreFault(url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed === null) return "is no URL, as https://central.example.org:8444";
  if (parsed.protocol !== "https:") return "does not begin with https://";
  return parsed.search === "" && parsed.hash === "" && parsed.username === ""
    ? null
    : "is more than an address";
}

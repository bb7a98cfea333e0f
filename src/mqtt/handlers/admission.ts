import type { Admission } from "../../security/security.ts";
import type { Client } from "../client.ts";
import { ConnectReturn, Reason, type Refusal } from "../packets/codes.ts";
import type { ConnectPacket } from "../packets/connect.ts";
import { willSizeBytes } from "../wills.ts";

/** A handshake that is refused: what MQTT 5 hears, and the return code of the older versions. */
export interface ConnectRefusal extends Refusal {
  readonly returnCode: number;
}

/** Somebody who got in. */
export type Admitted = Admission & { readonly kind: "admitted" };

/**
 * Asks who a client is. `goOn` is called within this call where that is known at once; else nothing more of the client
 * is read until it is, within the time that it has to connect in.
 */
export function askWho(
  client: Client,
  packet: ConnectPacket,
  goOn: (admission: Admitted | ConnectRefusal) => void,
): void {
  const { connection, door } = client;
  const { userName, password } = packet;
  const { remoteAddress: address, peerCertificate: certificate } = connection;
  let answered = false;
  const withdraw = door.gate.admit({ userName, password, certificate, address }, (admission) => {
    answered = true;
    if (admission.kind !== "admitted") {
      door.stats.loginsRefused++;
      door.audit.refused(client, userName, admission.kind);
    }
    const outcome = admission.kind === "admitted" ? admission : refusalOf(admission);
    if (client.isAsking) client.answered(() => goOn(outcome));
    else goOn(outcome);
  });
  if (!answered) client.ask(withdraw, heldBytes(packet));
}

/** What of a CONNECT stays in memory until it is known who sent it. */
function heldBytes({ will, userName, password, clientId }: ConnectPacket): number {
  const texts = clientId.length + (userName?.length ?? 0) + (password?.length ?? 0);
  return texts + (will === null ? 0 : willSizeBytes(will));
}

/** MQTT 5, 3.2.2.2 and 3.1.1, table 3.1. */
function refusalOf({ kind, what }: Exclude<Admission, Admitted>): ConnectRefusal {
  switch (kind) {
    case "unknown":
      return {
        reason: Reason.BAD_USER_NAME_OR_PASSWORD,
        returnCode: ConnectReturn.BAD_USER_NAME_OR_PASSWORD,
        what,
      };
    case "forbidden":
      return { reason: Reason.NOT_AUTHORIZED, returnCode: ConnectReturn.NOT_AUTHORIZED, what };
    case "busy":
      return { reason: Reason.SERVER_BUSY, returnCode: ConnectReturn.SERVER_UNAVAILABLE, what };
    case "too-many":
      return { reason: Reason.CONNECTION_RATE_EXCEEDED, returnCode: ConnectReturn.SERVER_UNAVAILABLE, what };
  }
}

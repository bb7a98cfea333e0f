import type { MqttLimits } from "../limits.ts";
import { type Losses, NO_LOSSES } from "../losses.ts";
import type { WillPacket } from "../packets/connect.ts";
import type { MqttStats } from "../stats.ts";
import type { Outbound } from "./outbound.ts";
import { PacketIdSet } from "./packet-id-set.ts";
import type { Subscription } from "./targets.ts";
import { TransientOutbound } from "./transient-outbound.ts";

/**
 * What MQTT calls session state (MQTT 5, 4.1): it belongs to a client id, not to a connection, and knows nothing
 * of sockets. As it stands here it begins with a connection and ends with it.
 */
export class Session {
  readonly clientId: string;
  /** The name that the client was let in under; null for nobody in particular. */
  userName: string | null = null;
  /** The id of the certificate that the name is from; null where it is from none. */
  certificate: string | null = null;
  /** Its connection's, or while it is away one that is not due yet. */
  will: WillPacket | null = null;
  readonly subscriptions = new Map<string, Subscription>();
  /** QoS 2 packets that were appended, or are about to be, and not released by PUBREL. */
  readonly received = new PacketIdSet();
  /** Those of them whose PUBREC waits for the log, and whether they came again since. As bounded as what waits. */
  readonly unanswered = new Map<number, boolean>();
  readonly outbound: Outbound;
  /** Whether what it has not got is kept for it when its connection ends. */
  readonly outlivesConnection: boolean = false;

  /** `outbound` is the way out of one that outlives its connection. */
  constructor(
    clientId: string,
    limits: MqttLimits,
    stats: MqttStats,
    losses: Losses = NO_LOSSES,
    outbound: Outbound = new TransientOutbound(limits, stats, losses),
  ) {
    this.clientId = clientId;
    this.outbound = outbound;
  }
}

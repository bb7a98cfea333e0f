import type { SparkplugStats } from "./payloads/sparkplug/nodes.ts";

/** What the door has counted since it opened. Only `connections`, `subscriptions`, `replays` and the bytes go down too. */
export interface MqttStats extends SparkplugStats {
  connections: number;
  /** Connections that were opened, whatever became of them. */
  socketsOpened: number;
  connectionsAccepted: number;
  connectionsRefused: number;
  takeovers: number;
  keepAliveTimeouts: number;
  /** Logins that were wrong, and such that nobody may connect by. */
  loginsRefused: number;
  /** Connections that ended since what they were let in for no longer held. */
  loginsRevoked: number;
  /** Connections that were closed for what they sent. */
  protocolErrors: number;
  /** Packets of any kind. */
  packetsReceived: number;
  /** Bytes as they came, and as they were sent, without what TLS and WebSocket add. */
  bytesReceived: number;
  bytesSent: number;
  publishesReceived: number;
  publishBytesReceived: number;
  /** Payloads of PUBLISHes that were sent. */
  publishBytesSent: number;
  /** QoS 2 packets that came again and were not appended again. */
  duplicates: number;
  /** PUBLISHes that were not stored, by refusal of the topic or of the batch. */
  publishesRefused: number;
  /** Records whose time was to come from the payload and did not. */
  timestampFallbacks: number;
  /** Records beyond the first that PUBLISHes became. */
  splitRecords: number;
  /** Records that were not stored, since nothing in them had changed. */
  recordsUnchanged: number;
  /** PUBLISHes that were acknowledged and became no record for that reason. */
  publishesUnchanged: number;
  /** PUBLISHes whose payload could not be decoded, and that were appended as dead letters. */
  deadLetters: number;
  subscriptions: number;
  messagesSent: number;
  /** Messages that a full queue of a subscriber dropped. */
  messagesDropped: number;
  /** Messages whose expiry passed in a queue. */
  messagesExpired: number;
  /** Messages larger than a subscriber's maximum packet size. */
  messagesTooLarge: number;
  /** Messages whose subscriber lost the right to them while they waited. */
  messagesForbidden: number;
  /** Messages that no subscriber got since too much waited for the disk. */
  messagesUnstaged: number;
  /** Records that downlinks published, those among them that nobody was there to take, and dead letters of theirs. */
  downlinkMessages: number;
  downlinkUnheard: number;
  downlinkDeadLetters: number;
  /** Delivery reports that their topic did not take. */
  downlinkReportsRefused: number;
  /** Records that downlinks are to publish and have not. */
  downlinkLagRecords: number;
  /** Subscriptions to what was published before. */
  replays: number;
  /** Messages of theirs that were sent; they are among `messagesSent` too. */
  messagesReplayed: number;
  /** Sessions that wait for their client to come back, and those that waited in vain. */
  sessionsAway: number;
  sessionsExpired: number;
  /** Messages of durable sessions that were sent once more. */
  messagesSentAgain: number;
  /** Sessions that outlive their connections, connected or not. */
  durableSessions: number;
  /** Messages that durable sessions wait for, each counted once. */
  storedMessages: number;
  storedBytes: number;
  willsPublished: number;
  /** Topics that have a retained message, and what those messages weigh. */
  retainedMessages: number;
  retainedBytes: number;
  /** Messages that were not retained since there are too many; they were appended and delivered. */
  retainedRefused: number;
  /** Retained messages that the log did not give back when they were wanted. */
  retainedUnreadable: number;
  pauses: number;
  /** Bytes received that are not on the disk yet. */
  unsettledBytes: number;
  /** Bytes held of packets that have not come to their end. */
  splitBytes: number;
  stagedBytes: number;
  queuedMessages: number;
  queuedBytes: number;
}

export function newStats(): MqttStats {
  return {
    connections: 0,
    socketsOpened: 0,
    connectionsAccepted: 0,
    connectionsRefused: 0,
    takeovers: 0,
    keepAliveTimeouts: 0,
    loginsRefused: 0,
    loginsRevoked: 0,
    protocolErrors: 0,
    packetsReceived: 0,
    bytesReceived: 0,
    bytesSent: 0,
    publishesReceived: 0,
    publishBytesReceived: 0,
    publishBytesSent: 0,
    duplicates: 0,
    publishesRefused: 0,
    timestampFallbacks: 0,
    splitRecords: 0,
    recordsUnchanged: 0,
    publishesUnchanged: 0,
    deadLetters: 0,
    sparkplugGaps: 0,
    sparkplugUnknownAliases: 0,
    sparkplugRebirths: 0,
    subscriptions: 0,
    messagesSent: 0,
    messagesDropped: 0,
    messagesExpired: 0,
    messagesTooLarge: 0,
    messagesForbidden: 0,
    messagesUnstaged: 0,
    downlinkMessages: 0,
    downlinkUnheard: 0,
    downlinkDeadLetters: 0,
    downlinkReportsRefused: 0,
    downlinkLagRecords: 0,
    replays: 0,
    messagesReplayed: 0,
    sessionsAway: 0,
    sessionsExpired: 0,
    messagesSentAgain: 0,
    durableSessions: 0,
    storedMessages: 0,
    storedBytes: 0,
    willsPublished: 0,
    retainedMessages: 0,
    retainedBytes: 0,
    retainedRefused: 0,
    retainedUnreadable: 0,
    pauses: 0,
    unsettledBytes: 0,
    splitBytes: 0,
    stagedBytes: 0,
    queuedMessages: 0,
    queuedBytes: 0,
  };
}

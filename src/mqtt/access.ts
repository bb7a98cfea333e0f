import type { TopicEntry } from "./topic-table.ts";

/** Who asks: the parts of a client that rights can go by. */
export interface Identity {
  readonly clientId: string;
  /** The name that the client was let in under; null for nobody in particular. */
  readonly userName: string | null;
}

/**
 * The user name of what is no client: downlinks and bridges, which the configuration allows. Nobody can be let in
 * under it (`nameFault`), and what they have retained says it after a restart, too.
 */
export const INSIDE_NAME = "";

/**
 * What clients may do. Asked for every PUBLISH, so an answer is to be found without a search: the topic's entry
 * is the same object for all messages of a topic while it is remembered.
 */
export interface Access {
  /** Whether the client may publish to the topic: asked for its PUBLISHes, its will at CONNECT and when it is due. */
  mayPublish(who: Identity, topic: TopicEntry): boolean;
  /** Whether the client may subscribe to the filter, as SUBSCRIBE has it. */
  maySubscribe(who: Identity, filter: string): boolean;
  /** Whether a message of the topic may be delivered to the client: asked when its targets are found. */
  mayReceive(who: Identity, topic: TopicEntry): boolean;
}

/** Everybody may do everything. */
export const OPEN_ACCESS: Access = {
  mayPublish: () => true,
  maySubscribe: () => true,
  mayReceive: () => true,
};

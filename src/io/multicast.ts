/** Datagrams to all who listen on a link, as multicast DNS has them. */
export interface Multicast {
  /** Interfaces that are up, with their addresses. Doesn't throw; what can't be found out is none. */
  links(): readonly Link[];
  /**
   * Joins the group on a link, for one kind of addresses, and is told of what comes from this link. Throws NETWORK
   * where that can't be had.
   */
  join(link: Link, family: Family, heard: (datagram: Datagram) => void): MulticastSocket;
}

export type Family = 4 | 6;

export interface Link {
  /** As the system calls it: eth0. */
  readonly name: string;
  readonly isLoopback: boolean;
  readonly addresses: readonly LinkAddress[];
}

export interface LinkAddress {
  readonly address: string;
  readonly family: Family;
  /** Length of the network's part. */
  readonly prefixBits: number;
}

/** Its bytes belong to whoever is told. */
export interface Datagram {
  readonly bytes: Uint8Array;
  readonly address: string;
  readonly port: number;
}

export interface MulticastSocket {
  /** To the group, or to one address and port. What can't be sent is lost, as any datagram may be. */
  send(bytes: Uint8Array, to?: { readonly address: string; readonly port: number }): void;
  close(): void;
}

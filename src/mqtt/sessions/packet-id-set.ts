const ALL_IDS_BYTES = 8_192;

/**
 * A set of packet identifiers. A client that never releases its QoS 2 packets can make it 8 KiB, not more; one
 * that never uses QoS 2 pays nothing.
 */
export class PacketIdSet {
  #bits: Uint8Array | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(packetId: number): boolean {
    return this.#bits !== null && ((this.#bits[packetId >> 3] ?? 0) & (1 << (packetId & 7))) !== 0;
  }

  /** All of them, in order. */
  *ids(): Generator<number> {
    const bits = this.#bits ?? [];
    for (const [index, byte] of bits.entries()) {
      for (let bit = 0; byte >> bit > 0; bit++) if ((byte & (1 << bit)) !== 0) yield index * 8 + bit;
    }
  }

  add(packetId: number): void {
    if (this.has(packetId)) return;
    if (this.#bits === null) this.#bits = new Uint8Array(ALL_IDS_BYTES);
    this.#bits[packetId >> 3] = (this.#bits[packetId >> 3] ?? 0) | (1 << (packetId & 7));
    this.#size++;
  }

  /** False where it was not in the set. */
  delete(packetId: number): boolean {
    if (!this.has(packetId) || this.#bits === null) return false;
    this.#bits[packetId >> 3] = (this.#bits[packetId >> 3] ?? 0) & ~(1 << (packetId & 7));
    this.#size--;
    return true;
  }
}

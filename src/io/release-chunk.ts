/** Below this the call costs more than the memory; the collector packs such chunks beside other small objects. */
const WORTH_RELEASING_BYTES = 2048;

/**
 * Gives the memory of a received chunk back now, which the collector would do some megabytes later: the next
 * chunk then lies in memory that the processor's caches and the page tables know already. For the handler that
 * owns the chunk, when it has read all of it. Views of the chunk are empty from here on, so that one which was
 * kept by mistake reads nothing, and never another chunk's bytes.
 */
export function releaseChunk(chunk: Uint8Array): void {
  if (chunk.length < WORTH_RELEASING_BYTES) return;
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength) buffer.transfer(0);
}

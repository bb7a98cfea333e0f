/** Below this the call costs more than the memory; the collector packs such chunks beside other small objects. */
const WORTH_RELEASING_BYTES = 2048;

/**
 * Gives the memory of a received chunk back now, which the collector would do some megabytes later: the next
 * chunk then lies in memory that the processor's caches and the page tables know already. For the handler that
 * owns the chunk, when it has read all of it. Views of the chunk are empty from here on, so that one which was
 * kept by mistake reads nothing, and never another chunk's bytes.
 */
export function releaseChunk(chunk: Uint8Array): void {
  releaseMemory(chunk);
}

/**
 * The same for an array that nobody needs any more: a table that was grown out of, or has served its purpose. The
 * collector comes for what lives long only once the program has twice the memory that it needs.
 */
export function releaseMemory(array: ArrayBufferView): void {
  if (array.byteLength < WORTH_RELEASING_BYTES) return;
  const { buffer } = array;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === array.byteLength) buffer.transfer(0);
}

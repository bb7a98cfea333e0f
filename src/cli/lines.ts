import { HeadwaterError } from "../base/errors.ts";

const NEWLINE = 0x0a;

/**
 * The lines of a stream, without their ends, in groups as they become whole: what has come is handed on before
 * more is waited for. A last line without an end counts; its bytes are the caller's. Throws MALFORMED for a line
 * beyond the bound.
 */
export async function* lines(
  input: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<readonly Uint8Array[]> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const chunk of input) {
    const group: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      group.push(Buffer.concat([...rest, chunk.subarray(start, end)]));
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      rest.push(chunk.slice(start));
      restBytes += chunk.length - start;
    }
    if (restBytes > maxLineBytes)
      throw new HeadwaterError("MALFORMED", `a line is longer than ${maxLineBytes} bytes`);
    if (group.length > 0) yield group;
  }
  if (restBytes > 0) yield [Buffer.concat(rest)];
}

/** The first line of a short text, without its end; no more than about `maxBytes` of it. */
export async function firstLine(input: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n") || text.length > maxBytes) break;
  }
  return (text.split("\n")[0] ?? "").replace(/\r$/, "");
}

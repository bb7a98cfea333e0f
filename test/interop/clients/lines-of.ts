/** Lines of a running program's output, as they come. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/**
 * A subscriber in a process of its own: resolves once `isReady` holds for a line, with a promise of the messages
 * that `parse` finds in the lines after it (null for a line that is none).
 */
export async function subscribeByProcess<Message>(
  command: readonly string[],
  count: number,
  isReady: (line: string) => boolean,
  parse: (line: string) => Message | null,
  timeoutMs: number,
): Promise<{ readonly received: Promise<readonly Message[]> }> {
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
  });
  const ready = Promise.withResolvers<void>();
  const errors = new Response(child.stderr).text();
  const received = (async () => {
    const messages: Message[] = [];
    const printed: string[] = [];
    for await (const line of linesOf(child.stdout)) {
      printed.push(line);
      if (isReady(line)) ready.resolve();
      const message = parse(line);
      if (message !== null) messages.push(message);
    }
    await child.exited;
    if (messages.length !== count) {
      const said = `${printed.slice(-5).join("\n")}\n${await errors}`;
      throw new Error(`${command[0]} received ${messages.length} of ${count} messages: ${said}`);
    }
    return messages;
  })();
  received.catch((error: unknown) => ready.reject(error));
  await ready.promise;
  return { received };
}

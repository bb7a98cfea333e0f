import { HeadwaterError } from "../base/errors.ts";
import { HostOwnedFiles } from "../io/bun/owned-files.ts";
import { MAX_PASSWORD_BYTES } from "../security/users.ts";
import { UsageError } from "./exit-codes.ts";
import { lines } from "./lines.ts";
import type { World } from "./world.ts";

/** 144 bits: no list of passwords holds it, and it can still be typed. */
const RANDOM_BYTES = 18;
const MAX_FILE_BYTES = 64 * 1024;

export interface Password {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Made here, so that somebody has to be told of it. */
  readonly isRandom: boolean;
}

/**
 * A password out of a file's first line (`-`: of standard input), or of whoever sits at the terminal, or a random one.
 * Throws UsageError, FILE_MISSING.
 */
export async function choosePassword(
  user: string,
  file: string | null,
  isAsking: boolean,
  world: World,
): Promise<Password> {
  if (file !== null) return given(file === "-" ? await firstLine(world.stdin()) : firstLineOf(file));
  if (!isAsking) return randomPassword();
  const text = await world.askSecret(`Password of ${user} (nothing: a random one): `);
  if (text === "") return randomPassword();
  if ((await world.askSecret("Again: ")) !== text) throw new UsageError("the two passwords differ");
  return given(text);
}

/** One that nobody else has. */
export function randomPassword(): Password {
  const text = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)).toBase64({ alphabet: "base64url" });
  return { text, bytes: Buffer.from(text), isRandom: true };
}

function given(text: string): Password {
  const bytes = Buffer.from(text);
  if (bytes.length === 0) throw new UsageError("the password is empty");
  if (bytes.length > MAX_PASSWORD_BYTES) {
    throw new UsageError(`the password has more than ${MAX_PASSWORD_BYTES} bytes`);
  }
  return { text, bytes, isRandom: false };
}

async function firstLine(input: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const [line] of lines(input, MAX_FILE_BYTES)) {
    if (line !== undefined) return new TextDecoder().decode(line).replace(/\r$/, "");
  }
  return "";
}

function firstLineOf(path: string): string {
  const bytes = new HostOwnedFiles().read(path, MAX_FILE_BYTES);
  if (bytes === null)
    throw new HeadwaterError("FILE_MISSING", `${path} is not there; name a file with a password`);
  return (new TextDecoder().decode(bytes).split("\n")[0] ?? "").replace(/\r$/, "");
}

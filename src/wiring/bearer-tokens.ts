import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Logger } from "../base/logger.ts";
import type { Settings } from "../config/options.ts";
import type { Clock } from "../io/clock.ts";
import { BearerTokens } from "../security/sasl/tokens.ts";

const TIMEOUT_MS = 10_000;
const MAX_KEYS_BYTES = 1024 * 1024;

/** Checks tokens by the settings. Imported only where clients log in with them. */
export function openBearerTokens(settings: Settings, clock: Clock, logger: Logger): BearerTokens {
  const url = settings["sasl.oauthbearer.jwks.endpoint.url"];
  return new BearerTokens({
    rules: {
      issuer: settings["sasl.oauthbearer.expected.issuer"],
      audiences: settings["sasl.oauthbearer.expected.audience"],
      subjectClaim: settings["sasl.oauthbearer.sub.claim.name"],
      clockSkewMs: settings["sasl.oauthbearer.clock.skew.seconds"] * 1_000,
      refreshMs: settings["sasl.oauthbearer.jwks.endpoint.refresh.ms"],
    },
    loadKeys: () => (url.startsWith("file:") ? readKeys(url) : fetchKeys(url)),
    clock,
    logger,
  });
}

async function readKeys(url: string): Promise<string> {
  const path = fileURLToPath(url);
  if (statSync(path).size > MAX_KEYS_BYTES) throw tooLarge(url);
  return readFileSync(path, "utf8");
}

async function fetchKeys(url: string): Promise<string> {
  const answer = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_KEYS_BYTES) throw tooLarge(url);
  }
  return text;
}

function tooLarge(url: string): Error {
  return new Error(`${url} has more than ${MAX_KEYS_BYTES} bytes`);
}

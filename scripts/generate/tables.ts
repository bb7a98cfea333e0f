import { HEADER } from "./codec.ts";
import { constantCase } from "./names.ts";
import type { Message } from "./schema.ts";

export interface RawError {
  readonly code: number;
  readonly name: string;
  readonly retriable: boolean;
}

export interface RawApiKey {
  readonly key: number;
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly clusterAction: boolean;
}

/** The error codes of the protocol. */
export function generateErrors(errors: readonly RawError[]): string {
  const codes = errors.map(({ name, code }) => `  ${name}: ${code},`);
  const retriable = errors.filter((error) => error.retriable).map(({ name }) => `  ERROR.${name},`);
  return `${HEADER}/** The error codes of Kafka's protocol. */
export const ERROR = {
${codes.join("\n")}
} as const;

export type ProtocolError = (typeof ERROR)[keyof typeof ERROR];

/** Those after which a client tries again. */
export const RETRIABLE_ERRORS: ReadonlySet<number> = new Set([
${retriable.join("\n")}
]);

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ERROR).map(([name, code]) => [code, name]));

/** The name of an error code, for logs: a code that nobody knows is named by its number. */
export function errorName(code: number): string {
  return NAMES.get(code) ?? \`ERROR_\${code}\`;
}
`;
}

/** The APIs that have versions, without their codecs: who needs one of those imports it by itself. */
export function generateApis(keys: readonly RawApiKey[], messages: readonly Message[]): string {
  const rows: string[] = [];
  const constants: string[] = [];
  for (const api of [...keys].sort((a, b) => a.key - b.key)) {
    if (api.maxVersion < api.minVersion) continue;
    const request = find(messages, api, "Request");
    const response = find(messages, api, "Response");
    if (request.flexible?.min !== response.flexible?.min)
      throw new Error(`${api.name}: flexible versions differ`);
    const fields = [
      `key: ${api.key}`,
      `name: "${api.name}"`,
      `minVersion: ${api.minVersion}`,
      `maxVersion: ${api.maxVersion}`,
      `maxStableVersion: ${request.latestVersionUnstable ? api.maxVersion - 1 : api.maxVersion}`,
      `flexibleFrom: ${request.flexible?.min ?? null}`,
      `clusterAction: ${api.clusterAction}`,
    ];
    rows.push(`  { ${fields.join(", ")} },`);
    constants.push(`  ${constantCase(api.name)}: ${api.key},`);
  }
  return `${HEADER}import type { Api } from "../api.ts";

export const API_KEY = {
${constants.join("\n")}
} as const;

/** All APIs, by ascending key. */
export const APIS: readonly Api[] = [
${rows.join("\n")}
];
`;
}

/** The message of an API, whose versions have to be those of the table of API keys. */
function find(messages: readonly Message[], api: RawApiKey, suffix: "Request" | "Response"): Message {
  const message = messages.find(({ name }) => name === `${api.name}${suffix}`);
  if (message === undefined) throw new Error(`no schema of ${api.name}${suffix}`);
  const { valid } = message;
  if (message.apiKey !== api.key || valid.min !== api.minVersion || valid.max !== api.maxVersion) {
    throw new Error(`${message.name} is version ${valid.min} to ${valid.max}, not what the API keys say`);
  }
  return message;
}

import {
  MAX_SCRAM_SALT_BYTES,
  MAX_SCRAM_USERS,
  SCRAM_MECHANISM,
  type ScramCredentials,
  type ScramMechanismId,
  type ScramRecord,
} from "../../broker/scram-credentials.ts";
import { nameFault } from "../../security/users.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import { verifierOf } from "../client/scram-keys.ts";
import type { KafkaServices } from "../services.ts";
import {
  type AlterUserScramCredentialsRequest,
  readAlterUserScramCredentialsRequest,
} from "../wire/generated/alter-user-scram-credentials-request.ts";
import {
  type AlterUserScramCredentialsResponse,
  writeAlterUserScramCredentialsResponse,
} from "../wire/generated/alter-user-scram-credentials-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { countOf } from "./placement.ts";

type Deletion = AlterUserScramCredentialsRequest["deletions"][number];
type Upsertion = AlterUserScramCredentialsRequest["upsertions"][number];
type Result = AlterUserScramCredentialsResponse["results"][number];

/** What Kafka takes. */
const MIN_ITERATIONS = 4_096;
const MAX_ITERATIONS = 16_384;

interface Fault {
  readonly error: number;
  readonly message: string;
}

/**
 * AlterUserScramCredentials, 0 (KIP-554): users, and what is kept of their passwords, in force at once and answered
 * once durable. Each user is changed or refused by itself; whose credential goes or changes is cut off.
 *
 * Deviations: names that no user can have here (over 128 characters, control characters, spaces around) are
 * refused, as are salts over 256 bytes.
 */
export const alterUserScramCredentials: ApiHandler<KafkaServices> = {
  apiKey: 51,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    const { deletions, upsertions } = readAlterUserScramCredentialsRequest(call.reader, call.version);
    const counts = countOf([...deletions, ...upsertions].map(({ name }) => name));
    const { scram } = services.broker;
    const results = new Map<string, Result>();
    const records: ScramRecord[] = [];
    let added = 0;
    const decide = (user: string, fault: Fault | null, record: () => ScramRecord): void => {
      const twice = counts.get(user) === 1 ? null : TWICE;
      const found = twice ?? fault;
      if (found === null) records.push(record());
      results.set(user, resultOf(user, found));
    };
    const isAllowed = accessOf(call, services).cluster(CAN.alter);
    for (const deletion of isAllowed ? deletions : [])
      decide(deletion.name, deletionFault(scram, deletion), () => removal(deletion));
    for (const upsertion of isAllowed ? upsertions : []) {
      const isNew = scram.of(upsertion.name).length === 0;
      const fault = upsertionFault(upsertion) ?? (isNew ? roomFault(scram, added) : null);
      if (isNew && fault === null) added += 1;
      decide(upsertion.name, fault, () => credentialOf(upsertion));
    }
    if (!isAllowed) for (const user of counts.keys()) results.set(user, resultOf(user, NOT_ALLOWED));
    const reply = (error: number): void => {
      const all = Array.from(results.values(), (result) =>
        error !== 0 && result.errorCode === 0 ? { ...result, errorCode: error } : result,
      );
      const removed = new Set(deletions.map(({ name }) => name));
      const noted = (action: string, isRemoval: boolean): void => {
        const changes = all
          .filter(({ user }) => removed.has(user) === isRemoval)
          .map(({ user, errorCode }) => ({ resource: `user ${user}`, error: errorCode }));
        noteChanges(call, services.audit, action, changes);
      };
      noted("user.set-scram", false);
      noted("user.remove-scram", true);
      const response = { throttleTimeMs: 0, results: all };
      call.reply((writer) => writeAlterUserScramCredentialsResponse(writer, response, call.version));
    };
    if (records.length === 0) {
      reply(0);
      return;
    }
    const error = scram.alter(records, reply);
    if (error !== 0) reply(error);
  },
};

const TWICE: Fault = {
  error: ERROR.DUPLICATE_RESOURCE,
  message: "A user credential cannot be altered twice in the same request",
};
const NOT_ALLOWED: Fault = {
  error: ERROR.CLUSTER_AUTHORIZATION_FAILED,
  message: "Cluster authorization failed.",
};

function deletionFault(scram: ScramCredentials, { name, mechanism }: Deletion): Fault | null {
  if (name === "") return unacceptable("Username must not be empty");
  if (knownMechanism(mechanism) === null) return UNKNOWN_MECHANISM;
  if (scram.of(name).some((credential) => credential.mechanism === mechanism)) return null;
  return {
    error: ERROR.RESOURCE_NOT_FOUND,
    message: "Attempt to delete a user credential that does not exist",
  };
}

const UNKNOWN_MECHANISM: Fault = {
  error: ERROR.UNSUPPORTED_SASL_MECHANISM,
  message: "Unknown SCRAM mechanism",
};

function upsertionFault({ name, mechanism, iterations, salt }: Upsertion): Fault | null {
  if (name === "") return unacceptable("Username must not be empty");
  if (knownMechanism(mechanism) === null) return UNKNOWN_MECHANISM;
  if (iterations < MIN_ITERATIONS) return unacceptable("Too few iterations");
  if (iterations > MAX_ITERATIONS) return unacceptable("Too many iterations");
  if (salt.length > MAX_SCRAM_SALT_BYTES) return unacceptable("The salt is too long");
  const fault = nameFault(name);
  return fault === null ? null : unacceptable(`No user can have this name: ${fault}`);
}

function roomFault(scram: ScramCredentials, added: number): Fault | null {
  if (scram.size + added < MAX_SCRAM_USERS) return null;
  return {
    error: ERROR.POLICY_VIOLATION,
    message: `There can't be credentials of more than ${MAX_SCRAM_USERS} users.`,
  };
}

function unacceptable(message: string): Fault {
  return { error: ERROR.UNACCEPTABLE_CREDENTIAL, message };
}

function removal({ name, mechanism }: Deletion): ScramRecord {
  return { kind: "remove-scram", user: name, mechanism: knownMechanism(mechanism) ?? SCRAM_MECHANISM.sha256 };
}

/** What was sent would let anybody in who read it: only the keys that are made from it are kept. */
function credentialOf({ name, mechanism: id, iterations, salt, saltedPassword }: Upsertion): ScramRecord {
  const mechanism = knownMechanism(id) ?? SCRAM_MECHANISM.sha256;
  const hash = mechanism === SCRAM_MECHANISM.sha256 ? "SHA-256" : "SHA-512";
  const { storedKey, serverKey } = verifierOf(hash, saltedPassword, salt, iterations);
  return {
    kind: "scram",
    user: name,
    credential: { mechanism, iterations, salt: salt.slice(), storedKey, serverKey },
  };
}

function knownMechanism(id: number): ScramMechanismId | null {
  return Object.values(SCRAM_MECHANISM).find((known) => known === id) ?? null;
}

function resultOf(user: string, fault: Fault | null): Result {
  return { user, errorCode: fault?.error ?? ERROR.NONE, errorMessage: fault?.message ?? null };
}

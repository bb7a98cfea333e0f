import { assertNever } from "../base/assert.ts";
import { HeadwaterError } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import { ACCESS_CONTROL_ENTRY_RECORD } from "../kafka/wire/generated/access-control-entry-record.ts";
import { CLIENT_QUOTA_RECORD } from "../kafka/wire/generated/client-quota-record.ts";
import { CONFIG_RECORD } from "../kafka/wire/generated/config-record.ts";
import { FEATURE_LEVEL_RECORD } from "../kafka/wire/generated/feature-level-record.ts";
import { DEFAULT_PARTITION_RECORD, PARTITION_RECORD } from "../kafka/wire/generated/partition-record.ts";
import { PRODUCER_IDS_RECORD } from "../kafka/wire/generated/producer-ids-record.ts";
import { REMOVE_ACCESS_CONTROL_ENTRY_RECORD } from "../kafka/wire/generated/remove-access-control-entry-record.ts";
import { REMOVE_TOPIC_RECORD } from "../kafka/wire/generated/remove-topic-record.ts";
import { REMOVE_USER_SCRAM_CREDENTIAL_RECORD } from "../kafka/wire/generated/remove-user-scram-credential-record.ts";
import { TOPIC_RECORD } from "../kafka/wire/generated/topic-record.ts";
import { USER_SCRAM_CREDENTIAL_RECORD } from "../kafka/wire/generated/user-scram-credential-record.ts";
import type { MessageCodec } from "../kafka/wire/message.ts";
import { Reader } from "../kafka/wire/reader.ts";
import { Writer } from "../kafka/wire/writer.ts";
import type { AclRecord } from "./acls.ts";
import type { QuotaEntity } from "./client-quotas.ts";
import { type ConfigResource, RESOURCE } from "./dynamic-configs.ts";
import { SCRAM_MECHANISM, type ScramMechanismId, type ScramRecord } from "./scram-credentials.ts";

/** What the metadata log holds, in our words. On disk it is in Kafka's own schemas. */
export type MetadataRecord =
  | AclRecord
  | ScramRecord
  | { readonly kind: "topic"; readonly name: string; readonly topicId: Uuid }
  | {
      readonly kind: "partition";
      readonly topicId: Uuid;
      readonly partition: number;
      readonly leaderEpoch: number;
    }
  | {
      readonly kind: "topic-config";
      readonly topic: string;
      readonly name: string;
      readonly value: string | null;
    }
  | {
      readonly kind: "config";
      readonly resource: ConfigResource;
      readonly name: string;
      readonly value: string | null;
    }
  | { readonly kind: "remove-topic"; readonly topicId: Uuid }
  | { readonly kind: "producer-ids"; readonly nextProducerId: number }
  | { readonly kind: "feature"; readonly name: string; readonly level: number }
  | {
      readonly kind: "client-quota";
      readonly entity: QuotaEntity;
      readonly key: string;
      /** null takes the quota back. */
      readonly value: number | null;
    };

/** The one broker there is, until there are clusters. */
const NODE_ID = 1;
const FRAME_VERSION = 1;

/** As it stands in the metadata log. */
export function metadataStateRecord(record: MetadataRecord) {
  return { key: null, value: encodeMetadataRecord(record) };
}

/**
 * A record's value, framed as in Kafka's `__cluster_metadata` (KIP-631):
 *
 *     frame version UNSIGNED_VARINT = 1, api key UNSIGNED_VARINT, version UNSIGNED_VARINT, the record
 */
export function encodeMetadataRecord(record: MetadataRecord): Uint8Array {
  switch (record.kind) {
    case "topic":
      return encode(TOPIC_RECORD, { name: record.name, topicId: record.topicId });
    case "partition":
      return encode(PARTITION_RECORD, {
        ...DEFAULT_PARTITION_RECORD,
        partitionId: record.partition,
        topicId: record.topicId,
        replicas: [NODE_ID],
        isr: [NODE_ID],
        leader: NODE_ID,
        leaderEpoch: record.leaderEpoch,
        partitionEpoch: 0,
      });
    case "topic-config":
      return encode(CONFIG_RECORD, {
        resourceType: RESOURCE.topic,
        resourceName: record.topic,
        name: record.name,
        value: record.value,
      });
    case "config":
      return encode(CONFIG_RECORD, {
        resourceType: record.resource.type,
        resourceName: record.resource.name,
        name: record.name,
        value: record.value,
      });
    case "remove-topic":
      return encode(REMOVE_TOPIC_RECORD, { topicId: record.topicId });
    case "producer-ids":
      return encode(PRODUCER_IDS_RECORD, {
        brokerId: NODE_ID,
        brokerEpoch: 0,
        nextProducerId: record.nextProducerId,
      });
    case "feature":
      return encode(FEATURE_LEVEL_RECORD, { name: record.name, featureLevel: record.level });
    case "client-quota":
      return encode(CLIENT_QUOTA_RECORD, {
        entity: Array.from(record.entity, ([entityType, entityName]) => ({ entityType, entityName })),
        key: record.key,
        value: record.value ?? 0,
        remove: record.value === null,
      });
    case "acl":
      return encode(ACCESS_CONTROL_ENTRY_RECORD, { id: record.id, ...record.entry });
    case "remove-acl":
      return encode(REMOVE_ACCESS_CONTROL_ENTRY_RECORD, { id: record.id });
    case "scram":
      return encode(USER_SCRAM_CREDENTIAL_RECORD, { name: record.user, ...record.credential });
    case "remove-scram":
      return encode(REMOVE_USER_SCRAM_CREDENTIAL_RECORD, { name: record.user, mechanism: record.mechanism });
    default:
      return assertNever(record);
  }
}

/**
 * The record in these bytes, or null for one of Kafka's that means nothing here. Throws MALFORMED, and
 * DATA_FORMAT_UNKNOWN for a frame of a later version.
 */
export function decodeMetadataRecord(bytes: Uint8Array): MetadataRecord | null {
  const reader = new Reader(bytes);
  const frameVersion = reader.unsignedVarint();
  if (frameVersion !== FRAME_VERSION) {
    throw new HeadwaterError("DATA_FORMAT_UNKNOWN", `metadata frame version ${frameVersion} is not known`);
  }
  const apiKey = reader.unsignedVarint();
  const version = reader.unsignedVarint();
  switch (apiKey) {
    case TOPIC_RECORD.apiKey:
      return { kind: "topic", ...TOPIC_RECORD.read(reader, version) };
    case PARTITION_RECORD.apiKey: {
      const { topicId, partitionId, leaderEpoch } = PARTITION_RECORD.read(reader, version);
      return { kind: "partition", topicId, partition: partitionId, leaderEpoch };
    }
    case CONFIG_RECORD.apiKey: {
      const { resourceType, resourceName, name, value } = CONFIG_RECORD.read(reader, version);
      return resourceType === RESOURCE.topic
        ? { kind: "topic-config", topic: resourceName, name, value }
        : { kind: "config", resource: { type: resourceType, name: resourceName }, name, value };
    }
    case REMOVE_TOPIC_RECORD.apiKey:
      return { kind: "remove-topic", topicId: REMOVE_TOPIC_RECORD.read(reader, version).topicId };
    case PRODUCER_IDS_RECORD.apiKey: {
      const { nextProducerId } = PRODUCER_IDS_RECORD.read(reader, version);
      return { kind: "producer-ids", nextProducerId: Number(nextProducerId) };
    }
    case FEATURE_LEVEL_RECORD.apiKey: {
      const { name, featureLevel } = FEATURE_LEVEL_RECORD.read(reader, version);
      return { kind: "feature", name, level: featureLevel };
    }
    case CLIENT_QUOTA_RECORD.apiKey: {
      const { entity, key, value, remove } = CLIENT_QUOTA_RECORD.read(reader, version);
      const parts = entity.map(({ entityType, entityName }) => [entityType, entityName] as const);
      return { kind: "client-quota", entity: new Map(parts), key, value: remove ? null : value };
    }
    case ACCESS_CONTROL_ENTRY_RECORD.apiKey: {
      const { id, unknownTaggedFields: _, ...entry } = ACCESS_CONTROL_ENTRY_RECORD.read(reader, version);
      return { kind: "acl", id, entry };
    }
    case REMOVE_ACCESS_CONTROL_ENTRY_RECORD.apiKey:
      return { kind: "remove-acl", id: REMOVE_ACCESS_CONTROL_ENTRY_RECORD.read(reader, version).id };
    case USER_SCRAM_CREDENTIAL_RECORD.apiKey: {
      const { name, mechanism: id, ...credential } = USER_SCRAM_CREDENTIAL_RECORD.read(reader, version);
      const mechanism = knownMechanism(id);
      if (mechanism === null) return null;
      const { salt, storedKey, serverKey, iterations } = credential;
      // The bytes that are read are somebody's buffer.
      const copies = { salt: salt.slice(), storedKey: storedKey.slice(), serverKey: serverKey.slice() };
      return { kind: "scram", user: name, credential: { mechanism, iterations, ...copies } };
    }
    case REMOVE_USER_SCRAM_CREDENTIAL_RECORD.apiKey: {
      const { name, mechanism: id } = REMOVE_USER_SCRAM_CREDENTIAL_RECORD.read(reader, version);
      const mechanism = knownMechanism(id);
      return mechanism === null ? null : { kind: "remove-scram", user: name, mechanism };
    }
    default:
      return null;
  }
}

function knownMechanism(id: number): ScramMechanismId | null {
  return Object.values(SCRAM_MECHANISM).find((known) => known === id) ?? null;
}

function encode<Message>(codec: MessageCodec<Message>, message: Message): Uint8Array {
  const writer = new Writer();
  writer.unsignedVarint(FRAME_VERSION);
  writer.unsignedVarint(codec.apiKey ?? 0);
  writer.unsignedVarint(codec.maxVersion);
  codec.write(writer, message, codec.maxVersion);
  return writer.toBytes();
}

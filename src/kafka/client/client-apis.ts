import { ADD_OFFSETS_TO_TXN_REQUEST } from "../wire/generated/add-offsets-to-txn-request.ts";
import { ADD_OFFSETS_TO_TXN_RESPONSE } from "../wire/generated/add-offsets-to-txn-response.ts";
import { ADD_PARTITIONS_TO_TXN_REQUEST } from "../wire/generated/add-partitions-to-txn-request.ts";
import { ADD_PARTITIONS_TO_TXN_RESPONSE } from "../wire/generated/add-partitions-to-txn-response.ts";
import { ALTER_SHARE_GROUP_OFFSETS_REQUEST } from "../wire/generated/alter-share-group-offsets-request.ts";
import { ALTER_SHARE_GROUP_OFFSETS_RESPONSE } from "../wire/generated/alter-share-group-offsets-response.ts";
import { CONSUMER_GROUP_DESCRIBE_REQUEST } from "../wire/generated/consumer-group-describe-request.ts";
import { CONSUMER_GROUP_DESCRIBE_RESPONSE } from "../wire/generated/consumer-group-describe-response.ts";
import { CREATE_PARTITIONS_REQUEST } from "../wire/generated/create-partitions-request.ts";
import { CREATE_PARTITIONS_RESPONSE } from "../wire/generated/create-partitions-response.ts";
import { CREATE_TOPICS_REQUEST } from "../wire/generated/create-topics-request.ts";
import { CREATE_TOPICS_RESPONSE } from "../wire/generated/create-topics-response.ts";
import { DELETE_GROUPS_REQUEST } from "../wire/generated/delete-groups-request.ts";
import { DELETE_GROUPS_RESPONSE } from "../wire/generated/delete-groups-response.ts";
import { DELETE_TOPICS_REQUEST } from "../wire/generated/delete-topics-request.ts";
import { DELETE_TOPICS_RESPONSE } from "../wire/generated/delete-topics-response.ts";
import { DESCRIBE_CLUSTER_REQUEST } from "../wire/generated/describe-cluster-request.ts";
import { DESCRIBE_CLUSTER_RESPONSE } from "../wire/generated/describe-cluster-response.ts";
import { DESCRIBE_CONFIGS_REQUEST } from "../wire/generated/describe-configs-request.ts";
import { DESCRIBE_CONFIGS_RESPONSE } from "../wire/generated/describe-configs-response.ts";
import { DESCRIBE_GROUPS_REQUEST } from "../wire/generated/describe-groups-request.ts";
import { DESCRIBE_GROUPS_RESPONSE } from "../wire/generated/describe-groups-response.ts";
import { DESCRIBE_PRODUCERS_REQUEST } from "../wire/generated/describe-producers-request.ts";
import { DESCRIBE_PRODUCERS_RESPONSE } from "../wire/generated/describe-producers-response.ts";
import { DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST } from "../wire/generated/describe-share-group-offsets-request.ts";
import { DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE } from "../wire/generated/describe-share-group-offsets-response.ts";
import { DESCRIBE_TRANSACTIONS_REQUEST } from "../wire/generated/describe-transactions-request.ts";
import { DESCRIBE_TRANSACTIONS_RESPONSE } from "../wire/generated/describe-transactions-response.ts";
import { END_TXN_REQUEST } from "../wire/generated/end-txn-request.ts";
import { END_TXN_RESPONSE } from "../wire/generated/end-txn-response.ts";
import { FETCH_REQUEST } from "../wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../wire/generated/fetch-response.ts";
import { FIND_COORDINATOR_REQUEST } from "../wire/generated/find-coordinator-request.ts";
import { FIND_COORDINATOR_RESPONSE } from "../wire/generated/find-coordinator-response.ts";
import { HEARTBEAT_REQUEST } from "../wire/generated/heartbeat-request.ts";
import { HEARTBEAT_RESPONSE } from "../wire/generated/heartbeat-response.ts";
import { INCREMENTAL_ALTER_CONFIGS_REQUEST } from "../wire/generated/incremental-alter-configs-request.ts";
import { INCREMENTAL_ALTER_CONFIGS_RESPONSE } from "../wire/generated/incremental-alter-configs-response.ts";
import { INIT_PRODUCER_ID_REQUEST } from "../wire/generated/init-producer-id-request.ts";
import { INIT_PRODUCER_ID_RESPONSE } from "../wire/generated/init-producer-id-response.ts";
import { JOIN_GROUP_REQUEST } from "../wire/generated/join-group-request.ts";
import { JOIN_GROUP_RESPONSE } from "../wire/generated/join-group-response.ts";
import { LEAVE_GROUP_REQUEST } from "../wire/generated/leave-group-request.ts";
import { LEAVE_GROUP_RESPONSE } from "../wire/generated/leave-group-response.ts";
import { LIST_GROUPS_REQUEST } from "../wire/generated/list-groups-request.ts";
import { LIST_GROUPS_RESPONSE } from "../wire/generated/list-groups-response.ts";
import { LIST_OFFSETS_REQUEST } from "../wire/generated/list-offsets-request.ts";
import { LIST_OFFSETS_RESPONSE } from "../wire/generated/list-offsets-response.ts";
import { METADATA_REQUEST } from "../wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../wire/generated/metadata-response.ts";
import { OFFSET_COMMIT_REQUEST } from "../wire/generated/offset-commit-request.ts";
import { OFFSET_COMMIT_RESPONSE } from "../wire/generated/offset-commit-response.ts";
import { OFFSET_DELETE_REQUEST } from "../wire/generated/offset-delete-request.ts";
import { OFFSET_DELETE_RESPONSE } from "../wire/generated/offset-delete-response.ts";
import { OFFSET_FETCH_REQUEST } from "../wire/generated/offset-fetch-request.ts";
import { OFFSET_FETCH_RESPONSE } from "../wire/generated/offset-fetch-response.ts";
import { PRODUCE_REQUEST } from "../wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../wire/generated/produce-response.ts";
import { SASL_AUTHENTICATE_REQUEST } from "../wire/generated/sasl-authenticate-request.ts";
import { SASL_AUTHENTICATE_RESPONSE } from "../wire/generated/sasl-authenticate-response.ts";
import { SASL_HANDSHAKE_REQUEST } from "../wire/generated/sasl-handshake-request.ts";
import { SASL_HANDSHAKE_RESPONSE } from "../wire/generated/sasl-handshake-response.ts";
import { SHARE_GROUP_DESCRIBE_REQUEST } from "../wire/generated/share-group-describe-request.ts";
import { SHARE_GROUP_DESCRIBE_RESPONSE } from "../wire/generated/share-group-describe-response.ts";
import { SYNC_GROUP_REQUEST } from "../wire/generated/sync-group-request.ts";
import { SYNC_GROUP_RESPONSE } from "../wire/generated/sync-group-response.ts";
import { TXN_OFFSET_COMMIT_REQUEST } from "../wire/generated/txn-offset-commit-request.ts";
import { TXN_OFFSET_COMMIT_RESPONSE } from "../wire/generated/txn-offset-commit-response.ts";
import { WRITE_TXN_MARKERS_REQUEST } from "../wire/generated/write-txn-markers-request.ts";
import { WRITE_TXN_MARKERS_RESPONSE } from "../wire/generated/write-txn-markers-response.ts";

/**
 * The APIs that this client speaks, each in the highest version that it and the broker have in common. Where the
 * codecs know a version that means something this client does not do, it stays below.
 */
export const PRODUCE = { request: PRODUCE_REQUEST, response: PRODUCE_RESPONSE };
/** Version 13 names topics by id, which is taken where the broker has ids. */
export const FETCH = { request: FETCH_REQUEST, response: FETCH_RESPONSE };
export const LIST_OFFSETS = { request: LIST_OFFSETS_REQUEST, response: LIST_OFFSETS_RESPONSE };
export const METADATA = { request: METADATA_REQUEST, response: METADATA_RESPONSE };
export const CREATE_TOPICS = { request: CREATE_TOPICS_REQUEST, response: CREATE_TOPICS_RESPONSE };
export const DELETE_TOPICS = { request: DELETE_TOPICS_REQUEST, response: DELETE_TOPICS_RESPONSE };
export const DESCRIBE_CLUSTER = { request: DESCRIBE_CLUSTER_REQUEST, response: DESCRIBE_CLUSTER_RESPONSE };
export const DESCRIBE_CONFIGS = { request: DESCRIBE_CONFIGS_REQUEST, response: DESCRIBE_CONFIGS_RESPONSE };
export const DESCRIBE_PRODUCERS = {
  request: DESCRIBE_PRODUCERS_REQUEST,
  response: DESCRIBE_PRODUCERS_RESPONSE,
};
export const DESCRIBE_TRANSACTIONS = {
  request: DESCRIBE_TRANSACTIONS_REQUEST,
  response: DESCRIBE_TRANSACTIONS_RESPONSE,
};
export const FIND_COORDINATOR = { request: FIND_COORDINATOR_REQUEST, response: FIND_COORDINATOR_RESPONSE };
/** Version 6 is for two-phase commit. */
export const INIT_PRODUCER_ID = {
  request: INIT_PRODUCER_ID_REQUEST,
  response: INIT_PRODUCER_ID_RESPONSE,
  maxVersion: 5,
};
/** From version 4 on it is for brokers among themselves. */
export const ADD_PARTITIONS_TO_TXN = {
  request: ADD_PARTITIONS_TO_TXN_REQUEST,
  response: ADD_PARTITIONS_TO_TXN_RESPONSE,
  maxVersion: 3,
};
export const ADD_OFFSETS_TO_TXN = {
  request: ADD_OFFSETS_TO_TXN_REQUEST,
  response: ADD_OFFSETS_TO_TXN_RESPONSE,
};
/** Version 6 names topics by id. */
export const TXN_OFFSET_COMMIT = {
  request: TXN_OFFSET_COMMIT_REQUEST,
  response: TXN_OFFSET_COMMIT_RESPONSE,
  maxVersion: 5,
};
export const END_TXN = { request: END_TXN_REQUEST, response: END_TXN_RESPONSE };
export const OFFSET_COMMIT = {
  request: OFFSET_COMMIT_REQUEST,
  response: OFFSET_COMMIT_RESPONSE,
  maxVersion: 9,
};
/** Version 10 names topics by id; committed offsets are asked for by the name they were committed under. */
export const OFFSET_FETCH = { request: OFFSET_FETCH_REQUEST, response: OFFSET_FETCH_RESPONSE, maxVersion: 9 };
/** Version 2 has the broker expect an epoch that only a coordinator can give. */
export const WRITE_TXN_MARKERS = {
  request: WRITE_TXN_MARKERS_REQUEST,
  response: WRITE_TXN_MARKERS_RESPONSE,
  maxVersion: 1,
};
export const CONSUMER_GROUP_DESCRIBE = {
  request: CONSUMER_GROUP_DESCRIBE_REQUEST,
  response: CONSUMER_GROUP_DESCRIBE_RESPONSE,
};
export const CREATE_PARTITIONS = { request: CREATE_PARTITIONS_REQUEST, response: CREATE_PARTITIONS_RESPONSE };
export const DELETE_GROUPS = { request: DELETE_GROUPS_REQUEST, response: DELETE_GROUPS_RESPONSE };
export const DESCRIBE_GROUPS = { request: DESCRIBE_GROUPS_REQUEST, response: DESCRIBE_GROUPS_RESPONSE };
export const HEARTBEAT = { request: HEARTBEAT_REQUEST, response: HEARTBEAT_RESPONSE };
export const INCREMENTAL_ALTER_CONFIGS = {
  request: INCREMENTAL_ALTER_CONFIGS_REQUEST,
  response: INCREMENTAL_ALTER_CONFIGS_RESPONSE,
};
export const JOIN_GROUP = { request: JOIN_GROUP_REQUEST, response: JOIN_GROUP_RESPONSE };
export const LEAVE_GROUP = { request: LEAVE_GROUP_REQUEST, response: LEAVE_GROUP_RESPONSE };
export const LIST_GROUPS = { request: LIST_GROUPS_REQUEST, response: LIST_GROUPS_RESPONSE };
export const OFFSET_DELETE = { request: OFFSET_DELETE_REQUEST, response: OFFSET_DELETE_RESPONSE };
/** Version 0 has what follows travel without Kafka's framing. */
export const SASL_HANDSHAKE = { request: SASL_HANDSHAKE_REQUEST, response: SASL_HANDSHAKE_RESPONSE };
export const SASL_AUTHENTICATE = { request: SASL_AUTHENTICATE_REQUEST, response: SASL_AUTHENTICATE_RESPONSE };
export const SHARE_GROUP_DESCRIBE = {
  request: SHARE_GROUP_DESCRIBE_REQUEST,
  response: SHARE_GROUP_DESCRIBE_RESPONSE,
};
export const SYNC_GROUP = { request: SYNC_GROUP_REQUEST, response: SYNC_GROUP_RESPONSE };
export const ALTER_SHARE_GROUP_OFFSETS = {
  request: ALTER_SHARE_GROUP_OFFSETS_REQUEST,
  response: ALTER_SHARE_GROUP_OFFSETS_RESPONSE,
};
export const DESCRIBE_SHARE_GROUP_OFFSETS = {
  request: DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST,
  response: DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE,
};

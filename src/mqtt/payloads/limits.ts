/** Bounds of what is decoded. What is beyond them is a dead letter, found before anything is allocated for it. */

/** Largest payload that is decoded. */
export const MAX_DECODED_BYTES = 262_144;
/** Arrays, maps and tags inside each other. */
export const MAX_DEPTH = 32;
/** Values in one payload, keys of maps included. */
export const MAX_ITEMS = 16_384;
/** Bytes of a CBOR bignum: 64 digits and more than any counter has. */
export const MAX_BIGNUM_BYTES = 32;
/** Records that one message becomes. */
export const MAX_RECORDS = 4_096;
/** Characters of a SenML name with its base name before it, and of a unit. */
export const MAX_NAME_LENGTH = 1_024;
/** Characters of all records that one message becomes: a base name is repeated in every one of them. */
export const MAX_OUTPUT_LENGTH = 4_194_304;
/** Bytes of a record's key out of the payload. */
export const MAX_KEY_BYTES = 4_096;
/** Characters of a text, list or table whose last value is kept; a longer one counts as changed. */
export const MAX_LAST_TEXT_LENGTH = 256;
/** Characters of MQTT topic and key together under which last values are kept; records with more of them always pass. */
export const MAX_LAST_IDENTITY_LENGTH = 512;
/** Steps that checking one record against a schema may take: rules looked at, and characters matched. */
export const MAX_SCHEMA_STEPS = 131_072;

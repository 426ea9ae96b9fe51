import { VarintCursor } from './varint.ts'

/** Where Confluent's HeaderSchemaIdSerializer (Platform 8.1) puts the GUID of the value's schema, as a one and 16 bytes. */
const VALUE_SCHEMA_ID = '__value_schema_id'

/**
 * Whether the record whose value this is names its schema in a header. `unpacked` holds the batch's records, and the value lies
 * in it: the headers follow. They matter to nothing else, so where they are cut short the answer is no.
 */
export function hasSchemaHeader(unpacked: Buffer, value: Uint8Array): boolean {
  try {
    return namesSchema(unpacked, value)
  } catch {
    return false
  }
}

function namesSchema(unpacked: Buffer, value: Uint8Array): boolean {
  const cursor = new VarintCursor(unpacked)
  cursor.at = value.byteOffset - unpacked.byteOffset + value.length
  for (let left = cursor.next(); left > 0; left--) {
    const length = cursor.next()
    if (unpacked.toString('utf8', cursor.at, cursor.at + length) === VALUE_SCHEMA_ID) return true
    cursor.skip(length)
    cursor.skip(cursor.next())
  }
  return false
}

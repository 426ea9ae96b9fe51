import type { ClaimState, Evidence } from '../../ownership/claim.ts'

// The symbols of the schema's enums in its order, by the names that the program has for them. The layers are its own.
export const EVIDENCES = ['sighted', 'authoritative-time', 'flow-sighting', 'bridged'] as const satisfies Evidence[]
export const STATES = ['open', 'missing', 'closed'] as const satisfies ClaimState[]

export const HIGHEST_PORT = 65_535

/**
 * Fingerprint of the schema whose fields the reader and the writer of this folder know, one by one. While
 * schemas/ip-claim.avsc is another one, avsc does all the work.
 */
export const KNOWN_FIELDS = 0x5285dfa58c060eacn

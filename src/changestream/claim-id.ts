import { hash } from 'node:crypto'

/**
 * The id of a claim from its key (`claimKey`): 128 bits of SHA-256, enough for no two claims of a lifetime of a log to meet.
 * Written from the bytes: a part of a text would keep all of it in memory.
 */
export const identify = (key: string): string => hash('sha256', key, 'buffer').toString('hex', 0, 16)

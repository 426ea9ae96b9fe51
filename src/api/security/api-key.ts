import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A key as it is kept: nothing in it lets anybody in. */
export type ApiKey = {
  /** Twelve hexadecimal digits, which are part of the key and no secret. */
  readonly id: string
  /** For people; several keys may have the same, while one takes over from another. */
  readonly name: string
  /** Routing domains that it may read; null is all. */
  readonly domains: readonly string[] | null
  /** Of the secret part, in hexadecimal digits. The secret has 256 random bits, so that a slow hash would add nothing. */
  readonly sha256: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

const ID_BYTES = 6
const SECRET_BYTES = 32
const KEY = /^whk_([0-9a-f]{12})_([0-9a-f]{64})$/

/** A new key and its text, which is nowhere else and is shown once. */
export function newApiKey(
  name: string,
  domains: readonly string[] | null,
  atMs: number,
): { readonly key: ApiKey; readonly text: string } {
  const id = randomBytes(ID_BYTES).toString('hex')
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  const createdAt = new Date(atMs).toISOString()
  return { key: { id, name, domains, sha256: hashOf(secret).toString('hex'), createdAt }, text: `whk_${id}_${secret}` }
}

/** The two parts of `whk_ID_SECRET`; undefined for anything else. */
export function partsOfKey(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = KEY.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/** Whether it is the key's secret; the time that this takes tells nothing of how much of it was right. */
export const isSecretOf = ({ sha256 }: ApiKey, secret: string): boolean =>
  timingSafeEqual(hashOf(secret), Buffer.from(sha256, 'hex'))

const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer')

import { type Caller, readerOfDomains } from './caller.ts'
import { securityErrors } from './errors.ts'
import type { KeyRing } from './key-ring.ts'

/** Tells who asks by the `Authorization` header; throws WHOHAD_UNAUTHENTICATED where that is nobody who is known. */
export type Login = { callerOf(authorization: string | undefined): Promise<Caller> }

export type LoginParts = {
  readonly keys: Pick<KeyRing, 'find'> | undefined
  /** Throws where it does not take the token (`tokenReader`). */
  readonly tokens: ((token: string) => Promise<Caller>) | undefined
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i
const KEY_START = 'whk_'

/** By keys, by tokens, or by both: a key says by its first letters that it is one. */
export const loginBy = ({ keys, tokens }: LoginParts): Login => ({
  async callerOf(authorization) {
    if (authorization === undefined) throw securityErrors.unauthenticated({ reason: 'the request names none' })
    const [, text] = BEARER.exec(authorization) ?? []
    if (text === undefined) throw securityErrors.unauthenticated({ reason: 'its Authorization is no bearer token' })
    if (tokens !== undefined && !text.startsWith(KEY_START)) return tokens(text)
    const key = keys?.find(text)
    if (key === undefined) throw securityErrors.unauthenticated({ reason: 'the key is not taken' })
    return { ...readerOfDomains(key.domains), kind: 'key', id: key.id, name: key.name }
  },
})

import type { Claim } from '../ownership/claim.ts'

/** So much text is kept; what came before the last half of it is forgotten. */
const LARGEST_CHARACTERS = 16 << 20

/**
 * Lists of owners by their JSON. Every revision of a claim brings its owners again, and to parse them costs more than all else of
 * a row. Equal texts give the same frozen list.
 */
export class OwnersMemo {
  private young = new Map<string, Claim['owners']>()
  private old = new Map<string, Claim['owners']>()
  private characters = 0

  /** @throws SyntaxError */
  parsed(text: string): Claim['owners'] {
    const known = this.young.get(text)
    if (known) return known
    const owners = this.old.get(text) ?? frozen(JSON.parse(text) as Claim['owners'])
    this.young.set(text, owners)
    this.characters += text.length
    if (this.characters > LARGEST_CHARACTERS / 2) {
      this.old = this.young
      this.young = new Map()
      this.characters = 0
    }
    return owners
  }
}

function frozen(owners: Claim['owners']): Claim['owners'] {
  for (const owner of owners) {
    Object.freeze(owner.labels)
    Object.freeze(owner)
  }
  return Object.freeze(owners)
}

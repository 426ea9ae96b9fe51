import type { Owner } from '../../ownership/claim.ts'
import { BytesMemo } from '../../ownership/ledger/bytes-memo.ts'
import { type ByteCursor, UNUSUAL } from './byte-cursor.ts'
import { ownersEnd } from './owners-end.ts'
import type { TextMemo } from './text-memo.ts'

/** Larger lists are decoded every time, so that a few of them cannot drive all others out. */
const MOST_BYTES_REMEMBERED = 4096

/** Reads the owners of a claim: the same bytes are the very same object, frozen, for as long as it is remembered. */
export class OwnersReader {
  private readonly names: TextMemo
  private readonly memo = new BytesMemo<readonly Owner[]>()

  constructor(names: TextMemo) {
    this.names = names
  }

  /** @throws UNUSUAL */
  read(cursor: ByteCursor): readonly Owner[] {
    const from = cursor.position
    const hash = ownersEnd(cursor)
    const until = cursor.position
    if (until > cursor.bytes.length) throw UNUSUAL
    const { memory, base } = cursor
    const held = this.memo.find(hash, memory, base + from, base + until)
    if (held !== undefined) return held
    cursor.position = from
    const owners = this.decode(cursor)
    if (cursor.position !== until) throw UNUSUAL
    if (until - from <= MOST_BYTES_REMEMBERED) this.memo.keep(hash, memory, base + from, base + until, owners)
    return owners
  }

  private decode(cursor: ByteCursor): readonly Owner[] {
    const owners: Owner[] = []
    for (let left = cursor.count(); left > 0; left--) owners.push(this.owner(cursor))
    if (cursor.count() !== 0) throw UNUSUAL
    return Object.freeze(owners)
  }

  private owner(cursor: ByteCursor): Owner {
    // Fields are read in the order in which they stand here, which is the schema's.
    return Object.freeze({
      application: this.nameOrNull(cursor),
      cluster: this.nameOrNull(cursor),
      stack: this.nameOrNull(cursor),
      detail: this.nameOrNull(cursor),
      kind: this.names.read(cursor),
      resourceId: cursor.text(),
      account: this.nameOrNull(cursor),
      region: this.nameOrNull(cursor),
      zone: this.nameOrNull(cursor),
      vpc: this.nameOrNull(cursor),
      subnet: this.nameOrNull(cursor),
      eni: cursor.isThere() ? cursor.text() : null,
      host: cursor.isThere() ? cursor.text() : null,
      team: this.nameOrNull(cursor),
      labels: this.labels(cursor),
      namedBy: this.nameOrNull(cursor),
      forwards: cursor.boolean(),
    })
  }

  private labels(cursor: ByteCursor): Owner['labels'] {
    const labels: Record<string, string> = {}
    const count = cursor.count()
    for (let left = count; left > 0; left--) {
      // Never `__proto__`: `ownersEnd` has refused it.
      const name = this.names.read(cursor)
      labels[name] = this.names.read(cursor)
    }
    if (count > 0 && cursor.count() !== 0) throw UNUSUAL
    return Object.freeze(labels)
  }

  private nameOrNull(cursor: ByteCursor): string | null {
    return cursor.isThere() ? this.names.read(cursor) : null
  }
}

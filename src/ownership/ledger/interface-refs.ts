import { grown, hashOfBytes, viewOf } from './text-table.ts'

/** Which claims name an interface, for another thread. Nothing in it changes any more. */
export type InterfaceColumns = {
  readonly links: Uint32Array
  /** A hash table by the name's bytes, open addressed: number of the interface's text + 1, and its newest link + 1. */
  readonly slots: Uint32Array
}

const SLOT = 2
const encoder = new TextEncoder()

/** Which claims name an interface: of each interface a chain of refs, the newest first. */
export class InterfaceRefs {
  /** The newest link + 1, by the number of the interface's text; 0 where there is none. */
  private heads = new Uint32Array(new SharedArrayBuffer(1024))
  /** Two words a link: ref, and the link before + 1. */
  private links = new Uint32Array(new SharedArrayBuffer(1024))
  private size = 0

  /** A new claim is the last one of each interface that it names; only a revised one may stand there already. */
  add(eni: number, ref: number, isRevised: boolean): void {
    const head = this.head(eni)
    if (head > 0 && this.links[(head - 1) * 2] === ref) return
    if (isRevised && this.refsOf(eni).includes(ref)) return
    if ((this.size + 1) * 2 > this.links.length) this.links = grown(this.links, this.links.length * 2)
    this.links[this.size * 2] = ref
    this.links[this.size * 2 + 1] = head
    if (eni >= this.heads.length) this.heads = grown(this.heads, (eni + 1) * 2)
    this.heads[eni] = ++this.size
  }

  refsOf(eni: number): readonly number[] {
    return refsFrom(this.links, this.head(eni))
  }

  /** `text` gives the name of an interface by its number. */
  columns(text: (number: number) => string): InterfaceColumns {
    const count = this.heads.reduce((sum, head) => sum + (head > 0 ? 1 : 0), 0)
    const length = 2 ** Math.ceil(Math.log2(Math.max(8, count * 2)))
    const slots = new Uint32Array(new SharedArrayBuffer(length * SLOT * 4))
    for (const [eni, head] of this.heads.entries()) {
      if (head === 0) continue
      let slot = hashOf(text(eni)) & (length - 1)
      while (slots[slot * SLOT] !== 0) slot = (slot + 1) & (length - 1)
      slots[slot * SLOT] = eni + 1
      slots[slot * SLOT + 1] = head
    }
    return { links: this.links.subarray(0, this.size * 2), slots }
  }

  private head(eni: number): number {
    return eni < this.heads.length ? (this.heads[eni] as number) : 0
  }
}

/** An interface by its name: the number of its text and the refs of the claims that name it, or undefined. */
export function interfaceIn(
  { links, slots }: InterfaceColumns,
  name: string,
  text: (number: number) => string,
): { readonly eni: number; readonly refs: readonly number[] } | undefined {
  const mask = slots.length / SLOT - 1
  for (let slot = hashOf(name) & mask; ; slot = (slot + 1) & mask) {
    const eni = (slots[slot * SLOT] as number) - 1
    if (eni < 0) return undefined
    if (text(eni) === name) return { eni, refs: refsFrom(links, slots[slot * SLOT + 1] as number) }
  }
}

function hashOf(name: string): number {
  const bytes = encoder.encode(name)
  return hashOfBytes(viewOf(bytes), 0, bytes.length)
}

function refsFrom(links: Uint32Array, head: number): readonly number[] {
  const refs: number[] = []
  for (let link = head; link > 0; link = links[(link - 1) * 2 + 1] as number) {
    refs.push(links[(link - 1) * 2] as number)
  }
  return refs
}

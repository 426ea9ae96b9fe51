import { grown } from './text-table.ts'

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
    const refs: number[] = []
    for (let link = this.head(eni); link > 0; link = this.links[(link - 1) * 2 + 1] as number) {
      refs.push(this.links[(link - 1) * 2] as number)
    }
    return refs
  }

  private head(eni: number): number {
    return eni < this.heads.length ? (this.heads[eni] as number) : 0
  }
}

import type { InterfaceView } from '../../ownership/interface-view.ts'
import { coversBits, type PrefixBits, prefixBits } from '../../ownership/prefix.ts'

/** The addresses and prefixes of an interface, to be compared with columns of words. */
export class OwnAddresses {
  private readonly hosts4: ReadonlySet<number>
  private readonly others: readonly PrefixBits[]
  /** By family: whether what the interface shows as its own address is the packet's (`mayStandForOthers` of attribute.ts is false). */
  private readonly isPlain4: boolean
  private readonly isPlain6: boolean
  /** The one IPv4 address that it has, where it has nothing else. */
  readonly onlyHost4: number | undefined

  constructor({ prefixes, complete, forwards }: Pick<InterfaceView, 'prefixes' | 'complete' | 'forwards'>) {
    const blocks = prefixes.map(prefixBits)
    const isHost4 = ({ family, length }: PrefixBits) => family === 4 && length === 32
    this.hosts4 = new Set(blocks.filter(isHost4).map(({ words }) => words[0] | 0))
    this.others = blocks.filter(block => !isHost4(block))
    const isSeenWhole = complete && !forwards
    const blocks6 = blocks.filter(({ family }) => family === 6)
    this.onlyHost4 = this.hosts4.size === 1 && this.others.length === 0 ? [...this.hosts4][0] : undefined
    this.isPlain4 = isSeenWhole && this.hosts4.size === 1 && blocks.length - blocks6.length === 1
    this.isPlain6 = isSeenWhole && blocks6.length === 1 && blocks6[0]?.length === 128
  }

  /**
   * Whether the address whose words stand there is the interface's own and no other's: one that it holds, and which the
   * packet carried (`isPacket`) or for which it cannot stand in the place of another.
   */
  isOwn(family: number, words: Int32Array, at: number, isPacket: boolean): boolean {
    return (isPacket || (family === 4 ? this.isPlain4 : this.isPlain6)) && this.has(family, words, at)
  }

  /** As `holds` (local-end.ts), of the address whose words stand at a place in a column. */
  has(family: number, words: Int32Array, at: number): boolean {
    if (family === 4 && this.hosts4.has(words[at] as number)) return true
    return this.others.length > 0 && this.isCovered(family, words, at)
  }

  private isCovered(family: number, words: Int32Array, at: number): boolean {
    const word = (i: number) => (family === 4 && i > 0 ? 0 : (words[at + i] as number) >>> 0)
    const address = { family: family === 4 ? 4 : 6, words: [word(0), word(1), word(2), word(3)] } as const
    return this.others.some(block => coversBits(block, address))
  }
}

import type { Ip } from '../../ownership/address.ts'
import type { Answer, Question } from '../../ownership/answer.ts'
import { createOwnershipIndex } from '../../ownership/ownership-index.ts'
import type { Millis } from '../../ownership/window.ts'
import type { Reader } from '../access.ts'
import type { KnowAsOf, KnownThen } from '../answering.ts'
import { ManyLookUps } from './look-ups.ts'
import type { BulkTransform, PieceTransform } from './transform.ts'

/** So many addresses are looked out of the store at a time: their prefixes travel in the statement. */
const MOST_TOGETHER = 64

/**
 * The answers that `transformOf` makes, as of an earlier moment. Each piece goes through twice: the first time only what it asks
 * about is noted, which is then looked out of the store. Nothing is kept beyond a piece.
 */
export function answersAsOf(
  given: { readonly reader: Reader; readonly asOfMs: Millis; readonly knowAsOf: KnowAsOf },
  transformOf: (lookUps: ManyLookUps) => BulkTransform,
): { readonly lookUps: ManyLookUps; readonly transform: PieceTransform } {
  const { reader, asOfMs, knowAsOf } = given
  const noted = new NotedLookUps(reader, asOfMs)
  const lookUps = new LookUpsThen(reader, asOfMs)
  const rehearsal = transformOf(noted)
  const transform = transformOf(lookUps)
  const learn = async (): Promise<void> => {
    lookUps.known.clear()
    for (const [domain, ips] of noted.taken()) {
      for (let from = 0; from < ips.length; from += MOST_TOGETHER) {
        const some = ips.slice(from, from + MOST_TOGETHER)
        const known = await knowAsOf(domain, some, asOfMs)
        for (const ip of some) lookUps.known.set(placeKey({ domain, ip }), known)
      }
    }
  }
  return {
    lookUps,
    transform: {
      async take(chunk) {
        rehearsal.take(chunk)
        await learn()
        return transform.take(chunk)
      },
      async end() {
        rehearsal.end()
        await learn()
        return transform.end()
      },
    },
  }
}

const placeKey = ({ domain, ip }: Pick<Question, 'domain' | 'ip'>): string => `${domain} ${ip}`

/** Every question is asked in full: quick look-ups know the present alone. */
abstract class LookUpsInFull extends ManyLookUps {
  override readonly asOfMs: Millis

  constructor(reader: Reader, asOfMs: Millis) {
    super(createOwnershipIndex().generation(), reader, asOfMs)
    this.asOfMs = asOfMs
  }

  override isQuick(): boolean {
    return false
  }
}

/** Notes what is asked about, and says that nothing is known. */
class NotedLookUps extends LookUpsInFull {
  private places = new Map<string, Set<Ip>>()

  override ask(question: Question): Answer {
    const { domain, ip } = question
    const ips = this.places.get(domain) ?? new Set()
    this.places.set(domain, ips.add(ip))
    return this.generation.ask(question)
  }

  /** What was noted since the last call. */
  taken(): readonly (readonly [domain: string, ips: readonly Ip[]])[] {
    const taken = [...this.places].map(([domain, ips]) => [domain, [...ips]] as const)
    this.places = new Map()
    return taken
  }
}

class LookUpsThen extends LookUpsInFull {
  readonly known = new Map<string, KnownThen>()

  override ask(question: Question): Answer {
    const known = this.known.get(placeKey(question))
    if (known === undefined) throw new TypeError('a question was not noted before it was asked')
    return known.ask(question)
  }
}

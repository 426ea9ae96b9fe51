import { setTimeout as sleep } from 'node:timers/promises'
import type { FlowObject, Store } from '../../src/store/port.ts'

/** A place among the writes of the enricher at which its process dies by SIGKILL. */
export type WriteKill = {
  readonly write: 'started' | 'rows' | 'letters' | 'committed' | 'corrected-up-to'
  /** Of first answers, or of a correction. */
  readonly of: 'first' | 'correction'
  /** Half: half of the rows are there, or the only one is on its way. */
  readonly when: 'before' | 'half' | 'after'
  /** The how many-eth such write, from 0, of those from `fromStep` on. */
  readonly nth: number
  readonly fromStep: number
}

/** A store that kills this process at one of its writes. */
export function dyingStore(store: Store, kill: WriteKill | undefined, say: (line: string) => void) {
  let step = 0
  let left = kill?.nth ?? 0
  let generation = 1
  const isThere = (write: WriteKill['write']): boolean => {
    if (kill === undefined || step < kill.fromStep || write !== kill.write) return false
    if (write !== 'corrected-up-to' && (kill.of === 'first') !== (generation === 1)) return false
    return left-- === 0
  }
  const die = () => {
    say(`dies ${kill?.when} ${kill?.write}`)
    process.kill(process.pid, 'SIGKILL')
  }
  const guarded = async <T>(
    write: WriteKill['write'],
    rows: readonly T[],
    insert: (rows: readonly T[]) => Promise<void>,
  ): Promise<void> => {
    if (!isThere(write)) return insert(rows)
    if (kill?.when === 'half' && rows.length > 1) await insert(rows.slice(0, Math.floor(rows.length / 2)))
    if (kill?.when === 'half' && rows.length <= 1) {
      insert(rows).catch(() => {})
      await sleep(1)
    }
    if (kill?.when === 'after') await insert(rows)
    die()
  }
  const dying: Store = {
    ...store,
    insertFlows: rows => guarded('rows', rows, store.insertFlows),
    insertDeadLetters: letters => guarded('letters', letters, store.insertDeadLetters),
    async putObject(object: FlowObject) {
      generation = object.generation
      await guarded(object.state, [object], () => store.putObject(object))
    },
    putCorrectedUpTo: (enricher, position) =>
      guarded('corrected-up-to', [position], () => store.putCorrectedUpTo(enricher, position)),
  }
  return {
    store: dying,
    kills: {
      from(now: number) {
        step = now
      },
    },
  }
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/simulator/random.ts'
import type { Consumed, ConsumingChild } from './consuming-child.ts'
import { startTold, type ToldChild } from './told-child.ts'

export type Kills = {
  readonly kills: number
  readonly random: Random
  /** Records of the whole story. */
  readonly records: number
  /** Sees to it that so many records are in the stream; not asked where the child tells the story. */
  readonly tellUpTo?: (records: number) => Promise<void>
}

/** How it went, in so far as chance had a say. */
export type KilledConsumer = Consumed & {
  /** Restarts that went on from a checkpoint. */
  readonly restored: number
  /** Kills while a checkpoint was being written. */
  readonly whileWriting: number
}

/**
 * Kills a consumer again and again, each time somewhere in the next share of the records, then lets it finish. Every fifth
 * is killed at its start, before it has read anything new.
 */
export async function killedConsumer(
  child: ConsumingChild,
  { kills, random, records, tellUpTo }: Kills,
): Promise<KilledConsumer> {
  const froms: number[] = []
  let whileWriting = 0
  for (let kill = 0; kill < kills; kill++) {
    const from = (records * kill) / (kills + 1)
    const until = (records * (kill + 1)) / (kills + 1)
    const running = startTold('consuming-child.ts', child, child.data)
    const telling = tellUpTo?.(Math.ceil(until))
    if (kill % 5 === 4) await sleep(random.between(0, 3_000))
    else {
      await hasRead(running, random.between(from, until))
      await sleep(random.between(0, 40))
    }
    running.signal('SIGKILL')
    await Promise.all([running.ended, telling])
    froms.push(...fromOf(running))
    if (running.said.at(-1) === 'writes a checkpoint') whileWriting++
  }
  const last = startTold('consuming-child.ts', child, child.data)
  await tellUpTo?.(records)
  if (child.tells) await last.says(/^told$/)
  last.tell('finish')
  await last.says(/^finished$/)
  froms.push(...fromOf(last))
  return {
    ...(await consumedIn(child.data)),
    restored: froms.filter(from => from > 0).length,
    whileWriting,
  }
}

/** What a consumer that was told to finish has left. */
export const consumedIn = async (data: string): Promise<Consumed> =>
  JSON.parse(await readFile(join(data, 'consumed.json'), 'utf8'))

async function hasRead(running: ToldChild, records: number): Promise<void> {
  while (Math.max(-1, ...readsOf(running)) < records) {
    if (!running.isAlive()) throw new Error(`the consumer ended by itself: ${running.said.slice(-3).join(' | ')}`)
    await sleep(2)
  }
}

const readsOf = ({ said }: ToldChild) => said.flatMap(line => /^read (\d+)$/.exec(line)?.slice(1).map(Number) ?? [])
const fromOf = ({ said }: ToldChild) => said.flatMap(line => /^from (\d+)$/.exec(line)?.slice(1).map(Number) ?? [])

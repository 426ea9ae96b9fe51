import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { PeerOptions, PeerResult } from './peer.ts'
import type { WhohadOptions, WhohadResult } from './whohad.ts'

export const PEERS = ['duckdb', 'clickhouse'] as const
export type Peer = (typeof PEERS)[number]

/** Where a child runs: what is in its environment beside ours. */
export type Surroundings = Readonly<Record<string, string>>

/** Has glibc ask Linux for huge pages for whatever is large: random reads then wait less for the tables of pages. */
export const HUGE_PAGES: Surroundings = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' }

/** Undefined where it was ended at `untilMs` (of the clock). */
export const runPeer = (
  peer: Peer,
  options: PeerOptions,
  surroundings: Surroundings,
  untilMs: number,
): Promise<PeerResult | undefined> => runChild(peer, options, surroundings, untilMs)

/** It drops rounds itself where it is late. */
export const runWhohad = async (options: WhohadOptions, surroundings: Surroundings): Promise<WhohadResult> =>
  (await runChild<WhohadResult>('whohad', options, surroundings, Number.POSITIVE_INFINITY)) as WhohadResult

/**
 * Runs one engine in a process of its own, so that neither its memory nor its threads nor what V8 learnt disturb another
 * measurement; one after another, never side by side. Its progress goes to our stderr. Throws where it fails or is wrong.
 */
async function runChild<Result>(
  name: string,
  options: Readonly<Record<string, number | boolean | string>>,
  surroundings: Surroundings,
  untilMs: number,
): Promise<Result | undefined> {
  const loader = new URL('../typescript.mjs', import.meta.url).href
  const args = Object.entries(options).map(([option, value]) => `--${option}=${value}`)
  const child = spawn(process.execPath, ['--import', loader, join(import.meta.dirname, `${name}.ts`), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...surroundings },
  })
  let isLate = false
  const end = () => {
    isLate = true
    child.kill('SIGKILL')
  }
  const timer = Number.isFinite(untilMs) ? setTimeout(end, untilMs - Date.now()) : undefined
  const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close')])
  clearTimeout(timer)
  if (isLate) return undefined
  if (code !== 0) throw new Error(`${name} ended with ${code ?? signal}`)
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Result
}

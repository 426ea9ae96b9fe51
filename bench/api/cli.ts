import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { BASE_MS, Estate, SPAN_MS } from '../index/estate.ts'
import { DOMAIN } from '../index/facts.ts'
import { environment, whohad } from './running-server.ts'
import { skewedAddress, Truth } from './truth.ts'

const COMPILED = join(import.meta.dirname, '../../dist/cli/main.js')
const BIN = join(import.meta.dirname, '../../bin/whohad.cjs')
/** What exit-codes.ts has for an answer, whatever it says. */
const ANSWERED = new Set([0, 1, 2, 3])

/** Whether the command line was measured as it was compiled last, which need not be the sources of today. */
export const isCompiled = (): boolean => existsSync(COMPILED)

/** From the start of `whohad ADDRESS @ TIME` on a data folder to its end, in seconds. Throws where the answer is wrong. */
export async function firstAnswer(folder: string, claims: number, seed: number): Promise<number> {
  const truth = new Truth(new Estate({ versions: claims, seed }))
  const address = skewedAddress(truth.estate, 1)
  const atMs = SPAN_MS / 2
  const holder = truth.holder(address, atMs)
  const question = `${truth.address(address)} @ ${BASE_MS + atMs} in ${DOMAIN}`
  const args = ['--json', '--data', folder, ...question.split(' ')]
  const startedMs = performance.now()
  const child = spawn(process.execPath, isCompiled() ? [BIN, ...args] : whohad(...args), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment(),
  })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  const seconds = (performance.now() - startedMs) / 1000
  if (!ANSWERED.has(Number(code))) throw new Error(`whohad ${question} ended with ${code}`)
  const { state, holding } = JSON.parse(said)
  if (holder && (state !== 'owned' || holding?.owner.resourceId !== holder.task)) {
    throw new Error(`whohad ${question}: ${said}; the truth is ${JSON.stringify(holder)}`)
  }
  return seconds
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { PeerOptions, PeerResult } from './peer.ts'

export const PEERS = ['duckdb', 'clickhouse'] as const
export type Peer = (typeof PEERS)[number]

/**
 * Runs a peer in a process of its own, so that neither its memory nor its threads nor what V8 learnt disturb another
 * measurement; one after another, never side by side. Its progress goes to our stderr. Throws where it fails or is wrong.
 */
export async function runPeer(peer: Peer, options: PeerOptions): Promise<PeerResult> {
  const folder = import.meta.dirname
  const loader = new URL('../typescript.mjs', import.meta.url).href
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn(process.execPath, ['--import', loader, join(folder, `${peer}.ts`), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (code !== 0) throw new Error(`${peer} ended with ${code ?? signal}`)
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as PeerResult
}

import { Annotator } from '../api/annotate/annotator.ts'
import { parseZone } from '../api/annotate-route.ts'
import { windowOf } from '../api/asked.ts'
import { DecidedDomains } from '../api/bulk/deciding.ts'
import { ManyLookUps } from '../api/bulk/look-ups.ts'
import { parseDomain } from '../api/question.ts'
import { openFlowFile } from '../enricher/flowlogs/files.ts'
import { openFlowLog } from '../enricher/flowlogs/open-flow-log.ts'
import { systemClock } from '../runtime/clock.ts'
import { wantsColors } from './colors.ts'
import { EXIT } from './exit-codes.ts'
import { type AskedPlace, knownIndex } from './known-index.ts'
import { queryOf } from './query.ts'
import { refusalOf, request, type Server, unreachable } from './server.ts'
import type { Settings } from './settings.ts'
import { printSlowly } from './terminal.ts'
import { paintedNotes } from './text-notes.ts'

export type AnnotateTextOptions = AskedPlace & {
  /** Time of lines that carry none; by default now. */
  readonly at?: string | undefined
  readonly domain?: string | undefined
  /** How far stamps without a zone are ahead of UTC. */
  readonly zone?: string | undefined
}

/** Bytes of a text in, the same with owners out. */
type Annotate = (text: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/**
 * Prints texts ("-" is standard input) as they are, with each address followed by its owner as of the time of its line
 * (docs/annotate.md): by the code of `POST /v1/annotate`, here or at a server. Exit code 0.
 */
export async function annotateTexts(
  names: readonly string[],
  settings: Settings,
  options: AnnotateTextOptions,
): Promise<number> {
  const annotate = options.server ? atServer(options.server, options) : await here(settings, options)
  const shown = wantsColors(process.stdout) ? paintedNotes : (text: AsyncIterable<Uint8Array>) => text
  for (const name of new Set(names)) {
    const { chunks } = await openFlowLog(await openFlowFile(name), 'beside')
    for await (const piece of shown(annotate(chunks))) await printSlowly(piece)
  }
  return EXIT.done
}

async function here(settings: Settings, { claims, at, domain, zone }: AnnotateTextOptions): Promise<Annotate> {
  const nowMs = systemClock.now()
  const notes = {
    at: windowOf({ at }, nowMs),
    domain: domain === undefined ? undefined : parseDomain(domain),
    zoneMs: zone === undefined ? 0 : parseZone(zone),
  }
  const index = await knownIndex(settings, claims)
  const lookUps = new ManyLookUps(index.generation(), EVERYTHING, nowMs)
  const decided = new DecidedDomains(index.sources())
  return async function* (text) {
    const annotator = new Annotator(lookUps, decided, notes)
    for await (const chunk of text) {
      const piece = annotator.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      if (piece.length > 0) yield piece
    }
    const last = annotator.end()
    if (last.length > 0) yield last
  }
}

const EVERYTHING = { readable: () => true }

/** Text is sent while it comes back: a server reads no faster than it is read. */
function atServer(server: Server, { at, domain, zone }: AnnotateTextOptions): Annotate {
  const path = `/v1/annotate${queryOf({ at, domain, zone })}`
  return async function* (text) {
    const body = ReadableStream.from(text)
    const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, body, duplex: 'half', signal: null }
    const response = await request(server, path, init as RequestInit)
    if (!response.ok) throw refusalOf(server.url, response, await response.text())
    try {
      yield* response.body ?? []
    } catch (cause) {
      throw unreachable(server.url, cause)
    }
  }
}

import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileOut } from '../../src/enricher/sinks/byte-out.ts'
import { openSink, type SinkOptions } from '../../src/enricher/sinks/open-sink.ts'
import { answeredLines, flowEnd } from '../support/answered-rows.ts'

/** A row of an output: its columns by name, null for nothing. */
export type OutputRow = Readonly<Record<string, unknown>>

const HEADER = 'version account-id srcaddr dstaddr srcport bytes start end action log-status shoe-size'
const line = (i: number) =>
  `2 012345678901 10.0.0.${i % 200} 10.1.0.1 ${i} ${i * 1000} 1700000000 1700000060 ACCEPT OK size-${i}`

/** What every sink does; `read` is somebody else's reader of its form, rows as it finds them. */
export function rowSinkContract(options: SinkOptions, read: (file: string) => Promise<readonly OutputRow[]>): void {
  describe(`${options.form}${options.gzip ? ', gzip' : ''}`, () => {
    let folder: string
    let file: string
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'whohad-sink-'))
      file = join(folder, 'out')
    })
    afterEach(() => rm(folder, { recursive: true }))
    const open = async () => openSink(await fileOut(file), options)
    const owned = {
      source: flowEnd(),
      destination: flowEnd({ state: 'ambiguous', reason: 'handoff', application: '', candidates: ['i-2', 'a b,"c"'] }),
    }

    test('every record is there with its own fields and its answers, in order', async () => {
      const sink = await open()
      const texts = Array.from({ length: 500 }, (_, i) => line(i))
      await sink.write(
        answeredLines(
          HEADER,
          texts.slice(0, 200).map(text => ({ text, ...owned })),
        ),
      )
      await sink.write(
        answeredLines(
          HEADER,
          texts.slice(200).map(text => ({ text, ...owned })),
          201,
        ),
      )
      const sunk = await sink.finish()
      expect(sunk).toEqual({ records: 500, bytes: (await readFile(file)).length })
      const rows = await read(file)
      expect(rows).toHaveLength(500)
      for (const [i, row] of rows.entries()) {
        expect(row).toMatchObject({
          account_id: '012345678901',
          srcaddr: `10.0.0.${i % 200}`,
          srcport: i,
          bytes: i * 1000,
          shoe_size: `size-${i}`,
          src_state: 'owned',
          src_application: 'checkout',
          src_service: null,
          dst_state: 'ambiguous',
          dst_application: null,
          dst_candidates: ['i-2', 'a b,"c"'],
        })
      }
    })

    test('a record without an answer is there without one', async () => {
      const sink = await open()
      await sink.write(answeredLines(HEADER, [{ text: line(1) }, { text: line(2), ...owned }]))
      await sink.finish()
      const rows = await read(file)
      expect(rows.map(row => row['src_state'] ?? null)).toEqual([null, 'owned'])
    })

    test('nothing is under the name before it is whole, and nothing is beside it then', async () => {
      const sink = await open()
      await sink.write(answeredLines(HEADER, [{ text: line(1), ...owned }]))
      expect(existsSync(file)).toBe(false)
      await sink.finish()
      expect(readdirSync(folder)).toEqual(['out'])
    })

    test('an aborted one leaves nothing, however often, and may be made again', async () => {
      const sink = await open()
      await sink.write(
        answeredLines(
          HEADER,
          Array.from({ length: 300 }, (_, i) => ({ text: line(i), ...owned })),
        ),
      )
      await sink.abort()
      await sink.abort()
      expect(readdirSync(folder)).toEqual([])
      const again = await open()
      await again.write(answeredLines(HEADER, [{ text: line(1), ...owned }]))
      await again.finish()
      expect(await read(file)).toHaveLength(1)
    })

    test('an input without a record makes an output without one', async () => {
      const sink = await open()
      expect(await sink.finish()).toMatchObject({ records: 0 })
      expect(await read(file)).toEqual([])
    })

    test('an output that was annotated is no input', async () => {
      if (options.form === 'ndjson') return
      const sink = await open()
      const again = answeredLines('srcaddr dstaddr src-state', [{ text: '10.0.0.1 10.0.0.2 owned', ...owned }])
      await expect(sink.write(again)).rejects.toMatchObject({ code: 'WHOHAD_ALREADY_ANNOTATED' })
      await sink.abort()
      expect(readdirSync(folder)).toEqual([])
    })
  })
}

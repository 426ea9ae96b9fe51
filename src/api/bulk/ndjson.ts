import { ByteSink } from './byte-sink.ts'
import type { JsonAnswers } from './json-answers.ts'
import { LineSplitter } from './line-splitter.ts'
import { type BulkTransform, type LineAnswers, tooLong } from './transform.ts'

/** One question a line, one answer a line. Empty lines are passed over. */
export function ndjsonTransform(answers: JsonAnswers): BulkTransform & LineAnswers {
  const sink = new ByteSink()
  const lines = new LineSplitter({
    line(bytes, from, until) {
      if (isBlank(bytes, from, until)) return
      sink.text(answers.answer(bytes.toString('utf8', from, until)))
      sink.text('\n')
    },
    tooLong: () => sink.text(`${JSON.stringify({ error: tooLong() })}\n`),
  })
  return {
    take(chunk) {
      lines.take(chunk)
      return sink.take()
    },
    end() {
      lines.end()
      return sink.take()
    },
    answer(piece) {
      lines.take(piece)
      lines.end()
      return sink.take()
    },
  }
}

/** Nothing but what JSON calls white space. */
function isBlank(bytes: Buffer, from: number, until: number): boolean {
  for (let i = from; i < until; i++) {
    const byte = bytes[i]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false
  }
  return true
}

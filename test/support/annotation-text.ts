import type { Annotated } from '../../src/enricher/annotate.ts'
import { namedFields } from '../../src/enricher/flowlogs/fields.ts'
import type { FlowEnd } from '../../src/store/port.ts'

/**
 * A line as one JSON value. A record has its own fields by name (`-` is null, account ids stay text) and, where it was
 * answered, `source` and `destination`; a line that is no record says why under `problem`.
 */
export function toJson(line: Annotated): Readonly<Record<string, unknown>> {
  switch (line.kind) {
    case 'flow':
      return { ...namedFields(line.columns, line.record.tokens), source: line.source, destination: line.destination }
    case 'without-time':
      return { ...namedFields(line.columns, line.record.tokens), problem: 'without-time' }
    case 'skipped':
      return { ...namedFields(line.columns, line.skipped.tokens), problem: line.skipped.status.toLowerCase() }
    case 'rejected': {
      const { line: number, reason, detail, sample } = line.rejected
      return { file: line.name, line: number, problem: reason, detail, sample }
    }
  }
}

const ADDED_COLUMNS = ['src-app', 'src-state', 'dst-app', 'dst-state'] as const

/** The header of the text form. */
export const textHeader = (columns: readonly string[]): string => [...columns, ...ADDED_COLUMNS].join(' ')

/**
 * The line with four fields appended, `-` where there is nothing to say; undefined for a line that is no line of the
 * format, since columns after it would stand under the wrong names.
 */
export function toText(line: Annotated): string | undefined {
  switch (line.kind) {
    case 'flow':
      return [...line.record.tokens, ...textOfEnd(line.source), ...textOfEnd(line.destination)].join(' ')
    case 'without-time':
      return [...line.record.tokens, '-', '-', '-', '-'].join(' ')
    case 'skipped':
      return [...line.skipped.tokens, '-', '-', '-', '-'].join(' ')
    case 'rejected':
      return undefined
  }
}

const textOfEnd = ({ application, state }: FlowEnd): readonly string[] => [asField(application), state]

/** Percent-encoded where it would break the columns, as AWS itself does with tag values in version 11. */
const asField = (text: string): string => (text === '' ? '-' : text.replace(/[\s%]/g, c => encodeURIComponent(c)))

import Table from 'cli-table3'
import { wantsColors } from './colors.ts'

/** Rows without rules between them, numbers to the right. Coloured as `stream` wants it. */
export function tableFor(
  stream: { readonly isTTY?: boolean },
  head: readonly string[],
  colAligns: readonly ('left' | 'right')[] = [],
): Table.Table {
  const dim = wantsColors(stream) ? ['dim'] : []
  return new Table({
    ...(head.length > 0 ? { head: [...head] } : {}),
    colAligns: [...colAligns],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: dim, border: dim },
  })
}

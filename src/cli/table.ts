import Table from 'cli-table3'

/** Rows without rules between them, numbers to the right. Coloured only where `stream` is a terminal that wants it. */
export function tableFor(
  stream: { readonly isTTY?: boolean },
  head: readonly string[],
  colAligns: readonly ('left' | 'right')[] = [],
): Table.Table {
  const dim = stream.isTTY === true && colorsAreWanted() ? ['dim'] : []
  return new Table({
    ...(head.length > 0 ? { head: [...head] } : {}),
    colAligns: [...colAligns],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: dim, border: dim },
  })
}

/** https://no-color.org */
const colorsAreWanted = () => !process.env['NO_COLOR']

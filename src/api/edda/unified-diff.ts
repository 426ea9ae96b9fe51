/** A text with its name, as a difference heads it. */
export type Named = { readonly name: string; readonly lines: readonly string[] }

type Line = { readonly mark: ' ' | '-' | '+'; readonly text: string }

/**
 * The difference between two texts as `diff -U` writes it; empty where there is none. What they have in common at both ends is
 * passed over first; of the rest a longest common subsequence is kept where it is short enough to be looked for, else none of it.
 */
export function unifiedDiff(before: Named, after: Named, context: number): string {
  const lines = aligned(before.lines, after.lines)
  const changed = lines.flatMap(({ mark }, at) => (mark === ' ' ? [] : [at]))
  if (changed.length === 0) return ''
  const hunks: { from: number; until: number }[] = []
  for (const at of changed) {
    const from = Math.max(0, at - context)
    const until = Math.min(lines.length, at + context + 1)
    const last = hunks.at(-1)
    if (last !== undefined && from <= last.until) last.until = until
    else hunks.push({ from, until })
  }
  return [`--- ${before.name}`, `+++ ${after.name}`, ...hunks.flatMap(hunk => hunkLines(lines, hunk)), ''].join('\n')
}

function hunkLines(lines: readonly Line[], { from, until }: { from: number; until: number }): readonly string[] {
  const within = lines.slice(from, until)
  const count = (some: readonly Line[], without: '-' | '+') => some.filter(({ mark }) => mark !== without).length
  const range = (without: '-' | '+') => {
    const length = count(within, without)
    const first = count(lines.slice(0, from), without)
    // A range of no lines names the line before it.
    return `${length === 0 ? first : first + 1},${length}`
  }
  return [`@@ -${range('+')} +${range('-')} @@`, ...within.map(({ mark, text }) => mark + text)]
}

function aligned(before: readonly string[], after: readonly string[]): readonly Line[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  const least = Math.min(before.length, after.length) - head
  while (tail < least && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  const same = (some: readonly string[]): readonly Line[] => some.map(text => ({ mark: ' ', text }))
  return [
    ...same(before.slice(0, head)),
    ...between(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ]
}

const MOST_CELLS = 4_000_000

function between(before: readonly string[], after: readonly string[]): readonly Line[] {
  const width = after.length + 1
  if ((before.length + 1) * width > MOST_CELLS)
    return [...before.map(text => ({ mark: '-', text }) as const), ...after.map(text => ({ mark: '+', text }) as const)]
  // common[i * width + j]: how much before from i on and after from j on have in common.
  const common = new Uint32Array((before.length + 1) * width)
  const at = (i: number, j: number) => common[i * width + j] ?? 0
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  }
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    const [old, now] = [before[i], after[j]]
    if (old !== undefined && old === now) {
      lines.push({ mark: ' ', text: old })
      i++
      j++
    } else if (old !== undefined && (now === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: '-', text: old })
      i++
    } else if (now !== undefined) {
      lines.push({ mark: '+', text: now })
      j++
    }
  }
  return lines
}

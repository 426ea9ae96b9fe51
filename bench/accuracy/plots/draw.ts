import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchFigures } from '../figures.ts'
import { outcomesOfEnds } from './outcomes.ts'
import { ownedByInterval } from './owned-by-interval.ts'
import { wrongShare } from './wrong-share.ts'

/** Draws the figures into the folder; returns the files that it wrote. */
export async function drawPlots({ cells, beyond }: BenchFigures, folder: string): Promise<readonly string[]> {
  const plots = {
    'owned-by-interval.svg': ownedByInterval(cells),
    'outcomes.svg': outcomesOfEnds(cells),
    'wrong-share.svg': wrongShare(cells, 'Flows attributed to the wrong application, or to one where nobody was'),
    'beyond.svg': wrongShare(beyond, 'Flows attributed wrongly where a declared bound is broken'),
  }
  await mkdir(folder, { recursive: true })
  for (const [name, drawn] of Object.entries(plots)) await writeFile(join(folder, name), drawn)
  return Object.keys(plots).map(name => join(folder, name))
}

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Estate } from '../index/estate.ts'
import { HEADER, type Peers, Traffic, type Truth } from './traffic.ts'

/** An object with traffic in it, and what is true of it. */
export type TrafficObject = Truth & { readonly path: string }

export type Made = {
  readonly objects: readonly TrafficObject[]
  readonly textBytes: number
  readonly gzipBytes: number
}

type Sizes = {
  readonly versions: number
  readonly seed: number
  readonly records: number
  readonly recordsOfAnObject: number
  readonly hours: number
}

const compress = promisify(gzip)
const LIST = 'objects.json'
export const EMPTY = 'empty.txt'

/** Writes gzip text objects into a folder, and the list of them. */
export async function makeObjects(folder: string, peers: Peers, sizes: Sizes): Promise<Made> {
  await mkdir(folder)
  const estate = new Estate({ versions: sizes.versions, seed: sizes.seed })
  const traffic = new Traffic({ ...sizes, estate, peers })
  const objects: TrafficObject[] = []
  let textBytes = 0
  let gzipBytes = 0
  let written: Promise<void> = Promise.resolve()
  for (let number = 0; number < traffic.objects; number++) {
    const { text, truth } = traffic.object(number)
    const path = join(folder, `${String(number).padStart(6, '0')}.log.gz`)
    objects.push({ path, ...truth })
    textBytes += text.length
    // The next object is made while this one is compressed.
    await written
    written = compress(text).then(bytes => {
      gzipBytes += bytes.length
      return writeFile(path, bytes)
    })
  }
  await written
  await listObjects(folder, objects)
  return { objects, textBytes, gzipBytes }
}

/** Lists the objects of a folder, and puts a file without records beside them. */
export async function listObjects(folder: string, objects: readonly TrafficObject[]): Promise<void> {
  await writeFile(join(folder, LIST), JSON.stringify(objects))
  await writeFile(join(folder, EMPTY), `${HEADER}\n`)
}

/** The objects of a folder, in order of time. */
export const objectsIn = async (folder: string): Promise<readonly TrafficObject[]> =>
  JSON.parse(await readFile(join(folder, LIST), 'utf8')) as readonly TrafficObject[]

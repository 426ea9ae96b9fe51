import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { answerTask } from './child.ts'
import { listObjects, objectsIn, type TrafficObject } from './objects.ts'
import { HEADER } from './traffic.ts'

export type ParquetTask = {
  /** Of gzip text objects. */
  readonly from: string
  /** Is made. */
  readonly to: string
}

/** As AWS has them in Parquet; what is not here is text. */
const TYPES: Readonly<Record<string, string>> = {
  version: 'INTEGER',
  srcport: 'INTEGER',
  dstport: 'INTEGER',
  protocol: 'INTEGER',
  packets: 'BIGINT',
  bytes: 'BIGINT',
  start: 'BIGINT',
  end: 'BIGINT',
}

/** The same records in Parquet, object by object, with the names, types and compression (gzip) that AWS gives them. */
async function run({ from, to }: ParquetTask): Promise<true> {
  await mkdir(to)
  const database = await DuckDBInstance.create(':memory:', { threads: '2' })
  const duckdb = await database.connect()
  const names = HEADER.split(' ')
  const columns = names.map(name => `'${name}': '${TYPES[name] ?? 'VARCHAR'}'`).join(', ')
  const renamed = names.map(name => `"${name}" AS "${name.replaceAll('-', '_')}"`).join(', ')
  const objects: TrafficObject[] = []
  for (const object of await objectsIn(from)) {
    const path = join(to, `${basename(object.path, '.log.gz')}.parquet`)
    await duckdb.run(`
      COPY (
        SELECT ${renamed}
        FROM read_csv('${object.path}', delim = ' ', header = true, quote = '', escape = '', auto_detect = false, columns = {${columns}}))
      TO '${path}' (FORMAT parquet, COMPRESSION gzip)`)
    objects.push({ ...object, path })
  }
  await listObjects(to, objects)
  duckdb.closeSync()
  database.closeSync()
  return true
}

await answerTask(run)

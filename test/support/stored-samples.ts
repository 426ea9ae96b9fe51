import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import avro from 'avsc'
import { fingerprintOf } from '../../src/changestream/fingerprint.ts'
import { RECORDS, recordTypes } from '../../src/changestream/schemas.ts'
import type { Change } from '../../src/ownership/claim.ts'

/** A message as one version wrote it, in single-object encoding, and the change that it means. */
export type StoredSample = { readonly message: Buffer; readonly change: Change }

const root = join(import.meta.dirname, '../..')
export const historyFolder = join(root, 'schemas/history')
export const samplesFolder = join(root, 'test/changestream/samples')

/** Names without their ending, like progress.2.197823e59cd2b4cb. */
export const namesIn = (folder: string, ending: string): readonly string[] =>
  readdirSync(folder)
    .filter(file => file.endsWith(ending))
    .map(file => file.slice(0, -ending.length))
    .sort()

export const hexOf = (type: avro.Type): string => fingerprintOf(type).toString(16).padStart(16, '0')

export const fileOf: Readonly<Record<Change['record'], string>> = {
  claim: 'ip-claim',
  progress: 'progress',
  source: 'source',
  horizon: 'horizon',
}

export function versionOf(name: string) {
  const [file = '', number = '', fingerprint = ''] = name.split('.')
  const record = RECORDS.find(record => fileOf[record] === file)
  if (record === undefined) throw new Error(`${name} is no version of a schema of the change stream`)
  return { record, number: Number(number), fingerprint }
}

export const publishedType = (name: string): avro.Type =>
  avro.Type.forSchema(JSON.parse(readFileSync(join(historyFolder, `${name}.avsc`), 'utf8')))

/** The name that the current schema of a record has in the history; `undefined` where it has not been published. */
export const currentName = (record: Change['record']): string | undefined =>
  namesIn(historyFolder, '.avsc').find(name => {
    const version = versionOf(name)
    return version.record === record && version.fingerprint === hexOf(recordTypes[record])
  })

/** JSON has no infinities. */
export const sampleText = (samples: readonly StoredSample[]): string =>
  `${JSON.stringify(
    samples.map(({ message, change }) => ({ message: message.toString('hex'), change })),
    (_, value) => (value === Infinity ? '∞' : value === -Infinity ? '-∞' : value),
    2,
  )}\n`

export const storedSamples = (name: string): readonly StoredSample[] =>
  JSON.parse(readFileSync(join(samplesFolder, `${name}.json`), 'utf8'), (_, value) =>
    value === '∞' ? Infinity : value === '-∞' ? -Infinity : value,
  ).map(({ message, change }: { message: string; change: Change }) => ({
    message: Buffer.from(message, 'hex'),
    change,
  }))

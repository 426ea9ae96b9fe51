// node --import ./bench/typescript.mjs test/support/publish-schemas.ts: gives each schema of schemas/ that is a new version its
// place in schemas/history, and stores samples that it wrote. Once only: what is there is what was written, and stays.
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeChange } from '../../src/changestream/codec.ts'
import { RECORDS, recordTypes } from '../../src/changestream/schemas.ts'
import { sampleChanges } from './sample-changes.ts'
import {
  currentName,
  fileOf,
  hexOf,
  historyFolder,
  namesIn,
  samplesFolder,
  sampleText,
  versionOf,
} from './stored-samples.ts'

for (const record of RECORDS) {
  const samples = sampleChanges[record].map(change => ({ message: encodeChange(change), change }))
  const versions = namesIn(historyFolder, '.avsc').filter(name => versionOf(name).record === record)
  const name = currentName(record) ?? `${fileOf[record]}.${versions.length + 1}.${hexOf(recordTypes[record])}`
  if (!versions.includes(name))
    copyFileSync(join(historyFolder, `../${fileOf[record]}.avsc`), join(historyFolder, `${name}.avsc`))
  if (namesIn(samplesFolder, '.json').includes(name)) continue
  writeFileSync(join(samplesFolder, `${name}.json`), sampleText(samples))
  console.log(`published ${name}`)
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createAnnotator } from '../../../src/enricher/annotate.ts'
import { lookUpsOn } from '../../../src/enricher/look-ups.ts'
import { learnFrom } from '../../../src/enricher/sightings/first-pass.ts'
import type { Shown } from '../../support/estate.ts'
import { bytesOf } from '../../support/flow-records.ts'
import { machine, polledByTheMinute } from '../../support/machines.ts'

const STORIES = join(import.meta.dirname, '../../golden/flow-sightings')

const stories = readdirSync(STORIES, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name)

const read = (story: string, file: string): string => readFileSync(join(STORIES, story, file), 'utf8')

/** What each poll showed, by the minute. */
function polls(story: string): readonly (readonly Shown[])[] {
  return read(story, 'polls.txt')
    .split(/^minute \d+\n/m)
    .slice(1)
    .map(minute => minute.trim().split('\n').flatMap(shown))
}

function shown(line: string): readonly Shown[] {
  const [eni = '', instance = '', application = '', address = ''] = line.split(' ')
  expect([eni, instance].map(id => id.split('-')[1])).toEqual(Array(2).fill(eni.slice('eni-'.length)))
  return machine(application, Number(eni.slice('eni-'.length)), { address })
}

test('there are stories to tell', () => {
  expect(stories).toContain('retagged-before-its-block-leaves')
})

test.each(stories)('%s', async name => {
  const { index } = polledByTheMinute(polls(name))
  const flows = read(name, 'flows.log')
  await learnFrom(name, bytesOf(flows), { index, slackMs: 0 })
  const answers: string[] = []
  const annotator = createAnnotator({ lookUps: lookUpsOn(index, []), slackMs: 0, nowMs: 1_000_000 })
  for await (const line of annotator.annotate('log', bytesOf(flows))) {
    if (line.kind !== 'flow') throw new Error(`no record: ${JSON.stringify(line)}`)
    const { source, record } = line
    const owner = source.state === 'owned' ? ` ${source.application}` : ''
    answers.push(`${source.ip} ${record.startSeconds}-${record.endSeconds} ${source.state}${owner}`)
  }
  expect(answers).toEqual(read(name, 'expected.txt').trim().split('\n'))
})
